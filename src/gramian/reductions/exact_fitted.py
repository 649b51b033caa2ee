"""Rows in the coordinates of a fit, in double-double: fitted values, residuals and z, right to the last place of a float64.

With V = (X - centre) W in double-double (`reductions.exact_inner`), v its mean row, and E = W'X'XW - I known far below u, rows

    z = (V - v) R^-1,   R'R = I + E,

have Z'Z = I to rounding, whatever the condition of X. Leverage and sandwiches made of z keep their digits where X W in float64
loses those of the condition and of the means. Fitted values are level + (x - centre) b with both parts of
the level, the centre and b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.data.blocks import Block
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, dot, exactly, multiply
from gramian.reductions.exact_inner import SlicedFactor, less_centre, product_of_slices

CHUNK_BYTES = 1 << 20
"""Rows taken together: a dozen arrays of this size stay in the last-level cache."""


@dataclass(frozen=True, slots=True, eq=False)
class ExactFactor:
    """W (n, r), and R^-1 (r, r) with R'R = W'X'XW about the means: columns of X W R^-1 are orthonormal to rounding.

    The means are `centre` (n,) as far as it is known, and beyond that `shift` (r,) = (mean - centre)' W. sliced: W cut into
    slices whose products with sliced rows are exact.
    """

    centre: Double
    shift: Floats
    W: Floats
    mix: Floats
    sliced: SlicedFactor

    def z(self, X: Floats, X_lo: Floats | None = None) -> Floats:
        """Rows of X W R^-1, (rows, r)."""
        out = np.empty((X.shape[0], self.W.shape[1]))
        step = max(CHUNK_BYTES // (8 * max(X.shape[1], 1)), 64)
        for first in range(0, X.shape[0], step):
            at = slice(first, first + step)
            hi, low = less_centre(X[at], None if X_lo is None else X_lo[at], self.centre)
            V = product_of_slices(hi / self.sliced.D, low / self.sliced.D, self.sliced)
            out[at] = add(V, exactly(-self.shift)).rounded() @ self.mix
        return out

    def at_zero(self) -> Floats:
        """The row -mean' W R^-1, (r,): what the intercept adds, summed in double-double since large means cancel."""
        W = exactly(self.W.T)
        centre = Double(*(np.broadcast_to(part, self.W.T.shape) for part in self.centre))
        return -(add(dot(W, centre), exactly(self.shift)).rounded() @ self.mix)


@dataclass(frozen=True, slots=True, eq=False)
class ExactSurface:
    """level + (x - centre) coef in two parts each: level (k,), centre (n,), coef (n, k)."""

    centre: Double
    level: Double
    coef: Double

    def fitted(self, X: Floats, X_lo: Floats | None = None) -> Double:
        """Values of the rows of X, (rows, k)."""
        k, rows = self.coef.hi.shape[1], X.shape[0]
        hi, lo = np.empty((rows, k)), np.empty((rows, k))
        for t in range(k):
            value = Double(np.full(rows, self.level.hi[t]), np.full(rows, self.level.lo[t]))
            for j in range(X.shape[1]):
                if self.coef.hi[j, t] == 0.0 and self.coef.lo[j, t] == 0.0:
                    continue
                centre = Double(self.centre.hi[j], self.centre.lo[j])
                x = less_centre(X[:, j], None if X_lo is None else X_lo[:, j], centre)
                value = add(value, multiply(x, Double(self.coef.hi[j, t], self.coef.lo[j, t])))
            hi[:, t], lo[:, t] = value.hi, value.lo
        return Double(hi, lo)

    def residuals(self, block: Block) -> tuple[Floats, Floats]:
        """(fitted, y - fitted) of a block, each rounded once, (rows, k)."""
        found = self.fitted(block.dense(), block.X_lo)
        y = Double(block.y, np.zeros_like(block.y) if block.y_lo is None else block.y_lo)
        return found.rounded(), add(y, -found).rounded()
