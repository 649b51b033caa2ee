"""Derivatives held against differences: a user's gradient and Hessian entry by entry, and slopes along directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.errors import bad_argument, wrong_derivative, wrong_shape
from gramian.kernels.array_types import Floats
from gramian.objectives.differences import EPS, FIRST
from gramian.objectives.user_function import Function, UserFunction, numbers

AGREE = 1e-6
"""Relative difference that is always allowed between a derivative and its differences."""


def check_derivatives(objective: UserFunction) -> None:
    """Compare grad and hess with central differences at the start and at a point beside it, where zeros cannot hide.

    The differences are taken with two widths, so that their own error is known: rounding and curvature blame nobody.
    Raises ArgumentError with the coordinate and both values.
    """
    start = objective.start()
    objective.differences(start)  # finds the widths
    size = np.where(start != 0.0, np.abs(start), objective.widths(start)[:, None] / FIRST)
    beside = start + 0.05 * size * np.random.default_rng(0).uniform(-1, 1, start.shape)
    for theta in (start, beside):
        if objective.has_gradient:
            objective.differences(theta)
            h = objective.widths(theta)
            _compare(objective, theta, "grad", objective.plain_value, objective.gradient(theta)[1], h)
            if objective.has_hessian:
                _compare(objective, theta, "hess", objective.plain_gradient, objective.hessian(theta)[0], h)


def _compare(objective: UserFunction, theta: Floats, what: str, function: Any, given: Floats, widths: Floats) -> None:
    wide, narrow = _differences(function, theta, 4.0 * widths), _differences(function, theta, widths)
    expected, error, noise = narrow[0], np.abs(wide[0] - narrow[0]), narrow[1]
    allowed = AGREE * np.maximum(np.abs(expected), np.abs(given)) + 2.0 * error + 100.0 * EPS * noise
    # Outside the domain of the function there is nothing to compare with.
    bad = np.isfinite(expected) & np.isfinite(allowed) & ~(np.abs(given - expected) <= allowed)
    if np.any(bad):
        excess = np.where(bad, np.abs(given - expected) - allowed, -np.inf)
        i, j = (int(index) for index in np.unravel_index(np.argmax(excess), excess.shape))
        place = f"coordinate {_name(i, objective)}" if what == "grad" else f"entry ({i}, {j})"
        at = np.array2string(np.asarray(objective.shaped(theta)), precision=6, threshold=8)
        raise wrong_derivative(what, place, float(given[i, j]), float(expected[i, j]), at)


def _differences(function: Any, theta: Floats, widths: Floats) -> tuple[Floats, Floats]:
    """Central differences, one row a coordinate, and what one unit of rounding of the function does to each."""
    slopes: list[Floats] = []
    noises: list[Floats] = []
    for j in range(theta.size):
        h = float(widths[j])
        ahead, behind = theta.copy(), theta.copy()
        ahead[j] += h
        behind[j] -= h
        above, below = function(ahead), function(behind)
        slopes.append((above - below) / (ahead[j] - behind[j]))
        noises.append((np.abs(above) + np.abs(below)) / (2.0 * h))
    return np.stack(slopes), np.stack(noises)


def _name(i: int, objective: UserFunction) -> str:
    index = np.unravel_index(i, objective.form) if objective.form else ()
    return str(i) if len(index) <= 1 else str(tuple(int(each) for each in index))


def directional_derivative(fun: Function, x: Any, u: Any, grad: Function | None = None) -> float:
    """d/da fun(x + a u) at a = 0, which is u'grad(x); from two values of fun where grad is missing.

    Steepest among unit vectors is u = -grad / ||grad||, where it is -||grad||.
    """
    at = numbers(x, np.shape(x), "x")
    if np.shape(u) != at.shape:
        raise wrong_shape("u", np.shape(u), at.shape)
    way = numbers(u, at.shape, "u")
    if not (np.all(np.isfinite(way)) and np.all(np.isfinite(at))):
        raise bad_argument("u" if np.all(np.isfinite(at)) else "x", u, "finite numbers")
    objective = UserFunction(fun, at, grad)
    return objective.slope_along(objective.start(), way.reshape(-1, 1))
