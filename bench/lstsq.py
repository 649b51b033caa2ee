"""gm.lstsq with its certificate against numpy's bare X'X, numpy, scikit-learn and statsmodels, on arrays."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import gramian as gm
from bench.data import Floats, error, problem, reference
from bench.timing import Clock, write

SIZES = ((1_000_000, 50, 1.8), (100_000, 500, 1.4))
"""Rows, columns, and the largest ratio to the bare product that is aimed at."""


def main(arguments: list[str]) -> None:
    """Arguments: "short" times a tenth of the rows in few rounds."""
    short = "short" in arguments
    lines: list[str] = []
    for rows, columns, target in SIZES:
        lines += _study(rows // 10 if short else rows, columns, target, 3 if short else 7)
    write("lstsq", lines, short)


def _study(rows: int, columns: int, target: float, rounds: int) -> list[str]:
    X, y = problem(rows, columns)
    truth = reference(X, y)
    clock = Clock()
    rivals = _rivals(X, y)
    clock.rounds(
        rivals, rounds, {name: 2 for name in rivals if name.split()[0] in ("numpy", "scikit-learn", "statsmodels")}
    )
    product, exact = clock.answers["bare X'X"], X[:, :1].T @ X
    assert np.allclose(product[:1], exact, rtol=1e-10, atol=1e-6)
    checks = {name: error(answer, truth) for name, answer in clock.answers.items() if np.ndim(answer) == 1}
    digits = float(np.min(gm.lstsq(X, y).certificate.digits))
    checks["gramian"] += f", {digits:.1f} digits certified"
    for name, told in checks.items():
        assert float(told.split()[1].rstrip(",")) < 1e-9, f"{name}: {told}"
    ratio = clock.ratio("gramian", "bare X'X")
    lines = [f"{rows:,} x {columns} doubles, medians of {rounds} rounds", *clock.lines("bare X'X", checks)]
    lines.append(f"  gramian / bare X'X {ratio:.2f} (target {target})")
    if "scikit-learn LinearRegression" in clock.seconds:
        faster = clock.ratio("scikit-learn LinearRegression", "gramian")
        lines.append(f"  LinearRegression / gramian {faster:.1f} (target 10)")
    return [*lines, ""]


def _rivals(X: Floats, y: Floats) -> dict[str, Callable[[], Any]]:
    rivals: dict[str, Callable[[], Any]] = {
        "bare X'X": lambda: X.T @ X,
        "gramian": lambda: gm.lstsq(X, y).coef,
        "gramian, 8 digits": lambda: gm.lstsq(X, y, accuracy=8).coef,
        "numpy lstsq": lambda: np.linalg.lstsq(X, y, rcond=None)[0],
    }
    if find_spec("sklearn"):
        from sklearn.linear_model import LinearRegression

        rivals["scikit-learn LinearRegression"] = lambda: LinearRegression(fit_intercept=False).fit(X, y).coef_
    if find_spec("statsmodels"):
        import statsmodels.api as sm

        rivals["statsmodels OLS, fit only"] = lambda: sm.OLS(y, X).fit().params
    return rivals
