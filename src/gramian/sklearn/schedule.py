"""What a user of stochastic steps may set, and how long the steps are that come of it.

Without a mean, default steps fall from h_1 = 1 / (2 row), row the largest curvature of a row, as
h_t = h_1 (1 + h_1 (t - 1))^-0.6; those of the adaptive rules as (1 + decay (t - 1))^-1/2 from a share of the size of theta,
with a mean and without. A mean of the iterates takes noise out by itself and wants steps that carry far: h_1 = 1.5 / row, where
the curvature has a bound, and h_t = h_1 (1 + h_1 (t - 1))^-1/3.

Reference: Robbins and Monro (1951); Polyak and Juditsky (1992), SIAM J. Control Optim. 30(4); Moulines and Bach (2011), NIPS 24.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from gramian.errors import bad_argument, not_a_choice
from gramian.families import FAMILIES, GAUSSIAN, Family
from gramian.kernels.array_types import Floats

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
FURTHER, SLOWER = 3.0, 1.0 / 3.0
"""With a mean: how many times larger the first step is, and how fast steps fall (measured; from 4 a row would be overshot)."""
OWN = {"adagrad": (0.5, 0.0), "rmsprop": (0.05, 0.01), "adam": (0.05, 0.01)}
"""First step, in units of the size of theta, and decay of the rules that scale gradients by themselves."""


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """What a user chose; checked."""

    family: str = GAUSSIAN.name
    rule: str = "sgd"
    step: float | None = None
    decay: float = 0.0
    batch: int = 1
    alpha: float = 0.0
    intercept: bool = True
    shuffle: bool = True
    seed: int = 0
    average: bool | int = False
    power: float | None = None  # steps fall as (1 + decay (t - 1))^-power; None: by 1, or as suits a step from the curvature

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise not_a_choice("family", self.family, FAMILIES)
        if self.rule not in RULES:
            raise not_a_choice("rule", self.rule, RULES)
        if self.step is not None and not (math.isfinite(self.step) and self.step > 0):
            raise bad_argument("step", self.step, "a finite number > 0, or None for a step from the curvature")
        for what, value in (("decay", self.decay), ("alpha", self.alpha)):
            if not (math.isfinite(value) and value >= 0):
                raise bad_argument(what, value, "a finite number >= 0")
        if self.power is not None and not (math.isfinite(self.power) and self.power >= 0):
            raise bad_argument("power", self.power, "a finite number >= 0, or None for the usual one")
        if isinstance(self.batch, bool | np.bool_) or self.batch != int(self.batch) or self.batch < 1:
            raise bad_argument("batch", self.batch, "a whole number >= 1: the rows of one step")
        if isinstance(self.seed, bool | np.bool_) or self.seed != int(self.seed) or self.seed < 0:
            raise bad_argument("seed", self.seed, "a whole number >= 0")
        if not isinstance(cast(object, self.average), int | np.integer | np.bool_) or self.average < 0:
            raise bad_argument("average", self.average, "False, True, or a whole number >= 0: the update the mean begins with")
        # As Python's own, which alone can be saved.
        whole = bool if isinstance(self.average, bool | np.bool_) else int
        plain = {"step": float, "power": float, "decay": float, "batch": int, "alpha": float, "average": whole}
        for what, kind in (plain | {"intercept": bool, "shuffle": bool, "seed": int}).items():
            if getattr(self, what) is not None:
                object.__setattr__(self, what, kind(getattr(self, what)))

    @property
    def loss(self) -> Family:
        return FAMILIES[self.family]

    @property
    def suits_mean(self) -> bool:
        """Whether steps are those that a mean wants."""
        return bool(self.average) and self.step is None and self.power is None

    @property
    def forgets(self) -> bool:
        """Whether the mean forgets where it began; one from a given update on does not."""
        return self.suits_mean and self.average is True


def rule_settings(settings: ScheduleSettings, row: float, size: float) -> Floats:
    """(step, decay, power, a, b, e) of the compiled loops."""
    code, a, b, e = RULES[settings.rule]
    if settings.step is not None:
        return np.array([settings.step, settings.decay, 1.0 if settings.power is None else settings.power, a, b, e])
    first = 0.5 / row if row > 0 else 1.0
    if code in (1, 2):
        first *= 1.0 - a
    if settings.rule in OWN:
        step, decay = OWN[settings.rule]
        return np.array([step * size, decay, 0.5, a, b, e])
    if settings.suits_mean:
        first *= FURTHER if math.isfinite(settings.loss.curvature) else 1.0
        return np.array([first, first, SLOWER, a, b, e])
    return np.array([first, first, POWER if settings.power is None else settings.power, a, b, e])
