"""Stochastic steps over rows as they come: what a user may set, the state that every step depends on, and the steps.

The first batch fixes the coordinates: columns are centred and scaled by its means and deviations (so it should hold some
hundred rows), and the first step comes from its largest row, h_1 = 1 / (2 max curvature ||z||^2), lowered when a larger row
comes. Steps fall as h_t = h_1 (1 + h_1 (t - 1))^-0.6; those of the adaptive rules as (1 + decay (t - 1))^-1/2 from a share of the
size of theta. A step of the user's own acts on the raw columns, from zero, and turns all that off.

The mean of the iterates, where it is asked for, is what a model tells; the steps are the same with it and without.

Sparse rows stay sparse: their columns are scaled by their root mean squares and not centred. Cost 4 operations a stored value.
Reference: Robbins and Monro (1951); Bottou, Curtis and Nocedal (2018), SIAM Review 60(2), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import scipy.sparse as sp

from gramian.arraytypes import Floats, Ints
from gramian.data.arrays import ArrayRows, first_nonfinite
from gramian.data.blocks import Block, Matrix
from gramian.errors import bad_argument, bad_target, diverged_online, not_a_choice, sparse_after_dense
from gramian.losses import LOSSES, Loss
from gramian.views import blockpass
from gramian.views.manytargets import Surface
from gramian.views.objective import Coordinates
from gramian.views.spread import spread_of_block
from gramian.views.sweep import Descent, mean_of, swept
from gramian.views.targets import not_allowed

RuleName: TypeAlias = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"]

RULES: dict[str, tuple[int, float, float, float]] = {
    "sgd": (0, 0.0, 0.0, 0.0),
    "momentum": (1, 0.9, 0.0, 0.0),
    "nesterov": (2, 0.9, 0.0, 0.0),
    "adagrad": (3, 0.0, 0.0, 1e-8),
    "rmsprop": (4, 0.9, 0.0, 1e-8),
    "adam": (5, 0.9, 0.999, 1e-8),
}
"""The code of each rule in compiled loops, and its published constants a, b, e."""

POWER = 0.6
"""How fast default steps fall."""
OWN = {"adagrad": (0.5, 0.0), "rmsprop": (0.05, 0.01), "adam": (0.05, 0.01)}
"""First step, in units of the size of theta, and decay of the rules that scale gradients by themselves."""
BEYOND = 1e100
"""A coefficient larger than this, in scaled columns, is on its way to infinity."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user chose; checked."""

    family: str = "gaussian"
    rule: str = "sgd"
    step: float | None = None
    decay: float = 0.0
    batch: int = 1
    alpha: float = 0.0
    intercept: bool = True
    shuffle: bool = True
    seed: int = 0
    average: bool | int = False

    def __post_init__(self) -> None:
        if self.family not in LOSSES:
            raise not_a_choice("family", self.family, LOSSES)
        if self.rule not in RULES:
            raise not_a_choice("rule", self.rule, RULES)
        if self.step is not None and not (math.isfinite(self.step) and self.step > 0):
            raise bad_argument("step", self.step, "a finite number > 0, or None for a step from the curvature")
        for what, value in (("decay", self.decay), ("alpha", self.alpha)):
            if not (math.isfinite(value) and value >= 0):
                raise bad_argument(what, value, "a finite number >= 0")
        if isinstance(self.batch, bool) or self.batch != int(self.batch) or self.batch < 1:
            raise bad_argument("batch", self.batch, "a whole number >= 1: the rows of one step")
        if isinstance(self.seed, bool) or self.seed != int(self.seed) or self.seed < 0:
            raise bad_argument("seed", self.seed, "a whole number >= 0")
        if not isinstance(cast(object, self.average), int | np.integer | np.bool_) or self.average < 0:
            raise bad_argument("average", self.average, "False, True, or a whole number >= 0: the update the mean begins with")

    @property
    def loss(self) -> Loss:
        return LOSSES[self.family]


@dataclass(frozen=True, slots=True, eq=False)
class State:
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

    def copy(self) -> State:
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


def checked(X: Any, y: Any, weights: Any, settings: Settings) -> tuple[Matrix, Floats, Floats]:
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
        raise bad_target("y", float(t[at, 0]), row, settings.family, settings.loss.allowed)
    return Z, t, np.zeros(0) if rows.weights is None else np.ascontiguousarray(rows.weights, dtype=np.float64)


def begun(X: Matrix, y: Floats, w: Floats, settings: Settings) -> State:
    """Before the first row: coordinates from this batch, theta at zero, or at the mean of the targets where there is one."""
    n = cast(tuple[int, int], X.shape)[1]
    p = n + int(settings.intercept)
    theta, dense = np.zeros((1, p)), isinstance(X, np.ndarray)
    shape, size = Coordinates.raw(n, settings.intercept), 1.0
    if settings.step is None:
        found = spread_of_block(_block(X, y, w))
        if settings.family == "gaussian":
            size = math.sqrt(float(found.squares[n]) / found.weight)
        if settings.intercept:
            theta[0, -1] = _near(settings.loss, float(found.mean[n]))
        centred = settings.intercept and dense
        shape = found.standardised(n, centred, centred, 0.0, 1.0)
    generator = np.random.default_rng(settings.seed).bit_generator.state
    counters = np.zeros(3, dtype=np.int64)
    m, v, sums, total = np.zeros((1, p)), np.zeros((1, p)), np.zeros((1, p)), np.zeros((1, p))
    size = size if size > 0 else 1.0
    return State(shape.centre, shape.scale, theta, m, v, sums, total, counters, 0, 0.0, 0.0, size, dict(generator))


def _block(X: Matrix, y: Floats, w: Floats) -> Block:
    return Block(0, X, y, w if w.size else None, None, y.shape[0], None, False)


def _near(loss: Loss, mean: float) -> float:
    """The link of a mean that is kept away from the edges, where it would be infinite."""
    if loss.name == "binomial":
        mean = min(max(mean, 0.01), 0.99)
    elif loss.name in ("poisson", "gamma"):
        mean = max(mean, 0.01)
    return float(loss.link(np.array([mean]))[0])


def stepped(state: State, X: Matrix, y: Floats, w: Floats, settings: Settings, again: bool = False) -> State:
    """The state after one pass over these rows, in a random order when they are shuffled; `again`: the state has met them."""
    if not isinstance(X, np.ndarray) and np.any(state.centre):
        raise sparse_after_dense(state.centre.size)
    before, state = state, state.copy()
    generator = as_generator(state.generator)
    order = _order(X, generator) if settings.shuffle else np.arange(y.size)
    row = state.row
    if settings.step is None and not (again and math.isfinite(settings.loss.curvature)):
        row = max(row, _largest(_block(X, y, w), state, settings))
    numbers = rule_settings(settings, row, state.size)
    with np.errstate(all="ignore"):
        fine = _epoch(state, X, y, w, order, settings, numbers)
    if not fine or not np.all(np.isfinite(state.sums)) or np.max(np.abs(state.theta)) > BEYOND:
        row = max(row, _largest(_block(X, y, w), before, settings))
        raise diverged_online(float(numbers[0]), 2.0 / row if row > 0 else math.inf)
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
    state: State, X: Matrix, y: Floats, w: Floats, order: Ints, settings: Settings, numbers: Floats
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
    descent = Descent(state.theta, state.m, state.v, state.sums, state.total, int(settings.average), state.counters)
    return swept(rows, settings.batch, RULES[settings.rule][0], numbers, descent)


def rule_settings(settings: Settings, row: float, size: float) -> Floats:
    """(step, decay, power, a, b, e) of the compiled loops."""
    code, a, b, e = RULES[settings.rule]
    if settings.step is not None:
        return np.array([settings.step, settings.decay, 1.0, a, b, e])
    first = 0.5 / row if row > 0 else 1.0
    if code in (1, 2):
        first *= 1.0 - a
    if settings.rule in OWN:
        step, decay = OWN[settings.rule]
        return np.array([step * size, decay, 0.5, a, b, e])
    return np.array([first, first, POWER, a, b, e])


def _largest(block: Block, state: State, settings: Settings) -> float:
    """Max w f'' ||z||^2; f'' at its bound, or, where it has none, near the current fit."""
    loss, n = settings.loss, state.scale.size
    shape = Coordinates(state.centre, state.scale, settings.intercept)
    bend = loss.curvature
    if not math.isfinite(bend):
        bend = 8.0
        if settings.family == "poisson":
            level = state.theta[:, n] if settings.intercept else np.zeros(1)
            mean = np.exp(np.clip(blockpass.forward(block.X, Surface(state.centre, _coef(state), level)) + 1.0, -30, 30))
            block = replace(block, w=mean[:, 0] if block.w is None else mean[:, 0] * block.w)
            bend = 1.0
    largest = bend * float(np.max(blockpass.row_sizes(block, shape, loss, bounded=True), initial=0.0))
    return largest + settings.alpha / float(np.min(state.scale, initial=1.0)) ** 2


def _coef(state: State) -> Floats:
    """(n, 1), in the units of the columns."""
    return (state.theta[0, : state.scale.size] / state.scale)[:, None]


def as_generator(state: dict[str, Any]) -> np.random.Generator:
    bits = np.random.PCG64(0)
    bits.state = cast(Any, state)
    return np.random.Generator(bits)
