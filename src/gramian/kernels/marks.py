"""A mark for every row, computed from its values alone: 64 bits that equal rows share, and other rows share once in 2^40 pairs.

    mark = mix(sum_j key_j (bits_j xor bits_j >> 29))  mod 2^64

over the values that are not zero, so that a row has one mark whether it is dense or CSR, and 0.0 and -0.0 are one value. The
shift brings the leading bits down, which alone are set in doubles that hold small whole numbers.
Reference: Lemire and Kaser (2014), Computer Journal 57(11), multilinear hashing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Ints
from gramian.kernels.order import mixed
from gramian.kernels.rows import gathering, inlined

SIGN = np.uint64(1) << np.uint64(63)


@inlined
def folded(bits: Any) -> Any:
    b = np.uint64(0) if bits == SIGN else np.uint64(bits)  # minus zero is zero
    return b ^ (b >> np.uint64(29))


@gathering
def dense_marks(X: Any, y: Any, keys: Any, marks: Any) -> None:
    """X (m, n) and y (m, k) as uint64 bits, keys (n + k,) odd."""
    m, n = X.shape
    for i in range(m):
        total = np.uint64(0)
        x = X[i]
        for j in range(n):
            total += folded(x[j]) * keys[j]
        for a in range(y.shape[1]):
            total += folded(y[i, a]) * keys[n + a]
        marks[i] = mixed(total)


@gathering
def sparse_marks(data: Any, columns: Ints, ends: Ints, n: int, y: Any, keys: Any, marks: Any) -> None:
    """The same of the rows of CSR X (m, n), columns in any order."""
    for i in range(ends.size - 1):
        total = np.uint64(0)
        for at in range(ends[i], ends[i + 1]):
            total += folded(data[at]) * keys[columns[at]]
        for a in range(y.shape[1]):
            total += folded(y[i, a]) * keys[n + a]
        marks[i] = mixed(total)


def keys_of(count: int) -> Any:
    """Odd numbers, always the same."""
    return np.random.default_rng(0).integers(2**64, size=count, dtype=np.uint64) | np.uint64(1)
