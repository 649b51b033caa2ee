"""How far X W is from orthonormal columns: E = W'X'XW - I, to far below the last place of a float64.

(X'X)^-1 = W (I + E)^-1 W' holds for any W of full rank, so an E known to 1e-20 gives the inverse to full digits whatever
the condition of X. V = X W cancels by up to that condition: both factors are cut into slices of so few bits that products of
slices and their sums are exact in any order, as BLAS takes them, and six products of slices are summed in double-double
(Ozaki, Ogita, Oishi and Rump 2012, Numerical Algorithms 59). Where columns of V have norms near 1, one slice of 26 bits makes
V'V exact but for products with what is left of V. Longer columns, of a W that is no factor yet, cost that exactness, and the
bound says so.

Six products with W a pass at small conditions, ten at large ones, at the speed of BLAS.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.errors import SourceError
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, two_prod, two_sum
from gramian.kernels.rounding import U
from gramian.reductions.exact_gradient import errors_of, lost_of, through

MOST_SLICES = 3
ENOUGH = 2.0**-8
"""Share of u that products of slices that are not exact may add to V."""
CHUNK_BYTES = 1 << 17
"""Rows taken together stay in the second-level cache: twice as quick as whole blocks, measured on 500,000 x 50."""
GRID = 26
"""Bits of the leading slice of V: products are multiples of 2^-52, and their sums below 2 are exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """E (r, r), a bound on the norm of its error, and how far the mean row of X W is from that of the centre, (r,).

    `lost` (n,) bounds the norms of the errors of the columns of X, where they are made of decimals.
    """

    counts: Counts
    E: Floats
    error: float
    shift: Floats
    lost: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    counts: Counts
    lead: Floats  # V1'V1, exact
    rest: Floats
    sums: Floats  # of the columns of V
    lost: Floats  # as that of the blocks, (n + k,)
    low: bool  # whether blocks carry low parts


@dataclass(frozen=True, slots=True, eq=False)
class SlicedFactor:
    """W scaled: D W = sum of slices times `top` (r,), D (n,) powers of two near the column norms of X."""

    D: Floats
    top: Floats
    slices: tuple[Floats, ...]
    bits: int

    @staticmethod
    def of(W: Floats, norms: Floats, raw: Floats) -> SlicedFactor:
        """By norms and raw (n,) of the columns of X, about the mean and about zero."""
        return _sliced_factor(W, norms, reach_of(W, norms, raw))


def reach_of(W: Floats, norms: Floats, raw: Floats) -> float:
    """What rounding of X W is measured by: the norm of the sums of column norms times |W|."""
    return float(np.linalg.norm(np.maximum(norms, U * raw) @ np.abs(W)))


def inner(rows: Rows, runner: Runner, centre: Double, W: Floats, norms: Floats, raw: Floats) -> Inner:
    """One pass; centre (n,) in both parts, W (n, r), norms and raw (n,) the column norms about the mean and about zero."""
    n, reach = W.shape[0], reach_of(W, norms, raw)
    factor = _sliced_factor(W, norms, reach)
    found = runner.fold(rows, ExactProducts(factor, centre if rows.centred else None, not rows.in_memory))
    if found is None:
        raise SourceError("no rows were left on a later pass over the data")
    lead, used = np.diagonal(found.lead), found.counts.used
    E = (found.lead - np.eye(W.shape[1])) + found.rest
    if rows.centred:
        E -= np.outer(found.sums, found.sums) / found.counts.weight
    lost = errors_of(found.lost[:n], raw) if found.low else np.zeros(n)
    moved = U * _unsliced(n, factor.bits, len(factor.slices) - 1, reach) + float(np.linalg.norm(through(lost, W)))
    # ||V||^2 is the trace. Sums of squares below 2 are exact, and so are all others then (Cauchy and Schwarz).
    size = max(float(np.sum(lead)), 1.0)
    added = 0.0 if np.max(lead, initial=0.0) < 2.0 else used * U * size
    chain = U * (np.sqrt(used) + 64.0)
    added += chain * W.shape[1] * 2.0 ** (1 - GRID) * size
    if rows.centred:
        tau = float(np.linalg.norm(found.sums)) / np.sqrt(found.counts.weight)
        added += (2.0 * chain * np.sqrt(size) + 3.0 * U * tau) * tau
    added += 4.0 * U * float(np.linalg.norm(E))  # E itself is a float64, made in at most three additions
    error = 2.0 * np.sqrt(size) * moved + moved**2 + added
    return Inner(found.counts, E, error, found.sums / found.counts.weight, lost)


@dataclass(frozen=True, slots=True, eq=False)
class ExactProducts(BlockReduction[_Piece]):
    """V'V and the sums of V = X W. centre (n,) or None; `whole`: the bits of X are counted."""

    label: ClassVar[str] = "exact products"

    factor: SlicedFactor
    centre: Double | None
    whole: bool

    def of_block(self, block: Block, origin: Origin) -> _Piece:
        r = self.factor.top.size
        counts, low = Counts.of(block, self.whole), block.X_lo is not None
        found = _Piece(counts, np.zeros((r, r)), np.zeros((r, r)), np.zeros(r), lost_of(block), low)
        X = block.dense()
        step = max(CHUNK_BYTES // (8 * max(X.shape[1], 1)), 64)
        for first in range(0, block.rows, step):
            at = slice(first, first + step)
            V = _image(X[at], block, at, self.centre, self.factor)
            _add(found, V, None if block.w is None else np.sqrt(block.w[at]))
        return found

    def merge(self, a: _Piece, b: _Piece) -> _Piece:
        return _merge(a, b)


def _merge(a: _Piece, b: _Piece) -> _Piece:
    lost = np.hypot(a.lost, b.lost)
    return _Piece(a.counts + b.counts, a.lead + b.lead, a.rest + b.rest, a.sums + b.sums, lost, a.low or b.low)


def _unsliced(n: int, bits: int, slices: int, reach: float) -> float:
    """Bound, in units of u, on what the products that are not exact add to V."""
    return (n + 8.0) * n**1.5 * 2.0 ** (2 - slices * bits) * reach


def _sliced_factor(W: Floats, norms: Floats, reach: float) -> SlicedFactor:
    n = W.shape[0]
    bits = (52 - ceil(log2(max(n, 2)))) // 2
    slices = next((s for s in range(1, MOST_SLICES) if _unsliced(n, bits, s, reach) <= ENOUGH), MOST_SLICES)
    D = np.ldexp(1.0, np.frexp(np.where(norms > 0, norms, 1.0))[1])
    scaled = D[:, None] * W
    top = _power_above(np.max(np.abs(scaled), axis=0, initial=0.0))
    return SlicedFactor(D, top, _slices(scaled / top, bits, slices), bits)


def _power_above(values: Floats) -> Floats:
    """Powers of two above the values; 1 above zero."""
    return np.ldexp(1.0, np.frexp(np.where(values > 0, values, 1.0))[1])


def _slices(A: Floats, bits: int, slices: int) -> tuple[Floats, ...]:
    """A, of entries up to 1, as multiples of 2^-bits, 2^-2bits, ... and what is left."""
    found: list[Floats] = []
    for number in range(1, slices + 1):
        shift = np.ldexp(1.5, 52 - number * bits)  # rounds to multiples of 2^(-number bits)
        found.append((A + shift) - shift)
        A = A - found[-1]
    return (*found, A)


def _image(X: Floats, block: Block, at: slice, centre: Double | None, factor: SlicedFactor) -> Double:
    """Rows of sqrt(w) X W in double-double."""
    hi, low = X, None if block.X_lo is None else block.X_lo[at]
    if centre is not None:
        hi, low = less_centre(hi, low, centre)
    V = product_of_slices(hi / factor.D, None if low is None else low / factor.D, factor)
    if block.w is None:
        return V
    w = block.w[at]
    root = np.sqrt(w)
    square = two_prod(root, root)
    rest = ((w - square.hi) - square.lo) / (2.0 * root)
    p, e = two_prod(V.hi, root[:, None])
    return Double(p, e + (V.hi * rest[:, None] + V.lo * root[:, None]))


def less_centre(X: Floats, X_lo: Floats | None, centre: Double) -> Double:
    """X + X_lo less the centre: both parts are taken off without error, so that what is left holds 2^-104 of itself."""
    hi, low = two_sum(X, -centre.hi)
    hi, more = two_sum(hi, -centre.lo)
    return Double(hi, low + more if X_lo is None else (low + more) + X_lo)


def _add(found: _Piece, V: Double, root: Floats | None) -> None:
    shift = np.ldexp(1.5, 52 - GRID)
    lead = (V.hi + shift) - shift
    left = (V.hi - lead) + V.lo
    cross = lead.T @ left
    found.lead[:] += lead.T @ lead
    found.rest[:] += cross + cross.T + left.T @ left
    found.sums[:] += V.hi.sum(axis=0) if root is None else root @ V.hi


def product_of_slices(A: Floats, low: Floats | None, factor: SlicedFactor) -> Double:
    """(A + low) D W by slices; each row is scaled to entries of at most 1."""
    top = _power_above(np.max(np.abs(A), axis=1, initial=0.0))[:, None]
    w = factor.slices
    slices = len(w) - 1
    a = [*_slices(A / top, factor.bits, slices)]
    if low is not None:
        a[slices] = a[slices] + low / top
    hi, rest = a[0] @ w[0], np.zeros((1, 1))
    for level in range(1, slices):
        for i in range(level + 1):
            hi, e = two_sum(hi, a[i] @ w[level - i])
            rest = rest + e
    for i in range(slices + 1):
        rest = rest + a[i] @ sum(w[slices - i :], np.zeros_like(w[0]))
    total = hi + rest
    scale = top * factor.top
    return Double(total * scale, (rest - (total - hi)) * scale)
