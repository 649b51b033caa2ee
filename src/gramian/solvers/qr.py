"""Least squares by orthogonal triangularisation: R b = Q'y with R and Q'y from a QR of the rows (TSQR).

Use for few rows, or when the condition number is too large to be squared: it loses condition * eps, not its square.
Twice the work of `cholesky` and at a lower rate. Rank is decided by a scan of the scaled columns, left to right; with
the policy "min-norm" the solution of least norm among all that fit equally is returned.

    [X y] = Q [R z],  W = D^-1 R_D^-1 on the kept columns,  b = W z

Cost 2 m n^2; memory a block. Reference: Golub and Van Loan, Matrix Computations, sections 5.3 and 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import inverse_upper
from gramian.kernels.rounding import gamma
from gramian.kernels.spectra import largest_singular
from gramian.problem.facts import Facts
from gramian.problem.solution import Factor, Solution, Status, surface_through_means
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle
from gramian.solvers.base import Cost, Traits
from gramian.solvers.cost import Work, fewest, triangle_memory, triangle_work
from gramian.solvers.rank import Scan, scan
from gramian.solvers.shortest import shortest
from gramian.solvers.wide import shortest_of_wide


@dataclass(frozen=True, slots=True)
class QR:
    """Back substitution in the triangle of a Householder QR of the rows, with the rank decided by a scan.

    Reference: Golub and Van Loan, Matrix Computations, section 5.3.
    """

    view: type[Triangle] = Triangle
    traits: Traits = Traits(squares=False, decides_rank=True, sparse=False)

    def cost(self, facts: Facts) -> Cost:
        n = facts.n
        work = (*triangle_work(facts), Work("solve", "orthogonal", n**2 * fewest(facts), n))
        return Cost(work, passes=1, **triangle_memory(facts, factors=4))

    def solve(self, view: Triangle, request: Wanted) -> Solution:
        wide = shortest_of_wide(view, request)
        if wide is not None:
            return wide
        found = scan(view, request)
        n, kept = view.n, list(found.kept)
        inverse = inverse_upper(found.R)
        W = np.zeros((n, len(kept)))
        W[kept] = inverse / found.scale[kept, None]
        condition = largest_singular(found.R) * largest_singular(inverse) if kept else 1.0
        return finish(view, found, W, found.rhs, condition, request)


def finish(view: Triangle, found: Scan, W: Floats, z: Floats, condition: float, request: Wanted) -> Solution:
    """Apply the rank policy to b = W z, z = (X W)'y; shared by the solvers that read a Triangle."""
    status = Status.DEPENDENT if found.dependencies and request.rank == "error" else Status.OK
    rank = W.shape[1]
    slack, left = 0.0, gamma(4 * rank + 4) * condition  # the rounding of the inverse
    if found.dependencies and request.rank == "min-norm":
        W, slack, measured = shortest(W, found, condition)
        z = (found.E @ (found.scale[:, None] * W)).T @ found.rhs
        left += measured
    # ||W'E'XW|| <= ||E_D||_F ||W_D||, |E_j| <= gamma |X_j|.
    size = float(np.sum(found.scale @ np.abs(W))) if slack else 0.0
    defect = 2.0 * view.gamma * max(np.sqrt(max(rank, 1)) * condition, size) + left
    factor = Factor(W, found.kept, found.dependencies, condition, float(defect), slack)
    return surface_through_means(view.mean, W @ z, factor, status)
