"""How the parameters of a method relate to the user's columns: centred, scaled, or as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """How theta relates to the user's columns: eta = t + ((x - centre) / scale) beta, theta = (t, beta) with an intercept.

    Standardised coordinates (centre the means, scale the standard deviations) divide the condition number by orders of
    magnitude; X itself is never copied. Raw ones (`raw`) are the user's own columns, with a column of ones first.
    """

    centre: Floats
    scale: Floats
    intercept: bool

    @staticmethod
    def raw(n: int, intercept: bool) -> Coordinates:
        return Coordinates(np.zeros(n), np.ones(n), intercept)

    @property
    def size(self) -> int:
        return self.centre.size + int(self.intercept)

    def to_user(self, theta: Floats) -> tuple[Floats, Floats]:
        """(coef (n, k) in the user's units, level (k,) at the centre)."""
        first = int(self.intercept)
        coef = theta[first:] / self.scale[:, None]
        level = theta[0].copy() if self.intercept else np.zeros(theta.shape[1])
        return coef, level

    def from_user(self, coef: Floats, level: Floats) -> Floats:
        beta = coef * self.scale[:, None]
        return np.concatenate([level[None, :], beta]) if self.intercept else beta
