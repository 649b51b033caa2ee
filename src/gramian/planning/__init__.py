"""Plans: which solver, why, and at what price."""

from gramian.planning.choose import choose
from gramian.planning.machine import Machine, here
from gramian.planning.plan import Candidate, Plan, Step

__all__ = ["Candidate", "Machine", "Plan", "Step", "choose", "here"]
