"""Ridge: a multiple of the squared norm of the coefficients, with one weight for all columns or one for each.

Use it where columns nearly repeat each other, or where there are more of them than rows: coefficients shrink towards zero, and
the minimum is unique where every column has a weight above 0. Reference: Hoerl and Kennard (1970), Technometrics 12(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from gramian.errors import bad_argument
from gramian.errors.arguments import one_weight_a_column
from gramian.kernels.array_types import Floats
from gramian.problem.penalty import NOTHING, PenaltyKind, QuadraticPenalty


@final
@dataclass(frozen=True, slots=True, eq=False)
class RidgePenalty(QuadraticPenalty):
    """P(b) = 1/2 sum_j weights_j b_j^2, so that ||y - Xb||^2 + sum_j weights_j b_j^2 is minimised.

    weights: a finite number >= 0, or one for each column (n,), 0 where a column is not penalised; in the user's units.
    Raises ArgumentError for other values.
    """

    weights: float | Floats = 0.0

    name: ClassVar[str] = "ridge"

    def __post_init__(self) -> None:
        given = np.asarray(self.weights)
        numbers = given.dtype.kind in "fiu" and given.ndim <= 1
        if not (numbers and np.all(np.isfinite(given)) and np.all(given >= 0)):
            allowed = "a finite number >= 0" if given.ndim == 0 else "finite numbers >= 0, one a column"
            raise bad_argument("ridge", self.weights, allowed, "ridge=0.0 is plain least squares")
        if given.ndim:
            held = given.astype(np.float64)
            held.flags.writeable = False
            object.__setattr__(self, "weights", held)

    @property
    def kind(self) -> PenaltyKind:
        some = np.any(self.weights) if isinstance(self.weights, np.ndarray) else self.weights > 0
        return PenaltyKind(self.name, zero=False, quadratic=True, smooth=True) if some else NOTHING

    @property
    def text(self) -> str:
        if not isinstance(self.weights, np.ndarray):
            return f"ridge={self.weights:g}"
        least, most = np.min(self.weights, initial=np.inf), np.max(self.weights, initial=0.0)
        return f"ridge={min(least, most):g} to {most:g}, one weight a column"

    def value(self, b: Floats) -> Floats:
        if isinstance(self.weights, np.ndarray):
            return 0.5 * (self.quadratic(b.shape[0]) @ b**2)
        return np.array([0.5 * self.weights * float(each @ each) for each in b.T])

    def quadratic(self, n: int) -> Floats:
        if not isinstance(self.weights, np.ndarray):
            return np.full(n, self.weights, dtype=np.float64)
        if self.weights.shape != (n,):
            raise one_weight_a_column(self.weights.size, n)
        return self.weights

    def scaled(self, exponents: NDArray[np.int64]) -> RidgePenalty:
        weights = self.quadratic(exponents.size)
        with np.errstate(under="ignore"):
            return RidgePenalty(np.ldexp(weights, (-2 * exponents).astype(np.int32)))
