"""Stochastic steps over rows as they come: the state that every step depends on, and the steps.

The first batch fixes the coordinates: columns are centred and scaled by its means and deviations (so it should hold some
hundred rows), and the first step comes from its largest row, lowered when a larger row comes; see `schedule`. A step of the
user's own acts on the raw columns, from zero, and turns all that off.

The mean of the iterates, where it is asked for, is what a model tells. With default steps it forgets where it began: all that
came before counts for a third of the updates it is of (iterate t thus for about t^2). Else all iterates count alike.

Sparse rows stay sparse: their columns are scaled by their root mean squares and not centred. Cost 4 operations a stored value.
Reference: Bottou, Curtis and Nocedal (2018), SIAM Review 60(2), section 4; Shamir and Zhang (2013), ICML 30, on forgetting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows, first_nonfinite
from gramian.data.blocks import Block, Matrix
from gramian.data.coordinates import Coordinates
from gramian.errors import bad_argument, bad_target, diverged_online, sparse_after_dense
from gramian.execution.reduction import NARROW, BlockReduction, Origin
from gramian.execution.threads import Threads
from gramian.families import Family
from gramian.kernels.array_types import Floats, Ints
from gramian.objectives import block_sums as blockpass
from gramian.objectives.epoch import EpochState, mean_of, swept
from gramian.objectives.many_targets import Surface
from gramian.reductions.column_stats import ColumnStats, spread_of_block
from gramian.reductions.target_summary import not_allowed
from gramian.sklearn.schedule import RULES, ScheduleSettings, rule_settings

KEPT, FEWEST = 1.0 / 3.0, 64
"""The share of the updates so far that their mean counts for from here on; updates before anything is forgotten."""
BEYOND = 1e100
"""A coefficient larger than this, in scaled columns, is on its way to infinity."""


@dataclass(frozen=True, slots=True, eq=False)
class StochasticState:
    """All that the next step depends on. Arrays (1, p), the intercept last; counters: updates, rows waiting, iterates summed."""

    centre: Floats
    scale: Floats
    theta: Floats
    m: Floats
    v: Floats
    sums: Floats
    total: Floats  # of the iterates, from update `average` on
    counters: Ints
    rows: int
    weight: float
    row: float  # the largest curvature of a row so far
    size: float  # of theta: the deviation of the first targets, or 1 where eta is a logarithm
    generator: dict[str, Any]

    def copy(self) -> StochasticState:
        arrays = {name: getattr(self, name).copy() for name in ("theta", "m", "v", "sums", "total", "counters")}
        return replace(self, **arrays)

    @property
    def answer(self) -> Floats:
        """What a model tells, (1, p): the mean of the iterates where one is kept, else theta."""
        return mean_of(self.theta, self.total, self.counters)

    def told(self, intercept: bool) -> tuple[Floats, float]:
        """(coefficients (n,), intercept) in the units of the columns."""
        answer = self.answer[0]
        coef = answer[: self.scale.size] / self.scale
        return coef, float(answer[-1] - self.centre @ coef) if intercept else 0.0


def checked(X: Any, y: Any, weights: Any, settings: ScheduleSettings) -> tuple[Matrix, Floats, Floats]:
    """X (m, n) C-contiguous or CSR, y (m, 1), weights (m,) or empty; all finite, y as the family allows."""
    rows = ArrayRows.of(X, y, weights=weights)
    if rows.k != 1:
        raise bad_argument("the shape of y", np.shape(y), "(rows,): one target")
    Z = cast(sp.csr_array, rows.X) if rows.sparse else np.ascontiguousarray(rows.X, dtype=np.float64)
    t = np.ascontiguousarray(rows.y, dtype=np.float64)
    if first_nonfinite(Z) is not None or first_nonfinite(t) is not None:
        raise rows.not_finite([])
    bad = not_allowed(settings.loss, t[:, 0], whole_counts=False)
    if bad.any():
        at = int(np.argmax(bad))
        row = f"row {at} (counted from 0)"
        raise bad_target("y", float(t[at, 0]), row, settings.family, settings.loss.targets.allowed, settings.loss.targets.hint)
    return Z, t, np.zeros(0) if rows.weights is None else np.ascontiguousarray(rows.weights, dtype=np.float64)


def begun(
    X: Matrix, y: Floats, w: Floats, settings: ScheduleSettings, stats: ColumnStats | None = None
) -> StochasticState:
    """Before the first row: coordinates from this batch, theta at zero, or at the mean of the targets where there is one.

    `stats`: of [X y], where they are known already.
    """
    n = cast(tuple[int, int], X.shape)[1]
    p = n + int(settings.intercept)
    theta, dense = np.zeros((1, p)), isinstance(X, np.ndarray)
    shape, size = Coordinates.raw(n, settings.intercept), 1.0
    if settings.step is None:
        found = spread_of_block(_block(X, y, w)) if stats is None else stats
        if settings.loss.quadratic:
            size = math.sqrt(float(found.squares[n]) / found.weight)
        if settings.intercept:
            theta[0, -1] = _near(settings.loss, float(found.mean[n]))
        centred = settings.intercept and dense
        shape = found.standardised(n, centred, centred, np.zeros(n), 1.0)
    generator = np.random.default_rng(settings.seed).bit_generator.state
    counters = np.zeros(3, dtype=np.int64)
    m, v, sums, total = np.zeros((1, p)), np.zeros((1, p)), np.zeros((1, p)), np.zeros((1, p))
    size = size if size > 0 else 1.0
    return StochasticState(shape.centre, shape.scale, theta, m, v, sums, total, counters, 0, 0.0, 0.0, size, dict(generator))


def _block(X: Matrix, y: Floats, w: Floats) -> Block:
    return Block(0, X, y, w if w.size else None, None, y.shape[0], None, False)


def _near(loss: Family, mean: float) -> float:
    """The link of a mean that is kept away from the edges, where it would be infinite."""
    low, high = loss.inner
    return float(loss.link(np.array([min(max(mean, low), high)]))[0])


def stepped(
    state: StochasticState, X: Matrix, y: Floats, w: Floats, settings: ScheduleSettings, again: bool = False, named: str = "step"
) -> StochasticState:
    """The state after one pass over these rows, in a random order when they are shuffled.

    again: the state has met them. named: what the user calls the step, for errors.
    """
    if not isinstance(X, np.ndarray) and np.any(state.centre):
        raise sparse_after_dense(state.centre.size)
    before, state = state, state.copy()
    if not settings.average or state.counters[0] < settings.average:  # no mean any more, or not yet
        state.total[...] = state.counters[2] = 0
    generator = as_generator(state.generator)
    order = _order(X, generator) if settings.shuffle else np.arange(y.size)
    row = state.row
    if settings.step is None and not (again and math.isfinite(settings.loss.curvature)):
        with np.errstate(all="ignore"):
            row = max(row, _largest_of(X, y, w, state, settings))
        if math.isinf(row):
            raise diverged_online(0.0, 0.0, "")
    numbers = rule_settings(settings, row, state.size)
    with np.errstate(all="ignore"):
        fine = _epoch(state, X, y, w, order, settings, numbers)
    if not fine or not np.all(np.isfinite(state.sums)) or np.max(np.abs(state.theta)) > BEYOND:
        with np.errstate(all="ignore"):
            row = max(row, _largest_of(X, y, w, before, settings))
        own = "" if settings.step is None else named
        raise diverged_online(float(numbers[0]), 2.0 / row if row > 0 else math.inf, own)
    weight = state.weight + (float(np.sum(w)) if w.size else float(y.size))
    return replace(
        state, rows=state.rows + y.size, weight=weight, row=row, generator=dict(generator.bit_generator.state)
    )


def _order(X: Matrix, generator: np.random.Generator) -> Ints:
    """A random order that reads memory in runs."""
    from gramian.kernels.order import layout, shuffled

    m, n = cast(tuple[int, int], X.shape)
    width = 8.0 * max(n, 1) if isinstance(X, np.ndarray) else max(12.0 * X.nnz / max(m, 1), 8.0)
    return shuffled(m, *layout(width), int(generator.integers(2**63)))


def _epoch(
    state: StochasticState, X: Matrix, y: Floats, w: Floats, order: Ints, settings: ScheduleSettings, numbers: Floats
) -> bool:
    """One pass; the arrays of the state change. Whether theta is finite at the end."""
    from gramian.kernels.epochs import DenseRows
    from gramian.kernels.sparse_epochs import SparseRows

    inverse = 1.0 / state.scale
    shrink = np.zeros(state.theta.size)
    shrink[: inverse.size] = settings.alpha * inverse**2
    common = (inverse, settings.loss.code, 1.0, shrink)
    if isinstance(X, np.ndarray):
        rows = DenseRows(X, y, w, order, state.centre, *common)
    else:
        rows = SparseRows(*blockpass.stored(X), y, w, order, *common)
    descent = EpochState(state.theta, state.m, state.v, state.sums, state.total, int(settings.average), state.counters)
    code, counters = RULES[settings.rule][0], state.counters
    if not settings.forgets:
        return swept(rows, settings.batch, code, numbers, descent)
    fine, at = True, 0
    while fine and at < order.size:
        kept = int(KEPT * counters[0])
        if counters[2] > kept:
            state.total[...] *= kept / counters[2]
            counters[2] = kept
        # As many updates again as there were, so that a first pass forgets as well.
        end = at + max(max(FEWEST, int(counters[0])) * settings.batch - int(counters[1]), 1)
        fine = swept(rows._replace(order=order[at:end]), settings.batch, code, numbers, descent)
        at = end
    return fine


def _largest_of(X: Matrix, y: Floats, w: Floats, state: StochasticState, settings: ScheduleSettings) -> float:
    """`_largest` of all rows, block by block on all threads."""
    rows = ArrayRows(X, y, w if w.size else None, centred=False)
    return Threads().fold(rows, LargestCurvature(state, settings)) or 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LargestCurvature(BlockReduction[float]):
    """`_largest` of all rows."""

    label: ClassVar[str] = "sizes of the rows"
    narrow: ClassVar[int] = NARROW

    state: StochasticState
    settings: ScheduleSettings

    def of_block(self, block: Block, origin: Origin) -> float:
        return _largest(block, self.state, self.settings)

    def merge(self, a: float, b: float) -> float:
        return a if a > b or a != a else b


def _largest(block: Block, state: StochasticState, settings: ScheduleSettings) -> float:
    """Max w f'' ||z||^2; f'' at its bound, or, where it has none, near the current fit."""
    loss, n = settings.loss, state.scale.size
    shape = Coordinates(state.centre, state.scale, settings.intercept)
    bend = loss.curvature
    if not math.isfinite(bend):
        bend = 8.0
        if loss.ahead is not None:
            level = state.theta[:, n] if settings.intercept else np.zeros(1)
            mean = loss.ahead(blockpass.forward(block.X, Surface(state.centre, _coef(state), level)))
            block = replace(block, w=mean[:, 0] if block.w is None else mean[:, 0] * block.w)
            bend = 1.0
    largest = bend * float(np.max(blockpass.row_sizes(block, shape, loss, bounded=True), initial=0.0))
    return largest + settings.alpha / float(np.min(state.scale, initial=1.0)) ** 2


def _coef(state: StochasticState) -> Floats:
    """(n, 1), in the units of the columns."""
    return (state.theta[0, : state.scale.size] / state.scale)[:, None]


def as_generator(state: dict[str, Any]) -> np.random.Generator:
    bits = np.random.PCG64(0)
    bits.state = cast(Any, state)
    return np.random.Generator(bits)
