"""What a penalty on the coefficients is: the protocol that solvers, certificates and planning read.

With a penalty P the sum that is minimised over coefficients b (n, k) is, for each target,

    F(b) = 1/2 sum w (y - X b)^2 + P(b),    P(b) = 1/2 sum_j q_j b_j^2 + (a part that is not quadratic),

and sum w loss(eta, y) + P(b) for a family. P is in the units of sums over rows, not of means: a caller that takes alpha in
the convention of scikit-learn multiplies by the sum of weights. The intercept is no column and is never penalised.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True)
class PenaltyKind:
    """What a plan and the traits of solvers need to know of a penalty; hashable, so that prices can be kept.

    name: as in the registry. zero: nothing is penalised. quadratic: P is a sum of squares, and its Hessian diagonal. smooth:
    P has a continuous gradient.
    """

    name: str
    zero: bool
    quadratic: bool
    smooth: bool


def quadratic(kind: PenaltyKind) -> bool:
    """The trait of a solver that takes sums of squares, or no penalty."""
    return kind.quadratic


def smooth(kind: PenaltyKind) -> bool:
    """The trait of a solver that takes every penalty with a gradient."""
    return kind.smooth


NOTHING = PenaltyKind("none", zero=True, quadratic=True, smooth=True)
"""The kind of every penalty that is zero everywhere."""


class Penalty(ABC):
    """A convex function of the coefficients. Subclasses are frozen values, registered in `problem.penalties`.

    b is (n, k), coefficients in the user's units without the intercept; n the number of columns.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def kind(self) -> PenaltyKind: ...

    @property
    @abstractmethod
    def text(self) -> str:
        """Name and size as a report prints them, "ridge=2.5"."""

    @abstractmethod
    def value(self, b: Floats) -> Floats:
        """P(b) for each target, (k,)."""

    @abstractmethod
    def quadratic(self, n: int) -> Floats:
        """Weights q (n,) of the quadratic part, all >= 0. Raises ArgumentError where the penalty is for another n."""

    @abstractmethod
    def prox(self, b: Floats, steps: Floats) -> Floats:
        """The z that minimises P(z) + sum_j (z_j - b_j)^2 / (2 steps_j), for each target; steps (n,), all > 0."""

    @abstractmethod
    def subgradient_distance(self, g: Floats, b: Floats) -> Floats:
        """|g_j - s_j| (n, k) for the nearest s among the subgradients of P at b; zero at a minimum, where g = X'w(y - Xb)."""

    @abstractmethod
    def dual_scale(self, c: Floats) -> Floats:
        """The largest factor s (k,), which may be infinite, for which the conjugate of P is finite at s c, c (n, k)."""

    @abstractmethod
    def scaled(self, exponents: NDArray[np.int64]) -> Penalty:
        """The same penalty where column j is divided by 2^exponents[j], so that its coefficient is multiplied by it."""

    @abstractmethod
    def free(self, n: int) -> NDArray[np.bool_]:
        """Which columns (n,) are not penalised."""

    @property
    def is_zero(self) -> bool:
        """Whether nothing is penalised."""
        return self.kind.zero


class QuadraticPenalty(Penalty, ABC):
    """P(b) = 1/2 sum_j q_j b_j^2: everything follows from the weights."""

    @property
    def kind(self) -> PenaltyKind:
        return PenaltyKind(self.name, zero=False, quadratic=True, smooth=True)

    def value(self, b: Floats) -> Floats:
        return 0.5 * (self.quadratic(b.shape[0]) @ b**2)

    def prox(self, b: Floats, steps: Floats) -> Floats:
        return b / (1.0 + steps * self.quadratic(b.shape[0]))[:, None]

    def subgradient_distance(self, g: Floats, b: Floats) -> Floats:
        return np.abs(g - self.quadratic(b.shape[0])[:, None] * b)

    def dual_scale(self, c: Floats) -> Floats:
        outside = np.any(c[self.free(c.shape[0])] != 0, axis=0)
        return np.where(outside, 0.0, np.inf)

    def free(self, n: int) -> NDArray[np.bool_]:
        return np.asarray(self.quadratic(n) == 0, dtype=np.bool_)
