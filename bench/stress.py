"""Random small problems that are hard in every way at once, and the judge of what is claimed about their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10, sqrt
from unittest.mock import patch

import numpy as np

from bench.truth import Floats, Truth, exact, norms
from gramian import solving
from gramian.data.blocks import Block
from gramian.errors import GramianError
from gramian.problem import Penalty
from gramian.solvers.base import Request
from gramian.views import exact as exact_view
from gramian.views.base import Threads

ROUNDING = 1.001
"""Slack for the decimal rounding of a claim itself: 15.95 stands for u = 2^-53."""


@dataclass(frozen=True, slots=True)
class Case:
    """One problem: X (m, n), y (m, k), weights (m,) or None; rows come `block` at a time."""

    seed: int
    X: Floats
    y: Floats
    w: Floats | None
    ridge: float
    centred: bool
    block: int
    condition: float
    residual: float


def make(seed: int) -> Case:
    """Condition 1..1e15, rotated; residual 0..1e9 of the signal; scales, means, weights, ridge; reproducible by its seed."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 7)), int(rng.choice([1, 1, 1, 2]))
    centred = bool(rng.random() < 0.6)
    m = int(rng.integers(n + centred, 31))
    condition = float(10.0 ** rng.uniform(0, 15))
    residual = float(rng.choice([0.0, 1e-12, 1e-6, 1e-2, 1.0, 1e3, 1e9]))
    X = _rotated(rng, m, n, condition)
    if rng.random() < 0.4:  # means far from zero
        X += rng.standard_normal(n) * 10.0 ** rng.uniform(-1, 8)
    y = X @ rng.standard_normal((n, k)) * 10.0 ** rng.uniform(-3, 3)
    y += residual * max(float(np.max(np.abs(y))), 1e-3) * rng.standard_normal((m, k))
    if rng.random() < 0.3:  # small integers: consistent systems to the last bit
        X = np.round(rng.uniform(-50, 50, (m, n)))
        y = X @ np.round(rng.uniform(-9, 9, (n, k))) + (
            np.round(rng.standard_normal((m, k)) * residual) if residual else 0
        )
    if rng.random() < 0.5:
        X *= 10.0 ** rng.uniform(-8, 8, n)
    if rng.random() < 0.08:
        X *= 10.0 ** rng.choice([-100, -60, 60, 100], n)
    if rng.random() < 0.05:
        y *= 10.0 ** float(rng.choice([-100, 100]))
    w = None
    if rng.random() < 0.35:
        w = 10.0 ** rng.uniform(-1, 1, m) if rng.random() < 0.7 else 10.0 ** rng.uniform(-8, 8, m)
    ridge = 0.0
    if rng.random() < 0.2:
        ridge = float(np.sum(X[:, 0] ** 2) * 10.0 ** rng.uniform(-16, 1))
        ridge = ridge if np.isfinite(ridge) else 0.0
    block = int(rng.choice([3, 7, 31]))
    if rng.random() < 0.02:  # near underflow and overflow of the squares: to be refused, or right
        X *= 10.0 ** rng.choice([-170, -150, 0, 140], n)
        y *= 10.0 ** float(rng.choice([-150, 0, 140]))
    return Case(seed, np.ascontiguousarray(X), np.ascontiguousarray(y), w, ridge, centred, block, condition, residual)


def _rotated(rng: np.random.Generator, m: int, n: int, condition: float) -> Floats:
    U = np.linalg.qr(rng.standard_normal((m, n)))[0]
    V = np.linalg.qr(rng.standard_normal((n, n)))[0]
    if rng.random() < 0.5:
        s = condition ** -np.linspace(0, 1, n)
    else:
        s = np.r_[np.ones(n - 1), 1 / condition] if n > 1 else np.ones(1)
    return (U * s) @ V.T * sqrt(m)


@dataclass(frozen=True, slots=True)
class _Part:
    case: Case
    index: int

    @property
    def label(self) -> str:
        return f"part {self.index}"

    @property
    def first(self) -> int:
        return self.index * self.case.block * 2

    def blocks(self) -> Iterator[Block]:
        c = self.case
        start, stop = self.first, min(self.first + 2 * c.block, len(c.y))
        for a in range(start, stop, c.block):
            b = min(a + c.block, stop)
            yield Block(a - start, c.X[a:b], c.y[a:b], None if c.w is None else c.w[a:b], None, b - a, None, False)


@dataclass(frozen=True, slots=True)
class CaseRows:
    """A case as the rows that a solver reads: parts of two blocks each."""

    case: Case
    rereadable: bool = True
    in_memory: bool = True
    sparse: bool = False
    name: str = "case"

    @property
    def n(self) -> int:
        return self.case.X.shape[1]

    @property
    def k(self) -> int:
        return self.case.y.shape[1]

    @property
    def rows(self) -> int:
        return len(self.case.y)

    @property
    def centred(self) -> bool:
        return self.case.centred

    @property
    def weighted(self) -> bool:
        return self.case.w is not None

    def parts(self) -> Sequence[_Part]:
        return [_Part(self.case, i) for i in range(-(-self.rows // (2 * self.case.block)))]


@dataclass(frozen=True, slots=True)
class Route:
    """A way to an answer: the method, from where the certificate takes its evidence, in what arithmetic."""

    method: str
    rereadable: bool = True
    exact: bool = True
    accuracy: str | float = "data"

    def __str__(self) -> str:
        kind = "view alone" if not self.rereadable else "double-double" if self.exact else "float64"
        return f"{self.method}, {kind}" + ("" if self.accuracy == "data" else f", {self.accuracy} digits")


ROUTES = (
    Route("qr"),
    Route("qr", exact=False),
    Route("cholesky"),
    Route("cholesky", exact=False),
    Route("svd", exact=False),
    Route("cholesky", rereadable=False),
    Route("qr", rereadable=False),
    Route("cholesky", exact=False, accuracy=8.0),
)


def answer(case: Case, route: Route) -> solving.Answer | None:
    """The answer by this route; None where the library refuses with one of its own errors."""
    entries = exact_view.ENTRIES if route.exact else 0
    rows = CaseRows(case, rereadable=route.rereadable)
    with patch.object(exact_view, "ENTRIES", entries):
        try:
            return solving.solve(rows, Request(Penalty(case.ridge), "drop"), route.method, route.accuracy, Threads(1))
        except GramianError:
            return None


@dataclass(slots=True)
class Verdict:
    """broken: claims that the truth contradicts; pessimism: true digits less claimed digits, of each coefficient."""

    case: Case
    route: Route
    broken: list[str] = field(default_factory=list)
    pessimism: list[float] = field(default_factory=list)
    claimed: list[float] = field(default_factory=list)


class Exact:
    """Truths of one case by the columns kept, made once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._truths: dict[tuple[int, ...], tuple[Truth, list[Fraction]]] = {}

    def of(self, kept: tuple[int, ...]) -> tuple[Truth, list[Fraction]]:
        if kept not in self._truths:
            c, columns = self._case, self._case.X[:, list(kept)]
            self._truths[kept] = exact(columns, c.y, c.w, c.ridge, c.centred), norms(columns, c.w, c.centred)
        return self._truths[kept]


def judge(case: Case, route: Route, truths: Exact, found: solving.Answer) -> Verdict:
    """Every claim of the certificate against the exact solution on the columns that were kept."""
    solution, certificate = found.solution, found.certificate
    assert solution.factor is not None
    kept = tuple(sorted(solution.factor.kept))
    verdict = Verdict(case, route)
    try:
        truth, squares = truths.of(kept)
    except ZeroDivisionError:
        verdict.broken.append(f"kept columns {kept} are dependent")
        return verdict
    for t in range(case.y.shape[1]):
        errors = [Fraction(float(solution.coef[j, t])) - truth.coef[t][i] for i, j in enumerate(kept)]
        for i, j in enumerate(kept):
            _claim(verdict, f"coef[{j},{t}]", certificate.digits_each[j, t], abs(errors[i]), abs(truth.coef[t][i]))
            bound = float(certificate.forward_bound[j, t]) * ROUNDING
            if bound != bound or (bound < float("inf") and abs(errors[i]) > Fraction(bound)):
                verdict.broken.append(f"coef[{j},{t}]: forward bound {bound:.1e}, error {_float(abs(errors[i])):.1e}")
        error = sum((s * e * e for s, e in zip(squares, errors, strict=True)), Fraction(0))
        size = sum((s * b * b for s, b in zip(squares, truth.coef[t], strict=True)), Fraction(0))
        _claim(verdict, f"overall[{t}]", certificate.digits[t], _root(error), _root(size))
        if case.centred:
            off = abs(Fraction(float(solution.intercept[t])) - truth.intercept[t])
            _claim(verdict, f"intercept[{t}]", certificate.digits_intercept[t], off, abs(truth.intercept[t]))
    return verdict


def _root(value: Fraction) -> Fraction:
    """The square root to 2^-60 or so, at any magnitude."""
    if value == 0:
        return value
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return Fraction(sqrt(value / Fraction(4) ** shift)) * Fraction(2) ** shift


def _claim(verdict: Verdict, what: str, digits: float, error: Fraction, size: Fraction) -> None:
    digits = float(digits)
    if not 0 <= digits <= 15.96:
        verdict.broken.append(f"{what}: claims {digits} digits")
        return
    relative = 0.0 if error == 0 else float("inf") if size == 0 else _float(error / size)
    true = 15.95 if relative == 0 else min(15.95, -log10(relative)) if relative < float("inf") else 0.0
    if digits > 0:
        verdict.pessimism.append(max(true, 0.0) - digits)
        verdict.claimed.append(digits)
        if relative > 10.0**-digits * ROUNDING:
            verdict.broken.append(f"{what}: claims {digits:.2f} digits, has {true:.2f}")


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return 1e308


def run(seeds: Sequence[int], routes: Sequence[Route] = ROUTES) -> Iterator[Verdict]:
    """All routes on all seeds; refusals are left out."""
    for seed in seeds:
        case = make(seed)
        truths = Exact(case)
        for route in routes:
            found = answer(case, route)
            if found is not None:
                yield judge(case, route, truths, found)
