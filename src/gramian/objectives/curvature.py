"""How much J bends: true bounds on the eigenvalues of its Hessian, and on that of any single row.

Up to 2,000 parameters the Gram matrix of the coordinates is made in one pass, and its eigenvalues, widened by a bound on
their rounding, are the bounds. Beyond, L comes from Lanczos steps of one pass each, widened by what a random start may
have missed: it is too small for one start in ten thousand at most. mu is that of the ridge alone.

A loss whose second derivative has a bound (squared 1, logistic 1/4) gives an L that holds everywhere; mu then is the
ridge's, but for the squared loss. Where it has none (Poisson, Gamma) no step is safe everywhere: L is infinite, and a method
must search along a line. The bound on a row then is that at the start, theta = 0.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.spectra import eigen_bounds, lanczos_bound
from gramian.objectives.row_objective import RowObjective
from gramian.reductions.gram import CHUNK

MOST = 2000
"""Parameters up to which the Gram matrix is made."""
WORK = 5e11
"""Multiplications that the Gram matrix may take: some ten seconds on two cores."""


def affordable(m: int, p: int) -> bool:
    """The Gram matrix costs seconds, not minutes."""
    return p <= MOST and float(m) * p * p <= WORK


def bounds(objective: RowObjective) -> tuple[float, float]:
    """(L, mu) of J; a pass, or two dozen beyond MOST parameters, or none where the loss has no bound."""
    (p, _), m, bend = objective.shape, objective.counts.used, objective.loss.curvature
    ridge = objective.shrink / objective.weight
    floor, quadratic = float(np.min(ridge, initial=np.inf)), objective.quadratic
    if not np.isfinite(bend):
        return np.inf, floor
    if not affordable(m, p):
        return bend * _by_products(objective) + float(np.max(ridge, initial=0.0)), floor
    H = objective.hessian(objective.start()) if quadratic else objective.hessian_at(None, bend)
    noise = float(np.max(np.trace(H, axis1=1, axis2=2)))
    if objective.rows.sparse:
        raw = objective.raw_norms[: objective.n] / objective.coordinates.scale
        noise += 2.0 * float(raw @ raw) / objective.weight
    L, mu = eigen_bounds(H, CHUNK + m // CHUNK + 64, noise)
    return L, max(mu, floor) if quadratic else floor


def _by_products(objective: RowObjective) -> float:
    """L of the squared loss without the ridge: one target tells, since all share X."""
    start = objective.start()
    bare = objective.squared()

    def product(v: Floats) -> Floats:
        V = np.zeros_like(start)
        V[:, 0] = v
        return bare.hessian_vector(start, V)[:, 0]

    return lanczos_bound(product, start.shape[0])

