"""Gram matrices of one block [X y]: products by chunks of rows that stay in the cache, and their short chains of sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats

CHUNK = 2048
"""Rows reduced by one BLAS call: short chains keep the rounding bound small, at no cost in speed (measured)."""
FEW = 128
"""Rows of dense targets multiplied at once beside sparse rows, whose own sums are short."""
FIRST = 256
"""Rows whose means a block is centred about."""


def norms_of(gram: Floats) -> Floats:
    return np.sqrt(np.maximum(np.diag(gram), 0.0))


def mark_vanished(gram: Floats, *values: Floats) -> Floats:
    """NaN on the diagonal where all squares are zero and the values are not: too small to be squared."""
    vanished = np.flatnonzero(np.diag(gram) == 0)
    if vanished.size:
        columns = [column for part in values for column in part.T]
        for j in vanished:
            if np.any(columns[j]):
                gram[j, j] = np.nan
    return gram


def first_means(X: Floats, y: Floats, w: Floats | None) -> Floats:
    """Means of the first rows of a block that weigh a sixteenth of the heaviest at least, (p,): near enough to the middle to
    lose nothing by centring about them. The others weigh 1,024 times as much at most, so norms grow by 32 at most.
    """
    first: slice | NDArray[np.intp] = slice(FIRST)
    if w is not None:
        first = np.flatnonzero(w >= np.max(w) / 16.0)[:FIRST]
    return np.concatenate([np.mean(X[first], axis=0), np.mean(y[first], axis=0)])


def dense_gram(X: Floats, y: Floats, root: Floats | None, shift: Floats | None) -> tuple[Floats, Floats]:
    """The Gram matrix of [X y] - shift under weights root^2, (p, p), and its weighted sums, (p,), zero without a shift.

    A chunk is shifted and scaled while it lies in the cache; X itself is left as it is.
    """
    rows, n = X.shape
    p = n + y.shape[1]
    gram, sums = np.zeros((p, p)), np.zeros(p)
    room = np.empty((min(rows, CHUNK), n), order="F" if X.flags.f_contiguous else "C")
    ones = np.ones(len(room))
    for start in range(0, rows, CHUNK):
        a, b = X[start : start + CHUNK], y[start : start + CHUNK]
        size = len(a)
        if shift is not None:
            a, b = np.subtract(a, shift[:n], out=room[:size]), b - shift[n:]
        weight = ones[:size] if root is None else root[start : start + CHUNK]
        if root is not None:
            a, b = np.multiply(a, weight[:, None], out=room[:size]), b * weight[:, None]
        if shift is not None:
            sums += np.concatenate([weight @ a, weight @ b])
        # numpy hands A'A to dsyrk: half the work, and exactly symmetric.
        gram[:n, :n] += a.T @ a
        gram[:n, n:] += a.T @ b
        gram[n:, n:] += b.T @ b
    gram[n:, :n] = gram[:n, n:].T
    return gram, sums


def in_pairs(values: list[Floats]) -> Floats:
    """Their sum, in as many additions in a row as their number has binary digits."""
    while len(values) > 1:
        values = [sum(values[i : i + 2][1:], values[i]) for i in range(0, len(values), 2)]
    return values[0]
