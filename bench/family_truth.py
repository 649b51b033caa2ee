"""The minimum of a sum of row losses in multiple precision: what claims about families are held against.

Newton's method in float64 comes near; from there the Hessian, made and factored once in multiple precision, takes a few more
steps with gradients in multiple precision, until a step changes nothing that a claim could tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp, mpf
from scipy.special import expit

from bench.truth import Floats

BITS = 240
SETTLED = mpf(10) ** -30
"""Relative size of a last step that leaves no error that a claim of 16 digits could tell."""
NEAR = mpf(10) ** -3
"""Relative size of a step from which on Newton's method needs no damping."""
LARGE = 50.0
"""Linear predictor at which float64 has lost its way; multiple precision begins at zero then."""
MOST_STEPS = 100

_FIRST = {
    "gaussian": lambda eta, y: eta - y,
    "binomial": lambda eta, y: 1 / (1 + mp.exp(-eta)) - y,
    "poisson": lambda eta, y: mp.exp(eta) - y,
    "gamma": lambda eta, y: 1 - y * mp.exp(-eta),
}
_SECOND = {
    "gaussian": lambda eta, y: mpf(1),
    "binomial": lambda eta, y: 1 / ((1 + mp.exp(-eta)) * (1 + mp.exp(eta))),
    "poisson": lambda eta, y: mp.exp(eta),
    "gamma": lambda eta, y: y * mp.exp(-eta),
}


class NoOptimum(ArithmeticError):
    """The columns are dependent, or there is no finite minimum."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """coef of the columns; intercept, zero without one; the second derivative of each row's loss there, without its weight."""

    coef: tuple[Fraction, ...]
    intercept: Fraction
    curve: Floats


def optimum(
    family: str,
    X: Floats,
    y: Floats,
    w: Floats | None = None,
    ridge: float = 0.0,
    centred: bool = True,
    offset: Floats | None = None,
) -> Optimum:
    """Minimise sum w loss(offset + intercept + X b, y) + ridge/2 ||b||^2 over X (m, n), y (m,); `ridge` spares the intercept."""
    m, n = X.shape
    w, offset = np.ones(m) if w is None else w, np.zeros(m) if offset is None else offset
    Z = np.column_stack([X, np.ones(m)]) if centred else X
    shrink = np.concatenate([np.full(n, ridge), np.zeros(int(centred))])
    start, scale = _start(family, Z, y, w, shrink, offset)
    with mp.workprec(BITS):
        rows = [[mpf(float(value)) for value in row] for row in Z]
        exact = _Exact(family, rows, _floats(y), _floats(w), _floats(shrink), _floats(offset))
        b = exact.minimum([mpf(float(value)) for value in start], [mpf(float(value)) for value in scale])
        curve = np.array([float(_SECOND[family](eta, y)) for eta, y in zip(exact.eta(b), exact.y, strict=True)])
        found = [_fraction(value) for value in b]
    return Optimum(tuple(found[:n]), found[n] if centred else Fraction(0), curve)


def _floats(values: Floats) -> list[Any]:
    return [mpf(float(value)) for value in values]


def _fraction(value: Any) -> Fraction:
    sign, man, exp, _ = value._mpf_
    return (-1 if sign else 1) * Fraction(int(man)) * Fraction(2) ** int(exp)


@dataclass(frozen=True, slots=True)
class _Exact:
    """The problem in multiple precision."""

    family: str
    rows: list[list[Any]]
    y: list[Any]
    w: list[Any]
    shrink: list[Any]
    offset: list[Any]

    def minimum(self, b: list[Any], scale: list[Any]) -> list[Any]:
        """By Newton's method, damped where it is far off, with a Hessian kept near the end; steps in columns of size 1."""
        L, before = self.factored(b), mpf(10) ** 300
        for _ in range(MOST_STEPS):
            step = _solved(L, self.gradient(b))
            size, reach = (max((abs(v) * s for v, s in zip(x, scale, strict=True)), default=mpf(0)) for x in (step, b))
            near = size <= NEAR * reach
            stride = mpf(1) if near else self.stride(b, step)
            b = [value - stride * change for value, change in zip(b, step, strict=True)]
            if size <= SETTLED * reach:
                return b
            if not near or size > before / 2**20:
                L = self.factored(b)
            before = size
        raise NoOptimum("Newton's method does not settle")

    def stride(self, b: list[Any], step: list[Any]) -> Any:
        """1, 1/2, 1/4 ... until the slope along the step has fallen, as it does towards the minimum of what is convex."""
        slope, t = abs(mp.fdot(self.gradient(b), step)), mpf(1)
        while t > mpf(2) ** -MOST_STEPS:
            after = [value - t * change for value, change in zip(b, step, strict=True)]
            if abs(mp.fdot(self.gradient(after), step)) <= slope * (1 - t / 10):
                break
            t /= 2
        return t

    def eta(self, b: list[Any]) -> list[Any]:
        return [o + mp.fdot(row, b) for o, row in zip(self.offset, self.rows, strict=True)]

    def gradient(self, b: list[Any]) -> list[Any]:
        first = _FIRST[self.family]
        u = [w * first(eta, y) for w, eta, y in zip(self.w, self.eta(b), self.y, strict=True)]
        return [mp.fdot(u, column) + s * v for column, s, v in zip(zip(*self.rows, strict=True), self.shrink, b, strict=True)]

    def factored(self, b: list[Any]) -> list[list[Any]]:
        """The Cholesky factor L of the Hessian, by rows."""
        second = _SECOND[self.family]
        v = [w * second(eta, y) for w, eta, y in zip(self.w, self.eta(b), self.y, strict=True)]
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        weighted = [[a * c for a, c in zip(v, column, strict=True)] for column in columns]
        L: list[list[Any]] = []
        for i in range(len(columns)):
            row: list[Any] = []
            for j in range(i + 1):
                value = mp.fdot(weighted[i], columns[j]) + (self.shrink[i] if i == j else 0)
                left = value - mp.fdot(row[:j], L[j][:j] if j < i else row[:j])
                if i == j and left <= value * mpf(2) ** -(BITS - 60):
                    raise NoOptimum("the columns are dependent")
                row.append(mp.sqrt(left) if i == j else left / L[j][j])
            L.append(row)
        return L


def _solved(L: list[list[Any]], g: list[Any]) -> list[Any]:
    """(L L')^-1 g."""
    p = len(L)
    x: list[Any] = []
    for i in range(p):
        x.append((g[i] - mp.fdot(L[i][:i], x)) / L[i][i])
    for i in reversed(range(p)):
        later = range(i + 1, p)
        x[i] = (x[i] - mp.fdot([L[r][i] for r in later], [x[r] for r in later])) / L[i][i]
    return x


# ---- the start, in float64


def _losses(family: str, eta: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Value, first and second derivative."""
    if family == "gaussian":
        return 0.5 * (eta - y) ** 2, eta - y, np.ones_like(eta)
    if family == "binomial":
        p = expit(eta)
        return np.logaddexp(0.0, eta) - y * eta, p - y, p * (1 - p)
    if family == "poisson":
        return np.exp(eta) - y * eta, np.exp(eta) - y, np.exp(eta)
    mean = y * np.exp(-eta)
    return mean + eta, 1 - mean, mean


def _start(family: str, Z: Floats, y: Floats, w: Floats, shrink: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """By damped Newton steps, each the least-squares solution of the rows and those of the penalty; and the sizes of columns."""
    scale = np.sqrt(np.sum(Z**2, axis=0) + shrink)
    scale = np.where(scale > 0, scale, 1.0)
    A, theta, root = Z / scale, np.zeros(Z.shape[1]), np.sqrt(shrink) / scale

    def value(at: Floats) -> float:
        return float(w @ _losses(family, offset + A @ at, y)[0] + 0.5 * np.sum((root * at) ** 2))

    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(MOST_STEPS):
            _, first, second = _losses(family, offset + A @ theta, y)
            v = np.maximum(w * second, 1e-300)
            stack = np.concatenate([np.sqrt(v)[:, None] * A, np.diag(root)])
            rhs = np.concatenate([-w * first / np.sqrt(v), -root * theta])
            step, here, t = np.linalg.lstsq(stack, rhs, rcond=None)[0], value(theta), 1.0
            while not value(theta + t * step) <= here + 1e-12 * abs(here) and t > 1e-12:
                t *= 0.5
            theta = theta + t * step
            if np.linalg.norm(step) <= 1e-10 * np.linalg.norm(theta):
                break
        lost = family != "gaussian" and not np.max(np.abs(A @ theta), initial=0.0) < LARGE
    return (np.zeros_like(theta) if lost else theta / scale), scale
