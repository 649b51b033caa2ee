"""Random small problems of every family, most with dependent columns; each is made again from its seed.

Columns are dependent to the last bit, or far from it, so that their rank is known. Every problem has a finite minimum: where
targets of 0 and 1, or counts of zero, could be separated, the same row comes again with another target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.truth import Floats
from gramian.families import FAMILIES

FAMILIES = tuple(FAMILIES)
KINDS = ("copy", "sum", "two sums", "multiples", "constant", "zeros", "independent", "near", "shifted", "levels")
GRID = 2.0**22
"""Numbers are multiples of its inverse, so that sums of columns are exact."""
POLICIES = ("drop", "drop", "drop", "drop", "min-norm", "min-norm", "min-norm", "min-norm", "error")


@dataclass(frozen=True, slots=True)
class FamilyCase:
    """X (m, n), y (m, 1), w and offset (m,) or None. `condition` and `residual` are as of `bench.problems.Case`."""

    seed: int
    family: str
    rank: Any
    X: Floats
    y: Floats
    w: Floats | None
    offset: Floats | None
    ridge: float
    centred: bool
    sparse: bool
    kind: str
    condition: float
    residual: float


def problem(seed: int) -> FamilyCase:
    """Families and kinds of dependence take turns; the rest is drawn."""
    rng = np.random.default_rng([seed, 17])
    family, kind = FAMILIES[seed % len(FAMILIES)], KINDS[seed // len(FAMILIES) % len(KINDS)]
    sparse = bool(rng.random() < 0.25)
    centred = not sparse and bool(rng.random() < 0.7)
    condition = float(10.0 ** rng.uniform(0, 5))
    Z = _columns(rng, condition, sparse)
    eta = _predictor(rng, Z)
    X = _dependent(rng, Z, kind, centred)
    X = X[:, rng.permutation(X.shape[1])]
    if rng.random() < 0.5:
        X = X * 2.0 ** np.round(rng.uniform(-30, 30, X.shape[1]))
    offset = rng.uniform(-1, 1, len(X)) if not sparse and rng.random() < 0.25 else None
    residual = float(rng.choice([1e-6, 1e-2, 1.0, 10.0]))
    X, y, offset = _with_targets(rng, family, X, eta, offset, residual)
    w = None
    if rng.random() < 0.35:
        w = 10.0 ** rng.uniform(-1, 1, len(y)) if rng.random() < 0.7 else 10.0 ** rng.uniform(-4, 4, len(y))
    ridge = float(np.max(np.sum(X**2, axis=0)) * 10.0 ** rng.uniform(-30, 1)) if rng.random() < 0.25 else 0.0
    policy = POLICIES[int(rng.integers(len(POLICIES)))]
    return FamilyCase(
        seed, family, policy, X, y[:, None], w, offset, ridge, centred, sparse, kind, condition, residual
    )


def _columns(rng: np.random.Generator, condition: float, sparse: bool) -> Floats:
    """One to four independent columns of this condition, of size 1, some with means far from zero."""
    n = int(rng.integers(1, 5))
    m = int(rng.integers(n + 4, 18))
    U, V = np.linalg.qr(rng.standard_normal((m, n)))[0], np.linalg.qr(rng.standard_normal((n, n)))[0]
    Z = (U * condition ** -np.linspace(0, 1, n)) @ V * np.sqrt(m)
    if sparse:
        Z = np.where(rng.random(Z.shape) < 0.4, 0.0, Z)
    elif rng.random() < 0.3:
        Z = Z + rng.standard_normal(n) * 10.0 ** rng.uniform(0, 3)
    return np.round(Z * GRID) / GRID


def _predictor(rng: np.random.Generator, Z: Floats) -> Floats:
    about = Z - np.mean(Z, axis=0)
    eta = about @ (rng.standard_normal(Z.shape[1]) / np.maximum(np.linalg.norm(about, axis=0), 1e-3))
    reach = float(rng.choice([0.3, 1.0, 3.0, 8.0], p=[0.3, 0.4, 0.25, 0.05]))
    return reach * eta / max(float(np.max(np.abs(eta))), 1e-3) + float(rng.uniform(-1, 1))


def _dependent(rng: np.random.Generator, Z: Floats, kind: str, centred: bool) -> Floats:
    """Z with columns that depend on it, or nearly: sums are those of whole numbers over GRID."""
    m, n = Z.shape
    pick = Z[:, rng.permutation(n)]
    if kind == "copy":
        return np.column_stack([Z, pick[:, :1]])
    if kind == "sum":
        return np.column_stack([Z, np.sum(Z, axis=1)])
    if kind == "two sums":
        return np.column_stack([Z, np.sum(Z, axis=1), Z @ np.arange(1.0, n + 1)])
    if kind == "multiples":
        return np.column_stack([Z, 3 * pick[:, 0], -5 * pick[:, 0], pick[:, 0] * 2.0**20])
    if kind == "constant":
        return np.column_stack([Z, np.full(m, 3.25)] if centred else [Z, np.full(m, 3.25), np.full(m, -6.5)])
    if kind == "zeros":
        return np.column_stack([Z, np.zeros(m)])
    if kind == "near":
        away = np.round(rng.standard_normal(m) * 10.0 ** rng.uniform(-4, -1) * GRID) / GRID
        return np.column_stack([Z, pick[:, 0] + away])
    if kind == "shifted":
        return np.column_stack([Z, 2 * pick[:, 0] + 7.5 * centred])
    if kind == "levels":
        level = rng.permutation(m) % 3
        return np.column_stack([Z, *(np.where(level == j, 1.0, 0.0) for j in range(3)), np.ones(m)])
    return Z


def _with_targets(
    rng: np.random.Generator, family: str, X: Floats, eta: Floats, offset: Floats | None, residual: float
) -> tuple[Floats, Floats, Floats | None]:
    """Targets around this linear predictor; rows that come again keep the minimum finite."""
    m = len(X)
    if family == "gaussian":
        return X, eta + residual * rng.standard_normal(m), offset
    if family == "gamma":
        shape = min(1.0 / residual**2, 1e4)
        return X, np.exp(eta) * np.maximum(rng.gamma(shape, 1.0 / shape, m), 1e-6), offset
    if family == "poisson":
        y = np.concatenate([rng.poisson(np.exp(eta)) + 1.0, rng.poisson(np.exp(eta))])
        return np.tile(X, (2, 1)), y, None if offset is None else np.tile(offset, 2)
    p = 1.0 / (1.0 + np.exp(-eta))
    if rng.random() < 0.4:
        return X, np.clip(np.round(rng.beta(1 + 4 * p, 1 + 4 * (1 - p)) * 32), 1, 31) / 32, offset
    first = (rng.random(m) < p).astype(float)
    y = np.concatenate([first, 1.0 - first, (rng.random(m) < p).astype(float)])
    return np.tile(X, (3, 1)), y, None if offset is None else np.tile(offset, 3)
