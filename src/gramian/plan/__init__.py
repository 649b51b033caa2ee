"""Plans: which solver, why, and at what price."""

from gramian.plan.choose import choose
from gramian.plan.machine import Machine, here
from gramian.plan.plan import Candidate, Plan, Step

__all__ = ["Candidate", "Machine", "Plan", "Step", "choose", "here"]
