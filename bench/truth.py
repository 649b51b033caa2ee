"""The exact least-squares solution of float64 numbers, in integers: what every claim of accuracy is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """The rational solution: coef[target][column], intercept[target] (zeros without one), rss[target]."""

    coef: tuple[tuple[Fraction, ...], ...]
    intercept: tuple[Fraction, ...]
    rss: tuple[Fraction, ...]
    inverse_diagonal: tuple[Fraction, ...]  # of the normal matrix: columns, then the intercept when there is one


def exact(
    X: Floats, y: Floats, w: Floats | None = None, ridge: float = 0.0, centred: bool = True, inverse: bool = False
) -> Truth:
    """Solve the normal equations of X (m, n), y (m, k) without any rounding; `ridge` spares the intercept.

    Raises ZeroDivisionError when the columns are dependent. Every entry is a dyadic rational: scaled by powers of two,
    column by column, all of them are integers, and elimination without fractions (Bareiss 1968) keeps them so.
    """
    m, n = X.shape
    y = y.reshape(m, -1)
    k = y.shape[1]
    columns = [_integers(X[:, j]) for j in range(n)]
    if centred:
        columns.append(([1] * m, 0))
    targets = [_integers(y[:, t]) for t in range(k)]
    weights, weight_scale = _integers(np.ones(m) if w is None else w)
    p = len(columns)
    N = [[_dot(weights, columns[i][0], columns[j][0]) for j in range(p)] for i in range(p)]
    C = [[_dot(weights, columns[i][0], target[0]) for target in targets] for i in range(p)]
    lift = 1
    if ridge:
        terms = [Fraction(ridge) * Fraction(2) ** (2 * columns[j][1] + weight_scale) for j in range(n)]
        lift = max(term.denominator for term in terms)
        N = [[value * lift for value in row] for row in N]
        C = [[value * lift for value in row] for row in C]
        for j in range(n):
            N[j][j] += int(terms[j] * lift)
    identity = [[int(i == j) for j in range(p)] for i in range(p)] if inverse else [[] for _ in range(p)]
    solved = _bareiss([row + rhs + unit for row, rhs, unit in zip(N, C, identity, strict=True)], p)
    coef = [[solved[j][t] * Fraction(2) ** (columns[j][1] - targets[t][1]) for j in range(p)] for t in range(k)]
    diagonal = [
        solved[j][k + j] * lift * Fraction(2) ** (2 * columns[j][1] + weight_scale) for j in range(p if inverse else 0)
    ]
    return Truth(
        coef=tuple(tuple(b[:n]) for b in coef),
        intercept=tuple(b[n] if centred else Fraction(0) for b in coef),
        rss=tuple(_rss(columns, targets[t], weights, weight_scale, coef[t]) for t in range(k)),
        inverse_diagonal=tuple(diagonal),
    )


def _integers(values: Floats) -> tuple[list[int], int]:
    """Values times 2^shift as integers, and the shift."""
    ratios = [float(value).as_integer_ratio() for value in values]
    shift = max((denominator.bit_length() - 1 for _, denominator in ratios), default=0)
    return [numerator << (shift - denominator.bit_length() + 1) for numerator, denominator in ratios], shift


def _dot(w: Sequence[int], a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y * z for x, y, z in zip(w, a, b, strict=True))


def _bareiss(A: list[list[int]], p: int) -> list[list[Fraction]]:
    """A^-1 B for the p x (p + q) integers [A B], A symmetric positive definite, so that no pivot is zero."""
    before = 1
    for i in range(p):
        pivot = A[i][i]
        if pivot == 0:
            raise ZeroDivisionError("the columns are dependent")
        for r in range(p):
            if r == i:
                continue
            factor = A[r][i]
            A[r] = [(pivot * a - factor * b) // before for a, b in zip(A[r], A[i], strict=True)]
        before = pivot
    return [[Fraction(value, A[i][i]) for value in A[i][p:]] for i in range(p)]


def _rss(
    columns: Sequence[tuple[list[int], int]],
    target: tuple[list[int], int],
    weights: Sequence[int],
    weight_scale: int,
    coef: Sequence[Fraction],
) -> Fraction:
    """The form y'y - b'X'y would be exact too, but residuals are plainer and cost as little."""
    values, shift = target
    total = Fraction(0)
    scaled = [b * Fraction(2) ** -column[1] for b, column in zip(coef, columns, strict=True)]
    for i, w in enumerate(weights):
        r = values[i] * Fraction(2) ** -shift - sum(b * c[0][i] for b, c in zip(scaled, columns, strict=True))
        total += w * r * r
    return total * Fraction(2) ** -weight_scale


def norms(X: Floats, w: Floats | None, centred: bool) -> list[Fraction]:
    """Squared weighted norms of the columns of X, about their means when `centred`, exactly."""
    weights = [Fraction(1)] * X.shape[0] if w is None else [Fraction(float(v)) for v in w]
    result: list[Fraction] = []
    for j in range(X.shape[1]):
        x = [Fraction(float(v)) for v in X[:, j]]
        mean = sum((a * b for a, b in zip(weights, x, strict=True)), Fraction(0)) / sum(weights) if centred else 0
        result.append(sum((a * (b - mean) ** 2 for a, b in zip(weights, x, strict=True)), Fraction(0)))
    return result


def independent(X: Floats, centred: bool = False) -> tuple[int, ...]:
    """The columns of X that do not depend on those to their left, and on a constant when `centred`, decided exactly."""
    m, n = X.shape
    columns = [_integers(X[:, j])[0] for j in range(n)]
    rows: list[tuple[int, list[int]]] = []  # (place of the pivot, vector), every other vector zero there
    kept: list[int] = []
    for j, column in enumerate([[1] * m, *columns] if centred else columns):
        left = list(column)
        for place, basis in rows:
            if left[place]:
                a, b = basis[place], left[place]
                left = [a * value - b * other for value, other in zip(left, basis, strict=True)]
        place = next((i for i, value in enumerate(left) if value), None)
        if place is not None:
            rows.append((place, left))
            kept.append(j - int(centred))
    return tuple(j for j in kept if j >= 0)


def shortest(X: Floats, y: Floats, centred: bool = False) -> list[Fraction]:
    """The least-squares solution of least norm, one target: b = F'(F F')^-1 c with X = X_kept F and c that of the kept columns.

    The intercept, when `centred`, is free and not part of the norm.
    """
    kept = independent(X, centred)
    return spread(X, kept, list(exact(X[:, list(kept)], y, centred=centred).coef[0]), centred)


def spread(X: Floats, kept: Sequence[int], c: list[Fraction], centred: bool = False) -> list[Fraction]:
    """The shortest coefficients with the fitted values of c on the independent columns `kept`."""
    kept, others = list(kept), [j for j in range(X.shape[1]) if j not in kept]
    F: list[list[Fraction]] = [[Fraction(int(j == k)) for j in range(X.shape[1])] for k in kept]
    if others and kept:
        weights = exact(X[:, kept], X[:, others], centred=centred).coef
        for t, j in enumerate(others):
            for i in range(len(kept)):
                F[i][j] = weights[t][i]
    G = [[sum((a * b for a, b in zip(p, q, strict=True)), Fraction(0)) for q in F] for p in F]
    u = _solved(G, c)
    return [sum((F[i][j] * u[i] for i in range(len(kept))), Fraction(0)) for j in range(X.shape[1])]


def _solved(A: list[list[Fraction]], b: list[Fraction]) -> list[Fraction]:
    """A^-1 b for A symmetric positive definite."""
    rows = [[*row, value] for row, value in zip(A, b, strict=True)]
    for i in range(len(rows)):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(len(rows)):
            if r != i and rows[r][i]:
                factor = rows[r][i]
                rows[r] = [a - factor * c for a, c in zip(rows[r], rows[i], strict=True)]
    return [row[-1] for row in rows]
