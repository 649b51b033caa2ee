"""Problems of a known condition number, and how orthonormal a factor is, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.problem.penalties import RidgePenalty
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.solving.refining import Answer
from gramian.solving.solve import solve


def rotated(m: int, n: int, condition: float, seed: int = 0, noise: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """X = U diag V' that no scaling of columns helps, and y with noise."""
    rng = np.random.default_rng(seed)
    U = np.linalg.qr(rng.standard_normal((m, n)))[0]
    V = np.linalg.qr(rng.standard_normal((n, n)))[0]
    X = (U * np.geomspace(1.0, 1.0 / condition, n)) @ V
    return X, X @ rng.standard_normal(n) + noise / np.sqrt(m) * rng.standard_normal(m)


def answered(X: Any, y: Any, method: str, threads: int = 2, centred: bool = False, ridge: float = 0.0, **of: Any) -> Answer:
    """The whole answer, its factor with it."""
    rows = ArrayRows.of(X, y, centred=centred, **of)
    return solve(Problem(rows, Wanted(RidgePenalty(ridge), "min-norm")), method, "data", Threads(threads))


def defect(X: np.ndarray, W: np.ndarray, ridge: float = 0.0) -> float:
    """||I - W'(X'X + ridge)W||_2, X W in extended precision."""
    V = X.astype(np.longdouble) @ W
    G = V.T @ V + ridge * (W.T @ W)
    return float(np.linalg.norm(np.asarray(np.eye(W.shape[1]) - G, dtype=np.float64), 2))


def coefficients(found: gm.LstsqResult | Answer) -> np.ndarray:
    return found.coef if isinstance(found, gm.LstsqResult) else found.solution.coef[:, 0]
