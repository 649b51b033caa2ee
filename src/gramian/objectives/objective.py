"""The objective as a first-order or Newton method sees it: value, gradient, curvature and lines, with passes counted.

theta (p, k) are parameters in the objective's own coordinates; k columns are k targets that share X and are minimised side
by side (their values add up). A gradient costs one pass over the rows, whatever the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True)
class Curvature:
    """Bounds on the Hessian of J: mu <= eigenvalues <= L, and `row`, the largest of any single row's own Hessian.

    mu is 0 where only convexity is known; L is inf where the loss has no bound (Poisson), and then holds at a point only.
    """

    L: float
    mu: float
    row: float


class Line(Protocol):
    """J along theta + step * d, without reading X again where the loss allows."""

    def value(self, step: float) -> float: ...
    def slope(self, step: float) -> float: ...
    @property
    def exact_step(self) -> float | None:
        """The minimiser of a quadratic line; None for other losses."""
        ...


class Objective(Protocol):
    """A smooth function to minimise."""

    @property
    def shape(self) -> tuple[int, int]:
        """(p, k) of theta."""
        ...

    @property
    def passes(self) -> float:
        """Passes over the rows so far (evaluations, for a user's function)."""
        ...

    @property
    def quadratic(self) -> bool: ...
    def value(self, theta: Floats) -> float: ...
    def gradient(self, theta: Floats) -> tuple[float, Floats]:
        """J and its gradient (p, k), fused."""
        ...

    def hessian(self, theta: Floats) -> Floats:
        """(k, p, p); one (1, p, p) for all targets when the Hessian does not depend on them."""
        ...

    def hessian_vector(self, theta: Floats, v: Floats) -> Floats: ...
    def line(self, theta: Floats, d: Floats) -> Line: ...
    def curvature(self) -> Curvature: ...
    def start(self) -> Floats:
        """Where methods start: zero."""
        ...
