"""Nesterov's accelerated gradient: a gradient step from a point ahead of the iterate.

Use as the first-order method of choice on any convex loss: J - J* falls as 4 L ||theta_0 - theta*||^2 / (k + 2)^2, and where
mu > 0 is known steps grow with sqrt(L/mu) only. J may rise on its way.

    x_{k+1} = y_k - step g(y_k),   y_{k+1} = x_{k+1} + beta (x_{k+1} - x_k)

The iterates are the points y, where value and gradient are known. Cost one pass a step; memory three vectors like theta.
Reference: Nesterov (1983), Doklady 27(2); O'Donoghue and Candes (2015), Found. Comput. Math. 15(3), for the restarts.
"""

from __future__ import annotations

from gramian.solvers.descent import Descent
from gramian.solvers.rules import Nesterov
from gramian.solvers.step_sizes import StepSize


def nesterov(length: StepSize | None = None, beta: float | None = None) -> Descent:
    """Accelerated gradient; beta 0.9 beside a user's own step, from L and mu or the sequence t_k otherwise."""
    return Descent(Nesterov(0.9 if beta is None and length is not None else beta), length)
