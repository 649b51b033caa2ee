"""What a solver hands back: coefficients by index, a factor of X'X, the rank decision, a status and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, dot, exactly


class Status(Enum):
    """How a solve ended; the value is the sentence that the user reads."""

    OK = "finished"
    CANNOT_TELL = (
        "the moments alone cannot tell whether the columns are independent (condition above 1e7); a QR of the rows can"
    )
    UNCONFIRMED = "the rows do not confirm which columns are independent; a QR of the rows can tell"
    DEPENDENT = "some columns depend on others"
    CONVERGED = "converged to the tolerance asked"
    MAX_ITER = "max_iter was reached before the tolerance; raise max_iter, or take a method that needs fewer steps"
    OUT_OF_TIME = "the seconds allowed were over before the tolerance was reached"
    OUT_OF_PASSES = "the passes allowed were used up before the tolerance was reached"
    DIVERGED = "diverged: values or iterates grow beyond any bound; the step is too large, or there is no minimum"
    STALLED = "rounding level: floating point allows no further progress towards the tolerance asked"
    LINE_SEARCH_FAILED = "the line search found no step that lowers the value enough"
    STOPPED = "stopped by the callback"
    SEPARATED = "the targets are separated: coefficients can grow for ever"
    SINGULAR = "the Jacobian is singular where the method stands; start elsewhere"

    @property
    def ok(self) -> bool:
        return self in (Status.OK, Status.CONVERGED)


@dataclass(frozen=True, slots=True)
class Dependency:
    """Column `column` equals sum of weights[i] * column others[i] (up to a constant where there is an intercept)."""

    column: int
    others: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """W (n, r) such that X W has orthonormal columns, X centred where there is an intercept, plus the penalty's rows.

    (X'X + penalty)^-1 = W W', its pseudo-inverse when columns depend on each other; rows of dropped columns are zero.
    `defect` bounds ||I - W'(X'X)W||_2, zero meaning a perfect factor; where `longest` is not 0, it is only known that
    I - W'(X'X)W <= defect, and that ||X W||_2 <= longest. `condition` is that of the column-scaled X; `slack` bounds,
    relative to ||b||, how far W may point out of the row space of X when the shortest solution was asked for.
    """

    W: Floats
    kept: tuple[int, ...]
    dependencies: tuple[Dependency, ...]
    condition: float
    defect: float
    slack: float = 0.0
    longest: float = 0.0

    @property
    def rank(self) -> int:
        return self.W.shape[1]

    def solve(self, g: Floats) -> Floats:
        """(X'X + penalty)^-1 g for g (n,) or (n, k)."""
        return self.W @ (self.W.T @ g)

    def inverse(self) -> Floats:
        """(X'X + penalty)^-1, (n, n)."""
        return self.W @ self.W.T

    def inverse_diagonal(self) -> Floats:
        return np.einsum("ij,ij->i", self.W, self.W)


@dataclass(frozen=True, slots=True)
class Stats:
    """Counted work: passes over the rows, refinement steps, seconds, and steps of an iterative method."""

    passes: float = 0
    refinements: int = 0
    seconds: float = 0.0
    iterations: int = 0

    def __add__(self, other: Stats) -> Stats:
        return Stats(
            self.passes + other.passes,
            self.refinements + other.refinements,
            self.seconds + other.seconds,
            self.iterations + other.iterations,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A fitted surface level + (x - centre) @ coef, in two parts so that refinement can keep more than double.

    coef + coef_lo (n, k) in the user's units, level + level_lo (k,), centre (n,); centre and level are zero and stay so
    where there is no intercept. Columns go by index; names are added by the caller. A method that iterates leaves its
    history, and on request the path of its coefficients, (iterations + 1, n, k); `advice` adds numbers to its status.
    """

    coef: Floats
    coef_lo: Floats
    centre: Floats
    level: Floats
    level_lo: Floats
    factor: Factor | None
    status: Status
    stats: Stats
    advice: str = ""
    history: tuple[Any, ...] = ()
    path: Floats | None = None

    @property
    def sentence(self) -> str:
        """The status, with what to do in numbers."""
        return f"{self.status.value}; {self.advice}" if self.advice else self.status.value

    @property
    def rank(self) -> int:
        return self.factor.rank if self.factor is not None else 0

    @property
    def intercept(self) -> Floats:
        """(k,): the surface at x = 0, summed in double-double because large means cancel there."""
        products = dot(Double(self.coef.T, self.coef_lo.T), exactly(np.broadcast_to(self.centre, self.coef.T.shape)))
        return add(Double(self.level, self.level_lo), -products).rounded()

    def corrected_by(self, coef: Floats, level: Floats) -> Solution:
        """The same solution with a correction added to coefficients (n, k) and level (k,)."""
        b = add(Double(self.coef, self.coef_lo), exactly(coef))
        t = add(Double(self.level, self.level_lo), exactly(level))
        return replace(self, coef=b.hi, coef_lo=b.lo, level=t.hi, level_lo=t.lo)

    def rounded(self) -> Solution:
        """The same solution in float64 alone: the point that a pass without low parts evaluates, and so corrects."""
        return replace(self, coef_lo=np.zeros_like(self.coef), level_lo=np.zeros_like(self.level))

    def costing(self, stats: Stats) -> Solution:
        """The same answer, with more work counted."""
        return replace(self, stats=self.stats + stats)


def surface_through_means(mean: Double, coef: Floats, factor: Factor | None, status: Status = Status.OK) -> Solution:
    """The solution after one pass whose surface goes through the means (p,) of [X y]; their low parts move the level."""
    n = coef.shape[0]
    low = -(mean.lo[:n] @ coef)
    level = add(Double(mean.hi[n:], mean.lo[n:]), exactly(low))
    return Solution(coef, np.zeros_like(coef), mean.hi[:n], level.hi, level.lo, factor, status, Stats(passes=1))
