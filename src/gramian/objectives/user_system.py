"""A user's own equations f(x) = 0, as many as unknowns, with their Jacobian, or central differences where it is missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.objectives.differences import Widths
from gramian.objectives.user_function import Function, numbers


class UserSystem:
    """f(x) and jac(x) in the user's shape; theta is (p, 1). Calls of f and jac are counted as passes."""

    def __init__(self, f: Function, x0: Floats, jac: Function | None = None) -> None:
        self._f, self._jac = f, jac
        self._form = x0.shape
        self._x0 = x0.reshape(-1, 1).copy()
        self._calls = 0
        self._widths = Widths(self._x0)
        self._last: tuple[Floats, Floats] | None = None

    @property
    def passes(self) -> float:
        return float(self._calls)

    def start(self) -> Floats:
        return self._x0.copy()

    def shaped(self, theta: Floats) -> Any:
        """The point as the user's functions take it: a fresh array, or a float."""
        return float(theta[0, 0]) if self._form == () else theta.reshape(self._form).copy()

    def value(self, theta: Floats) -> Floats:
        """f, (p, 1)."""
        self._calls += 1
        found = numbers(self._f(self.shaped(theta)), self._form, "f(x)").reshape(theta.shape)
        self._last = theta.copy(), found
        return found

    def jacobian(self, theta: Floats) -> Floats:
        """(p, p)."""
        p = theta.size
        if self._jac is not None:
            self._calls += 1
            return numbers(self._jac(self.shaped(theta)), (p, p), "jac(x)")
        at = self._last
        middle = at[1] if at is not None and np.array_equal(at[0], theta) else self.value(theta)
        J = np.full((p, p), np.nan)
        for j in range(p):
            column = self._widths.partial(lambda x: self.value(x)[:, 0], theta, j, middle[:, 0])
            if column is not None:
                J[:, j] = column
        return J
