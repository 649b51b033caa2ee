"""AdaGrad, RMSprop and Adam on full gradients: every coordinate is scaled by the history of its own gradient.

Use them to see what they do; with full gradients and the curvature at hand, `nesterov` and `lbfgs` need fewer steps. Their
published constant step keeps circling around the minimum at a distance of that step (RMSprop, Adam) or slows down for
ever (AdaGrad). So by default the step along the direction d is

    step = -g'd / (L ||d||^2)

the minimum of the parabola above J: J falls in every step, and the optimum is reached to any tolerance. Adam takes the exact
step along d instead: with its momentum that needs a fifth of the passes (625 against 3,177 to a relative gradient of 1e-8
on California housing). Where d points uphill it forgets its momentum. A user's own step is the published rule, untouched.

Cost one pass a step, Adam two; memory four vectors like theta. References: Duchi, Hazan and Singer (2011), JMLR 12;
Tieleman and Hinton (2012); Kingma and Ba (2015), ICLR.
"""

from __future__ import annotations

from gramian.solvers.descent import Descent
from gramian.solvers.rules import AdaGrad, Adam, RMSprop
from gramian.solvers.step_sizes import StepSize


def adagrad(length: StepSize | None = None) -> Descent:
    """Sums of squared gradients."""
    return Descent(AdaGrad(), length)


def rmsprop(length: StepSize | None = None) -> Descent:
    """Moving averages of squared gradients, 0.9."""
    return Descent(RMSprop(), length)


def adam(length: StepSize | None = None) -> Descent:
    """Moving averages of gradients, 0.9, and of their squares, 0.999, both corrected for their start at zero."""
    return Descent(Adam(), length)
