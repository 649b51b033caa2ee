"""Coefficients of a method that decides no rank, moved along the null space to where the rank policy wants them.

With A the triangle of X, the rows of the ridge below it, and W the factor that the policy asks for,

    b <- b + W z,   z = argmin ||A (b0 - b) - (A W) z||,   from b = 0, until A (b0 - b) is no smaller,

is the coefficients in the span of W with the fitted values of b0: zero for dropped columns, or the shortest. W itself decides
what is spanned, so that what the factor's `slack` bounds is true of them; equations of the dependent columns are not used,
whose small weights are rounded to zero. A W has a condition near 1 even where W has lost digits, and A (b0 - b) is taken
afresh in each step, so that fitted values are kept to rounding, whatever the condition. What A (b0 - b) has left at the end is
what the rank decision took for rounding; whoever moves coefficients certifies them afterwards. The rows of the ridge make its
part of the objective one of the fitted values, so that nothing moves where it decides between equal fits.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.problem.solution import Factor
from gramian.problem.wanted import Wanted
from gramian.reductions.moments import MomentSums
from gramian.reductions.triangle import Triangle
from gramian.solvers.rank import with_penalty

MOST_STEPS = 8
"""Each leaves the rounding of A W, which the condition multiplies; two are many."""


def moved(coef: Floats, factor: Factor, view: MomentSums | Triangle, request: Wanted) -> Floats:
    """The same fitted values about the means of `view`, by coefficients (n, k) in the span of W. `factor` is that of `view`.

    The same array where nothing has to move: the columns are independent, or what is dropped is zero already.
    """
    if factor.rank == coef.shape[0]:
        return coef
    if request.rank != "min-norm" and not np.any(coef[[each.column for each in factor.dependencies]]):
        return coef
    assert isinstance(view, Triangle), "moments refuse columns that depend on each other"
    R, _, flat = with_penalty(view, request)
    A = np.where(flat, 0.0, R[:, : view.n])
    P = A @ factor.W
    b, rest, before = np.zeros_like(coef), A @ coef, np.inf
    if not np.all(np.isfinite(rest)):
        return coef  # a method that diverged: nothing will be certified
    for _ in range(MOST_STEPS):
        left = column_norms(rest)
        if not np.any(left < 0.5 * before):
            break
        b, before = b + factor.W @ np.linalg.lstsq(P, rest)[0], left
        rest = A @ (coef - b)
    return b
