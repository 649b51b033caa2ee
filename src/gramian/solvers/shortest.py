"""The shortest of all solutions that fit equally: W brought into the row space of X, in the user's units.

With the kept columns first, X = X_kept F, F = [I weights], and the shortest solution is F'(F F')^-1 c for the solution c on the
kept columns. Units may make rows of F differ by hundreds of digits, so they are scaled to norm 1 (B), and two ways are tried,

    W <- Q Q'W with B' = Q R,      W <- B'(B B')^-1 B W,

the first stable where rows of B are nearly parallel, the second where zeros of B must stay zeros; the triangle says which of the
two left X W nearer to orthonormal. The rounding of B, about u times the condition, reaches X W multiplied by the condition
again, so that X W = Q T is made orthonormal once more: W <- W T^-1, which spans the same. Reference: Golub and Van Loan, Matrix
Computations, section 5.5.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import inverse_upper
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import gamma
from gramian.kernels.spectra import largest_singular
from gramian.solvers.rank import Scan

LEAST = 1e-6
"""Share of the largest diagonal entry of T below which a direction of W is lost."""


def shortest(W: Floats, found: Scan, condition: float) -> tuple[Floats, float, float]:
    """W (n, r) in the row space of X; how far that space may be off, relative to a solution; and ||I - W'X'XW||."""
    if not found.kept:
        return W, 0.0, 0.0
    B, noise = _basis(found, condition)
    Q, R = np.linalg.qr(B.T)
    inverse = inverse_upper(R)
    v = B @ W
    u = inverse @ (inverse.T @ v)
    u = u + inverse @ (inverse.T @ (v - B @ (B.T @ u)))
    both = (Q @ (Q.T @ W), B.T @ u)
    both = (*both, *(orthonormal(each, found) for each in both))
    left = [defect(each, found) for each in both]
    best = int(np.argmin(left))
    return both[best], 2.0 * noise * largest_singular(R) * largest_singular(inverse), left[best]


def orthonormal(W: Floats, found: Scan) -> Floats:
    """W T^-1 with E D W = Q T; W itself where T is singular, or nearly so."""
    T = np.linalg.qr(found.E @ (found.scale[:, None] * W), mode="r")
    size = np.abs(np.diag(T))
    if not (np.all(np.isfinite(T)) and np.min(size) > LEAST * np.max(size)):
        return W
    return solve_triangular(T, W.T, trans=1).T


def _basis(found: Scan, condition: float) -> tuple[Floats, float]:
    """Rows of F scaled to norm 1, and a bound on the norm of their error; weights lost in rounding are zeros."""
    kept = list(found.kept)
    n = found.E.shape[1]
    weights = solve_triangular(found.R, found.E)
    # The equations are known to about eps * condition(R), in columns of norm 1.
    known = gamma(8 * n) * condition * (1.0 + np.max(np.abs(weights), axis=0, initial=0.0))
    known[kept] = 0.0
    weights[np.abs(weights) <= known] = 0.0
    units = found.scale / found.scale[kept, None]
    F = weights * units
    size = column_norms(F.T)[:, None]
    return F / size, float(column_norms(column_norms(known * units / size)))


def defect(W: Floats, found: Scan) -> float:
    """||I - P'P||_F with P = E D W, which X W is but for an orthonormal factor, and the rounding of P."""
    scaled = found.scale[:, None] * W
    P = found.E @ scaled
    size = column_norms(column_norms(np.abs(found.E) @ np.abs(scaled)))
    rounding = gamma(found.E.shape[1] + 2) * size * 2.0 * max(largest_singular(P), 1.0)
    return float(column_norms(column_norms(P.T @ P - np.eye(W.shape[1]))) + rounding)
