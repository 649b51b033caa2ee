"""Stochastic steps over rows as they come: what a user may set, the state that every step depends on, and the steps.

The first batch fixes the coordinates: columns are centred and scaled by its means and deviations (so it should hold some
hundred rows), and the first step comes from its largest row, h_1 = 1 / (2 max curvature ||z||^2), lowered when a larger row
comes. Steps fall as h_t = h_1 (1 + h_1 (t - 1))^-0.6; those of the adaptive rules as (1 + decay (t - 1))^-1/2 from a share of the
size of theta. A step of the user's own acts on the raw columns, from zero, and turns all that off.

Cost 4 n operations a row.
Reference: Robbins and Monro (1951); Bottou, Curtis and Nocedal (2018), SIAM Review 60(2), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from gramian.arraytypes import Floats
from gramian.data.arrays import ArrayRows, first_nonfinite
from gramian.errors import bad_argument, bad_target, diverged_online, not_a_choice
from gramian.losses import LOSSES, Loss
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

    @property
    def loss(self) -> Loss:
        return LOSSES[self.family]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that the next step depends on. theta, m, v, sums (1, p), the intercept last; counters (updates, rows waiting)."""

    centre: Floats
    scale: Floats
    theta: Floats
    m: Floats
    v: Floats
    sums: Floats
    counters: NDArray[np.int64]
    rows: int
    weight: float
    row: float  # the largest curvature of a row so far
    size: float  # of theta: the deviation of the first targets, or 1 where eta is a logarithm
    generator: dict[str, Any]

    def copy(self) -> State:
        arrays = {name: getattr(self, name).copy() for name in ("theta", "m", "v", "sums", "counters")}
        return replace(self, **arrays)


def checked(X: Any, y: Any, weights: Any, settings: Settings) -> tuple[Floats, Floats, Floats]:
    """X (m, n) C-contiguous, y (m, 1), weights (m,) or empty; all finite, y as the family allows."""
    rows = ArrayRows.of(X, y, weights=weights)
    if rows.sparse:
        raise bad_argument("X", "sparse", "a dense array", "pass X.toarray(), a batch at a time")
    if rows.k != 1:
        raise bad_argument("the shape of y", np.shape(y), "(rows,): one target")
    Z, t = np.ascontiguousarray(rows.X, dtype=np.float64), np.ascontiguousarray(rows.y, dtype=np.float64)
    if first_nonfinite(Z) is not None or first_nonfinite(t) is not None:
        raise rows.not_finite([])
    bad = not_allowed(settings.loss, t[:, 0], whole_counts=False)
    if bad.any():
        at = int(np.argmax(bad))
        row = f"row {at} (counted from 0)"
        raise bad_target("y", float(t[at, 0]), row, settings.family, settings.loss.allowed)
    return Z, t, np.zeros(0) if rows.weights is None else np.ascontiguousarray(rows.weights, dtype=np.float64)


def begun(X: Floats, y: Floats, settings: Settings) -> State:
    """Before the first row: coordinates from this batch, theta at zero, or at the mean of the targets where there is one."""
    n = X.shape[1]
    p = n + int(settings.intercept)
    centre, scale = np.zeros(n), np.ones(n)
    theta = np.zeros((1, p))
    if settings.step is None:
        if settings.intercept:
            centre = np.mean(X, axis=0)
            theta[0, -1] = _near(settings.loss, float(np.mean(y)))
        with np.errstate(over="ignore"):
            spread = np.sqrt(np.mean((X - centre) ** 2, axis=0))
        scale = np.where((spread > 4e-16 * np.max(np.abs(X), axis=0)) & np.isfinite(spread), spread, 1.0)
    generator = np.random.default_rng(settings.seed).bit_generator.state
    size = float(np.std(y)) if settings.family == "gaussian" else 1.0
    counters = np.zeros(2, dtype=np.int64)
    m, v, sums = np.zeros((1, p)), np.zeros((1, p)), np.zeros((1, p))
    return State(centre, scale, theta, m, v, sums, counters, 0, 0.0, 0.0, size if size > 0 else 1.0, dict(generator))


def _near(loss: Loss, mean: float) -> float:
    """The link of a mean that is kept away from the edges, where it would be infinite."""
    if loss.name == "binomial":
        mean = min(max(mean, 0.01), 0.99)
    elif loss.name in ("poisson", "gamma"):
        mean = max(mean, 0.01)
    return float(loss.link(np.array([mean]))[0])


def stepped(state: State, X: Floats, y: Floats, w: Floats, settings: Settings) -> State:
    """The state after one pass over these rows, in a random order when they are shuffled."""
    from gramian.kernels import epochs

    state = state.copy()
    generator = as_generator(state.generator)
    m, n = X.shape
    order = generator.permutation(m) if settings.shuffle else np.arange(m)
    inverse = 1.0 / state.scale
    row = max(state.row, _largest(X, w, state, settings))
    numbers = rule_settings(settings, row, state.size)
    shrink = np.zeros(n + int(settings.intercept))
    shrink[:n] = settings.alpha * inverse**2
    code, rule = settings.loss.code, RULES[settings.rule][0]
    start = (X, y, w, order, state.centre, inverse, code, 1.0, shrink)
    with np.errstate(all="ignore"):
        if rule == 0 and settings.batch == 1:
            fine = epochs.plain_epoch(*start, numbers, state.counters, state.theta)
        else:
            moving = (state.counters, state.theta, state.m, state.v, state.sums)
            fine = epochs.batch_epoch(*start, settings.batch, rule, numbers, *moving)
    if not fine or np.max(np.abs(state.theta)) > BEYOND:
        raise diverged_online(float(numbers[0]), 2.0 / row if row > 0 else math.inf)
    weight = state.weight + (float(np.sum(w)) if w.size else float(m))
    return replace(
        state, rows=state.rows + m, weight=weight, row=row, generator=dict(generator.bit_generator.state)
    )


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


def _largest(X: Floats, w: Floats, state: State, settings: Settings) -> float:
    """Max w f'' ||z||^2; f'' at its bound, or, where it has none, near the current fit."""
    bend = settings.loss.curvature
    largest = 0.0
    for at in range(0, X.shape[0], 4096):
        Z = (X[at : at + 4096] - state.centre) / state.scale
        squares = np.einsum("ij,ij->i", Z, Z) + int(settings.intercept)
        if not math.isfinite(bend):
            eta = Z @ state.theta[0, : Z.shape[1]] + (state.theta[0, -1] if settings.intercept else 0.0)
            squares = squares * np.exp(np.clip(eta + 1.0, -30, 30)) if settings.family == "poisson" else squares * 8.0
        else:
            squares = squares * bend
        if w.size:
            squares = squares * w[at : at + 4096]
        largest = max(largest, float(np.max(squares, initial=0.0)))
    return largest + settings.alpha / float(np.min(state.scale, initial=1.0)) ** 2


def as_generator(state: dict[str, Any]) -> np.random.Generator:
    bits = np.random.PCG64()
    bits.state = cast(Any, state)
    return np.random.Generator(bits)
