"""The gradient of the data in double-double: as `gradient`, with residuals and sums good to about 2^-100.

Refinement then ends at the exact solution of the numbers given: of the float64 numbers, or, where blocks carry what these
leave of the decimals that were written (X_lo, y_lo), of the decimals. Small problems take it unasked, in numpy alone: a few
dozen operations an entry instead of four cost milliseconds there. Larger ones, when asked, take compiled loops.

    d = y - t,  r = d - X b,  g = X'W r,  s = 1'W r,  rss = r'W r,  tss = d'W d - (1'W d)^2 / 1'W1

all as hi + lo; tss and tss - rss, which cancels where a model explains little, are rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.errors import SourceError
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import UNIT, Double, add, divide, dot, exactly, multiply, total, two_prod, two_sum
from gramian.reductions.gradient import Gradient, Point, Squares

ENTRIES = 400_000
"""Largest m * n * k that takes this path unasked: 0.05-0.1 s a pass, measured."""
READ = 1.0
"""Units of error that a decimal carries once it is read: its low part is known to 2^-105, and rounded once more."""

CONSTANT = 2.0**-50
"""A column whose norm about its mean is below this share of its norm about zero is constant to rounding."""


def small(rows: Rows) -> bool:
    """Whether the exact path is cheap enough to be taken unasked, for rows of known number that can be read again."""
    return rows.rereadable and rows.rows is not None and rows.rows * max(rows.n, 1) * rows.k <= ENTRIES


@dataclass(frozen=True, slots=True, eq=False)
class _ExactSums:
    """g (n, k); sums (4, k) of w r, w r^2, w d, w d^2; chain: the longest sum of one block; low: blocks carried low parts;
    lost (n + k,): as theirs; low_sums (n,) of w X_lo.
    """

    counts: Counts
    g: Double
    sums: Double
    chain: int
    low: bool
    lost: Floats
    low_sums: Floats


def lost_of(block: Block) -> Floats:
    """What the rows of a block are off, (n + k,), in units of 2^-104."""
    return np.zeros(block.n + block.y.shape[1]) if block.lost is None else block.lost


def _low_sums(block: Block) -> Floats:
    low = block.X_lo
    if low is None:
        return np.zeros(block.n)
    return low.sum(axis=0) if block.w is None else block.w @ low


def errors_of(lost: Floats, raw: Floats) -> Floats:
    """Bounds on the norms of the errors of columns of decimals: those of reading them, and those of a formula."""
    return UNIT * (READ * raw + lost)


def through(errors: Floats, coef: Floats) -> Floats:
    """Bound on the norms of dX B, (k,), for errors (n,) and B (n, k); a column that is dropped adds nothing, whatever it lost."""
    return np.where(coef != 0, errors[:, None] * np.abs(coef), 0.0).sum(axis=0)


def exact_gradient(rows: Rows, runner: Runner, at: Point, norms: Floats, raw: Floats) -> Gradient:
    """One pass at coef + coef_lo and level + level_lo.

    `norms` (n,) and `raw` (n + k,) are the weighted column norms about the centre and about zero.
    """
    sums = runner.fold(rows, ExactGradientSums(at, rows.centred, not rows.in_memory, small(rows)))
    if sums is None:
        raise SourceError("no rows were left on a later pass over the data")
    n = at.coef.shape[0]
    s, rss, sd, yty = (Double(sums.sums.hi[i], sums.sums.lo[i]) for i in range(4))
    tss = yty
    if rows.centred:
        tss = add(yty, -multiply(sd, divide(sd, exactly(np.full_like(sd.hi, sums.counts.weight)))))
    explained = add(tss, -rss)
    root = np.sqrt(rss.rounded())
    spread = np.sqrt(yty.rounded()) + norms @ np.abs(at.coef)
    # Rounding g itself to float64 is left to the reader, since it shrinks with g.
    residual_error = (n + 8.0) * 4.0 * UNIT * spread
    sum_error = (64.0 + sums.chain) * 4.0 * UNIT * root  # merged by halving: at most 64 levels
    lost: Floats | None = None
    vanished = False
    if sums.low:
        lost = errors_of(sums.lost, raw)
        residual_error = residual_error + lost[n:] + through(lost[:n], at.coef)
        varies = norms > CONSTANT * raw[:n]  # others are dropped
        share = np.divide(lost[:n], norms, out=np.zeros(n), where=varies)
        # Of a column that is dropped as constant, more may be lost than tells it from one: then nothing is said of decimals.
        vanished = bool(np.any(~varies & (UNIT * sums.lost[:n] > CONSTANT * raw[:n])))
        sum_error = sum_error + float(np.max(share, initial=0.0)) * root
    return Gradient(
        counts=sums.counts,
        g=sums.g.hi,
        s=s.rounded(),
        residual_error=residual_error,
        sum_error=sum_error,
        rss=rss.rounded(),
        yty=yty.rounded(),
        probes=np.zeros((0, 0)),
        chain=1,
        g_lo=sums.g.lo,
        squares=Squares(tss.rounded(), explained.rounded()),
        low=sums.low and not vanished,
        lost=lost,
        shift=sums.low_sums / sums.counts.weight,
    )


@dataclass(frozen=True, slots=True, eq=False)
class ExactGradientSums(BlockReduction[_ExactSums]):
    """The sums at a point. `whole`: the bits of X are counted; `plain`: in numpy alone, else by compiled loops."""

    label: ClassVar[str] = "exact gradient"

    at: Point
    centred: bool
    whole: bool
    plain: bool

    def of_block(self, block: Block, origin: Origin) -> _ExactSums:
        counts = Counts.of(block, self.whole)
        return (_block if self.plain else _compiled)(block, counts, self.at, self.centred)

    def merge(self, a: _ExactSums, b: _ExactSums) -> _ExactSums:
        return _merge(a, b)


def _merge(a: _ExactSums, b: _ExactSums) -> _ExactSums:
    chain, low, lost = max(a.chain, b.chain), a.low or b.low, np.hypot(a.lost, b.lost)
    return _ExactSums(a.counts + b.counts, add(a.g, b.g), add(a.sums, b.sums), chain, low, lost, a.low_sums + b.low_sums)


def _block(block: Block, counts: Counts, at: Point, centred: bool) -> _ExactSums:
    n, k = at.coef.shape
    columns = centred_columns(block, at.centre if centred else None)
    g_hi, g_lo = np.zeros((n, k)), np.zeros((n, k))
    sums: list[Double] = []
    for t in range(k):
        y = block.y[:, t]
        d = add(Double(y, np.zeros_like(y) if block.y_lo is None else block.y_lo[:, t]), _constant(at, t))
        r = d
        for j, x in enumerate(columns):
            r = add(r, multiply(x, Double(-at.coef[j, t], -at.coef_lo[j, t])))
        v, u = (d, r) if block.w is None else (_times(d, block.w), _times(r, block.w))
        for j, x in enumerate(columns):
            value = dot(x, u)
            g_hi[j, t], g_lo[j, t] = float(value.hi), float(value.lo)
        sums += [total(u), dot(r, u), total(v), dot(d, v)]
    hi, lo = (np.array([getattr(value, part) for value in sums]).reshape(k, 4).T for part in ("hi", "lo"))
    return _ExactSums(counts, Double(g_hi, g_lo), Double(hi, lo), 0, block.X_lo is not None, lost_of(block), _low_sums(block))


def centred_columns(block: Block, centre: Floats | None) -> list[Double]:
    """The columns of X + X_lo, less the centre."""
    dense, low = block.dense(), block.X_lo
    columns = [exactly(x) if centre is None else two_sum(x, -centre[j]) for j, x in enumerate(dense.T)]
    return columns if low is None else [add(x, exactly(low[:, j])) for j, x in enumerate(columns)]


def _constant(at: Point, t: int) -> Double:
    return Double(-at.level[t], -at.level_lo[t])


def _times(r: Double, w: Floats) -> Double:
    p = two_prod(r.hi, w)
    return add(p, exactly(r.lo * w))


def _compiled(block: Block, counts: Counts, at: Point, centred: bool) -> _ExactSums:
    """The same by compiled loops."""
    from gramian.kernels import exact_rows

    n, k = at.coef.shape
    none = np.empty((0, 0))
    g, sums = (exactly(np.zeros((k, size))) for size in (n, 4))
    exact_rows.gradient(
        np.ascontiguousarray(block.dense()),
        none if block.X_lo is None else np.ascontiguousarray(block.X_lo),
        np.ascontiguousarray(block.y),
        none if block.y_lo is None else np.ascontiguousarray(block.y_lo),
        np.empty(0) if block.w is None else block.w,
        at.centre if centred else np.zeros(n),
        np.ascontiguousarray(at.coef.T),
        np.ascontiguousarray(at.coef_lo.T),
        at.level,
        at.level_lo,
        *(g.hi, g.lo, sums.hi, sums.lo),
    )
    chain = block.rows // exact_rows.GROUP + exact_rows.GROUP + 2
    found = Double(g.hi.T, g.lo.T), Double(sums.hi.T, sums.lo.T)
    return _ExactSums(counts, *found, chain, block.X_lo is not None, lost_of(block), _low_sums(block))
