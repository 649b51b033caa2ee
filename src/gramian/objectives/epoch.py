"""A stochastic epoch over rows that are ready: the compiled loop that fits them, and what is left of a batch.

Rows of few columns keep theta in registers, wide ones go by fours where nothing else moves theta, sparse ones cost their
stored values; see `kernels.narrow`, `fours`, `epochs`, `sparse_epochs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gramian.kernels.array_types import Floats, Ints

if TYPE_CHECKING:
    from gramian.kernels.epochs import DenseRows
    from gramian.kernels.sparse_epochs import SparseRows

    Ready: TypeAlias = DenseRows | SparseRows


@dataclass(slots=True, eq=False)
class EpochState:
    """Where a stochastic descent stands, changed by every epoch. Arrays are (k, p), the intercept last.

    total: the sum of the iterates from update `average` on, none where that is 0. counters: updates, rows of a batch that is
    not full, iterates in the total.
    """

    inner: Floats
    m: Floats
    v: Floats
    sums: Floats
    total: Floats
    average: int = 0
    counters: Ints = field(default_factory=lambda: np.zeros(3, dtype=np.int64))

    @staticmethod
    def at(inner: Floats, average: int = 0) -> EpochState:
        m, v, sums, total = (np.zeros_like(inner) for _ in range(4))
        return EpochState(inner, m, v, sums, total, average)

    @property
    def updates(self) -> int:
        return int(self.counters[0])

    @property
    def mean(self) -> Floats:
        """The mean of the iterates, or theta where there is none yet."""
        return mean_of(self.inner, self.total, self.counters)

    @property
    def adding(self) -> Floats:
        """What updates from `average` on add their iterates to; empty where no mean is kept."""
        return self.total if self.average else self.total[:0]

    def finish(self, code: int, settings: Floats, shrink: Floats) -> None:
        """An update with the rows that wait."""
        from gramian.kernels import rules

        moving = (self.counters, shrink, self.sums, self.inner, self.m, self.v, self.adding, self.average)
        rules.finish_batch(code, settings, *moving)


def mean_of(inner: Floats, total: Floats, counters: Ints) -> Floats:
    return total / counters[2] if counters[2] else inner


def swept(rows: Ready, batch: int, code: int, settings: Floats, state: EpochState) -> bool:
    """All rows in their order, an update after every `batch`, counted on from call to call; whether theta is finite.

    Where as many rows wait already, for a batch that was larger, an update with them comes first.
    """
    from gramian.kernels import epochs, fours, lanes, narrow, sparse_epochs
    from gramian.kernels.epochs import DenseRows

    if state.counters[1] >= batch:
        state.finish(code, settings, rows.shrink)
    plain, counters, inner = batch == 1 and code == 0, state.counters, state.inner
    mean = (state.adding, state.average)
    moving = (batch, code, settings, counters, inner, state.m, state.v, state.sums, *mean)
    if not isinstance(rows, DenseRows):
        if not plain:
            return bool(sparse_epochs.batch_epoch(rows, *moving))
        # Under a ridge, all of theta is caught up with about once for every full row of stored values.
        stride = max(1, rows.inverse.size * (rows.ends.size - 1) // max(rows.data.size, 1))
        return bool(sparse_epochs.plain_epoch(rows, settings, counters, inner, *mean, stride))
    if code == 0 and inner.shape[0] == 1 and inner.shape[1] <= lanes.WIDTH:
        if plain:
            return bool(narrow.plain_narrow(rows, settings, counters, inner, *mean))
        return bool(narrow.batch_narrow(rows, batch, settings, counters, inner, state.sums, *mean))
    if not plain:
        return bool(epochs.batch_epoch(rows, *moving))
    if rows.X.shape[1] >= fours.WIDE and not np.any(rows.shrink):
        done = fours.plain_fours(rows, settings, counters, inner, *mean)
        rows = rows._replace(order=rows.order[done:])
    return bool(epochs.plain_epoch(rows, settings, counters, inner, *mean))
