"""Exact dependence that must be found: dummies that sum to one, sums of columns; how far rounding leaves them from zero.

Prints, for each size, the largest distance of a dependent column from the span of the others over 1 + sum |weights|, in eps,
beside the tolerance, and how many dependences were missed.
"""

from __future__ import annotations

import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.kernels.rounding import EPS
from gramian.problem.penalties import NoPenalty
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle
from gramian.solvers.rank import scan

REQUEST = Wanted(NoPenalty(), "drop")


def table(kind: str, rows: int, k: int, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """X whose last column depends on the others, and whether an intercept stands beside it."""
    if kind == "sums":
        X = rng.standard_normal((rows, k)) * 10.0 ** rng.uniform(-3, 3, k)
        return np.column_stack([X, X.sum(axis=1)]), False
    share = rng.dirichlet(np.full(k, 0.3 if kind == "rare" else 50.0))
    return np.eye(k)[rng.choice(k, rows, p=share)], True


def last_distance(R: np.ndarray) -> float:
    R = R / np.linalg.norm(R, axis=0)
    weights = np.linalg.solve(R[:-1, :-1], R[:-1, -1])
    return float(abs(R[-1, -1]) / (1 + np.abs(weights).sum()))


def main(arguments: list[str] | None = None) -> None:
    rng = np.random.default_rng(0)
    short = "short" in (arguments or [])
    print("kind     rows     k   distance  tolerance  missed   (eps)")
    for kind in ("even", "rare", "sums"):
        for rows in (300, 1_000, 3_000, 10_000) if short else (300, 1_000, 3_000, 10_000, 60_000, 300_000):
            for k in (2, 5, 12, 50):
                distance, missed = 0.0, 0
                for _ in range(5):
                    X, centred = table(kind, rows, k, rng)
                    X = X[:, X.any(axis=0)]
                    view = Triangle.of(ArrayRows.of(X, np.ones(rows), centred=centred), Threads(2))
                    assert view is not None
                    if view.n > 1:
                        distance = max(distance, last_distance(view.R[: view.n, : view.n]))
                    missed += not scan(view, REQUEST).dependencies
                tolerance = REQUEST.tolerance(view.n, rows)
                print(f"{kind:<6}{rows:>8,}{k:>6}{distance / EPS:>10.0f}{tolerance / EPS:>10.0f}{missed:>8}")


if __name__ == "__main__":
    main()
