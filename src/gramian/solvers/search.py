"""Searches along a line, with J known there at little cost.

Near the minimum, differences of J drown in its rounding while slopes keep their digits. On a parabola the two tests

    J(step) <= J + c step J'    and    J'(step) <= (2 c - 1) J'

say the same, so the second decides where the first cannot. Reference: Hager and Zhang (2005), SIAM J. Optim. 16(1).
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.rounding import EPS
from gramian.objectives.objective import Line
from gramian.problem.solution import Status

ROUNDING = 8 * EPS
TRIALS = 100
"""Halvings, or doublings, before a search gives up: a step is then 1e-30 of where it began."""


def falls(reached: float, ends: float, value: float, slope: float, step: float, c: float) -> bool:
    """The decrease that Armijo asks for, from value and slope at both ends."""
    if reached <= value + c * step * slope:
        return True
    return reached - value <= ROUNDING * abs(value) and ends <= (2 * c - 1) * slope


def enough(line: Line, value: float, slope: float, step: float, c: float) -> bool:
    """As `falls`; the slope is computed only where it decides."""
    reached = line.value(step)
    if reached <= value + c * step * slope:
        return True
    return reached - value <= ROUNDING * abs(value) and line.slope(step) <= (2 * c - 1) * slope


def failure(value: float, slope: float) -> Status:
    """Why a search found nothing: what was left to gain is at rounding level, or it is a failure."""
    return Status.STALLED if abs(slope) <= 1e3 * EPS * abs(value) else Status.LINE_SEARCH_FAILED


def armijo(line: Line, value: float, slope: float, first: float, shrink: float, c: float) -> float:
    """first, first * shrink, first * shrink^2 ...: the first one with enough decrease; nan where none has."""
    step = first
    for _ in range(TRIALS):
        if enough(line, value, slope, step, c):
            return step
        step *= shrink
    return float("nan")


def minimum(line: Line, slope: float, first: float) -> float:
    """The root of the slope, by doubling until it changes sign and then false position (Illinois); nan where none is."""
    a, fa = 0.0, slope
    b = first
    for _ in range(TRIALS):
        fb = line.slope(b)
        if not np.isfinite(fb):
            b = 0.5 * (a + b)
            continue
        if fb >= 0:
            break
        a, fa, b = b, fb, 2.0 * b
    else:
        return float("nan")
    side = 0
    for _ in range(TRIALS):
        if abs(fb) <= 1e-12 * abs(slope) or b - a <= 4 * EPS * b:
            break
        c = b - fb * (b - a) / (fb - fa) if fb != fa else 0.5 * (a + b)
        c = c if a < c < b else 0.5 * (a + b)
        fc = line.slope(c)
        if fc >= 0:
            b, fb, fa, side = c, fc, 0.5 * fa if side == 1 else fa, 1
        else:
            a, fa, fb, side = c, fc, 0.5 * fb if side == -1 else fb, -1
    return b if abs(fb) < abs(fa) or a == 0.0 else a


def wolfe(line: Line, value: float, slope: float, first: float, c1: float = 1e-4, c2: float = 0.9) -> float:
    """A step with enough decrease whose slope has flattened, J'(step) >= c2 J', by bisection; nan where none is.

    inf: J falls for ever along the line.

    Reference: Nocedal and Wright (2006), section 3.1.
    """
    low, high, step = 0.0, float("inf"), first
    for _ in range(TRIALS):
        if not enough(line, value, slope, step, c1):
            high = step
        elif line.slope(step) < c2 * slope:
            low = step
        else:
            return step
        if high == float("inf"):
            step = 2.0 * low
            continue
        step = 0.5 * (low + high)
        if high - low <= 4 * EPS * high:
            break
    else:
        return high if high == float("inf") else low
    return low if low > 0 else float("nan")
