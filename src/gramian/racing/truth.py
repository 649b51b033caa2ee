"""The reference of a race, and how far an iterate is from it: measured outside every clock.

    error = ||D (b - b*)|| / ||D b*||,                  D the norms of the columns, about their means beside an intercept
    left  = (J(theta) - J*) / (J(theta_0) - J*),        J - J* = (theta - theta*)'H (theta - theta*) / 2 for the squared loss

Where columns depend on each other, coefficients are not unique, and the error is that of the fitted values, the root of left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.objectives.curvature import affordable
from gramian.objectives.linear_objective import LinearObjective

NEAR = 1e-6
"""Share of the fall of J below which differences of J have lost digits, and its second derivative is more exact."""


@dataclass(frozen=True, slots=True, eq=False)
class RacePlace:
    """A surface level + (x - centre) coef, coef (n, k) in the user's units, level (k,)."""

    coef: Floats
    level: Floats
    centre: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The trusted answer `theta` (p, k) in the coordinates of `objective`, whose passes nobody counts; J there, J_0 - J*.

    H (1, p, p): the Hessian at the answer, None where it is too large to make. `unique`: the columns are independent.
    """

    objective: LinearObjective
    theta: Floats
    value: float
    fall: float
    H: Floats | None
    unique: bool
    method: str
    digits: float

    @staticmethod
    def of(objective: LinearObjective, place: RacePlace, unique: bool, method: str, digits: float) -> Truth:
        theta = theta_at(objective, place)
        cheap = affordable(objective.counts.used, objective.shape[0])
        H = objective.hessian(theta) if cheap else None
        found = Truth(objective, theta, objective.value(theta), 1.0, H, unique, method, digits)
        start = objective.start()
        if objective.coordinates.intercept:
            start[:1] = objective.loss.link(objective.spread.mean[objective.n :])
        fall = found.above(start)
        return Truth(objective, theta, found.value, fall, H, unique, method, digits)

    def error(self, place: RacePlace) -> float:
        """Of the slopes; the largest over targets."""
        d = theta_at(self.objective, place) - self.theta
        if not self.unique:
            return float(np.sqrt(self.left_of(d)))
        first = int(self.objective.coordinates.intercept)
        D = (self.objective.norms[: self.objective.n] / self.objective.coordinates.scale)[:, None]
        size, off = column_norms(D * self.theta[first:]), column_norms(D * d[first:])
        # Slopes that are all zero have no relative error; that beside the target is the next best.
        size = np.where(size > 0, size, np.maximum(self.objective.norms[self.objective.n :], np.finfo(float).tiny))
        return float(np.max(off / size, initial=0.0))

    def left(self, place: RacePlace) -> float:
        """The share of the fall of J that is left; one pass where there is no Hessian."""
        d = theta_at(self.objective, place) - self.theta
        if not np.all(np.isfinite(d)):
            return float("inf")
        return self.left_of(d)

    def left_of(self, d: Floats) -> float:
        """The same for a distance from the answer (p, k)."""
        if self.fall <= 0:
            return 0.0
        return max(self.above(self.theta + d, d), 0.0) / self.fall

    def above(self, theta: Floats, d: Floats | None = None) -> float:
        """J - J*."""
        d = theta - self.theta if d is None else d
        if not self.objective.quadratic:
            with np.errstate(over="ignore", invalid="ignore"):
                more = self.objective.value(theta) - self.value
            if not more <= NEAR * max(self.fall, abs(self.value)):
                return more
        Hd = self.objective.hessian_vector(self.theta, d) if self.H is None else _products(self.H, d)
        return 0.5 * float(np.sum(d * Hd))


def theta_at(objective: LinearObjective, place: RacePlace) -> Floats:
    """The place in the objective's coordinates."""
    level = place.level + (objective.coordinates.centre - place.centre) @ place.coef
    return objective.coordinates.from_user(place.coef, level)


def _products(H: Floats, d: Floats) -> Floats:
    if len(H) == 1:
        return H[0] @ d
    return np.stack([A @ d[:, j] for j, A in enumerate(H)], axis=1)
