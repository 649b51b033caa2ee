"""Exact least squares of decimals as they are written, in fractions: what fits of printed numbers are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, log10


@dataclass(frozen=True, slots=True)
class Solved:
    """coef and variances (entries of (X'X)^-1) in the order of the columns; rss, tss."""

    coef: tuple[Fraction, ...]
    variances: tuple[Fraction, ...]
    rss: Fraction
    tss: Fraction
    df_resid: int
    df_model: int

    @property
    def se(self) -> list[Fraction]:
        return [root(v * self.rss / self.df_resid) for v in self.variances]

    @property
    def sigma(self) -> Fraction:
        return root(self.rss / self.df_resid)

    @property
    def rsquared(self) -> Fraction:
        return 1 - self.rss / self.tss

    @property
    def fvalue(self) -> Fraction:
        return (self.tss - self.rss) / self.df_model / (self.rss / self.df_resid)


def solve(columns: Sequence[Sequence[Fraction]], y: Sequence[Fraction], intercept: bool) -> Solved:
    """Least squares of y on the columns, with a column of ones before them when `intercept`."""
    m = len(y)
    X = [[Fraction(1)] * m, *columns] if intercept else list(columns)
    p = len(X)
    A = [
        [dot(X[i], X[j]) for j in range(p)] + [dot(X[i], y)] + [Fraction(int(i == j)) for j in range(p)]
        for i in range(p)
    ]
    for i in range(p):
        pivot = A[i][i]
        A[i] = [value / pivot for value in A[i]]
        for r in range(p):
            if r != i and A[r][i]:
                factor = A[r][i]
                A[r] = [a - factor * b for a, b in zip(A[r], A[i], strict=True)]
    coef = tuple(A[i][p] for i in range(p))
    residual = [y[i] - sum(b * x[i] for b, x in zip(coef, X, strict=True)) for i in range(m)]
    mean = sum(y, Fraction(0)) / m if intercept else Fraction(0)
    return Solved(
        coef,
        tuple(A[i][p + 1 + i] for i in range(p)),
        dot(residual, residual),
        sum(((v - mean) ** 2 for v in y), Fraction(0)),
        m - p,
        p - intercept,
    )


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def root(value: Fraction) -> Fraction:
    """The square root to 2^-100 of itself."""
    if value == 0:
        return value
    shift = max(0, 110 - (value.numerator.bit_length() - value.denominator.bit_length()) // 2)
    return Fraction(isqrt((value.numerator << (2 * shift)) // value.denominator), 1 << shift)


def digits(got: float, want: Fraction) -> float:
    """-log10 of the relative error, of the error itself where the truth is 0; at most 16.3."""
    error = abs(Fraction(float(got)) - want)
    if want:
        error /= abs(want)
    return 16.3 if error < Fraction(1, 2 * 10**16) else -log10(error)
