"""How much J bends: true bounds on the eigenvalues of its Hessian, and on that of any single row.

Up to 2,000 parameters the Gram matrix of the coordinates is made in one pass, and its eigenvalues, widened by a bound on
their rounding, are the bounds. Beyond, L comes from Lanczos steps of one pass each, widened by what a random start may
have missed: it is too small for one start in ten thousand at most. mu is that of the ridge alone.

A loss whose second derivative has a bound (squared 1, logistic 1/4) gives an L that holds everywhere; mu then is the
ridge's, but for the squared loss. Where it has none (Poisson, Gamma) no step is safe everywhere: L is infinite, and a method
must search along a line. The bound on a row then is that at the start, theta = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gramian.arraytypes import Floats
from gramian.kernels.rounding import U, gamma
from gramian.losses import LOSSES
from gramian.problem import Penalty
from gramian.views.moments import CHUNK

if TYPE_CHECKING:
    from gramian.views.rowwise import RowsObjective

MOST = 2000
"""Parameters up to which the Gram matrix is made."""
WORK = 5e11
"""Multiplications that the Gram matrix may take: some ten seconds on two cores."""
STEPS = 24
"""Lanczos steps beyond."""
CHANCE = 1e-4
"""Of a random start whose bound is too small."""


def affordable(m: int, p: int) -> bool:
    """The Gram matrix costs seconds, not minutes."""
    return p <= MOST and float(m) * p * p <= WORK


def bounds(objective: RowsObjective) -> tuple[float, float]:
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


def _by_products(objective: RowsObjective) -> float:
    """L of the squared loss without the ridge: one target tells, since all share X."""
    start = objective.start()
    bare = replace(objective, penalty=Penalty(), loss=LOSSES["gaussian"])

    def product(v: Floats) -> Floats:
        V = np.zeros_like(start)
        V[:, 0] = v
        return bare.hessian_vector(start, V)[:, 0]

    return lanczos_bound(product, start.shape[0])


def eigen_bounds(H: Floats, chain: int, noise: float) -> tuple[float, float]:
    """(L, mu) of the matrices H (k, p, p), widened by the rounding of sums of `chain` squares that add up to `noise`."""
    eigenvalues = np.linalg.eigvalsh(H)
    largest = float(np.max(eigenvalues, initial=0.0))
    slack = gamma(chain) * noise + 4.0 * H.shape[-1] * U * largest
    return largest + slack, max(float(np.min(eigenvalues, initial=np.inf)) - slack, 0.0)


def lanczos_bound(product: Callable[[Floats], Floats], p: int) -> float:
    """An upper bound on the largest eigenvalue of a matrix that is positive semidefinite, but for one random start in 1 / CHANCE.

    After k steps the Ritz value is below (1 - e) lambda_1 with a chance of 1.648 sqrt(p) exp(-sqrt(e) (2k - 1)) at most; full
    reorthogonalisation. Reference: Kuczynski and Wozniakowski (1992), SIAM J. Matrix Anal. Appl. 13, theorem 4.1.
    """
    v = np.random.default_rng(0).standard_normal(p)
    v /= np.linalg.norm(v)
    basis, diagonal, off = [v], [], []
    for _ in range(min(STEPS, p)):
        # beta_{j+1} v_{j+1} = H v_j - alpha_j v_j - beta_j v_{j-1}
        u = product(basis[-1])
        diagonal.append(float(basis[-1] @ u))
        V = np.stack(basis, axis=1)
        for _ in range(2):
            u = u - V @ (V.T @ u)
        off.append(float(np.linalg.norm(u)))
        if off[-1] <= 1e-14 * max(diagonal):
            break
        basis.append(u / off[-1])
    T = np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1)
    largest = float(np.linalg.eigvalsh(T)[-1])
    k = len(diagonal)
    e = (np.log(1.648 * np.sqrt(p) / CHANCE) / (2 * k - 1)) ** 2
    # Where the space of all products is spanned, or too few steps say nothing, the residual of the Ritz vector is what is left.
    missed = e / (1.0 - e) * largest if k == STEPS and k < p else off[-1]
    return largest + missed + 4.0 * p * U * abs(largest)
