"""Newton's method: the minimum of the parabola that J has at theta, damped where J is not one.

Use for GLM losses (it is then iteratively reweighted least squares) and for any smooth function with a few thousand
parameters at most. On least squares the parabola is J itself, so one step from anywhere gives the least-squares solution;
what a second step changes is rounding: the gradient is computed from the data again, which restores digits.

    H d = -g,   theta+ = theta + t d,   t = 1, 1/2, 1/4 ... until J falls by 1e-4 t |g'd|

Where H is not positive definite its eigenvalues are taken by size, and directions without curvature are left out.
Cost a Hessian (p products a row) and one gradient a step, and p^3/3. Memory p^2 doubles a target.
Reference: Nocedal and Wright (2006), Numerical Optimization, section 3.4; Higham (2002), chapter 12, for the refinement.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
from scipy.linalg import cho_solve, eigh

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper
from gramian.kernels.rounding import EPS
from gramian.objectives.objective import Objective
from gramian.problem.solution import Status
from gramian.solvers.descent import known
from gramian.solvers.iterate import Minimiser
from gramian.solvers.search import armijo, failure, falls

ARMIJO = 1e-4


class HessianInverse(Protocol):
    """H^-1 g for the gradient of one target."""

    def __call__(self, g: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class NewtonState:
    """The state of Newton's method; `inverses` are kept where the Hessian does not change."""

    theta: Floats
    value: float
    gradient: Floats
    inverses: tuple[HessianInverse, ...] = ()
    stride: float = float("nan")
    status: Status | None = None

    @property
    def gradient_norms(self) -> Floats:
        return known(self.gradient)


@dataclass(frozen=True, slots=True)
class Newton(Minimiser[NewtonState]):
    """Damped Newton; `step` is the first that is tried, 1 by default. On a quadratic it is taken as it is."""

    first: float = 1.0

    def init(self, objective: Objective, theta: Floats) -> NewtonState:
        value, g = objective.gradient(theta)
        return NewtonState(theta, value, g)

    def step(self, objective: Objective, state: NewtonState) -> NewtonState:
        inverses = state.inverses or tuple(inverse_of(H) for H in objective.hessian(state.theta))
        g = state.gradient
        # H d = -g
        d = -np.column_stack([inverses[min(j, len(inverses) - 1)](g[:, j]) for j in range(g.shape[1])])
        slope = float(np.sum(g * d))
        if not slope < 0:
            d, slope = -g, -float(np.sum(g * g))
        theta, step = state.theta + self.first * d, self.first
        value, gradient = objective.gradient(theta)
        ends = float(np.sum(gradient * d))
        if not objective.quadratic and not falls(value, ends, state.value, slope, step, ARMIJO):
            step = armijo(objective.line(state.theta, d), state.value, slope, 0.5 * self.first, 0.5, ARMIJO)
            if not np.isfinite(step):
                return replace(state, status=failure(state.value, slope))
            theta = state.theta + step * d
            value, gradient = objective.gradient(theta)
        return NewtonState(theta, value, gradient, inverses if objective.quadratic else (), step)


def inverse_of(H: Floats) -> HessianInverse:
    """Cholesky of H with its diagonal scaled to 1; eigenvalues where that fails or H is singular to rounding."""
    p = H.shape[0]
    diagonal = np.abs(np.diag(H))
    D = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = H / np.outer(D, D)
    if not np.all(np.isfinite(scaled)):
        return lambda g: np.full_like(g, np.nan)
    R = cholesky_upper(scaled)
    if R is not None and np.min(np.diag(R), initial=1.0) ** 2 > 10 * p * EPS:
        triangle = R
        return lambda g: cast(Floats, cho_solve((triangle, False), g / D)) / D
    values, V = cast(tuple[Floats, Floats], eigh(scaled))
    size = np.abs(values)
    curved = size > 10 * p * EPS * np.max(size, initial=0.0)
    V, size = V[:, curved], size[curved]
    return lambda g: V @ ((V.T @ (g / D)) / size) / D
