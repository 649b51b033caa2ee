"""gm.lstsq, certificate included, on columns of a large condition number, against LAPACK's gelsy and numpy.

X = U diag(1 .. 1/condition) V' with random rotations, so that no scaling of columns helps. Backward errors are Karlson and
Walden's, sqrt(2) eta / ||X||_F, computed alike for all: residual and gradient in extended precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import lstsq as scipy_lstsq

import gramian as gm
from bench.data import Floats
from bench.timing import Clock, write

STUDIES = (
    (100_000, 500, 1e10, 4.0, 2.5),
    (100_000, 500, 1e12, 4.0, 2.5),
    (1_000_000, 100, 1e10, 5.0, 4.0),
    (100_000, 2_000, 1e10, 4.0, 2.5),
)
"""Rows, columns, condition, and how many times faster than gelsy and than numpy is aimed at."""
WORST = 1.5
"""Backward error aimed at, over that of gelsy."""
NAMED = ("sketched", "choleskyqr", "qr")


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes a tenth of the rows; numbers are which of the studies, from 1."""
    short = "short" in arguments
    chosen = [int(a) - 1 for a in arguments if a.isdigit()] or range(len(STUDIES))
    lines: list[str] = []
    for rows, columns, condition, gelsy, plain in (STUDIES[i] for i in chosen):
        lines += _study(rows // 10 if short else rows, columns, condition, gelsy, plain, 2 if columns > 1000 else 7)
    write("illconditioned", lines, short)


def _study(rows: int, columns: int, condition: float, gelsy: float, plain: float, rounds: int) -> list[str]:
    X, y = problem(rows, columns, condition)
    rivals: dict[str, Callable[[], Any]] = {"gramian": lambda: gm.lstsq(X, y)}
    rivals |= {f"gramian {name}": lambda name=name: gm.lstsq(X, y, name) for name in NAMED}
    rivals["scipy gelsy"] = lambda: scipy_lstsq(X, y, lapack_driver="gelsy")[0]
    rivals["numpy lstsq"] = lambda: np.linalg.lstsq(X, y, rcond=None)[0]
    rivals["bare X'X"] = lambda: X.T @ X
    clock = Clock()
    # One call each before the clock starts would double a long run: compiled loops are loaded by the first study alone.
    gm.lstsq(X[: 8 * columns], y[: 8 * columns], "sketched")
    clock.rounds(rivals, rounds, {"gramian qr": 1, "gramian choleskyqr": 1, "scipy gelsy": 2, "gramian": 9})
    R = np.linalg.qr(X, mode="r")
    errors: dict[str, float] = {}
    checks: dict[str, str] = {}
    for name, answer in clock.answers.items():
        if name == "bare X'X":
            continue
        coef = answer if isinstance(answer, np.ndarray) else answer.coef
        errors[name] = backward_error(X, y, coef, R)
        checks[name] = f"backward error {errors[name]:.1e}"
        if isinstance(answer, gm.LstsqResult):
            claimed = float(answer.certificate.backward_error[0])
            checks[name] += f", by {answer.method}, {answer.stats.passes:.0f} passes, certified {claimed:.0e}"
    worse = errors["gramian"] / errors["scipy gelsy"]
    return [
        f"{rows:,} x {columns}, condition {condition:.0e}, medians of {rounds} rounds",
        *clock.lines("bare X'X", checks),
        f"  gelsy / gramian {clock.ratio('scipy gelsy', 'gramian'):.1f} (target {gelsy}), "
        f"numpy / gramian {clock.ratio('numpy lstsq', 'gramian'):.1f} (target {plain}), "
        f"backward error over gelsy's {worse:.2f} (target {WORST})",
        "",
    ]


def problem(rows: int, columns: int, condition: float, seed: int = 0) -> tuple[Floats, Floats]:
    """X (rows, columns) with singular values from 1 to 1 / condition, spaced evenly in logarithm, and y with noise of 1e-3."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns))
    V = np.linalg.qr(rng.standard_normal((columns, columns)))[0]
    # The Cholesky factor of X'X makes orthonormal columns to rounding, as X is well conditioned here.
    X = X @ (np.linalg.inv(np.linalg.cholesky(X.T @ X).T) * np.geomspace(1.0, 1.0 / condition, columns)) @ V
    return X, X @ rng.standard_normal(columns) + 1e-3 / np.sqrt(rows) * rng.standard_normal(rows)


def backward_error(X: Floats, y: Floats, b: Floats, R: Floats) -> float:
    """sqrt(2) eta / ||X||_F of Karlson and Walden (1997), R the triangle of X."""
    m, n = X.shape
    long, g, squares = b.astype(np.longdouble), np.zeros(n, np.longdouble), np.longdouble(0.0)
    for start in range(0, m, 8192):
        A = X[start : start + 8192].astype(np.longdouble)
        r = y[start : start + 8192] - A @ long
        g += A.T @ r
        squares += r @ r
    _, S, Vt = np.linalg.svd(R)
    size = float(np.linalg.norm(R))
    theta = size / float(np.linalg.norm(y))
    stretch = 1.0 + theta**2 * float(b @ b)
    omega2 = theta**2 * float(squares) / stretch
    image = np.asarray(Vt.astype(np.longdouble) @ g, dtype=np.float64) / np.sqrt(S**2 + omega2)
    return float(np.sqrt(2.0 / stretch) * theta * np.linalg.norm(image) / size)
