"""J along theta + step * d after one pass: a parabola in closed form, or eta and its change held for every row.

    J(step) = 1/W sum w loss(eta + step q, y) + ridge part,    eta = X~ theta,  q = X~ d.

For the squared loss three sums say it all and a trial costs nothing. Other losses hold eta, q, y (and w): 3 m k doubles,
and a trial reads those instead of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True)
class Parabola:
    """start + step * tilt + step^2 / 2 * bend."""

    start: float
    tilt: float
    bend: float

    def value(self, step: float) -> float:
        return self.start + step * (self.tilt + 0.5 * step * self.bend)

    def slope(self, step: float) -> float:
        return self.tilt + step * self.bend

    @property
    def exact_step(self) -> float | None:
        """-tilt / bend; 0 where J does not bend along d."""
        return -self.tilt / self.bend if self.bend > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class RowLine:
    """eta, q, y (m, k); w (m,) or None; `penalty` is the ridge's part of J."""

    loss: Loss
    eta: Floats
    q: Floats
    y: Floats
    w: Floats | None
    weight: float
    penalty: Parabola

    def value(self, step: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            each = self.loss.value(self.eta + step * self.q, self.y)
            total = np.sum(each) if self.w is None else np.sum(self.w @ each)
        return float(total) / self.weight + self.penalty.value(step)

    def slope(self, step: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            each = self.loss.first(self.eta + step * self.q, self.y) * self.q
            total = np.sum(each) if self.w is None else np.sum(self.w @ each)
        return float(total) / self.weight + self.penalty.slope(step)

    @property
    def exact_step(self) -> float | None:
        return None
