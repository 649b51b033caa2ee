"""Gradient descent with momentum (the heavy ball): a step keeps a share beta of the one before it.

Use on least squares, where its defaults are the optimum for a quadratic and steps grow with sqrt(L/mu) only. On other convex
losses it has no guarantee and falls back on beta = 0.9: take `nesterov`.

    m = beta m + g(theta_k),   theta_{k+1} = theta_k - step m
    default  step 4/(sqrt L + sqrt mu)^2,  beta ((k - 1)/(k + 1))^2,  k = sqrt(L/mu)

Cost one pass a step; memory three vectors like theta. Reference: Polyak (1964), USSR Comp. Math. Math. Phys. 4(5).
"""

from __future__ import annotations

from gramian.solvers.descent import Descent
from gramian.solvers.rules import Momentum
from gramian.solvers.step_sizes import StepSize


def momentum(length: StepSize | None = None, beta: float | None = None) -> Descent:
    """The heavy ball; beta 0.9 beside a user's own step, the optimum from L and mu otherwise."""
    return Descent(Momentum(0.9 if beta is None and length is not None else beta), length)
