"""Proof by a gradient and a factor: how far an answer is from the exact one, and the correction that brings it there.

Let g be the gradient X'(y - Xb) - Qb at coefficients b, Q the weights of the penalty, known up to X'dr + e; W a factor with X W
orthonormal up to `defect` rho = ||I - W'(X'X)W|| < 1; z = W'g. One correction b + W z then leaves, for the exact solution b*,

    |b + W z - b*|_j  <=  ||W_j|| (rho / (1 - rho) (||z|| + ||dz||) + ||dz||) + u |b_j|,    ||dz|| = ||dr|| + || |W|'|e| ||,

because b* - b = W (I - F)^-1 W'g with ||F|| <= rho. So the pass that certifies also refines, and needs no third. The
backward error is the estimate of Karlson and Walden (1997), within sqrt(2) of optimal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient
from gramian.certification.evidence import ErrorBounds
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U, gamma
from gramian.problem.solution import Factor


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """W z and the bound that holds once it is added; or W z as the error of an answer that stays as it is."""

    coef: Floats
    z: Floats
    bracket: Floats  # (k,)
    floor: Floats  # (k,): the part of the bracket that no further pass can reduce
    made: bool = True

    @property
    def step(self) -> Floats:
        """By how much the coefficients were moved, (n, k)."""
        return self.coef if self.made else np.zeros_like(self.coef)

    @property
    def reach(self) -> Floats:
        """Bound on ||W^+ (b - b*)|| of the answer, (k,)."""
        return self.bracket if self.made else self.bracket + column_norms(self.z)


def correct(gradient: BoundedGradient, factor: Factor) -> Correction:
    """The correction that the gradient asks for, with its bracket (k,) for any row of W of norm 1."""
    W = factor.W
    z = W.T @ gradient.g
    z_norm = column_norms(z)
    size = np.abs(W).T
    rho = gradient.defect
    # ||X W||_2^2 <= 1 + rho, and where rho proves nothing the bracket is infinite.
    stretch = factor.longest or np.sqrt(1.0 + min(rho, 1.0))
    dz = stretch * gradient.residual_bound + column_norms(size @ gradient.bound)
    applied = gamma(2 * W.shape[0] + 6) * column_norms(size @ np.abs(gradient.g))
    amplified = rho / (1.0 - rho) * (z_norm + dz + applied) if rho < 1 else np.full_like(dz, np.inf)
    return Correction(W @ z, z, amplified + dz + applied, dz)


@dataclass(frozen=True, slots=True, eq=False)
class GradientEvidence:
    """The gradient with its bound, a factor, and the correction of the two; `bounds` is of the answer after that correction.

    A correction that is not made is error: |b - b*|_j <= |W z|_j + ||W_j|| bracket; the level's is in its bound already.
    squared: the loss is, so that J - J* follows from the same bound.
    """

    seen: BoundedGradient
    factor: Factor
    correction: Correction
    squared: bool = True

    def bounds(self, coef: Floats, intercept: Floats) -> ErrorBounds:
        gradient, factor, correction = self.seen, self.factor, self.correction
        each = np.sqrt(factor.inverse_diagonal())[:, None]
        slack = factor.slack * column_norms(coef)
        left = np.zeros_like(correction.coef)
        if not correction.made:  # with the rounding of the product
            left = np.abs(correction.coef) + gamma(factor.rank + 2) * (np.abs(factor.W) @ np.abs(correction.z))
        bound = left + _reach(each, correction.bracket) + U * np.abs(coef) + slack
        through = column_norms(factor.W.T @ gradient.centre)
        level = gradient.level_bound + _reach(through, correction.bracket) + U * np.abs(intercept)
        if not correction.made:
            rounding = np.abs(gradient.centre) @ (left - np.abs(correction.coef) + gamma(left.shape[0] + 2) * left)
            level += np.abs(gradient.centre @ correction.coef) + rounding
        level += slack * column_norms(gradient.centre)
        reach = self._distance(coef)
        return ErrorBounds(
            coef=bound,
            intercept=level,
            gradient=self._relative_gradient(reach),
            backward_error=self._backward_error(reach, coef),
            condition=factor.condition,
            gap=self._gap(reach, coef, intercept) if self.squared else None,
        )

    def _distance(self, coef: Floats) -> Floats:
        """Bound on ||X (b - b*)|| of the answer as it is read, (k,), the rows of the penalty below X: rounding moved b by u |b|.

        In the coordinates of W it is (z'G^-1 z)^1/2 before that, with G = W'(X'X + Q)W near 1, or lambda <= 1 at least.
        """
        seen = self.seen
        return self.correction.reach + U * (np.hypot(seen.norms, np.sqrt(seen.ridge)) @ np.abs(coef))

    def _relative_gradient(self, reach: Floats) -> Floats:
        """Bound on ||g|| / (||X||_F ||r||) after the correction; g is X'X (b* - b) with the penalty. Zero residual: 0."""
        seen = self.seen
        r, X = np.sqrt(np.maximum(seen.rss, 0.0)), float(column_norms(seen.norms))
        longer = np.hypot(X, np.sqrt(np.max(seen.ridge, initial=0.0))) / X if X > 0 else 1.0
        return np.where(r > 0, longer * reach / np.where(r > 0, r, 1.0), 0.0)

    def _backward_error(self, reach: Floats, coef: Floats) -> Floats:
        """sqrt(2) eta / ||X||_F with the bracket in place of ||(R'R + omega^2 I)^(-1/2) g||, which it bounds."""
        y_norm, X = self.seen.y_norm, float(column_norms(self.seen.norms))
        if X == 0:
            return np.zeros_like(y_norm)
        # theta / sqrt(1 + theta^2 b'b) with theta = X / y, written so that neither square is taken by itself.
        size = np.hypot(np.where(y_norm > 0, y_norm, 1.0) / X, column_norms(coef))
        return np.sqrt(2.0) * reach / size / X

    def _gap(self, reach: Floats, coef: Floats, intercept: Floats) -> Floats:
        """Bound on J - J* = ||X (b - b*)||^2 / (2 W) and the level's own part, of the answer as it is read: rounded to float64.

        Rounding moves b by u |b|, and the level at the centre by that of the intercept and of the products with the centre.
        """
        seen = self.seen
        level = seen.level_bound + U * (np.abs(intercept) + 2.0 * (np.abs(seen.centre) @ np.abs(coef)))
        return 1.01 * (reach**2 / seen.weight + level**2) / 2.0


def _reach(size: Floats, bracket: Floats) -> Floats:
    """Size * bracket, infinite where nothing is known, also for a size of zero."""
    unknown = np.isinf(bracket)
    return np.where(unknown, np.inf, size * np.where(unknown, 0.0, bracket))
