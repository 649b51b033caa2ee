"""The rows that differ, each once with its weights summed, in an order that their values alone tell.

What is drawn at random over rows in this order does not change when rows come in another order, are repeated instead of
weighted, or stand beside rows of weight zero: a stochastic method then gives the same bits. Cost: one read for the marks, a
sort of m numbers, and a copy of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.blocks import Matrix
from gramian.kernels.array_types import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """X (m, n) an array or CSR, y (m, 1), w (m,) above zero, of mean 1."""

    X: Matrix
    y: Floats
    w: Floats

    @property
    def rows(self) -> int:
        return self.y.shape[0]

    def taken(self, at: Ints) -> Weighted:
        """Some of the rows; the weights are of mean 1 again."""
        return weighted(rows_of(self.X, at), self.y[at], self.w[at])


def rows_of(X: Matrix, at: Ints) -> Matrix:
    """X[at]; of an array by numpy.take, which is four times as quick."""
    return np.take(X, at, axis=0) if isinstance(X, np.ndarray) else cast(Matrix, X[at])


def weighted(X: Matrix, y: Floats, w: Floats | None) -> Weighted:
    """Rows of weight zero leave, the others keep their order."""
    if w is None:
        return Weighted(X, y, np.ones(y.shape[0]))
    if not w.all():
        kept = np.flatnonzero(w)
        X, y, w = cast(Matrix, X[kept]), y[kept], w[kept]
    return Weighted(X, y, w * (w.size / np.sum(w)))


def distinct(X: Matrix, y: Floats, w: Floats | None) -> Weighted:
    """X (m, n) in C order or CSR without repeated entries, y (m, 1), w (m,) >= 0 or None."""
    w = np.ones(y.shape[0]) if w is None else w
    found, used = marks(X, y), np.flatnonzero(w)
    order = used[np.argsort(found[used], kind="stable")]
    X, y, w = rows_of(X, order), y[order], w[order]
    first = np.flatnonzero(~_repeats(X, y, found[order]))
    if first.size < order.size:
        w = np.add.reduceat(w, first)
        X, y = cast(Matrix, X[first]), y[first]
    return weighted(X, y, w)


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
