"""How far the triangle of a tree of QR factorisations is from that of exact arithmetic, column by column, in u.

With R the triangle made and G = X'X in extended precision, F = R^-T G R^-1 - I, and Q = X R^-1 (I + F)^(-1/2) is orthonormal,
so that X + E = Q R with E about X R^-1 F R / 2. Printed: the largest ||E_j|| / ||x_j||, beside what `Triangle.gamma` supposes.
"""

from __future__ import annotations

import numpy as np

from bench.timing import write
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.reductions.triangle import Triangle

U = 2.0**-53
KINDS = {
    "normal": lambda X: X,
    "positive": lambda X: np.abs(X) + 1.0,
    "rounded": lambda X: np.round(2.0 * X) + 0.1,
}


def backward_error(X: np.ndarray) -> tuple[float, float]:
    """The largest columnwise error of the triangle of X in u, and what is supposed of it."""
    view = Triangle.of(ArrayRows.of(X[:, :-1], X[:, -1]), Threads(1))
    assert view is not None
    R, G = view.R.astype(np.longdouble), np.zeros((X.shape[1],) * 2, np.longdouble)
    for start in range(0, len(X), 256):
        part = X[start : start + 256].astype(np.longdouble)
        G += part.T @ part
    F = _left_solved(R, _left_solved(R, G).T) - np.eye(len(R))
    E = np.sqrt(np.sum((F @ R) ** 2, axis=0)) / 2 / np.sqrt(np.sum(R**2, axis=0))
    return float(np.max(E) / U), view.gamma / U


def _left_solved(R: np.ndarray, B: np.ndarray) -> np.ndarray:
    """R^-T B."""
    Y = np.zeros_like(B)
    for i in range(len(R)):
        Y[i] = (B[i] - R[:i, i] @ Y[:i]) / R[i, i]
    return Y


def main(arguments: list[str] | None = None) -> None:
    rng = np.random.default_rng(0)
    short = "short" in (arguments or [])
    lines = [f"  {'kind':<10}{'rows':>9}{'columns':>9}{'error':>9}{'supposed':>10}   (u)"]
    for kind, made in KINDS.items():
        for rows in (30, 300, 3_000, 16_384) if short else (30, 300, 3_000, 16_384, 100_000, 300_000):
            for columns in (3, 6, 20, 50):
                if rows < 4 * columns or rows * columns > 6_000_000:
                    continue
                times = max(1, min(100, 200_000 // (rows * columns)))
                found = [backward_error(made(rng.standard_normal((rows, columns)))) for _ in range(times)]
                lines.append(f"  {kind:<10}{rows:>9,}{columns:>9}{max(e for e, _ in found):>9.1f}{found[0][1]:>10.0f}")
    write("triangle", lines, short)
