"""Sketch and precondition: the triangle of a small random combination of the rows, confirmed and refined on the rows.

Use for many more rows than columns when the condition number is too large to be squared: it loses condition * eps, as `qr`
does, at about the price of two and a half Gram matrices. The sketch is only a preconditioner. With R of S X, the
columns of X R^-1 have a condition of about 3, so that one pass that forms their Gram matrix finds the factor of X itself to
rounding (randomised Cholesky QR), and each gradient pass from the answer of the sketch on is a step of refinement: the two
steps that make sketching backward stable. Rank is decided by the scan of the sketch, and the dependences that it finds are
confirmed on the rows too; where the rows do not confirm what the sketch says, the Status says so. Of large tables a part of
the rows confirms enough, and conjugate gradients correct the answer; see `solving.sampled_pcg`.

    S [X y] = Q [R z],  W = R^-1,  R1'R1 = W'X'X W,  W <- W R1^-1,  b <- b + W W'X'(y - X b)

Cost 2 m n^2 + 12 n^3 at the rate of products; memory 4 n^2 doubles a lane; at least three passes. Reference: Epperly, Meier and
Nakatsukasa (2024), arXiv 2406.03468; Balabanov (2022), arXiv 2210.09953; Melnichenko and others (2023), arXiv 2311.08316.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.problem.facts import Facts
from gramian.problem.solution import Solution
from gramian.problem.wanted import Wanted
from gramian.reductions.sketch import Sketch, sketch_rows
from gramian.solvers.base import Cost, Traits
from gramian.solvers.confirmed import STEPS, conjugate_work, image_work, sketch_work, thinned
from gramian.solvers.cost import Work
from gramian.solvers.qr import QR


@dataclass(frozen=True, slots=True)
class Sketched:
    """QR of a sketch of the rows; its factor holds once later passes over the rows have confirmed it.

    Reference: Epperly, Meier and Nakatsukasa (2024), arXiv 2406.03468.
    """

    view: type[Sketch] = Sketch
    traits: Traits = Traits(squares=False, decides_rank=True, sparse=True, confirmed=True)

    def cost(self, facts: Facts) -> Cost:
        n, p = facts.n, facts.n + facts.k
        d = sketch_rows(p)
        factor = (Work("solve", "triangle", 2.0 * d * p**2, p), Work("solve", "orthogonal", n**3, n))
        every = thinned(facts)
        after = conjugate_work(facts, every) if every else image_work(facts, 1, sketched=True)
        passes = 2 + STEPS if every else 2
        return Cost((*sketch_work(facts), *factor, *after), passes, memory=8.0 * (2 * d * p + 5 * n**2), reads=2)

    def solve(self, view: Sketch, request: Wanted) -> Solution:
        solution = QR().solve(view.triangle, request)
        assert solution.factor is not None
        # The triangle is that of the sketch: nothing is known of the rows until a pass has confirmed it.
        return replace(solution, factor=replace(solution.factor, defect=np.inf))
