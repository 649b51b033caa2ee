"""Mini-batches: the rows in block-shuffled order, and stochastic epochs over them, compiled.

Held rows are visited in the order of `kernels.order`: a permutation that mixes the whole table and reads memory in runs.
Rows that are read anew come block after block, shuffled inside each. The same seed gives the same order, and an epoch
runs on one thread, so that any number of threads gives the same bits. An epoch is one pass; its last batch may be smaller.

Theta is in the coordinates of `objective`. Sparse columns are scaled but not centred, and the intercept is a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, stored, weights
from gramian.errors import bad_argument
from gramian.kernels.array_types import Floats, Ints
from gramian.objectives.epoch import EpochState, swept
from gramian.objectives.linear_objective import LinearObjective

if TYPE_CHECKING:
    from gramian.kernels.epochs import DenseRows
    from gramian.kernels.sparse_epochs import SparseRows

CODES = MappingProxyType({"gradient": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "rmsprop": 4, "adam": 5})


@dataclass(frozen=True, slots=True)
class Update:
    """A rule and its numbers: update t takes the step step / (1 + decay (t - 1))^power; see `kernels.rules`.

    a: momentum, or the first decay of rmsprop and adam; b: the second decay of adam; offset: outside the root.
    """

    rule: str
    step: float
    decay: float = 0.0
    power: float = 1.0
    a: float = 0.9
    b: float = 0.999
    offset: float = 1e-8

    @property
    def settings(self) -> Floats:
        return np.array([self.step, self.decay, self.power, self.a, self.b, self.offset])


@dataclass(slots=True, eq=False)
class ReducedState:
    """Where SAGA or SVRG stands: table (m, k), empty for SVRG; mean, the gradient that the table or the snapshot gives.

    chances (m,): how often each row comes in an epoch, in the mean; empty where each comes once.
    """

    inner: Floats
    table: Floats
    snapshot: Floats
    mean: Floats
    chances: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Batches of `batch` rows of an objective; `all_rows` is the full gradient."""

    objective: LinearObjective
    batch: int
    seed: int

    @staticmethod
    def of(objective: LinearObjective, batch: int | None = 1, seed: int = 0) -> Batches:
        """Batch: rows of a mini-batch, None for all. ArgumentError where it is not between 1 and the rows there are."""
        m = objective.counts.used
        if batch is not None and (isinstance(batch, bool) or batch != int(batch) or not 1 <= batch <= m):
            raise bad_argument("batch", batch, f"a whole number from 1 to the {m:,} rows, or None for all of them")
        if objective.rows.sparse and np.any(objective.coordinates.centre):
            objective = objective.without_centre()
        return Batches(objective, m if batch is None else int(batch), seed)

    @property
    def all_rows(self) -> bool:
        return self.batch == self.objective.counts.used

    @property
    def updates(self) -> int:
        """Updates in an epoch."""
        return ceil(self.objective.counts.used / self.batch)

    def order(self, epoch: int, start: int = 0, rows: int | None = None) -> Ints:
        """The order of the rows of a held table, or of the block that begins at `start`."""
        from gramian.kernels.order import layout, shuffled

        store, counts = self.objective.rows.store, self.objective.counts
        width = 8.0 * max(self.objective.n, 1)
        if store is not None and not isinstance(store.X, np.ndarray):
            width = max(12.0 * store.X.nnz / counts.used, 8.0)
        return shuffled(counts.used if rows is None else rows, *layout(width), self._seed(epoch, start))

    def drawn(self, epoch: int, chances: Floats) -> Ints:
        """Rows of a held table, each as often as its chance says, in the mean over epochs."""
        from gramian.kernels.order import drawn

        return drawn(chances, self._seed(epoch, 0))

    def _seed(self, epoch: int, start: int) -> Any:
        return np.random.SeedSequence([self.seed, epoch, start]).generate_state(1, np.uint64)[0]

    def theta(self, state: EpochState | ReducedState) -> Floats:
        """(p, k), the intercept first."""
        return self._outer(state.inner)

    def mean(self, state: EpochState) -> Floats:
        """The mean of the iterates, as `theta`; theta itself where there is none yet."""
        return self._outer(state.mean)

    def _outer(self, inner: Floats) -> Floats:
        last = inner.shape[1] - int(self.objective.coordinates.intercept)
        return np.concatenate([inner[:, last:], inner[:, :last]], axis=1).T.copy()

    def inner(self, theta: Floats) -> Floats:
        """(k, p), the intercept last."""
        first = int(self.objective.coordinates.intercept)
        return np.ascontiguousarray(np.concatenate([theta[first:], theta[:first]]).T)

    # ---- plain stochastic descent, under any rule ----

    def descent(self, theta: Floats | None = None, average: int = 0) -> EpochState:
        """At theta; the mean of the iterates is kept from update `average` on, none where that is 0."""
        return EpochState.at(self.inner(self.objective.start() if theta is None else theta), average)

    def epoch(self, state: EpochState, update: Update, number: int) -> bool:
        """All rows once, `updates` updates; False where theta is no longer finite."""
        code, settings, counters = CODES[update.rule], update.settings, state.counters
        if self.all_rows:
            _, g = self.objective.gradient(self.theta(state))
            counters[1] = 1
            state.sums[...] = self.inner(g)
            state.finish(code, settings, np.zeros(g.shape[0]))
            return bool(np.all(np.isfinite(state.inner)))
        finite = True
        for block, order in self._pieces(number):
            rows = self._dense(block, order) if isinstance(block.X, np.ndarray) else self._sparse(block, order)
            finite = swept(rows, self.batch, code, settings, state)
            if not finite:
                break
        if counters[1]:
            state.finish(code, settings, self._shrink())
        self.objective.count(1.0)
        return finite and bool(np.all(np.isfinite(state.inner)))

    # ---- variance reduced ----

    def saga(self, theta: Floats | None = None, chances: Floats | None = None) -> ReducedState:
        """A table of zeros, whose mean gradient is zero: no pass. The rows must be held."""
        inner = self.inner(self.objective.start() if theta is None else theta)
        table = np.zeros((self.objective.counts.used, inner.shape[0]))
        chances = np.empty(0) if chances is None else chances
        return ReducedState(inner, table, np.zeros_like(inner), np.zeros_like(inner), chances)

    def svrg(self, theta: Floats) -> tuple[float, Floats, ReducedState]:
        """J, its gradient at theta, and a snapshot there: one pass."""
        value, g = self.objective.gradient(theta)
        inner = self.inner(theta)
        mean = self.inner(g) - self._shrink() * inner
        return value, g, ReducedState(inner.copy(), np.zeros((0, inner.shape[0])), inner, mean)

    def reduced_epoch(self, state: ReducedState, step: float, number: int) -> bool:
        """As many rows as there are, one at a time; False where theta is no longer finite."""
        from gramian.kernels import epochs, sparse_epochs

        finite, lift = True, 1.0 / state.chances
        for block, order in self._pieces(number, state.chances):
            if not isinstance(block.X, np.ndarray):
                rows = self._sparse(block, order)
                finite = sparse_epochs.reduced_epoch(rows, step, lift, state.table, state.snapshot, state.mean, state.inner)
            elif state.table.size:
                rows = self._dense(block, order)
                finite = epochs.saga_epoch(rows, step, lift, state.table, state.mean, state.inner)
            else:
                rows = self._dense(block, order)
                finite = epochs.svrg_epoch(rows, step, state.snapshot, state.mean, state.inner)
            if not finite:
                break
        self.objective.count(1.0)
        return finite

    # ---- what the compiled loops take ----

    def _pieces(self, epoch: int, chances: Floats | None = None) -> Iterator[tuple[Block, Ints]]:
        store = self.objective.rows.store
        if store is not None:
            drawn = None if chances is None or not chances.size else self.drawn(epoch, chances)
            yield store.block(0, self.objective.counts.used), self.order(epoch) if drawn is None else drawn
            return
        for part in self.objective.rows.parts():
            for block in part.blocks():
                yield block, self.order(epoch, block.start, block.rows)

    def _shrink(self) -> Floats:
        shrink, first = self.objective.shrink / self.objective.weight, int(self.objective.coordinates.intercept)
        return np.concatenate([shrink[first:], shrink[:first]])

    def _dense(self, block: Block, order: Ints) -> DenseRows:
        from gramian.kernels.epochs import DenseRows

        X, y = np.ascontiguousarray(cast(Floats, block.X)), np.ascontiguousarray(block.y)
        return DenseRows(X, y, weights(block), order, self.objective.coordinates.centre, *self._common())

    def _sparse(self, block: Block, order: Ints) -> SparseRows:
        from gramian.kernels.sparse_epochs import SparseRows

        X = cast(sp.csr_array, block.X)
        return SparseRows(*stored(X), np.ascontiguousarray(block.y), weights(block), order, *self._common())

    def _common(self) -> tuple[Floats, int, float, Floats]:
        objective = self.objective
        share = objective.counts.used / objective.weight
        return 1.0 / objective.coordinates.scale, objective.loss.code, share, self._shrink()
