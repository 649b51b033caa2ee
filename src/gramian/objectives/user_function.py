"""A user's own smooth function as an Objective: its gradient and Hessian, or central differences where they are missing.

theta is (p, 1), whatever the shape of x. Evaluations are counted as passes: one for each call of fun, grad or hess. The last
point is remembered, so that a value that a line search has seen is not computed again. No bound on the curvature is known.

Central differences have widths that come from the function (see `differences`); second derivatives from values alone take
eps^(1/4) where first derivatives take eps^(1/3), with an error about eps^(1/2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gramian.errors import not_a_number, not_symmetric, wrong_shape
from gramian.kernels.array_types import Floats
from gramian.objectives.differences import FIRST, HALF, SECOND, Widths
from gramian.objectives.objective import Curvature

Function = Callable[[Any], Any]


class UserFunction:
    """fun(x) with x in the user's shape; grad(x) of that shape and hess(x) (size, size), or None."""

    def __init__(self, fun: Function, x0: Floats, grad: Function | None = None, hess: Function | None = None) -> None:
        self._fun, self._grad, self._hess = fun, grad, hess
        self.form = x0.shape
        self._x0 = x0.reshape(-1, 1).copy()
        self._calls = 0
        self.differenced = False  # whether a Hessian was made by differences
        self._seen: dict[str, tuple[Floats, Any]] = {}
        self._widths, self._gradient_widths = Widths(self._x0), Widths(self._x0)  # of fun and of grad

    @property
    def shape(self) -> tuple[int, int]:
        return self._x0.shape[0], 1

    @property
    def passes(self) -> float:
        return float(self._calls)

    @property
    def quadratic(self) -> bool:
        return False

    @property
    def has_gradient(self) -> bool:
        return self._grad is not None

    @property
    def has_hessian(self) -> bool:
        return self._hess is not None

    def start(self) -> Floats:
        return self._x0.copy()

    def curvature(self) -> Curvature:
        return Curvature(np.inf, 0.0, np.inf)

    def shaped(self, theta: Floats) -> Any:
        """The point as the user's functions take it: a fresh array, or a float."""
        return float(theta[0, 0]) if self.form == () else theta.reshape(self.form).copy()

    def value(self, theta: Floats) -> float:
        return self._remembered("value", theta, self._value)

    def gradient(self, theta: Floats) -> tuple[float, Floats]:
        return self.value(theta), self._remembered("gradient", theta, self._gradient)

    def hessian(self, theta: Floats) -> Floats:
        """(1, p, p)."""
        if self._hess is not None:
            H = self._called(self._hess, theta, (theta.size, theta.size), "hess(x)")
            bad = np.abs(H - H.T) > 1e-6 * np.max(np.abs(H), initial=0.0)
            if np.any(bad):
                i, j = (int(index) for index in np.argwhere(bad)[0])
                raise not_symmetric(i, j, float(H[i, j]), float(H[j, i]))
        elif self._grad is not None:
            H, self.differenced = self._from_gradients(theta), True
        else:
            H, self.differenced = self._second(theta), True
        return (0.5 * (H + H.T))[None]

    def hessian_vector(self, theta: Floats, v: Floats) -> Floats:
        if self._hess is not None:
            return self.hessian(theta)[0] @ v
        if not np.any(v):
            return np.zeros_like(v)
        middle = self.gradient(theta)[1][:, 0]
        Hv = self._gradient_widths.along(self.plain_gradient, theta, v, middle)
        return np.full_like(v, np.nan) if Hv is None else Hv[:, None]

    def line(self, theta: Floats, d: Floats) -> UserLine:
        return UserLine(self, theta, d)

    def slope_along(self, theta: Floats, d: Floats) -> float:
        """g'd, the directional derivative; two values where there is no gradient."""
        if self._grad is not None:
            return float(np.sum(self.gradient(theta)[1] * d))
        if not np.any(d):
            return 0.0
        slope = self._widths.along(self.plain_value, theta, d, np.array([self.value(theta)]))
        return float("nan") if slope is None else float(slope[0])

    def widths(self, theta: Floats, gradients: bool = False) -> Floats:
        """(p,): what central differences of fun, or of grad, take at theta once they have been computed."""
        return (self._gradient_widths if gradients else self._widths).at(theta)

    def plain_value(self, theta: Floats) -> Floats:
        """(1,): the value, for differences."""
        return np.array([self._value(theta)])

    def plain_gradient(self, theta: Floats) -> Floats:
        """(p,): the gradient, for differences."""
        return self._gradient(theta)[:, 0]

    # ---- evaluations

    def _remembered(self, what: str, theta: Floats, compute: Callable[[Floats], Any]) -> Any:
        seen = self._seen.get(what)
        if seen is None or not np.array_equal(seen[0], theta):
            seen = self._seen[what] = theta.copy(), compute(theta)
        return seen[1]

    def _value(self, theta: Floats) -> float:
        return float(self._called(self._fun, theta, (), "fun(x)"))

    def _gradient(self, theta: Floats) -> Floats:
        if self._grad is not None:
            return self._called(self._grad, theta, self.form, "grad(x)").reshape(theta.shape)
        return self.differences(theta)

    def differences(self, theta: Floats) -> Floats:
        """The gradient from values, (p, 1)."""
        g, middle = np.empty(theta.shape), np.array([self.value(theta)])
        for j in range(theta.size):
            slope = self._widths.partial(self.plain_value, theta, j, middle)
            g[j] = self._one_sided(theta, j) if slope is None else slope
        return g

    def _one_sided(self, theta: Floats, j: int) -> float:
        """At the edge of the domain, towards the side where fun is finite; half the digits."""
        middle = self.value(theta)
        x = float(theta[j, 0])
        width = HALF / FIRST * float(self._widths.at(theta)[j])
        for h in (HALF * abs(x), -HALF * abs(x), width, -width):
            beside = theta.copy()
            beside[j] += h
            slope = (self._value(beside) - middle) / float(beside[j, 0] - x) if h else np.nan
            if np.isfinite(slope):
                return slope
        return float("nan")

    def _from_gradients(self, theta: Floats) -> Floats:
        """H (p, p), a column a coordinate."""
        middle = self.gradient(theta)[1][:, 0]
        H = np.full((theta.size, theta.size), np.nan)
        for j in range(theta.size):
            column = self._gradient_widths.partial(self.plain_gradient, theta, j, middle)
            if column is not None:
                H[:, j] = column
        return H

    def _second(self, theta: Floats) -> Floats:
        p = theta.size
        self.gradient(theta)  # finds the widths
        h = SECOND / FIRST * self._widths.at(theta)
        E = np.diag(h)[:, :, None]
        H = np.empty((p, p))
        middle = self.value(theta)
        for i in range(p):
            H[i, i] = (self._value(theta + E[i]) - 2.0 * middle + self._value(theta - E[i])) / h[i] ** 2
            for j in range(i):
                same = self._value(theta + E[i] + E[j]) + self._value(theta - E[i] - E[j])
                other = self._value(theta + E[i] - E[j]) + self._value(theta - E[i] + E[j])
                H[i, j] = H[j, i] = (same - other) / (4.0 * h[i] * h[j])
        return H

    def _called(self, function: Function, theta: Floats, shape: tuple[int, ...], what: str) -> Floats:
        self._calls += 1
        return numbers(function(self.shaped(theta)), shape, what)


@dataclass(frozen=True, slots=True, eq=False)
class UserLine:
    """J along theta + step d: one evaluation a value, one gradient (or two values) a slope."""

    objective: UserFunction
    theta: Floats
    d: Floats

    def value(self, step: float) -> float:
        return self.objective.value(self.theta + step * self.d)

    def slope(self, step: float) -> float:
        return self.objective.slope_along(self.theta + step * self.d, self.d)

    @property
    def exact_step(self) -> float | None:
        return None


def numbers(got: Any, shape: tuple[int, ...], what: str) -> Floats:
    """What a user's function returned, as a fresh array of floats in `shape`; one number may come as an array of one."""
    try:
        array = np.array(got)
    except ValueError:
        raise not_a_number(what, got) from None
    if array.dtype.kind not in "fiub":
        raise not_a_number(what, got)
    if array.shape != shape and not (array.size == 1 and int(np.prod(shape)) == 1):
        raise wrong_shape(what, array.shape, shape)
    return array.astype(np.float64).reshape(shape)
