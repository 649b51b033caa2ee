"""The pseudo-inverse X+ y, by the singular value decomposition of the triangle of X with columns scaled to norm 1.

Use when columns depend on each other and the shortest solution is wanted, or to see the singular values. It equals
(X'X)^-1 X'y only when the columns are independent. The rank is that of the same scan as `qr`.

    R_D = U S V',  W = D^-1 V S^-1 (the `rank` largest),  b = W U'z, less its part in the null space of X

Cost 2 m n^2 + about 20 n^3; memory a block. Reference: Golub and Van Loan, Matrix Computations, section 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.problem.facts import Facts
from gramian.problem.solution import Solution
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle
from gramian.solvers.base import Cost, Traits
from gramian.solvers.cost import Work, fewest, triangle_memory, triangle_work
from gramian.solvers.qr import finish
from gramian.solvers.rank import scan
from gramian.solvers.wide import shortest_of_wide


@dataclass(frozen=True, slots=True)
class SVD:
    """Singular values of the triangle of the scaled columns; the rank is that of the same scan as `qr`.

    Reference: Golub and Van Loan, Matrix Computations, section 5.5.
    """

    view: type[Triangle] = Triangle
    traits: Traits = Traits(squares=False, decides_rank=True, sparse=False)

    def cost(self, facts: Facts) -> Cost:
        n = facts.n
        work = (*triangle_work(facts), Work("solve", "svd", n**2 * fewest(facts), n))
        return Cost(work, passes=1, **triangle_memory(facts, factors=6))

    def solve(self, view: Triangle, request: Wanted) -> Solution:
        wide = shortest_of_wide(view, request)
        if wide is not None:
            return wide
        found = scan(view, request)
        r = len(found.kept)
        shortest = request.rank == "min-norm"
        columns = list(range(view.n)) if shortest else list(found.kept)
        U, S, Vt = np.linalg.svd(found.E[:, columns], full_matrices=False)
        W = np.zeros((view.n, r))
        W[columns] = Vt[:r].T / S[:r] / found.scale[columns, None]
        condition = float(S[0] / S[r - 1]) if r else 1.0
        return finish(view, found, W, U[:, :r].T @ found.rhs, condition, request)
