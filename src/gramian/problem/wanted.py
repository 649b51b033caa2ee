"""What is wanted of an answer besides the rows: penalty, rank policy, tolerance of dependence, standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gramian.kernels.rounding import EPS
from gramian.problem.penalty import Penalty
from gramian.problem.solver_options import SolverOptions

RankPolicy: TypeAlias = Literal["drop", "min-norm", "error"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a solver besides the rows: penalty, rank policy, and the distance below which columns depend."""

    penalty: Penalty
    rank: RankPolicy
    tol: float | None = None
    running: SolverOptions = SolverOptions()
    errors: bool = False  # standard errors will be wanted
    in_units: bool = False  # the columns were divided by powers of two, so that the norm of coefficients is not the user's

    def tolerance(self, n: int, rows: int) -> float:
        """The stated rank tolerance on columns of norm 1: max(30, n, 4 sqrt(min(rows, 4096))) eps.

        Indicator columns repeat rows, and with them their rounding, which then grows with the rows of a block: up to 80
        eps was measured on dummies of 1,000 to 300,000 rows (bench/rank.py).
        """
        return self.tol if self.tol is not None else max(30.0, float(n), 4.0 * math.sqrt(min(rows, 4096))) * EPS
