"""Sparse-sign embedding: each row of [X y] is added, with a random sign, to a few rows of a small table.

A row goes to `zeta` buckets, one in each of as many groups of rows of Z; buckets and signs are a hash of the row's number
and a salt, so that they do not depend on who reads the row. Values are not scaled by zeta^(-1/2): sums of small integers stay
exact, and equal columns stay equal. Hash: the finaliser of SplitMix64, Steele, Lea and Flood (2014), OOPSLA.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.rows import Indices, compiled

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
FEW = 64
"""Rows summed before they join the sums of the block: chains of sums stay short."""


@compiled
def mixed(z: np.uint64) -> np.uint64:
    """A hash of 64 bits in which each bit depends on all."""
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@compiled
def bucket_of(key: np.uint64, group: int) -> np.int64:
    return np.int64((key >> np.uint64(32)) % np.uint64(group))


@compiled
def sketch_dense(
    X: Floats,
    y: Floats,
    w: Floats,
    shift: Floats,
    first: int,
    salt: np.uint64,
    zeta: int,
    Z: Floats,
    ones: Floats,
    sums: Floats,
    squares: Floats,
) -> None:
    """Adds the rows sqrt(w) ([x y] - shift), numbered from `first`, to Z; their weighted sums and squares likewise.

    With zeta 0 row i goes to row i of Z, as it is.
    """
    m, n = X.shape
    p = n + y.shape[1]
    group = Z.shape[0] // max(zeta, 1)
    row, few, few_squares = np.empty(p), np.empty(p), np.empty(p)
    for lo in range(0, m, FEW):
        few[:] = 0.0
        few_squares[:] = 0.0
        for i in range(lo, min(lo + FEW, m)):
            x, wi = X[i], 1.0
            for j in range(n):
                row[j] = x[j] - shift[j]
            for j in range(n, p):
                row[j] = y[i, j - n] - shift[j]
            if w.size:
                wi = w[i]
                root = np.sqrt(wi)
                for j in range(p):
                    few[j] += wi * row[j]
                    row[j] *= root
            else:
                root = 1.0
                for j in range(p):
                    few[j] += row[j]
            for j in range(p):
                few_squares[j] += row[j] * row[j]
            if zeta == 0:
                Z[first + i] += row
                ones[first + i] += root
                continue
            key = mixed(salt + np.uint64(first + i) * GOLDEN)
            for a in range(zeta):
                key = mixed(key + GOLDEN)
                at = a * group + bucket_of(key, group)
                z = Z[at]
                if key & np.uint64(1):
                    ones[at] += root
                    for j in range(p):
                        z[j] += row[j]
                else:
                    ones[at] -= root
                    for j in range(p):
                        z[j] -= row[j]
        for j in range(p):
            sums[j] += few[j]
            squares[j] += few_squares[j]


@compiled
def sketch_sparse(
    data: Floats,
    columns: Indices,
    ends: Indices,
    y: Floats,
    w: Floats,
    first: int,
    salt: np.uint64,
    zeta: int,
    Z: Floats,
    squares: Floats,
) -> None:
    """As `sketch_dense`, of CSR rows as they are."""
    m, k = y.shape
    n = Z.shape[1] - k
    group = Z.shape[0] // max(zeta, 1)
    for i in range(m):
        root = np.sqrt(w[i]) if w.size else 1.0
        key = mixed(salt + np.uint64(first + i) * GOLDEN)
        for e in range(ends[i], ends[i + 1]):
            squares[columns[e]] += (root * data[e]) ** 2
        for j in range(k):
            squares[n + j] += (root * y[i, j]) ** 2
        for a in range(max(zeta, 1)):
            key = mixed(key + GOLDEN)
            at, sign = first + i, root
            if zeta:
                at = a * group + bucket_of(key, group)
                if not key & np.uint64(1):
                    sign = -root
            for e in range(ends[i], ends[i + 1]):
                Z[at, columns[e]] += sign * data[e]
            for j in range(k):
                Z[at, n + j] += sign * y[i, j]
