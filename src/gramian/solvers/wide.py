"""The shortest solution where there are fewer rows than columns, by LQ: nothing of the size of X'X is formed.

    X' = Q L,   L' = U S V',   W = Q V S^-1,   b = W U'y,   of r combinations of the rows where not all are independent

Every column beyond r depends on others, in many ways: no equations are written. Cost 4 n m^2 + 20 m^3; memory 4 m n doubles.
Reference: Golub and Van Loan, Matrix Computations, section 5.6.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import CONSTANT, U, gamma
from gramian.kernels.spectra import largest_singular
from gramian.problem.solution import Factor, Solution, surface_through_means
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle

EQUATIONS = 20_000
"""Terms of the equations of dependent columns up to which they are written: beyond, no one reads them."""
CLEAR = 1e-6
"""Singular values above this share of the largest are no matter of rounding, whatever the scales of the columns."""


def shortest_of_wide(view: Triangle, request: Wanted) -> Solution | None:
    """The solution, where the shortest is wanted of many more columns than rows; None where the scan is to decide."""
    n, m = view.n, view.R.shape[0]
    plain = request.penalty.is_zero and not request.in_units
    if request.rank != "min-norm" or not plain or (n - m) * m <= EQUATIONS:
        return None
    X, y = view.R[:, :n], view.R[:, n:]
    norms = np.sqrt(np.sum(X**2, axis=0))
    raw = np.hypot(norms, np.sqrt(view.counts.weight) * view.mean.hi[:n])
    flat = norms <= CONSTANT * raw
    X = np.where(flat, 0.0, X)
    scaled = X / np.where(flat, 1.0, norms)
    Q, left, S, right = _decomposed(X)
    if S[-1] <= CLEAR * S[0]:
        # Whatever the scales of the columns hide, rank is decided on columns of norm 1.
        _, rows, sizes, _ = _decomposed(scaled)
        r = int(np.count_nonzero(sizes > request.tolerance(n, view.counts.used) * sizes[0]))
        if r < m:
            Q, left, S, right = _decomposed(rows[:, :r].T @ X)
            left = rows[:, :r] @ left
    r = S.size
    if r == 0 or not S[-1] > 0:
        return None
    condition = float(S[0] / S[-1])
    W = Q @ (right.T / S)
    # As for `qr`: how Householder reflections behave, not their worst case.
    behaved = 8.0 * U * float(np.sqrt(n)) * float(np.sqrt(m))
    defect = (2.0 * (view.gamma + behaved) * np.sqrt(r) + gamma(4 * r + 4)) * condition
    spread = largest_singular(scaled) * largest_singular(norms[:, None] * W)
    factor = Factor(W, (), (), spread, float(defect), behaved * condition)
    return surface_through_means(view.mean, W @ (left.T @ y), factor)


def _decomposed(A: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Q, U, S, V' with A = U S V'Q' for A (r, n), r < n."""
    Q, L = np.linalg.qr(A.T)
    left, S, right = np.linalg.svd(L.T)
    return Q, left, S, right
