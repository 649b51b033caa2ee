"""Gradient descent: theta moves against the gradient, the direction in which J falls fastest.

Use it for the method itself, or where a gradient is all there is; `nesterov` and `lbfgs` need far fewer steps. Steps grow
with L/mu, the condition number of the Hessian; with the default step 1/L each lowers J - J* by 1 - mu/L at least. Any step
below 2/L is stable on a quadratic, any above diverges.

    theta_{k+1} = theta_k - step g(theta_k)

Cost one pass a step; memory theta and its gradient. Reference: Cauchy (1847); Nesterov (2004), Introductory Lectures on
Convex Optimization, section 2.1.5.
"""

from __future__ import annotations

from gramian.solvers.descent import Descent
from gramian.solvers.rules import Plain
from gramian.solvers.step_sizes import StepSize


def gradient(length: StepSize | None = None) -> Descent:
    """Steepest descent with the given step length; 1/L by default."""
    return Descent(Plain(), length)
