"""The gradient of the data in double-double: as `gradient`, with residuals and sums good to about 2^-100.

A few dozen operations an entry instead of four: for small problems, where it costs milliseconds and removes the rounding
of the residual from the answer, so that refinement ends at the exact solution of the float64 numbers given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.arraytypes import Floats
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.errors import SourceError
from gramian.kernels.exact import UNIT, Double, add, dot, exactly, multiply, total, two_prod, two_sum
from gramian.views.base import Runner
from gramian.views.gradient import Gradient, Point
from gramian.views.moments import Counts

ENTRIES = 400_000
"""Largest m * n * k that takes this path unasked: 0.05-0.1 s a pass, measured."""


def small(rows: Rows) -> bool:
    """Whether the exact path is cheap enough to be taken unasked, for rows of known number that can be read again."""
    return rows.rereadable and rows.rows is not None and rows.rows * max(rows.n, 1) * rows.k <= ENTRIES


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    counts: Counts
    g: Double
    s: Double
    rss: Double
    yty: Floats


def exact_gradient(rows: Rows, runner: Runner, at: Point, norms: Floats) -> Gradient:
    """One pass at coef + coef_lo and level + level_lo; `norms` (n,) the weighted column norms about the centre."""
    whole = not rows.in_memory

    def piece(part: BlockPart, block: Block) -> _Sums:
        return _block(block, at, rows.centred, whole)

    sums = runner.fold(rows, "exact gradient", piece, _merge)
    if sums is None:
        raise SourceError("no rows were left on a later pass over the data")
    n = at.coef.shape[0]
    s, rss = sums.s.rounded(), sums.rss.rounded()
    spread = np.sqrt(sums.yty) + norms @ np.abs(at.coef)
    # Rounding g itself to float64 is left to the reader, since it shrinks with g.
    residual_error = (n + 8.0) * 4.0 * UNIT * spread
    sum_error = 64.0 * 4.0 * UNIT * np.sqrt(rss)  # sums are by halving: at most 64 levels
    none = np.zeros((0, 0))
    return Gradient(sums.counts, sums.g.hi, s, residual_error, sum_error, rss, sums.yty, none, 1, sums.g.lo)


def _merge(a: _Sums, b: _Sums) -> _Sums:
    return _Sums(a.counts + b.counts, add(a.g, b.g), add(a.s, b.s), add(a.rss, b.rss), a.yty + b.yty)


def _block(block: Block, at: Point, centred: bool, whole: bool) -> _Sums:
    counts = Counts.of(block, whole)
    dense = block.dense()
    n, k = at.coef.shape
    columns = [two_sum(x, -at.centre[j]) if centred else exactly(x) for j, x in enumerate(dense.T)]
    g_hi, g_lo = np.zeros((n, k)), np.zeros((n, k))
    s, rss, yty = [], [], np.zeros(k)
    for t in range(k):
        level = Double(at.level[t], at.level_lo[t])
        r = add(exactly(block.y[:, t]), -level)
        yty[t] = np.sum(r.hi**2 if block.w is None else block.w * r.hi**2)
        for j, x in enumerate(columns):
            b = Double(-at.coef[j, t], -at.coef_lo[j, t])
            r = add(r, multiply(x, b))
        u = r if block.w is None else _times(r, block.w)
        for j, x in enumerate(columns):
            value = dot(x, u)
            g_hi[j, t], g_lo[j, t] = float(value.hi), float(value.lo)
        s.append(total(u))
        rss.append(dot(r, u))
    return _Sums(counts, Double(g_hi, g_lo), _joined(s), _joined(rss), yty)


def _times(r: Double, w: Floats) -> Double:
    p = two_prod(r.hi, w)
    return add(p, exactly(r.lo * w))


def _joined(values: list[Double]) -> Double:
    return Double(np.array([v.hi for v in values]), np.array([v.lo for v in values]))
