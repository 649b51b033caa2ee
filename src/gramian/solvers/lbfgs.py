"""L-BFGS: a quasi-Newton direction from the last ten changes of theta and of the gradient.

Use as the default for a smooth function of many parameters: no Hessian, few steps, memory 2 m p for m pairs.

    s = theta+ - theta,  y = g+ - g,  rho = 1/(y's);  d = -H g by the two-loop recursion from H_0 = (s'y / y'y) I
    step: 1, or the first by bisection with J(step) <= J + 1e-4 step g'd and slope >= 0.9 g'd (Wolfe), so that s'y > 0

Cost one pass a step while step 1 will do, which is nearly always. Several targets are minimised as one vector.
Reference: Liu and Nocedal (1989), Math. Programming 45; Nocedal and Wright (2006), algorithm 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import EPS
from gramian.objectives.objective import Objective
from gramian.problem.solution import Status
from gramian.solvers.descent import known
from gramian.solvers.iterate import Minimiser
from gramian.solvers.search import failure, falls, wolfe

ARMIJO, WOLFE = 1e-4, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Remembering:
    """The state of L-BFGS; `pairs` are (s, y, 1/s'y), the oldest first."""

    theta: Floats
    value: float
    gradient: Floats
    pairs: tuple[tuple[Floats, Floats, float], ...] = ()
    stride: float = float("nan")
    status: Status | None = None

    @property
    def gradient_norms(self) -> Floats:
        return known(self.gradient)


@dataclass(frozen=True, slots=True)
class LBFGS(Minimiser[Remembering]):
    """Limited-memory BFGS with `m` pairs. `reach`: how far a step without pairs goes; 1 at most where it is None."""

    m: int = 10
    reach: float | None = None

    def in_units(self, length: float) -> LBFGS:
        return replace(self, reach=length)

    def init(self, objective: Objective, theta: Floats) -> Remembering:
        value, g = objective.gradient(theta)
        return Remembering(theta, value, g)

    def step(self, objective: Objective, state: Remembering) -> Remembering:
        d = direction(state.gradient, state.pairs)
        slope = float(np.sum(state.gradient * d))
        if not slope < 0:
            state = replace(state, pairs=())
            d, slope = -state.gradient, -float(np.sum(state.gradient**2))
        # Without pairs nothing is known of the curvature: a step of length `reach`, or 1 at most.
        size = float(np.sqrt(-slope))
        first = 1.0 if state.pairs else min(1.0, 1.0 / size) if self.reach is None else self.reach / size
        theta, step = state.theta + first * d, first
        value, g = objective.gradient(theta)
        ends = float(np.sum(g * d))
        if not (falls(value, ends, state.value, slope, first, ARMIJO) and ends >= WOLFE * slope):
            line = objective.line(state.theta, d)
            exact = line.exact_step
            step = wolfe(line, state.value, slope, first, ARMIJO, WOLFE) if exact is None else exact
            if step == np.inf:
                return replace(state, status=Status.DIVERGED)
            if not np.isfinite(step):
                return replace(state, pairs=(), status=None if state.pairs else failure(state.value, slope))
            theta = state.theta + step * d
            value, g = objective.gradient(theta)
        s, y = theta - state.theta, g - state.gradient
        pairs = state.pairs
        sy = float(np.sum(s * y))
        if sy > EPS * float(np.linalg.norm(s)) * float(np.linalg.norm(y)):
            pairs = (*pairs, (s, y, 1.0 / sy))[-self.m :]
        return Remembering(theta, value, g, pairs, step)


def direction(g: Floats, pairs: tuple[tuple[Floats, Floats, float], ...]) -> Floats:
    """-H g by the two-loop recursion."""
    q = g
    alphas: list[float] = []
    for s, y, rho in reversed(pairs):
        # alpha = rho s'q,  q = q - alpha y
        alpha = rho * float(np.sum(s * q))
        alphas.append(alpha)
        q = q - alpha * y
    if pairs:
        s, y, rho = pairs[-1]
        q = q / (rho * float(np.sum(y * y)))
    for (s, y, rho), alpha in zip(pairs, reversed(alphas), strict=True):
        # beta = rho y'r,  r = r + s (alpha - beta)
        q = q + s * (alpha - rho * float(np.sum(y * q)))
    return -q
