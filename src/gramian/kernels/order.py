"""The order in which a stochastic method visits rows: random to statistics, nearly sequential to memory.

Runs of consecutive rows are laid out in random order, and a window of many runs, small enough for a cache, is shuffled row
by row. So a window mixes rows from all over the table, and memory is read in runs of kilobytes. A table smaller than a
window is shuffled completely. The same seed gives the same order anywhere.
Generator: SplitMix64 (Steele, Lea and Flood, 2014, OOPSLA); shuffles: Fisher and Yates, as in Knuth, volume 2, 3.4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.rows import compiled, inlined

RUN_BYTES = 64 << 10
WINDOW_BYTES = 2 << 20
"""Measured on 1,000,000 x 50, seconds an epoch: rows in sequence 0.032, in this order 0.05, in random order 0.12."""


def layout(row_bytes: float) -> tuple[int, int]:
    """(rows of a run, runs of a window)."""
    run = max(int(RUN_BYTES / row_bytes), 1)
    return run, max(int(WINDOW_BYTES / (row_bytes * run)), 8)


@inlined
def mixed(state: Any) -> Any:
    """The output of SplitMix64 for a 64-bit state."""
    z = np.uint64(state)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def shuffle(order: Ints, first: int, stop: int, state: Any) -> Any:
    """Shuffles order[first:stop] in place; the state of the generator afterwards."""
    step, half = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
    state, start = np.uint64(state), np.uint64(first)
    for last in range(stop - 1, first, -1):
        state = state + step
        # The upper half times the bound, shifted back: uniform to bound / 2^32.
        i, bound = np.uint64(last), np.uint64(last - first + 1)
        j = start + (((mixed(state) >> half) * bound) >> half)
        order[i], order[j] = order[j], order[i]
    return state


@compiled
def drawn(counts: Floats, seed: int) -> Ints:
    """An order in which row i comes counts[i] times in the mean, one more or less at most; sum of counts rounded in all.

    Systematic sampling: the sums of counts are cut at u, u + 1, u + 2, ... with u uniform in [0, 1); then shuffled.
    """
    state = mixed(np.uint64(seed))
    at = float(state >> np.uint64(11)) * 2.0**-53
    order = np.empty(counts.size, dtype=np.int64)
    filled, total = 0, 0.0
    for i in range(counts.size):
        total += counts[i]
        while at < total and filled < order.size:
            order[filled] = i
            filled += 1
            at += 1.0
    shuffle(order, 0, filled, state)
    return order[:filled]


@compiled
def shuffled(rows: int, run: int, runs: int, seed: int) -> Ints:
    """A permutation of the rows: runs of `run` rows in random order, shuffled inside windows of `runs` runs."""
    count = (rows + run - 1) // run
    starts = np.arange(count)
    state = shuffle(starts, 0, count, mixed(np.uint64(seed)))
    order = np.empty(rows, dtype=np.int64)
    filled = 0
    window = 0
    for at in range(count):
        lo = starts[at] * run
        length = min(run, rows - lo)
        for i in range(length):
            order[filled + i] = lo + i
        filled += length
        if (at + 1) % runs == 0 or at + 1 == count:
            state = shuffle(order, window, filled, state)
            window = filled
    return order
