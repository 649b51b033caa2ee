"""What every solver is: the view it needs, what it can do, what it costs, and one function.

A solver never switches itself to another: it returns a Status, and the caller walks down the plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gramian.problem.facts import Facts
from gramian.problem.penalty import PenaltyKind, quadratic
from gramian.problem.solution import Solution
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import Wanted
from gramian.solvers.cost import Cost


@dataclass(frozen=True, slots=True)
class Traits:
    """What a solver can do. `squares` says that it works on X'X, so that its condition is that of X squared.

    `iterates`: it reads the rows many times, and stops at a tolerance; `digits` is what it aims for when nothing is asked.
    `steps`, `batches`, `limits`: it takes step=, batch=, max_iter=. `seeded`: its order of rows may be random. `limit`: the
    largest condition of the scaled columns at which it reaches full accuracy.
    """

    squares: bool
    decides_rank: bool
    sparse: bool  # works on sparse X without making it dense
    iterates: bool = False
    steps: bool = False
    batches: bool = False
    limits: bool = False
    seeded: bool = False
    spectral: bool = False  # takes step="barzilai-borwein", which is made for the direction -g
    losses: bool = False  # minimises any loss of a row, not only the squared one
    functions: bool = False  # and any smooth function that a user gives
    reweights: bool = False  # with a loss that is no parabola it is least squares with new weights in each step
    limited_memory: bool = False  # takes any smooth function in a few vectors: "auto" where a Hessian is too large
    penalties: Callable[[PenaltyKind], bool] = quadratic  # the penalties that it takes
    digits: float = 8.0
    batch_digits: float = 2.0
    confirmed: bool = False  # its factor holds only once later passes over the rows have confirmed it
    limit: float = math.inf  # the largest scaled condition up to which it has all digits; past it another method must do

    def aim(self, running: SolverOptions) -> float:
        """The digits that a run aims for."""
        return running.digits or (self.digits if running.batch is None else self.batch_digits)


V = TypeVar("V", contravariant=True)


class Solver(Protocol[V]):
    """One algorithm."""

    @property
    def view(self) -> type[Any]: ...
    @property
    def traits(self) -> Traits: ...
    def cost(self, facts: Facts) -> Cost: ...
    def solve(self, view: V, request: Wanted) -> Solution: ...

