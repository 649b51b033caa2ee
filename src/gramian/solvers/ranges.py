"""How J bends over the directions that X has: what steps and tolerances of methods on rows are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.arraytypes import Floats
from gramian.kernels.norms import column_norms
from gramian.solvers.base import EPS
from gramian.views.curvature import affordable
from gramian.views.rowwise import RowsObjective

FLAT = 1e-13
"""Eigenvalues below this share of the largest belong to dependent columns, as far as a Gram matrix can tell."""


@dataclass(frozen=True, slots=True)
class Range:
    """mu, the smallest eigenvalue of the Hessian that is not zero, 0 where it is not known; L, the largest or a bound."""

    mu: float
    L: float

    @staticmethod
    def of(view: RowsObjective) -> Range:
        """From the Gram matrix where it is affordable; else mu is that of the ridge and L the trace, which take no pass."""
        if not affordable(view.counts.used, view.shape[0]):
            return Range.of_sizes(view)
        values = np.linalg.eigvalsh(view.hessian(view.start())[0])
        L = float(values[-1])
        return Range(float(np.min(values, initial=L, where=values > FLAT * L)), L)

    @staticmethod
    def of_sizes(view: RowsObjective) -> Range:
        first = int(view.coordinates.intercept)
        sizes = np.square(view.norms[: view.n] / view.coordinates.scale) / view.weight
        ridge = view.shrink / view.weight
        mu = float(np.min(ridge[first:], initial=1.0 if first else np.inf))
        return Range(mu, float(np.sum(sizes) + np.sum(ridge)) + first)

    def tolerance(self, digits: float) -> float:
        """Of ||g|| relative to ||g_0|| at zero: ||theta*|| >= ||g_0|| / L, and ||theta - theta*|| <= ||g|| / mu."""
        share = self.mu / self.L if self.mu > 0 else 1.0
        return max(10.0**-digits * share, 8 * EPS)

    def reached(self, view: RowsObjective, theta: Floats, norms: Floats, digits: float) -> bool:
        """Whether ||g|| / mu is within 10^-digits of the slopes at hand, or g is rounding; False where mu is not known."""
        first = int(view.coordinates.intercept)
        size = view.norms[view.n :] / np.sqrt(view.weight)
        bound = np.maximum(self.mu * 10.0**-digits * column_norms(theta[first:]), 8 * EPS * size)
        return self.mu > 0 and bool(np.all(norms <= bound))
