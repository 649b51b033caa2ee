"""No penalty: plain least squares, or the plain likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats
from gramian.problem.penalty import NOTHING, PenaltyKind, QuadraticPenalty


@final
@dataclass(frozen=True, slots=True)
class NoPenalty(QuadraticPenalty):
    """P(b) = 0."""

    name: ClassVar[str] = "none"

    @property
    def kind(self) -> PenaltyKind:
        return NOTHING

    @property
    def text(self) -> str:
        return ""

    def quadratic(self, n: int) -> Floats:
        return np.zeros(n)

    def scaled(self, exponents: NDArray[np.int64]) -> NoPenalty:
        return self
