"""How a method that iterates is to run, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gramian.errors import bad_argument


@dataclass(frozen=True, slots=True)
class SolverOptions:
    """How a method that iterates is to run; None leaves it to the method.

    step: a number, acting on the gradient of J in the user's columns, or the name of a line search. batch: rows a step.
    digits: what to aim for; suboptimality: instead, the share of what J can fall that may be left. callback: called after every
    iteration; returning True stops. path: keep every iterate.
    """

    step: float | str | None = None
    batch: int | None = None
    max_iter: int | None = None
    seed: int = 0
    digits: float | None = None
    suboptimality: float | None = None
    callback: Callable[[Any], object] | None = None
    path: bool = False
    refined: bool = False  # all digits were asked for by name
    beyond: float = 0.0  # digits by which to overshoot the aim, where the aim was met and could not be proven
    tolerance: float | None = None  # of ||g|| relative to its start, in place of one made from digits, which reads curvature

    def __post_init__(self) -> None:
        step, share = self.step, self.suboptimality
        if step is not None and not isinstance(step, str) and not _between(step, math.inf):
            raise bad_argument("step", step, "a finite number > 0, or the name of a line search")
        if share is not None and not _between(share, 1.0):
            raise bad_argument("suboptimality", share, "a number between 0 and 1: 1e-3 is a thousandth of what J can fall")
        if share is not None and (self.digits is not None or self.refined):
            raise bad_argument("accuracy", self.digits or "data", "accuracy or suboptimality, not both")
        for what, value in (("batch", self.batch), ("max_iter", self.max_iter)):
            if value is not None and not _whole(value, 1):
                raise bad_argument(what, value, "a whole number >= 1, or None")
        if not _whole(self.seed, 0):
            raise bad_argument("seed", self.seed, "a whole number >= 0")


def _between(value: object, most: float) -> bool:
    """Whether it is a number above 0 and below `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return 0 < float(value) < most


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least
