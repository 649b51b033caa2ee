"""Covariances that are consistent under errors of any variance: White's, and its corrections for leverage.

    A (sum c_i u_i^2 x_i x_i') A        A = (X'WX)^-1, u = w e; c = 1, n/(n-p), 1/(1-h), 1/(1-h)^2 for HC0 to HC3

Reference: MacKinnon and White (1985), J. Econometrics 29.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gramian import errors
from gramian.execution.blas import single_threaded_blas
from gramian.inference.covariances.base import CovarianceKind, CovarianceRoot, ratio
from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.reductions.sandwich import Meat, Scores

CORRECTIONS = (0, 1, 2, 3)
POWERS = (0, 0, 1, 2)
"""Of 1 / sqrt(1 - leverage), by which each correction multiplies a residual."""


WHAT = (
    "White's: independent errors, each of its own variance",
    "HC0 times n / (n - p)",
    "Residuals divided by sqrt(1 - leverage): unbiased where variances are equal",
    "Residuals divided by 1 - leverage: nearly the jackknife, for few rows",
)


@dataclass(frozen=True, slots=True, repr=False)
class HC(CovarianceKind):
    """Independent errors, each of its own variance. HC(0) is White's; 1 multiplies by n / (n - p); 2 and 3 by leverage.

    A row of leverage 1 decides some coefficients by itself: under 2 and 3 their variance is 0/0; they get NaN and a note, the
    others what the remaining rows give. Raises ArgumentError for another correction.
    """

    correction: int = 3

    def __post_init__(self) -> None:
        if isinstance(self.correction, bool) or self.correction not in CORRECTIONS:
            raise errors.bad_argument("the correction of HC", self.correction, "0, 1, 2 or 3", "HC(3) for few rows")

    def __str__(self) -> str:
        return f"HC{self.correction}"

    def __repr__(self) -> str:
        return f"HC({self.correction})"

    @property
    def what(self) -> str:
        return WHAT[self.correction]

    def sums(self) -> tuple[Scores]:
        return (Scores(POWERS[self.correction]),)

    def root(self, estimate: Estimate, bread: Floats, sums: Sequence[Any]) -> CovarianceRoot:
        (found,) = sums
        assert isinstance(found, Meat)
        with single_threaded_blas():
            root = np.stack([bread @ _half(meat) for meat in found.sums])
        notes: list[str] = []
        scale = column_norms(bread.T)
        for row, z in found.lone:
            moved = np.abs(bread @ z) > 1e-8 * scale
            root[:, moved] = np.nan
            names = errors.listed((estimate.names[j] for j in np.flatnonzero(moved)), 3)
            where = "a row" if row is None else f"row {row:,}"
            notes.append(f"{self} has no standard error for {names}: {where} alone decides it (leverage 1)")
        return CovarianceRoot(root, notes=_few(notes))

    def factor(self, estimate: Estimate, found: CovarianceRoot) -> float:
        if self.correction == 1:
            return ratio(estimate.nobs, estimate.df_resid)
        return 1.0 if estimate.df_resid > 0 else float("nan")


def _half(meat: Floats) -> Floats:
    """H with H H' = meat; eigenvalues at rounding level are zero, so that a singular meat stays singular."""
    values, vectors = np.linalg.eigh(meat)
    rounding = meat.shape[0] * np.finfo(np.float64).eps * values[-1] if values.size else 0.0
    return vectors * np.sqrt(np.where(values > rounding, values, 0.0))


def _few(notes: list[str], most: int = 5) -> tuple[str, ...]:
    rest = len(notes) - most
    return tuple(notes[:most]) + ((f"... and {rest:,} more rows of leverage 1",) if rest > 0 else ())
