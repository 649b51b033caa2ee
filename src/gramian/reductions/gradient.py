"""The gradient of the data at given coefficients, from one read of the rows, with a bound on its own rounding.

With X and y about `centre`, level t and coefficients b, the pass returns

    r = (y - t) - X b,   g = X'W r,   s = 1'W r,   ||r||^2,   ||y - t||^2,   and V'X'W X V for probe vectors V.

Its rounding comes from the residual and from the sum (Higham, Accuracy and Stability, section 3.5): with dr the error of
the residual, and K the longest chain of a sum,

    g = X'W (r + dr) + e,   ||dr|| <= u ||y - t|| + gamma_{n+1} sum_k ||x_k|| |b_k| + u ||r||,   |e_j| <= ||x_j|| gamma_K ||r||.

The two are kept apart because X W is orthonormal for a factor W: dr passes through W'X' without growing. Without a centre
nothing is taken off y or X, and the first rounding of each is spared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.errors import SourceError
from gramian.execution.reduction import NARROW_PASS, BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import U, gamma
from gramian.reductions.gram import CHUNK


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Where a gradient is taken: level (k,) + (x - centre) @ coef, coef (n, k), centre (n,).

    The low parts are read only by the double-double pass.
    """

    centre: Floats
    level: Floats
    coef: Floats
    level_lo: Floats
    coef_lo: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """tss (k,), about the mean beside an intercept, and tss - rss (k,) at the point, each rounded once."""

    tss: Floats
    explained: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """g (n, k), s (k,), weighted rss (k,) and squares of y - level (k,), probes (q, q).

    `residual_error` (k,) bounds ||dr||, `sum_error` (k,) bounds |e_j| for a column of norm 1; the rounding of g itself to
    float64 is not in them.
    """

    counts: Counts
    g: Floats
    s: Floats
    residual_error: Floats
    sum_error: Floats
    rss: Floats
    yty: Floats
    probes: Floats
    chain: int
    g_lo: Floats | float = 0.0  # what g (n, k) loses by rounding, where it is known
    squares: Squares | None = None  # of a pass in double-double
    low: bool = False  # it is that of the decimals that were written, of which the rows carried what float64 leaves
    lost: Floats | None = None  # (n + k,): bounds on the weighted norms of the errors of these rows; None: they have none
    shift: Floats | None = None  # (n,): the weighted mean of what float64 leaves of X

    @staticmethod
    def of(rows: Rows, runner: Runner, at: Point, norms: Floats, probes: Floats | None = None) -> Gradient:
        """One pass. `norms` (n,) are the weighted column norms about the centre; `probes` (n, q)."""
        n = at.coef.shape[0]
        directions = at.coef if probes is None else np.concatenate([at.coef, probes], axis=1)
        total = runner.fold(rows, GradientSums(at, directions, rows.centred, not rows.in_memory))
        if total is None:
            raise SourceError("no rows were left on a later pass over the data")
        off, size = float(rows.centred), np.sqrt(total.rss)
        error = off * U * np.sqrt(total.yty) + gamma(n + off) * (norms @ np.abs(at.coef)) + U * size
        # A hundredth more covers products of roundings, and those of the norms themselves.
        return replace(total, residual_error=1.01 * error, sum_error=gamma(total.chain) * size)


@dataclass(frozen=True, slots=True, eq=False)
class GradientSums(BlockReduction[Gradient]):
    """The gradient at a point, its errors not yet known. directions (n, k + q): the coefficients and then the probes."""

    label: ClassVar[str] = "gradient"
    narrow: ClassVar[int] = NARROW_PASS

    at: Point
    directions: Floats
    centred: bool
    whole: bool

    def of_block(self, block: Block, origin: Origin) -> Gradient:
        return gradient_of_block(block, self.at, self.directions, self.centred, self.whole)

    def merge(self, a: Gradient, b: Gradient) -> Gradient:
        return merge(a, b)


def merge(a: Gradient, b: Gradient) -> Gradient:
    return Gradient(
        a.counts + b.counts,
        a.g + b.g,
        a.s + b.s,
        a.residual_error,
        a.sum_error,
        a.rss + b.rss,
        a.yty + b.yty,
        a.probes + b.probes,
        max(a.chain, b.chain) + 1,
    )


def gradient_of_block(block: Block, at: Point, directions: Floats, centred: bool, whole: bool) -> Gradient:
    """`directions` (n, k + q) hold the coefficients and then the probes, so that X is read once for both."""
    n, k = at.coef.shape
    q = directions.shape[1] - k
    counts = Counts.of(block, whole)
    g, s, rss, yty, probes = np.zeros((n, k)), np.zeros(k), np.zeros(k), np.zeros(k), np.zeros((q, q))
    dense = isinstance(block.X, np.ndarray)
    step = CHUNK if dense else max(block.rows, 1)
    for start in range(0, block.rows, step):
        X = cast(Floats, block.X[start : start + step])
        if centred:
            X = X - at.centre
        y = block.y[start : start + step] - at.level
        product = X @ directions
        r = y - product[:, :k]
        v = product[:, k:]
        u = r
        if block.w is not None:
            w = block.w[start : start + step, None]
            u, v, yw = w * r, np.sqrt(w) * v, w * y
        else:
            yw = y
        g += X.T @ u
        s += np.add.reduce(u, axis=0)
        rss += np.einsum("ij,ij->j", r, u)
        yty += np.einsum("ij,ij->j", y, yw)
        probes += v.T @ v
    # Products summed by chunk, sums of chunks; X less its centre and w r are rounded before.
    chain = min(block.rows, step) + -(-block.rows // step) + 3
    return Gradient(counts, g, s, np.zeros(k), np.zeros(k), rss, yty, probes, chain)
