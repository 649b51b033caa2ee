"""Plans: which solver, why, and at what price."""

from gramian.plan.choose import Candidate, Plan, choose
from gramian.plan.machine import Machine

__all__ = ["Candidate", "Machine", "Plan", "choose"]
