"""Newton-Raphson for a system f(x) = 0: the root of the tangent, again and again.

Use near a simple root, where the number of right digits doubles in every step. Damping halves a step until ||f|| falls, so
that it may begin further away; where the Jacobian is singular it cannot go on.

    J(x) d = -f(x),   x+ = x + t d,   t = 1, 1/2, 1/4 ... until ||f(x + t d)|| <= (1 - t/10^4) ||f(x)||

Cost a Jacobian and one f a step, and p^3/3. Reference: Deuflhard (2011), Newton Methods for Nonlinear Problems, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import get_lapack_funcs

from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import EPS
from gramian.objectives.user_system import UserSystem
from gramian.problem.solution import Status
from gramian.solvers.iterate import Iterative

ENOUGH = 1e-4
MOST_HALVINGS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Tangent:
    """The iterate, with f there."""

    theta: Floats
    f: Floats
    stride: float = float("nan")
    status: Status | None = None

    @property
    def value(self) -> float:
        return 0.5 * float(np.sum(self.f**2))

    @property
    def gradient_norms(self) -> Floats:
        size = float(np.sqrt(np.sum(self.f**2)))
        return np.array([size if np.isfinite(size) else np.inf])


@dataclass(frozen=True, slots=True)
class Raphson(Iterative[UserSystem, Tangent]):
    """`damped` False takes every step whole."""

    damped: bool = True

    def init(self, objective: UserSystem, theta: Floats) -> Tangent:
        return Tangent(theta, objective.value(theta))

    def step(self, objective: UserSystem, state: Tangent) -> Tangent:
        # J d = -f
        d = _solved(objective.jacobian(state.theta), -state.f)
        if d is None:
            return replace(state, status=Status.SINGULAR)
        size, t = float(state.gradient_norms[0]), 1.0
        for _ in range(MOST_HALVINGS):
            theta = state.theta + t * d
            f = objective.value(theta)
            reached = float(np.sqrt(np.sum(f**2)))
            if not self.damped or reached <= (1.0 - ENOUGH * t) * size:
                return Tangent(theta, f, t)
            if np.all(np.abs(t * d) <= 4 * EPS * np.abs(state.theta)):
                # The root is known to rounding: no float64 nearer to it gives a smaller f.
                return replace(state, status=Status.CONVERGED)
            t *= 0.5
        return replace(state, status=Status.LINE_SEARCH_FAILED)


def _solved(J: Floats, rhs: Floats) -> Floats | None:
    """J^-1 rhs, or None where J is singular to rounding with its rows scaled to size 1."""
    scale = np.max(np.abs(J), axis=1, keepdims=True)
    if not (np.all(np.isfinite(J)) and np.all(scale > 0)):
        return None
    A = J / scale
    getrf, getrs, gecon = get_lapack_funcs(("getrf", "getrs", "gecon"), (A,))
    lu, pivots, singular = getrf(A)
    if singular or gecon(lu, np.max(np.sum(np.abs(A), axis=0)), norm="1")[0] <= EPS:
        return None
    d = getrs(lu, pivots, rhs / scale)[0]
    return d if np.all(np.isfinite(d)) else None
