"""Exact quantiles of values that need not fit in memory: radix selection, four passes of 16 bits.

Floats are mapped to unsigned integers of the same order. A pass counts, for every order statistic wanted, the next 16
bits of the values that share its leading bits; the counts say which bits the statistic has. Memory: 512 kB a statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats

Chunks: TypeAlias = Callable[[], Iterable[Floats]]
_BITS = 16


def quantiles(chunks: Chunks, count: int, at: Sequence[float]) -> list[float]:
    """Quantiles of `count` finite values, interpolated between order statistics as numpy does by default."""
    places = [fraction * (count - 1) for fraction in at]
    ranks = sorted({int(place) for place in places} | {min(int(place) + 1, count - 1) for place in places})
    found = dict(zip(ranks, _selected(chunks, ranks), strict=True))
    answer: list[float] = []
    for place in places:
        low, high = found[int(place)], found[min(int(place) + 1, count - 1)]
        share = place - int(place)
        # Numpy counts from the nearer end, which is exact at both; the same here, to agree to the last bit.
        answer.append(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))
    return answer


def _selected(chunks: Chunks, ranks: Sequence[int]) -> list[float]:
    """The values at these places, counted from 0, of all values in order."""
    prefixes = np.zeros(len(ranks), dtype=np.uint64)
    left = np.array(ranks, dtype=np.int64)
    for step in range(64 // _BITS):
        shift = np.uint64(64 - _BITS * (step + 1))
        counts = _counts(chunks, np.unique(prefixes), step, shift)
        for at, prefix in enumerate(prefixes):
            below = np.cumsum(counts[int(prefix)])
            digit = int(np.searchsorted(below, left[at], side="right"))
            left[at] -= below[digit - 1] if digit else 0
            prefixes[at] = (prefix << np.uint64(_BITS)) | np.uint64(digit)
    return [float(value) for value in _floats(prefixes)]


def _counts(chunks: Chunks, prefixes: NDArray[np.uint64], step: int, shift: np.uint64) -> dict[int, NDArray[np.int64]]:
    counts = {int(prefix): np.zeros(1 << _BITS, dtype=np.int64) for prefix in prefixes}
    for chunk in chunks():
        keys = _ordered(chunk)
        for prefix, total in counts.items():
            # A shift by 64 is undefined: in the first pass every value shares the empty prefix.
            own = keys if step == 0 else keys[(keys >> (shift + np.uint64(_BITS))) == np.uint64(prefix)]
            digits = ((own >> shift) & np.uint64((1 << _BITS) - 1)).astype(np.intp)
            total += np.bincount(digits, minlength=1 << _BITS)
    return counts


_SIGN = np.uint64(1 << 63)


def _ordered(values: Floats) -> NDArray[np.uint64]:
    """Integers in the order of the floats: the sign bit flipped, all bits of negative numbers."""
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)  # + 0.0 makes one zero of the two
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _floats(keys: NDArray[np.uint64]) -> Floats:
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)
