"""The one door from a proof to a certificate: whatever bounds the error of an answer is an Evidence.

Bounds on errors become digits here, the same for every kind of proof. The ceiling is the sensitivity of least squares to
rounding its input once: -log10(kappa_LS eps), Higham, Accuracy and Stability, theorem 20.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from gramian.certification.certificate import MOST_DIGITS, Certificate, digits_of
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U
from gramian.problem.solution import Solution


class Observed(Protocol):
    """What a proof has read of the data: the units in which errors are measured. n columns, k targets."""

    @property
    def kind(self) -> Literal["data", "moments"]:
        """Whether a pass over the rows is the source, or a reduction of them with its rounding."""
        ...

    @property
    def norms(self) -> Floats:
        """Of the columns, about their means beside an intercept, (n,)."""
        ...

    @property
    def raw_norms(self) -> Floats:
        """Of the columns, about zero, (n,)."""
        ...

    @property
    def y_norm(self) -> Floats: ...
    @property
    def raw_y_norm(self) -> Floats: ...
    @property
    def rss(self) -> Floats: ...
    @property
    def weight(self) -> float:
        """The sum of the weights of the rows."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ErrorBounds:
    """What a proof says of an answer, in the user's units; infinite where it says nothing.

    coef (n, k) bounds |b - b*|, intercept (k,) its error, both with the rounding of the answer to float64. gradient and
    backward_error (k,) as in Certificate; condition of the scaled columns; gap (k,) bounds J - J*, None where that is not known.
    """

    coef: Floats
    intercept: Floats
    gradient: Floats
    backward_error: Floats
    condition: float
    gap: Floats | None = None


class Evidence(Protocol):
    """A proof of how far an answer is from the exact one. It knows no solver: only the answer, and what was read of the data."""

    @property
    def seen(self) -> Observed: ...

    def bounds(self, coef: Floats, intercept: Floats) -> ErrorBounds:
        """Of the answer coef (n, k) and intercept (k,)."""
        ...


def certify(evidence: Evidence, solution: Solution) -> Certificate:
    """The certificate of the solution as it is, from what the evidence proves of it."""
    coef, intercept = solution.coef, solution.intercept
    seen, proven = evidence.seen, evidence.bounds(coef, intercept)
    D = seen.norms[:, None]
    # A column of zeros has no size, and what is not known of its coefficient is not known of the whole.
    error = np.where(np.any(np.isinf(proven.coef), axis=0), np.inf, column_norms(D * np.nan_to_num(proven.coef, posinf=0.0)))
    unknown = np.any(np.isinf(proven.coef), axis=0)
    return Certificate(
        evidence=seen.kind,
        gradient=proven.gradient,
        backward_error=proven.backward_error,
        condition=proven.condition,
        forward_bound=proven.coef,
        intercept_bound=proven.intercept,
        digits=np.where(unknown, 0.0, digits_of(error, column_norms(D * coef))),
        digits_each=digits_of(proven.coef, np.abs(coef)),
        digits_intercept=digits_of(proven.intercept, np.abs(intercept)),
        beside_target=_beside_target(seen, error, proven.intercept),
        ceiling=_ceiling(seen, proven.condition, coef),
        gap=proven.gap,
    )


def _beside_target(seen: Observed, error: Floats, intercept_bound: Floats) -> Floats:
    """Errors in units of the target: about its mean, or about zero where it is constant to rounding."""
    raw = np.where(seen.raw_y_norm > 0, seen.raw_y_norm, 1.0)
    size = np.where(seen.y_norm > 8 * U * raw, seen.y_norm, raw)
    return np.maximum(error / size, intercept_bound * np.sqrt(seen.weight) / raw)


@np.errstate(over="ignore")  # a sensitivity beyond all numbers leaves no digit
def _ceiling(seen: Observed, kappa: float, coef: Floats) -> Floats:
    """kappa_LS from the scaled condition and the raw magnitudes: a mean of 1e9 counts."""
    norms = np.where(seen.norms > 0, seen.norms, 1.0)
    raw = float(np.max(seen.raw_norms / norms, initial=1.0))
    size = column_norms(norms[:, None] * coef)
    size = np.where(size > 0, size, np.where(seen.y_norm > 0, seen.y_norm, 1.0))
    r = np.sqrt(np.maximum(seen.rss, 0.0))
    sensitivity = kappa * (raw + seen.raw_y_norm / size + raw * kappa * r / size)
    return np.clip(-np.log10(sensitivity * 2 * U), 0.0, MOST_DIGITS)
