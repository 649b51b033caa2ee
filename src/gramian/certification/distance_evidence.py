"""Proof by curvature, for answers without a factor: a gradient is small, and J bends at least so much along every direction.

    ||theta - theta*|| <= ||grad J|| / mu,   J - J* <= ||grad J||^2 / (2 mu)         mu below the eigenvalues of the Hessian
    J - J* <= g'F^-1 g / 2,   |e_j|^2 <= 2 (F^-1)_jj (J - J*)                        F below the Hessian

The backward error is that of the perturbation r (r'X) / ||r||^2 of X: Stewart (1977), SIAM Review 19.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient
from gramian.certification.evidence import ErrorBounds
from gramian.data.coordinates import Coordinates
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U
from gramian.objectives.hessian_lower_bound import HessianLowerBound


@dataclass(frozen=True, slots=True, eq=False)
class DistanceEvidence:
    """error (n, k) bounds |b - b*| before rounding, infinite where nothing is known; gap (k,) bounds J - J*, if known."""

    seen: BoundedGradient
    error: Floats
    condition: float
    gap: Floats | None = None

    @staticmethod
    def by_strong_convexity(
        gradient: BoundedGradient, s: Floats, coordinates: Coordinates, mu: float, L: float
    ) -> DistanceEvidence:
        """From mu <= the eigenvalues of the Hessian <= L in these coordinates, mu 0 where it is not known.

        s (k,): the sums of the residuals, which move the gradient to the centre of the coordinates.
        """
        if not mu > 0:
            return DistanceEvidence(gradient, np.full_like(gradient.g, np.inf), np.inf)
        moved = (gradient.centre - coordinates.centre)[:, None] * s
        g = np.abs(gradient.g + moved) + gradient.bound + np.outer(gradient.norms, gradient.residual_bound)
        g = g / coordinates.scale[:, None]
        if coordinates.intercept:
            level = np.abs(s)[None, :] + np.sqrt(gradient.weight) * gradient.residual_bound
            g = np.concatenate([level, g])
        error = column_norms(g) / (gradient.weight * mu) / coordinates.scale[:, None]
        # J - J* <= ||g||^2 / (2 mu), and the error of theta is ||g|| / mu.
        gap = 0.5 * mu * (error[0] * coordinates.scale[0]) ** 2
        return DistanceEvidence(gradient, error, float(np.sqrt(L / mu)), gap)

    @staticmethod
    def by_part_of_the_rows(
        gradient: BoundedGradient, s: Floats, coordinates: Coordinates, floor: HessianLowerBound, L: float
    ) -> DistanceEvidence:
        """From the Hessian of a part of the rows, which is below that of all of them."""
        moved = (gradient.centre - coordinates.centre)[:, None] * s
        scale, weight = coordinates.scale[:, None], gradient.weight
        g = (gradient.g + moved) / scale
        unsure = (gradient.bound + np.outer(gradient.norms, gradient.residual_bound)) / scale
        if coordinates.intercept:
            g = np.concatenate([s[None, :], g])
            unsure = np.concatenate([np.sqrt(weight) * gradient.residual_bound[None, :], unsure])
        left = floor.left(g / weight, column_norms(unsure) / weight)
        error = floor.reach(left)[int(coordinates.intercept) :] / scale
        return DistanceEvidence(gradient, error, float(np.sqrt(L / floor.values[0])), left)

    def bounds(self, coef: Floats, intercept: Floats) -> ErrorBounds:
        seen = self.seen
        bound = self.error + U * np.abs(coef)
        level = seen.level_bound + U * np.abs(intercept)
        centre = np.abs(seen.centre)
        if np.any(centre):
            level = level + np.where(np.any(np.isinf(bound)), np.inf, centre @ bound)
        size = float(column_norms(seen.norms)) * np.sqrt(np.maximum(seen.rss, 0.0))
        relative = np.where(size > 0, column_norms(seen.g) / np.where(size > 0, size, 1.0), 0.0)
        return ErrorBounds(bound, level, relative, relative, self.condition, self.gap)
