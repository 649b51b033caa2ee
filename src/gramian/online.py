"""gm.Online: a linear model learned from rows as they come, one batch after another, for streams that never end.

Minimises the expected loss(eta, y) + alpha/2 ||b||^2 by stochastic gradient steps over each batch once. Use it where rows
cannot be kept. The first batch fixes the coordinates: columns are centred and scaled by its means and deviations (so it should
hold some hundred rows), and the first step comes from its largest row, h_1 = 1 / (2 max curvature ||z||^2), lowered when a
larger row comes. Steps fall as h_t = h_1 (1 + h_1 (t - 1))^-0.6. A step of the user's own acts on the raw columns, stays
constant unless `decay` is given, and turns all that off.

Cost 4 n operations a row. Everything that a run depends on is in the state, generator of the order included: a model that is
saved, loaded and continued gives the same bits as one that was never stopped.
Reference: Robbins and Monro (1951); Bottou, Curtis and Nocedal (2018), SIAM Review 60(2), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian import jsonfile
from gramian.arraytypes import Floats
from gramian.data.arrays import ArrayRows, first_nonfinite
from gramian.errors import DataError, ModelError, bad_argument, bad_target, diverged_online, message, not_a_choice
from gramian.jsonfile import array, from_array, from_number, number
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
FORMAT, VERSION = "gramian-online", 1


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


class Online:
    """A model that `partial_fit` improves with every batch of rows.

    family: "gaussian", "binomial", "poisson", "gamma". rule: "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam".
    step: None takes it from the curvature; a number acts on the raw columns, from zero. decay: h_t = step / (1 + decay
    (t - 1)). batch: rows of a step. alpha: of the penalty alpha/2 ||b||^2 beside the mean loss. shuffle: whether a batch is
    read in random order, drawn from `seed`.

        model = gm.Online()
        for X, y in stream:
            model.partial_fit(X, y)
        model.save("model.json");   model = gm.Online.load("model.json")
    """

    def __init__(
        self,
        family: str = "gaussian",
        rule: RuleName = "sgd",
        *,
        step: float | None = None,
        decay: float = 0.0,
        batch: int = 1,
        alpha: float = 0.0,
        intercept: bool = True,
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        self.settings = Settings(family, rule, step, decay, batch, alpha, intercept, shuffle, seed)
        self._state: State | None = None

    @property
    def state(self) -> State:
        if self._state is None:
            raise DataError(message("the model has seen no rows yet", hint="call partial_fit(X, y) first"))
        return self._state

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return 0 if self._state is None else self._state.rows

    @property
    def coef(self) -> Floats:
        """(n,), in the units of the columns."""
        state = self.state
        return state.theta[0, : state.scale.size] / state.scale

    @property
    def intercept(self) -> float:
        state = self.state
        if not self.settings.intercept:
            return 0.0
        return float(state.theta[0, -1] - state.centre @ self.coef)

    def partial_fit(self, X: Any, y: Any, weights: Any = None) -> Online:
        """Steps over every row of X (m, n), y (m,) once. weights (m,), zero or more, multiply the loss of a row.

        Raises DataError for values that cannot be used; the model then stays as it was. Raises it, too, on divergence.
        """
        X, y, w = checked(X, y, weights, self.settings)
        state = begun(X, y, self.settings) if self._state is None else self._state
        if X.shape[1] != state.scale.size:
            raise DataError(
                message(
                    f"X has {X.shape[1]} columns, and had {state.scale.size} before",
                    f"Allowed: {state.scale.size} columns, in the same order",
                    "begin another model for other columns",
                )
            )
        self._state = stepped(state, X, y, w, self.settings)
        return self

    def predict(self, X: Any) -> Floats:
        """The mean of each row's target, (m,)."""
        eta = np.asarray(X, dtype=np.float64) @ self.coef + self.intercept
        return self.settings.loss.mean(eta)

    def save(self, path: str | Path) -> None:
        """Write as JSON, without any rows; the file is replaced whole or not at all."""
        state, chosen = self.state, self.settings
        content = {
            "settings": {name: getattr(chosen, name) for name in Settings.__slots__},
            "arrays": {name: array(getattr(state, name)) for name in ("centre", "scale", "theta", "m", "v", "sums")},
            "counters": [int(count) for count in state.counters],
            "rows": state.rows,
            "weight": number(state.weight),
            "row": number(state.row),
            "size": number(state.size),
            "generator": state.generator,
        }
        jsonfile.write(path, FORMAT, VERSION, content)

    @staticmethod
    def load(path: str | Path) -> Online:
        """The model as it was saved; the next batch continues it. Raises ModelError for a damaged file."""
        _, content = jsonfile.read(path, (FORMAT,), VERSION)
        try:
            model = Online()
            model.settings = Settings(**content["settings"])
            held = content["arrays"]
            arrays = {name: from_array(held[name], 1) for name in ("centre", "scale")}
            arrays |= {name: from_array(held[name], 2) for name in ("theta", "m", "v", "sums")}
            p = arrays["scale"].size + int(model.settings.intercept)
            if any(arrays[name].shape != (1, p) for name in ("theta", "m", "v", "sums")):
                raise ValueError("its arrays do not fit each other")
            model._state = State(
                **arrays,
                counters=np.array(content["counters"], dtype=np.int64),
                rows=int(content["rows"]),
                weight=from_number(content["weight"]),
                row=from_number(content["row"]),
                size=from_number(content["size"]),
                generator=dict(_as_generator(content["generator"]).bit_generator.state),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            if isinstance(error, ModelError):
                raise
            raise jsonfile.damaged(Path(path), f"{type(error).__name__}: {error}") from None
        return model

    def __repr__(self) -> str:
        return f"Online({self.settings.family!r}, {self.settings.rule!r}, {self.rows:,} rows seen)"


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
    zeros = [np.zeros((1, p)) for _ in range(3)]
    generator = np.random.default_rng(settings.seed).bit_generator.state
    size = float(np.std(y)) if settings.family == "gaussian" else 1.0
    counters = np.zeros(2, dtype=np.int64)
    return State(centre, scale, theta, *zeros, counters, 0, 0.0, 0.0, size if size > 0 else 1.0, dict(generator))


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
    generator = _as_generator(state.generator)
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


def _as_generator(state: dict[str, Any]) -> np.random.Generator:
    bits = np.random.PCG64()
    bits.state = state
    return np.random.Generator(bits)
