"""Conjugate gradients on the normal equations H theta = c, H = X'WX plus the penalty, without forming H.

Minimises a quadratic J, least squares with or without a ridge; the n-th iterate is the best point of the space of the first
n gradients, so in exact arithmetic it ends after as many steps as H has distinct eigenvalues. Use it for many columns, where
a Hessian-vector product (one pass) is much cheaper than H. Steps grow with the condition of X; as it sees X only through H,
digits are lost with the square of that condition, which `lsqr` and `lsmr` avoid at the price of a row vector in memory.

One pass a step. Memory 4 vectors (p, k) of doubles. The gradient is carried along by its recurrence, so a run that ends
should be checked, and continued, from a gradient made afresh.
Reference: Hestenes and Stiefel (1952), J. Research NBS 49; the form CGLS: Bjorck (1996), section 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.objectives.objective import Objective
from gramian.problem.solution import Status
from gramian.solvers.bidiagonal import over
from gramian.solvers.iterate import Minimiser


@dataclass(frozen=True, slots=True, eq=False)
class CGState:
    """theta, the gradient g of J and the direction d (p, k); gamma = g'g (k,)."""

    theta: Floats
    value: float
    g: Floats
    d: Floats
    gamma: Floats
    stride: float = float("nan")
    status: Status | None = None

    @property
    def gradient_norms(self) -> Floats:
        return np.sqrt(self.gamma)


@dataclass(frozen=True, slots=True)
class CG(Minimiser[CGState]):
    """Conjugate gradients on the normal equations, without forming them: Hestenes and Stiefel (1952).

    Several targets are solved side by side, each with its own alpha and beta.
    """

    def init(self, objective: Objective, theta: Floats) -> CGState:
        value, g = objective.gradient(theta)
        return CGState(theta, value, g, -g, column_norms(g) ** 2)

    def step(self, objective: Objective, state: CGState) -> CGState:
        q = objective.hessian_vector(state.theta, state.d)
        # alpha = g'g / d'Hd
        alpha = over(state.gamma, np.sum(state.d * q, axis=0))
        # theta = theta + alpha d,  g = g + alpha H d,  J = J - alpha g'g / 2
        theta = state.theta + alpha * state.d
        g = state.g + alpha * q
        value = state.value - 0.5 * float(alpha @ state.gamma)
        # beta = g'g / g_old'g_old,  d = -g + beta d
        gamma = column_norms(g) ** 2
        d = over(gamma, state.gamma) * state.d - g
        return CGState(theta, value, g, d, gamma, float(np.max(alpha, initial=0.0)))
