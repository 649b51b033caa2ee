"""Random small least-squares problems, hard in one way or in several at once; each is made again from its seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from bench.truth import Floats
from gramian.data.blocks import Block


@dataclass(frozen=True, slots=True)
class Case:
    """One problem: X (m, n), y (m, k), weights (m,) or None; rows come `block` at a time. `single`: X holds float32 numbers."""

    seed: int
    X: Floats
    y: Floats
    w: Floats | None
    ridge: float
    centred: bool
    block: int
    condition: float
    residual: float
    kind: str = "general"
    single: bool = False


def problem(seed: int) -> Case:
    """Half general problems, half with a trouble of their own."""
    return make(seed) if seed % 2 else troubled(seed)


def make(seed: int) -> Case:
    """Condition 1..1e15, rotated; residual 0..1e9 of the signal; scales, means, weights, ridge."""
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
    if rng.random() < 0.02:  # near underflow and overflow of the squares
        X *= 10.0 ** rng.choice([-170, -150, 0, 140], n)
        y *= 10.0 ** float(rng.choice([-150, 0, 140]))
    return Case(seed, np.ascontiguousarray(X), np.ascontiguousarray(y), w, ridge, centred, block, condition, residual)


TROUBLES = ("scales", "near copies", "copies", "huge row", "far means", "single", "wide", "weights", "mixed", "ridge")


def troubled(seed: int) -> Case:
    """One trouble of TROUBLES by turns, on a problem with a condition of 1 to 1e16."""
    rng = np.random.default_rng(seed)
    kind = TROUBLES[seed // 2 % len(TROUBLES)]
    n, k = int(rng.integers(2, 8)), int(rng.choice([1, 1, 2, 3]))
    centred = bool(rng.random() < 0.6)
    m = int(rng.integers(n + 1 + centred, 31))
    if kind == "wide":
        m = int(rng.integers(1 + centred, n + centred))
    condition = float(10.0 ** rng.uniform(0, 16)) if kind in ("scales", "single") else float(10.0 ** rng.uniform(0, 6))
    residual = float(rng.choice([0.0, 1e-12, 1e-6, 1e-2, 1.0, 1e6, 1e12]))
    X = _rotated(rng, m, n, condition)
    X = _TROUBLE[kind](rng, X) if kind in _TROUBLE else X
    y = X @ (rng.standard_normal((n, k)) / np.max(np.abs(X), axis=0)[:, None])
    y += residual * max(float(np.max(np.abs(y))), 1e-3) * rng.standard_normal((m, k))
    block = int(rng.choice([3, 7, 31]))
    case = Case(seed, X, y, None, 0.0, centred, block, condition, residual, kind)
    if kind == "scales":
        reach = rng.choice([20, 100, 150])
        return replace(case, X=X * 10.0 ** rng.uniform(-reach, reach, n), y=y * 10.0 ** rng.uniform(-reach, reach))
    if kind == "single":
        X32 = (X * 10.0 ** rng.uniform(-20, 20, n)).astype(np.float32)
        return replace(case, X=X32.astype(np.float64), single=True)
    if kind == "weights":
        w = 10.0 ** (rng.uniform(-150, 150) + rng.uniform(-1, 1, m) * rng.choice([0.5, 8, 30]))
        return replace(case, w=w)
    if kind == "ridge":
        scales = 10.0 ** rng.uniform(-1, 1, n) * 10.0 ** float(rng.choice([-140, -60, 0, 60, 140]))
        ridge = float(np.max((X[:, 0] * scales[0]) ** 2)) * 10.0 ** float(rng.uniform(-16, 6))
        return replace(case, X=X * scales, ridge=ridge)
    return case


def _copies(rng: np.random.Generator, X: Floats, distance: float) -> Floats:
    """The last column is another, or a sum of others, to within `distance` of its norm."""
    X = X.copy()
    others = rng.choice(X.shape[1] - 1, int(rng.integers(1, X.shape[1])), replace=False)
    X[:, others] = np.round(X[:, others] * 2.0**20)
    total = X[:, others].sum(axis=1)
    if distance:
        total = total + distance * max(float(np.linalg.norm(total)), 1.0) * rng.standard_normal(len(X)) / sqrt(len(X))
    X[:, -1] = total * 2.0 ** float(rng.integers(-40, 40))
    return X


def _huge_row(rng: np.random.Generator, X: Floats) -> Floats:
    X = X.copy()
    X[rng.integers(len(X))] *= 10.0 ** rng.uniform(3, 15)
    return X


def _far_means(rng: np.random.Generator, X: Floats) -> Floats:
    return X + 1e9 * rng.choice([-1.0, 1.0, 3.0], X.shape[1])


def _mixed(rng: np.random.Generator, X: Floats) -> Floats:
    """Values from 1e-150 to 1e150 within a column."""
    return X * 10.0 ** np.round(rng.uniform(-150, 150, X.shape) * (rng.random(X.shape) < 0.3))


_TROUBLE = {
    "near copies": lambda rng, X: _copies(rng, X, 10.0 ** rng.uniform(-16, -3)),
    "copies": lambda rng, X: _copies(rng, X, 0.0),
    "huge row": _huge_row,
    "far means": _far_means,
    "mixed": _mixed,
}


def _rotated(rng: np.random.Generator, m: int, n: int, condition: float) -> Floats:
    r = min(m, n)
    U = np.linalg.qr(rng.standard_normal((m, r)))[0]
    V = np.linalg.qr(rng.standard_normal((n, r)))[0]
    if rng.random() < 0.5:
        s = condition ** -np.linspace(0, 1, r)
    else:
        s = np.r_[np.ones(r - 1), 1 / condition] if r > 1 else np.ones(1)
    return (U * s) @ V.T * sqrt(m)


def scaled_condition(case: Case) -> float:
    """Of X with columns scaled to norm 1, the intercept one of them; good to a few digits up to 1e13, infinite for zeros."""
    X = case.X / np.where(np.any(case.X, axis=0), np.max(np.abs(case.X), axis=0), 1.0)
    w = np.ones(len(X)) if case.w is None else case.w / np.max(case.w)
    if case.centred:
        X = np.column_stack([np.ones(len(X)), X])
    Z = X.astype(np.longdouble) * np.sqrt(w.astype(np.longdouble))[:, None]
    norms = np.sqrt(np.sum(Z * Z, axis=0))
    if not np.all(norms > 0) or Z.shape[0] < Z.shape[1]:
        return float("inf")
    s = np.linalg.svd((Z / norms).astype(np.float64), compute_uv=False)
    return float(s[0] / s[-1]) if s[-1] > 0 else float("inf")


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
