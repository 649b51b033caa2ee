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


@gathering
def colliding(bits: Any, width: int) -> Ints:
    """Places of all values that share a hash of `width` bits with another one; equal values always do."""
    once, twice = np.zeros(1 << (width - 6), dtype=np.uint64), np.zeros(1 << (width - 6), dtype=np.uint64)
    shift, low, six, one = np.uint64(64 - width), np.uint64(63), np.uint64(6), np.uint64(1)
    for i in range(bits.size):
        at = mixed(folded(bits[i])) >> shift
        word, bit = at >> six, one << (at & low)
        twice[word] |= once[word] & bit
        once[word] |= bit
    count = 0
    found = np.empty(bits.size, dtype=np.int64)
    for i in range(bits.size):
        at = mixed(folded(bits[i])) >> shift
        if (twice[at >> six] >> (at & low)) & one:
            found[count] = i
            count += 1
    return found[:count].copy()


def table_bits(count: int) -> int:
    """Of a hash with sixteen places for each of so many values, within 64 MB."""
    return min(max(int(count).bit_length() + 4, 10), 28)


def keys_of(count: int) -> Any:
    """Odd numbers, always the same."""
    return np.random.default_rng(0).integers(2**64, size=count, dtype=np.uint64) | np.uint64(1)
