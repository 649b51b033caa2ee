"""Shifted Cholesky QR: the Gram matrix, shifted so that it has a Cholesky factor, and factors of what that leaves.

Use when the condition number is too large for `cholesky` and the rows are not many more than the columns, or X is sparse: it
needs no random numbers, and all its work is products of matrices. The factor of the shifted Gram matrix brings the condition
down to about 1 / sqrt(shift); a pass that forms the Gram matrix of X R^-1 brings it to 1, and one more confirms it. Q is
never formed.

    R1'R1 = X'X + s I,  R2'R2 = R1^-T X'X R1^-1,  R3 likewise;  R = R3 R2 R1,  s = 11 (m n + n (n + 1)) u ||X||^2

on columns of norm 1; s = 0 up to a condition of 5e7, and then two factors are enough (CholeskyQR2). Whether columns depend on
each other it cannot tell. Cost 3 to 5 m n^2; memory 2 n^2 doubles a thread. Reference: Fukaya, Kannan, Nakatsukasa,
Yamamoto and Yanagisawa (2020), SIAM J. Sci. Comput. 42(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.kernels.rounding import CONSTANT, U
from gramian.kernels.spectra import largest_singular
from gramian.problem.facts import Facts
from gramian.problem.solution import Factor, Solution, Status, surface_through_means
from gramian.problem.wanted import Wanted
from gramian.reductions.moments import MomentSums
from gramian.solvers.base import Cost, Traits
from gramian.solvers.confirmed import image_work
from gramian.solvers.cost import Work, gram_memory, gram_work

PLAIN = 5e7
"""Scaled condition up to which the Cholesky factor of the Gram matrix itself leaves a condition near 1."""


@dataclass(frozen=True, slots=True)
class CholeskyQR:
    """Shifted Cholesky QR; reads MomentSums, and its factor holds once later passes over the rows have confirmed it.

    Reference: Fukaya, Kannan, Nakatsukasa, Yamamoto and Yanagisawa (2020), SIAM J. Sci. Comput. 42(1).
    """

    view: type[MomentSums] = MomentSums
    traits: Traits = Traits(squares=False, decides_rank=False, sparse=True, confirmed=True)

    def cost(self, facts: Facts) -> Cost:
        n = facts.n
        work = (*gram_work(facts), *image_work(facts, 2), Work("solve", "cholesky", 3.0 * n**3, n))
        return Cost(work, passes=3, **gram_memory(facts, factors=6), reads=3)

    def solve(self, view: MomentSums, request: Wanted) -> Solution:
        n = view.n
        G, c = view.gram[:n, :n], view.gram[:n, n:]
        D = np.sqrt(np.maximum(np.diag(G), 0.0) + request.penalty.quadratic(n))
        if np.any(CONSTANT * view.raw_norms[:n] >= D) or not np.all(np.isfinite(G)):
            return surface_through_means(view.mean, np.zeros_like(c), None, Status.CANNOT_TELL)
        scaled = G / np.outer(D, D)
        np.fill_diagonal(scaled, 1.0)
        W, condition = _inverse(scaled, view.counts.used)
        W = W / D[:, None]
        factor = Factor(W, tuple(range(n)), (), condition, np.inf)
        return surface_through_means(view.mean, W @ (W.T @ c), factor)


def _inverse(G: Floats, m: int) -> tuple[Floats, float]:
    """R^-1 of the Gram matrix of columns of norm 1, shifted where it must be, and the condition of R."""
    n = G.shape[0]
    shift = 0.0
    while True:
        R = cholesky_upper(G + shift * np.eye(n))
        if R is not None:
            inverse = inverse_upper(R)
            condition = largest_singular(R) * largest_singular(inverse) if n else 1.0
            if shift or condition <= PLAIN:
                return inverse, condition
        # s = 11 (m n + n (n + 1)) u ||X||^2
        shift = max(10.0 * shift, 11.0 * (m * n + n * (n + 1.0)) * U * largest_singular(G))
