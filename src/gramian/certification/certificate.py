"""How many digits of an answer hold, computed from the data (or from moments whose rounding is bounded).

Let g be the gradient X'(y - Xb) - ridge b at coefficients b, known up to X'dr + e; W a factor with X W orthonormal up to
`defect` rho = ||I - W'(X'X)W|| < 1; z = W'g. One correction b + W z then leaves, for the exact solution b*,

    |b + W z - b*|_j  <=  ||W_j|| (rho / (1 - rho) (||z|| + ||dz||) + ||dz||) + u |b_j|,    ||dz|| = ||dr|| + || |W|'|e| ||,

because b* - b = W (I - F)^-1 W'g with ||F|| <= rho. So the pass that certifies also refines, and needs no third. The
backward error is the estimate of Karlson and Walden (1997), within sqrt(2) of optimal. The ceiling is the sensitivity of
least squares to rounding its input once: -log10(kappa_LS eps), Higham, Accuracy and Stability, theorem 20.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U, gamma
from gramian.problem.solution import Factor

MOST_DIGITS = 15.95
"""-log10(u): a float64 holds no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The gradient at coef (n, k) and what its bound is made of; all about the centre, in the user's units.

    `kind` "data": a pass over the rows; "moments": the Gram alone. `norms` (n,) are the column norms about the centre,
    `raw_norms` those about zero, `y_norm` and `raw_y_norm` (k,) likewise; `centre` (n,); `weight` the sum of weights.
    The error of g is X'W dr + e with ||dr|| <= `residual_bound` (k,) and |e| <= `bound` (n, k); `level_bound` (k,) bounds
    the error of the level.
    """

    kind: Literal["data", "moments"]
    g: Floats
    residual_bound: Floats
    bound: Floats
    level_bound: Floats
    rss: Floats
    norms: Floats
    raw_norms: Floats
    y_norm: Floats
    raw_y_norm: Floats
    centre: Floats
    defect: float
    weight: float
    ridge: Floats  # (n,)


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What may be trusted. Arrays over k targets; digits_each (n, k), digits_intercept (k,); None where not applicable.

    digits: -log10 of the bound on ||D (b - b*)|| / ||D b*||, D the column norms of X (about the mean beside an
    intercept); digits_each: the same for each coefficient by itself. gradient: ||g|| / (||X|| ||r||); backward_error:
    relative to ||X||, in centred coordinates beside an intercept; condition: of X with columns scaled to norm 1;
    beside_target: bound on ||D (b - b*)|| / ||y||, or on the intercept's error beside that of y, whichever is larger;
    ceiling: digits that remain when the input is rounded once, informative only; gap: bound on J - J*, of methods that iterate.
    """

    evidence: Literal["data", "moments"]
    gradient: Floats
    backward_error: Floats
    condition: float
    forward_bound: Floats
    intercept_bound: Floats
    digits: Floats
    digits_each: Floats
    digits_intercept: Floats
    beside_target: Floats
    ceiling: Floats
    gap: Floats | None = None
    written: bool = False  # the pass read the decimals that the numbers were written as, not the float64 nearest to them

    def __repr__(self) -> str:
        return f"Certificate(digits: {self.sentence()})"

    def sentence(self) -> str:
        """One line for people."""
        each = np.concatenate([self.digits_each.ravel(), self.digits_intercept.ravel()])
        fewest = float(np.min(each, initial=MOST_DIGITS))
        source = "a pass over the data" if self.evidence == "data" else "the one pass alone, its rounding included"
        if self.written:
            source = "a pass over the numbers as written"
        ceiling = float(np.min(self.ceiling, initial=MOST_DIGITS))
        rounded = f"; data rounded to float64 support {floored(ceiling)}"
        overall = float(np.min(self.digits, initial=MOST_DIGITS))
        return (
            f"{floored(overall)} overall, at least {floored(fewest)} in every coefficient, certified from {source}; "
            f"condition {self.condition:.1e}{rounded if not self.written and ceiling < fewest - 2.0 else ''}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """W z and the bound that holds once it is added; or W z as the error of an answer that stays as it is."""

    coef: Floats
    z: Floats
    bracket: Floats  # (k,)
    floor: Floats  # (k,): the part of the bracket that no further pass can reduce
    made: bool = True

    @property
    def reach(self) -> Floats:
        """Bound on ||W^+ (b - b*)|| of the answer, (k,)."""
        return self.bracket if self.made else self.bracket + column_norms(self.z)


def correct(evidence: Evidence, factor: Factor) -> Correction:
    """The correction that the evidence asks for, with its bracket (k,) for any row of W of norm 1."""
    W = factor.W
    z = W.T @ evidence.g
    z_norm = column_norms(z)
    size = np.abs(W).T
    rho = evidence.defect
    # ||X W||_2^2 <= 1 + rho, and where rho proves nothing the bracket is infinite.
    stretch = factor.longest or np.sqrt(1.0 + min(rho, 1.0))
    dz = stretch * evidence.residual_bound + column_norms(size @ evidence.bound)
    applied = gamma(2 * W.shape[0] + 6) * column_norms(size @ np.abs(evidence.g))
    amplified = rho / (1.0 - rho) * (z_norm + dz + applied) if rho < 1 else np.full_like(dz, np.inf)
    return Correction(W @ z, z, amplified + dz + applied, dz)


def certify(evidence: Evidence, factor: Factor, correction: Correction, coef: Floats, intercept: Floats) -> Certificate:
    """The certificate of `coef` (n, k) and `intercept` (k,), the answer after `correction`.

    A correction that is not made is error: |b - b*|_j <= |W z|_j + ||W_j|| bracket; the level's is in its bound already.
    """
    each = np.sqrt(factor.inverse_diagonal())[:, None]
    slack = factor.slack * column_norms(coef)
    left = np.zeros_like(correction.coef)
    if not correction.made:  # with the rounding of the product
        left = np.abs(correction.coef) + gamma(factor.rank + 2) * (np.abs(factor.W) @ np.abs(correction.z))
    bound = left + _reach(each, correction.bracket) + U * np.abs(coef) + slack
    through = column_norms(factor.W.T @ evidence.centre)
    intercept_bound = evidence.level_bound + _reach(through, correction.bracket) + U * np.abs(intercept)
    if not correction.made:
        rounding = np.abs(evidence.centre) @ (left - np.abs(correction.coef) + gamma(left.shape[0] + 2) * left)
        intercept_bound += np.abs(evidence.centre @ correction.coef) + rounding
    intercept_bound += slack * column_norms(evidence.centre)
    D = evidence.norms[:, None]
    size = column_norms(D * coef)
    error = column_norms(D * bound)
    return Certificate(
        evidence=evidence.kind,
        gradient=_relative_gradient(evidence, correction, coef),
        backward_error=_backward_error(evidence, correction, coef),
        condition=factor.condition,
        forward_bound=bound,
        intercept_bound=intercept_bound,
        digits=digits_of(error, size),
        digits_each=digits_of(bound, np.abs(coef)),
        digits_intercept=digits_of(intercept_bound, np.abs(intercept)),
        beside_target=_beside_target(evidence, error, intercept_bound),
        ceiling=_ceiling(evidence, factor.condition, coef),
    )


def certify_by_distance(
    evidence: Evidence, coef: Floats, intercept: Floats, bound: Floats, condition: float
) -> Certificate:
    """The certificate of an answer without a factor: `bound` (n, k) on |b - b*|, as strong convexity gives it.

    The backward error is that of the perturbation r (r'X) / ||r||^2 of X: Stewart (1977), SIAM Review 19.
    """
    bound = bound + U * np.abs(coef)
    intercept_bound = evidence.level_bound + U * np.abs(intercept)
    centre = np.abs(evidence.centre)
    if np.any(centre):
        intercept_bound = intercept_bound + np.where(np.any(np.isinf(bound)), np.inf, centre @ bound)
    r = np.sqrt(np.maximum(evidence.rss, 0.0))
    X = float(column_norms(evidence.norms))
    size = X * r
    relative = np.where(size > 0, column_norms(evidence.g) / np.where(size > 0, size, 1.0), 0.0)
    D = evidence.norms[:, None]
    known = bool(np.all(np.isfinite(bound)))
    # Where nothing is known of one coefficient, nothing is of their sum, a column of zeros among them included.
    error = column_norms(D * bound) if known else np.full_like(r, np.inf)
    return Certificate(
        evidence=evidence.kind,
        gradient=relative,
        backward_error=relative,
        condition=condition,
        forward_bound=bound,
        intercept_bound=intercept_bound,
        digits=digits_of(error, column_norms(D * coef)) if known else np.zeros_like(r),
        digits_each=digits_of(bound, np.abs(coef)),
        digits_intercept=digits_of(intercept_bound, np.abs(intercept)),
        beside_target=_beside_target(evidence, error, intercept_bound),
        ceiling=_ceiling(evidence, condition, coef),
    )


def _reach(size: Floats, bracket: Floats) -> Floats:
    """Size * bracket, infinite where nothing is known, also for a size of zero."""
    unknown = np.isinf(bracket)
    return np.where(unknown, np.inf, size * np.where(unknown, 0.0, bracket))


def digits_of(error: Floats, size: Floats) -> Floats:
    """-log10(error / (size - error)) within [0, 15.95]: `size` is of the answer, the truth may be smaller by `error`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = -np.log10(error / np.maximum(size - error, 0.0))
    digits = np.where(error == 0, MOST_DIGITS, digits)
    return np.clip(np.where(np.isnan(digits), 0.0, digits), 0.0, MOST_DIGITS)


def floored(digits: float) -> str:
    """Digits with one decimal, never rounded up: a claim may not grow in print."""
    return f"{np.floor(10.0 * digits) / 10.0:.1f}"


def reach_of(evidence: Evidence, correction: Correction, coef: Floats) -> Floats:
    """Bound on ||X (b - b*)|| of the answer as it is read, (k,), the rows of the ridge below X: rounding moved b by u |b|.

    In the coordinates of W it is (z'G^-1 z)^1/2 before that, with G = W'(X'X + ridge)W near 1, or lambda <= 1 at least.
    """
    return correction.reach + U * (np.hypot(evidence.norms, np.sqrt(evidence.ridge)) @ np.abs(coef))


def _relative_gradient(evidence: Evidence, correction: Correction, coef: Floats) -> Floats:
    """Bound on ||g|| / (||X||_F ||r||) after the correction; g is X'X (b* - b) with the ridge. Zero residual: 0."""
    r, X = np.sqrt(np.maximum(evidence.rss, 0.0)), float(column_norms(evidence.norms))
    longer = np.hypot(X, np.sqrt(np.max(evidence.ridge, initial=0.0))) / X if X > 0 else 1.0
    return np.where(r > 0, longer * reach_of(evidence, correction, coef) / np.where(r > 0, r, 1.0), 0.0)


def _backward_error(evidence: Evidence, correction: Correction, coef: Floats) -> Floats:
    """sqrt(2) eta / ||X||_F with the bracket in place of ||(R'R + omega^2 I)^(-1/2) g||, which it bounds."""
    X = float(column_norms(evidence.norms))
    if X == 0:
        return np.zeros_like(evidence.y_norm)
    # theta / sqrt(1 + theta^2 b'b) with theta = X / y, written so that neither square is taken by itself.
    size = np.hypot(np.where(evidence.y_norm > 0, evidence.y_norm, 1.0) / X, column_norms(coef))
    return np.sqrt(2.0) * reach_of(evidence, correction, coef) / size / X


def _beside_target(evidence: Evidence, error: Floats, intercept_bound: Floats) -> Floats:
    """Errors in units of the target: about its mean, or about zero where it is constant to rounding."""
    raw = np.where(evidence.raw_y_norm > 0, evidence.raw_y_norm, 1.0)
    size = np.where(evidence.y_norm > 8 * U * raw, evidence.y_norm, raw)
    return np.maximum(error / size, intercept_bound * np.sqrt(evidence.weight) / raw)


@np.errstate(over="ignore")  # a sensitivity beyond all numbers leaves no digit
def _ceiling(evidence: Evidence, kappa: float, coef: Floats) -> Floats:
    """kappa_LS from the scaled condition and the raw magnitudes: a mean of 1e9 counts."""
    norms = np.where(evidence.norms > 0, evidence.norms, 1.0)
    raw = float(np.max(evidence.raw_norms / norms, initial=1.0))
    size = column_norms(norms[:, None] * coef)
    size = np.where(size > 0, size, np.where(evidence.y_norm > 0, evidence.y_norm, 1.0))
    r = np.sqrt(np.maximum(evidence.rss, 0.0))
    sensitivity = kappa * (raw + evidence.raw_y_norm / size + raw * kappa * r / size)
    return np.clip(-np.log10(sensitivity * 2 * U), 0.0, MOST_DIGITS)
