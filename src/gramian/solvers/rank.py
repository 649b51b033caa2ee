"""The rank decision, one for all solvers that read a triangle: columns scaled to norm 1, scanned left to right.

A column is dependent when its distance from the span of the kept ones is at most tol (1 + sum |weights|), the weights being
those of the equation that gives it from the kept columns, each of norm 1: that is how far the rounding of those columns
reaches. The equation is kept. The scan is Householder QR that skips such columns, so later columns are judged without their
noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import inverse_upper, triangle_of
from gramian.kernels.rounding import CONSTANT
from gramian.problem.solution import Dependency
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Row echelon form E (r, n) of the scaled columns with rhs (r, k); `kept` columns of E are upper triangular.

    X = Q E diag(scale); equations[j] holds the weights of the kept columns that make up column j, scaled.
    """

    E: Floats
    rhs: Floats
    scale: Floats
    kept: tuple[int, ...]
    dependencies: tuple[Dependency, ...]

    @property
    def R(self) -> Floats:
        return self.E[:, list(self.kept)]


def scan(view: Triangle, request: Wanted) -> Scan:
    """Decide which columns are independent; a quadratic penalty adds the rows diag(sqrt(weights)) first."""
    n = view.n
    R, norms, flat = with_penalty(view, request)
    scale = np.where(flat, 1.0, norms)
    A = R[:, :n] / scale
    A[:, flat] = 0.0
    used = view.counts.used
    # m rows about their means span m - 1 dimensions at most, whatever rounding makes of the last; a penalty adds its rows.
    most = min(n, used - int(view.centred) + int(np.count_nonzero(request.penalty.quadratic(n))))
    E, rhs, kept = _echelon(A, R[:, n:].copy(), request.tolerance(n, used), most)
    return Scan(E, rhs, scale, kept, _equations(E, scale, kept, n))


def with_penalty(view: Triangle, request: Wanted) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The triangle of [X y] with the rows of the penalty; the norms of the columns of X; and which of them are zero, or constant
    beside an intercept.
    """
    n, R, weights = view.n, view.R, request.penalty.quadratic(view.n)
    if not request.penalty.is_zero:
        penalty = np.zeros((n, R.shape[1]))
        penalty[:, :n] = np.diag(np.sqrt(weights))
        R = triangle_of(np.concatenate([R, penalty]))
    norms = np.sqrt(np.sum(R[:, :n] ** 2, axis=0))
    raw = np.sqrt(norms**2 + view.counts.weight * view.mean.hi[:n] ** 2)
    return R, norms, norms <= CONSTANT * raw


def _echelon(A: Floats, rhs: Floats, tol: float, most: int) -> tuple[Floats, Floats, tuple[int, ...]]:
    rows, n = A.shape
    if rows >= n and n <= most and _independent(A[:n], tol):
        return A[:n], rhs[:n], tuple(range(n))
    kept: list[int] = []
    V = np.zeros((min(rows, most, n), min(rows, most, n)))  # inverse of the kept triangle, column by column
    for j in range(n):
        i = len(kept)
        if i == min(rows, most):
            break
        x = A[i : j + 1, j]  # below row j the triangle is zero, whatever was reflected before
        size = float(np.linalg.norm(x))
        weights = V[:i, :i] @ A[:i, j]
        if size <= tol * (1.0 + float(np.sum(np.abs(weights)))):
            A[i:, j] = 0.0
            continue
        kept.append(j)
        if np.any(x[1:]):
            _reflect(A, rhs, i, j, x.copy(), size)
        V[:i, i], V[i, i] = -weights / A[i, j], 1.0 / A[i, j]
    return A[: len(kept)], rhs[: len(kept)], tuple(kept)


def _independent(R: Floats, tol: float) -> bool:
    """No column is dependent: its distance is |R_jj|, and 1 + sum |weights| is |R_jj| times the sum of |R^-1| in column j."""
    if not np.all(np.abs(np.diag(R)) > tol):
        return False
    return bool(np.all(tol * np.sum(np.abs(inverse_upper(R)), axis=0) < 1.0))


def _reflect(A: Floats, rhs: Floats, i: int, j: int, v: Floats, size: float) -> None:
    """Apply H = I - 2 v v'/v'v to rows i.. so that column j ends at row i."""
    v[0] += np.copysign(size, v[0])
    v /= np.linalg.norm(v)
    rows = slice(i, i + v.size)
    A[rows, j:] -= 2.0 * np.outer(v, v @ A[rows, j:])
    rhs[rows] -= 2.0 * np.outer(v, v @ rhs[rows])
    A[i + 1 :, j] = 0.0


def _equations(E: Floats, scale: Floats, kept: tuple[int, ...], n: int) -> tuple[Dependency, ...]:
    dropped = [j for j in range(n) if j not in set(kept)]
    if not dropped:
        return ()
    weights = solve_triangular(E[:, list(kept)], E[:, dropped]) if kept else np.zeros((0, len(dropped)))
    found: list[Dependency] = []
    for column, w in zip(dropped, weights.T, strict=True):
        # Weights below the noise of the solve are zeros of the equation, not terms of it.
        large = [i for i in range(len(kept)) if abs(w[i]) > 1e-10 * max(1.0, float(np.max(np.abs(w))))]
        found.append(
            Dependency(
                column,
                tuple(kept[i] for i in large),
                tuple(float(w[i] * scale[column] / scale[kept[i]]) for i in large),
            )
        )
    return tuple(found)
