"""What passes in double-double prove and give beyond the gradient: the factor's own defect, and (X'X)^-1 to full digits.

With E = W'X'XW - I known far below the last place of a float64 (`views.inner`),

    diag (X'X)^-1_j = W_j W_j' - W_j E (I + E)^-1 W_j',

the first product in double-double, the second small beside it: full digits at any condition that W survives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.data.blocks import Rows
from gramian.data.counts import check_unchanged
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, dot, exactly
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U, gamma
from gramian.kernels.spectra import largest_singular
from gramian.problem.solution import Factor
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_gradient import through
from gramian.reductions.exact_inner import Inner, inner
from gramian.reductions.gradient_bound import Sized, Sizes

MOST_PASSES = 3


def widened(view: Sized, lost: Floats, shift: Floats) -> Sizes:
    """The sizes of a view that read the float64 numbers, as bounds for the decimals that they stand for.

    Each number is within u of its decimal, relative to its size, but for what a formula lost: (n + k,), as norms.
    The means are moved by those of the low parts, `shift` (n,): a sum in float64, at most as many roundings as rows.
    """
    n, own, root = view.n, U * view.raw_norms, np.sqrt(view.counts.weight)
    mean, error = view.mean, view.mean_error
    if view.centred:
        moved = add(Double(mean.hi[:n], mean.lo[:n]), exactly(shift))
        lo = np.concatenate([(moved.hi - mean.hi[:n]) + moved.lo, mean.lo[n:]])
        mean = Double(mean.hi, lo)
        chain = np.concatenate([np.full(n, gamma(view.counts.used + 8)), np.ones(own.size - n)])
        error = error + (chain * own + lost) / root + 2.0 * U * np.abs(lo)
    return Sizes(n, view.centred, view.counts, mean, view.norms + own + lost, view.raw_norms + own + lost, error)


def with_low_parts(view: Sized, factor: Factor, lost: Floats) -> Factor:
    """The factor of the float64 numbers as one of the decimals: ||W'(X'X - X_hi'X_hi) W|| joins the defect."""
    n = view.n
    d = float(column_norms(through(U * view.raw_norms[:n] + lost[:n], factor.W)))
    return replace(factor, defect=factor.defect + 2.1 * d + d * d)


@dataclass(frozen=True, slots=True, eq=False)
class ExactInverse:
    """Diagonal (n,) of (X'WX)^-1 about the means, and its entry `constant` for the intercept; 0 without one."""

    diagonal: Floats
    constant: float


def measured(rows: Rows, view: Sized, factor: Factor, runner: Runner) -> Inner:
    """E of the factor, in one pass about the means of the view."""
    n = view.n
    mean = Double(view.mean.hi[:n], view.mean.lo[:n])
    found = inner(rows, runner, mean, factor.W, view.norms[:n], view.raw_norms[:n])
    check_unchanged(rows.name, view.counts, found.counts)
    return found


def confirmed(view: Sized, request: Wanted, factor: Factor, found: Inner) -> Factor:
    """The factor with the smaller of two proven defects: as it is, or W R^-1 with R'R = I + E, which pays its rounding."""
    W, n = factor.W, view.n
    E = found.E + W.T @ (request.penalty.quadratic(n)[:, None] * W)
    error = found.error + 4.0 * U * (1.0 + float(np.linalg.norm(E)))
    stays = largest_singular(E) + error
    R = cholesky_upper(np.eye(factor.rank) + E) if np.all(np.isfinite(E)) else None
    if R is None:
        return replace(factor, defect=np.inf)
    root = inverse_upper(R)
    reach = through(view.norms[:n] + U * view.raw_norms[:n] + found.lost, W)
    rounding = gamma(2 * factor.rank + 6) * (2.0 * float(column_norms(reach @ np.abs(root))) + factor.rank)
    moved = 1.1 * (rounding + error * largest_singular(root) ** 2)
    if stays <= moved:
        return replace(factor, defect=stays if stays < 1 else np.inf)
    return replace(factor, W=W @ root, defect=moved if moved < 1 else np.inf)


def confirmed_exactly(
    rows: Rows, view: Sized, request: Wanted, factor: Factor, runner: Runner, wanted: float
) -> tuple[Factor, int]:
    """A factor whose defect is proven to be below `wanted`, where a few passes give one; and how many were made.

    Decimals may differ from their float64 numbers by more than W can take: columns that nearly repeat each other, or whose
    means are large. Each pass then brings W nearer, as a step of CholeskyQR whose Gram matrix has no error to speak of.
    """
    for made in range(1, MOST_PASSES + 1):
        factor = confirmed(view, request, factor, measured(rows, view, factor, runner))
        if factor.defect < wanted or not np.all(np.isfinite(factor.W)):
            return factor, made
    return factor, MOST_PASSES


def inverse_of(view: Sized, factor: Factor, found: Inner) -> tuple[ExactInverse, Factor]:
    """(X'X)^-1 by its diagonal, to full digits, and a factor whose W W' is the rest of it."""
    W, n = factor.W, view.n
    C = np.asarray(np.linalg.solve(np.eye(factor.rank) + found.E, found.E), dtype=np.float64)
    diagonal = _form(exactly(W), C)
    constant = 0.0
    if view.centred:
        mean = (np.broadcast_to(part[:n], W.T.shape) for part in (view.mean.hi, view.mean.lo))
        q = add(dot(exactly(W.T), Double(*mean)), exactly(found.shift))
        constant = float(1.0 / view.counts.weight + _form(Double(q.hi[None, :], q.lo[None, :]), C)[0])
    R = cholesky_upper(np.eye(factor.rank) + found.E)
    better = factor if R is None else replace(factor, W=W @ inverse_upper(R))
    return ExactInverse(diagonal, constant), better


def _form(rows: Double, C: Floats) -> Floats:
    """W w' - w C w' for each row w; the correction is summed with the low part of the product."""
    square = dot(rows, rows)
    less = np.einsum("ij,jk,ik->i", rows.hi, C, rows.hi, optimize=True)
    return square.hi + (square.lo - less)
