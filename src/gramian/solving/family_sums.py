"""What an answer of another family than the normal carries beside its solution: the sums that its inference needs."""

from __future__ import annotations

from dataclasses import dataclass

from gramian.reductions.irls_pass import Reduced, WorkingRows
from gramian.reductions.likelihood import GoodnessOfFit


@dataclass(frozen=True, slots=True, eq=False)
class FamilySums:
    """goodness: deviance and such. information: a reduction of X under the expected curvature, which standard errors invert.
    working: the rows as a weighted least-squares problem at the solution.
    """

    goodness: GoodnessOfFit
    information: Reduced
    working: WorkingRows
