"""The rows that differ, each once with its weights summed.

Where weights differ, rows stand in an order that their values alone tell: what is drawn at random over them does not change
when rows come in another order, are repeated instead of weighted, or stand beside rows of weight zero, and a stochastic method
gives the same bits. Where all weights are equal, rows keep the order in which they first appear: without repeats nothing is
copied. Cost: one read of the targets; rows whose targets collide are marked and compared; a sort where weights differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Matrix
from gramian.execution.threads import Threads
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats, Ints
from gramian.objectives.many_targets import Surface
from gramian.objectives.row_passes import ValuePass
from gramian.reductions.column_stats import ColumnStats

MANY, SOME = 0.25, 4
"""Where more than this share of the rows is left, this many columns are looked at before whole rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """X (m, n) an array or CSR, y (m, 1), w (m,) above zero, of mean 1, or empty where all are equal."""

    X: Matrix
    y: Floats
    w: Floats

    @property
    def rows(self) -> int:
        return self.y.shape[0]

    def taken(self, at: Ints) -> Weighted:
        """Some of the rows; the weights are of mean 1 again."""
        return weighted(rows_of(self.X, at), self.y[at], self.w[at] if self.w.size else None)


    def stats(self) -> ColumnStats:
        """Of [X y]; one pass."""
        found = ColumnStats.of(self._source, Threads())
        assert found is not None
        return found

    def loss(self, at: Surface, loss: Loss) -> float:
        """Sum of w loss; one pass, of the targets alone where no column counts."""
        if not np.any(at.B):
            each = loss.value(np.broadcast_to(at.t, self.y.shape), self.y)[:, 0]
            return float(np.sum(each) if not self.w.size else self.w @ each)
        found = Threads().fold(self._source, ValuePass(at, loss))
        return 0.0 if found is None else found.value

    @property
    def _source(self) -> ArrayRows:
        return ArrayRows(self.X, self.y, self.w if self.w.size else None, centred=False)


def rows_of(X: Matrix, at: Ints) -> Matrix:
    """X[at]; of an array by numpy.take, which is four times as quick."""
    return np.take(X, at, axis=0) if isinstance(X, np.ndarray) else cast(Matrix, X[at])


def weighted(X: Matrix, y: Floats, w: Floats | None) -> Weighted:
    """Rows of weight zero leave, the others keep their order."""
    if w is not None and not w.all():
        kept = np.flatnonzero(w)
        X, y, w = rows_of(X, kept), y[kept], w[kept]
    if w is None or w.size == 0 or np.min(w) == np.max(w):
        return Weighted(X, y, np.zeros(0))
    return Weighted(X, y, w * (w.size / np.sum(w)))


def distinct(X: Matrix, y: Floats, w: Floats | None) -> Weighted:
    """X (m, n) in C order or CSR without repeated entries, y (m, 1), w (m,) >= 0 or None."""
    if w is not None and not w.all():
        used = np.flatnonzero(w)
        X, y, w = rows_of(X, used), y[used], w[used]
    first, owner = _groups(X, y)
    if owner.size:
        w = np.bincount(owner, weights=w, minlength=first.size).astype(np.float64)
        X, y = rows_of(X, first), y[first]
    if w is not None and np.min(w) != np.max(w):
        order = np.argsort(marks(X, y), kind="stable")
        X, y, w = rows_of(X, order), y[order], w[order]
    return weighted(X, y, w)


def _groups(X: Matrix, y: Floats) -> tuple[Ints, Ints]:
    """(first row of each distinct one, in order; the distinct one of every row); both empty where no row repeats another."""
    none = np.zeros(0, dtype=np.intp)
    at = _suspects(X, y)
    if not at.size:
        return none, none
    some, few = rows_of(X, at), y[at]
    found = marks(some, few)
    order = np.argsort(found, kind="stable")
    repeats = _repeats(rows_of(some, order), few[order], found[order])
    if not repeats.any():
        return none, none
    leaders = np.flatnonzero(~repeats)
    kept = at[order[leaders]]  # the sort is stable: the first of its kind
    place = np.arange(y.shape[0])
    place[at[order]] = kept[np.cumsum(~repeats) - 1]
    first, owner = np.unique(place, return_inverse=True)
    return first, owner


def _suspects(X: Matrix, y: Floats) -> Ints:
    """Rows that may equal another one: by their targets, then, where many are left, by a few columns too."""
    from gramian.kernels import marks as compiled

    bits = np.ascontiguousarray(y[:, 0]).view(np.uint64)
    at = compiled.colliding(bits, compiled.table_bits(bits.size))
    if isinstance(X, np.ndarray) and at.size > MANY * y.shape[0] and X.shape[1] > 2 * SOME:
        part = marks(X[at, :SOME], y[at])
        at = at[compiled.colliding(part, compiled.table_bits(part.size))]
    return at


def marks(X: Matrix, y: Floats) -> NDArray[np.uint64]:
    """Of every row of [X y]; see `kernels.marks`."""
    from gramian.kernels import marks as compiled

    n, found = cast(Any, X).shape[1], np.empty(y.shape[0], dtype=np.uint64)
    keys, bits = compiled.keys_of(n + y.shape[1]), np.ascontiguousarray(y).view(np.uint64)
    if isinstance(X, np.ndarray):
        compiled.dense_marks(np.ascontiguousarray(X).view(np.uint64), bits, keys, found)
    else:
        data = np.ascontiguousarray(X.data).view(np.uint64)
        compiled.sparse_marks(data, cast(Ints, X.indices), cast(Ints, X.indptr), n, bits, keys, found)
    return found


def _repeats(X: Matrix, y: Floats, found: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which rows equal the one before them; only where the targets and the marks do too are rows compared."""
    same = np.zeros(y.shape[0], dtype=np.bool_)
    maybe = 1 + np.flatnonzero((found[1:] == found[:-1]) & (y[1:, 0] == y[:-1, 0]))
    if maybe.size:
        this, before = X[maybe], X[maybe - 1]
        if isinstance(X, np.ndarray):
            same[maybe] = np.all(this == before, axis=1)
        else:
            differ = cast(sp.csr_array, this != before)
            same[maybe] = np.diff(differ.indptr) == 0
    return same
