"""The normal equations X'X b = X'y, by Cholesky of the Gram matrix of columns scaled to norm 1.

Use for many more rows than columns: one pass, half the work of any other method. The Gram matrix squares the condition
number, so digits are lost as condition^2 * eps; the refinement pass that certifies brings them back. Above a condition of
1e7 the moments cannot tell a dependent column from an independent one, and the Status says so.

    G = X'WX + ridge I,  D = diag(G)^(1/2),  R'R = D^-1 G D^-1,  W = D^-1 R^-1,  b = W W' X'Wy

Cost m n^2 + n^3; memory 2 n^2 doubles a thread. Reference: Higham, Accuracy and Stability, chapters 10 and 20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.kernels.rounding import CONSTANT, gamma
from gramian.kernels.spectra import largest_singular
from gramian.problem.facts import Facts
from gramian.problem.solution import Factor, Solution, Status, surface_through_means
from gramian.problem.wanted import Wanted
from gramian.reductions.moments import MomentSums
from gramian.solvers.base import Cost, Traits
from gramian.solvers.cost import Work, gram_memory, gram_work

LIMIT = 1e7
"""Scaled condition above which the Gram matrix has no digit left to decide rank by."""


@dataclass(frozen=True, slots=True)
class Cholesky:
    """Cholesky of the Gram matrix of columns scaled to norm 1; reads MomentSums, one pass.

    Returns CANNOT_TELL above a scaled condition of 1e7. Reference: Higham, Accuracy and Stability, chapter 10.
    """

    view: type[MomentSums] = MomentSums
    traits: Traits = Traits(squares=True, decides_rank=False, sparse=True, limit=LIMIT)

    def cost(self, facts: Facts) -> Cost:
        n = facts.n
        return Cost((*gram_work(facts), Work("solve", "cholesky", n**3, n)), passes=1, **gram_memory(facts, factors=5))

    def solve(self, view: MomentSums, request: Wanted) -> Solution:
        n = view.n
        G, c = view.gram[:n, :n], view.gram[:n, n:]
        ridge = request.penalty.quadratic(n)
        D = np.sqrt(np.maximum(np.diag(G), 0.0) + ridge)
        raw = view.raw_norms[:n]
        if np.any(CONSTANT * raw >= D) or not np.all(np.isfinite(G)):
            return _refused(view, Status.CANNOT_TELL)
        scaled = G / np.outer(D, D)
        np.fill_diagonal(scaled, 1.0)
        R = cholesky_upper(scaled)
        if R is None:
            return _refused(view, Status.CANNOT_TELL)
        inverse = inverse_upper(R)
        condition = largest_singular(R) * largest_singular(inverse) if n else 1.0
        if not condition <= LIMIT:
            return _refused(view, Status.CANNOT_TELL)
        W = inverse / D[:, None]
        coef = W @ (W.T @ c)
        factor = Factor(W, tuple(range(n)), (), condition, self._defect(view, inverse, D, condition))
        return surface_through_means(view.mean, coef, factor)

    @staticmethod
    def _defect(view: MomentSums, inverse: Floats, D: Floats, condition: float) -> float:
        """||I - W'X'XW|| from the rounding of the Gram (entrywise), of the factor, and of its inverse."""
        n = view.n
        share = np.maximum(view.noise[:n] / D, 1.0)
        spread = float(np.sum((np.abs(inverse).T @ share) ** 2))
        return (view.gamma + gamma(2 * n + 6)) * spread + gamma(4 * n + 4) * condition


def _refused(view: MomentSums, status: Status) -> Solution:
    k = view.gram.shape[0] - view.n
    return surface_through_means(view.mean, np.zeros((view.n, k)), None, status)
