"""The problems that are timed: plain random numbers, made from a seed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def problem(rows: int, columns: int, seed: int = 0) -> tuple[Floats, Floats]:
    """X (rows, columns), y (rows,) with residuals as large as the signal of one column."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns))
    y = X @ rng.standard_normal(columns) + rng.standard_normal(rows)
    return X, y


def reference(X: Floats, y: Floats) -> Floats:
    """Coefficients good to nearly all digits: the normal equations, refined with residuals in extended precision."""
    R = np.linalg.cholesky(X.T @ X)
    b = np.zeros(X.shape[1], dtype=np.longdouble)
    for _ in range(4):
        g = np.zeros(X.shape[1], dtype=np.longdouble)
        for start in range(0, len(X), 20_000):
            block = X[start : start + 20_000].astype(np.longdouble)
            g += block.T @ (y[start : start + 20_000] - block @ b)
        b = b + np.linalg.solve(R.T, np.linalg.solve(R, np.asarray(g, dtype=float)))
    return np.asarray(b, dtype=float)


def error(coef: Floats, truth: Floats) -> str:
    """The largest relative error, in words."""
    return f"error {np.max(np.abs(np.ravel(coef) - truth)) / np.max(np.abs(truth)):.0e}"


def folder() -> Path:
    """Where large files are written once: $GRAMIAN_BENCH, or bench/data."""
    path = Path(os.environ.get("GRAMIAN_BENCH", Path(__file__).parent / "data"))
    path.mkdir(parents=True, exist_ok=True)
    return path
