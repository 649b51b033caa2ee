"""Bounds on singular values and eigenvalues of matrices at hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import U, gamma

STEPS = 24
"""Lanczos steps beyond."""
CHANCE = 1e-4
"""Of a random start whose bound is too small."""



def largest_singular(A: Floats, steps: int = 12) -> float:
    """||A||_2: exact up to 128 columns, else by power steps on A'A, raised by a fifth, more than they miss.

    Never above the Frobenius norm, which is a bound.
    """
    if A.size == 0:
        return 0.0
    if min(A.shape) <= 128:
        return float(np.linalg.norm(A, 2))
    most = float(np.linalg.norm(A))
    v = np.random.default_rng(0).standard_normal(A.shape[1])
    size = 0.0
    for _ in range(steps):
        v /= np.linalg.norm(v)
        u = A @ v
        size = float(np.linalg.norm(u))
        v = A.T @ u
        if not np.any(v):
            break
    return min(1.2 * size, most)


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
