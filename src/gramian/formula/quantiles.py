"""Exact quantiles of values that need not fit in memory: radix selection, four passes of 16 bits.

Floats are mapped to unsigned integers of the same order. A pass counts, for every order statistic wanted, the next 16
bits of the values that share its leading bits; the counts say which bits the statistic has. Memory: 512 kB a statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian.execution.reduction import Origin, TableReduction
from gramian.formula.values import Values
from gramian.kernels.array_types import Floats

DigitCounts: TypeAlias = dict[int, NDArray[np.int64]]
_BITS = 16


def quantiles(values: Values, count: int, at: Sequence[float]) -> list[float]:
    """Quantiles of `count` finite values, interpolated between order statistics as numpy does by default."""
    places = [fraction * (count - 1) for fraction in at]
    ranks = sorted({int(place) for place in places} | {min(int(place) + 1, count - 1) for place in places})
    found = dict(zip(ranks, _selected(values, ranks), strict=True))
    answer: list[float] = []
    for place in places:
        low, high = found[int(place)], found[min(int(place) + 1, count - 1)]
        share = place - int(place)
        # Numpy counts from the nearer end, which is exact at both; the same here, to agree to the last bit.
        answer.append(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))
    return answer


def _selected(values: Values, ranks: Sequence[int]) -> list[float]:
    """The values at these places, counted from 0, of all values in order."""
    prefixes = np.zeros(len(ranks), dtype=np.uint64)
    left = np.array(ranks, dtype=np.int64)
    for step in range(64 // _BITS):
        counts = values.fold(CountsOfDigits(tuple(np.unique(prefixes).tolist()), step))
        for at, prefix in enumerate(prefixes):
            below = np.cumsum(counts[int(prefix)])
            digit = int(np.searchsorted(below, left[at], side="right"))
            left[at] -= below[digit - 1] if digit else 0
            prefixes[at] = (prefix << np.uint64(_BITS)) | np.uint64(digit)
    return [float(value) for value in _floats(prefixes)]


@dataclass(frozen=True, slots=True)
class CountsOfDigits(TableReduction[Floats, DigitCounts, DigitCounts]):
    """For each prefix of `place` digits, how often each next digit of 16 bits follows it."""

    label: ClassVar[str] = "quantiles"

    prefixes: tuple[int, ...]
    place: int

    def init(self) -> DigitCounts:
        return {prefix: np.zeros(1 << _BITS, dtype=np.int64) for prefix in self.prefixes}

    def step(self, state: DigitCounts, item: Floats, origin: Origin) -> DigitCounts:
        keys, shift = _ordered(item), np.uint64(64 - _BITS * (self.place + 1))
        for prefix, total in state.items():
            # A shift by 64 is undefined: in the first pass every value shares the empty prefix.
            own = keys if self.place == 0 else keys[(keys >> (shift + np.uint64(_BITS))) == np.uint64(prefix)]
            digits = ((own >> shift) & np.uint64((1 << _BITS) - 1)).astype(np.intp)
            total += np.bincount(digits, minlength=1 << _BITS)
        return state

    def merge(self, a: DigitCounts, b: DigitCounts) -> DigitCounts:
        return {prefix: a[prefix] + b[prefix] for prefix in a}

    def finish(self, total: DigitCounts) -> DigitCounts:
        return total


_SIGN = np.uint64(1 << 63)


def _ordered(values: Floats) -> NDArray[np.uint64]:
    """Integers in the order of the floats: the sign bit flipped, all bits of negative numbers."""
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)  # + 0.0 makes one zero of the two
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _floats(keys: NDArray[np.uint64]) -> Floats:
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)
