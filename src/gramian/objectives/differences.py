"""Central differences whose widths come from the function: nothing is taken for granted about the units of x or of f.

    f'(x) v  =  (f(x + h v) - f(x - h v)) / 2h

h is right when it can be told from rounding and is still short. With a = |f(+) - f(-)|, c = |f(+) - 2 f + f(-)| and the
rounding of the three values, n = eps (|f(+)| + 2 |f| + |f(-)|):

    c / n above 1e10            h is long: it is made so that c / n = 1e6
    c / n below 1e2, a / n below 1e9    h drowns: it is made longer, towards c / n = 1e3

For f with values about as large as their changes over a length L, h = eps^(1/3) L has c / n = 1e5. The first trial is
eps^(1/3) |x_j|; what is found is kept for the next points. Reference: Gill, Murray, Saunders and Wright (1983), SIAM J. Sci.
Stat. Comput. 4(2), whose test on c this is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats

EPS = float(np.finfo(np.float64).eps)
FIRST = EPS ** (1 / 3)
HALF = EPS**0.5
SECOND = EPS ** (1 / 4)

TRIALS = 16
LONG, SHORTENED = 1e10, 1e6
DROWNED, LENGTHENED = 1e2, 1e3
STRAIGHT = 1e9
LARGEST = 1e3
"""A width changes by this factor at most where all that was seen is rounding."""

Values = Callable[[Floats], Floats]
"""theta (p, 1) to a vector of values."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """slope: the derivative along v, as many numbers as the function has; None where it is not finite on both sides."""

    slope: Floats | None
    width: float


class Widths:
    """The widths of one function, (p,): kept for each coordinate from point to point."""

    def __init__(self, start: Floats) -> None:
        self._typical = float(np.max(np.abs(start), initial=0.0)) or 1.0
        self._found = np.full(start.size, np.nan)

    def at(self, theta: Floats) -> Floats:
        """(p,): what was found, eps^(1/3) |x_j| where nothing was, or of the largest coordinate where x_j = 0."""
        size = np.abs(theta[:, 0])
        return np.where(np.isnan(self._found), FIRST * np.where(size > 0, size, self._typical), self._found)

    def partial(self, values: Values, theta: Floats, j: int, middle: Floats) -> Floats | None:
        """The derivative by x_j."""
        v = np.zeros_like(theta)
        v[j] = 1.0
        found = central(values, theta, v, middle, float(self.at(theta)[j]))
        if found.slope is not None and np.any(found.slope):
            self._found[j] = found.width
        return found.slope

    def along(self, values: Values, theta: Floats, v: Floats, middle: Floats) -> Floats | None:
        """The derivative along v; no coordinate moves by more than its own width at the first trial."""
        h = 1.0 / float(np.linalg.norm(v[:, 0] / self.at(theta)))
        return central(values, theta, v, middle, h).slope


def central(values: Values, theta: Floats, v: Floats, middle: Floats, h: float) -> Difference:
    """The difference along v (p, 1), begun with the width h."""
    best = Difference(None, h)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(TRIALS):
            ahead, behind = theta + h * v, theta - h * v
            above, below = values(ahead), values(behind)
            if not np.all(np.isfinite(above - below)):
                if best.slope is not None:
                    break  # a longer one left the domain
                h *= 1.0 / LARGEST
                continue
            best = Difference((above - below) / _distance(ahead, behind, v, h), h)
            factor = _factor(above, middle, below)
            if factor is None:
                break
            h *= factor
    return best


def _distance(ahead: Floats, behind: Floats, v: Floats, h: float) -> float:
    """Between both points as they were rounded, in units of v."""
    along = np.flatnonzero(v)
    if along.size == 1:
        moved = float((ahead - behind)[along[0], 0] / v[along[0], 0])
        return moved if moved else 2.0 * h
    return 2.0 * h


def _factor(above: Floats, middle: Floats, below: Floats) -> float | None:
    """What the width is to be multiplied by; None where it will do."""
    noise = EPS * (np.abs(above) + 2.0 * np.abs(middle) + np.abs(below))
    seen = noise > 0
    if not np.all(np.isfinite(noise)):
        return None
    a, c = np.abs(above - below)[seen], np.abs((above - middle) - (middle - below))[seen]
    n = noise[seen]
    first, second = float(np.max(a / n, initial=0.0)), float(np.max(c / n, initial=0.0))
    if second > LONG:
        # Symmetric about x, as at a minimum: what is not linear cancels.
        level = float(np.max(a)) <= 1e-3 * float(np.max(c))
        return None if level else (SHORTENED / second) ** 0.5
    if second >= DROWNED or first >= STRAIGHT:
        return None
    return min((LENGTHENED / second) ** 0.5, LARGEST) if second > 0 else LARGEST
