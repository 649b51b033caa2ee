"""What is added to the loss: a penalty on the coefficients, never on an intercept."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gramian.errors import bad_argument
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Penalty:
    """ridge * ||b||^2, in the user's units, added to the weighted sum of squares; an intercept is never penalised.

    `exponents` (n,): column j stands divided by 2^exponents[j], and what multiplies its coefficient's square by the
    square of that.
    """

    ridge: float = 0.0
    exponents: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise bad_argument("ridge", self.ridge, "a finite number >= 0", "ridge=0.0 is plain least squares")

    def on(self, n: int) -> Floats:
        """What multiplies the square of each of n coefficients, (n,)."""
        if self.exponents is None or not self.ridge:
            return np.full(n, self.ridge)
        with np.errstate(under="ignore"):
            return np.ldexp(self.ridge, (-2 * self.exponents).astype(np.int32))

    def __bool__(self) -> bool:
        return self.ridge > 0
