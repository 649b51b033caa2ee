"""gm.fit with standard errors from pandas and Polars frames, against numpy's bare X'X of the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gramian as gm
from bench.data import problem
from bench.timing import Clock, write

TARGET = 3.0


def main(arguments: list[str]) -> None:
    """Arguments: "short" times a tenth of the rows in few rounds."""
    short = "short" in arguments
    rows, rounds = (100_000, 3) if short else (1_000_000, 7)
    X, y = problem(rows, 50)
    columns = {"y": y} | {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])}
    rivals: dict[str, Callable[[], Any]] = {"bare X'X": lambda: X.T @ X}
    for name, frame in _frames(columns).items():
        rivals[f"fit, {name}"] = _fitting(frame)
        rivals[f"fit, {name}, 8 digits"] = _fitting(frame, 8)
    clock = Clock()
    clock.rounds(rivals, rounds)
    one = np.column_stack([np.ones(rows), X])
    gram = one.T @ one
    b = np.linalg.solve(gram, one.T @ y)
    se = np.sqrt(np.sum((y - one @ b) ** 2) / (rows - 51) * np.diag(np.linalg.inv(gram)))
    for name in clock.answers:
        if name != "bare X'X":
            assert np.allclose(clock.answers[name], se, rtol=1e-9), name
    ratios = ", ".join(
        f"{name[5:]} {clock.ratio(name, next(iter(rivals))):.2f}" for name in rivals if name[:4] == "fit,"
    )
    write(
        "frames",
        [
            f"{rows:,} x 50 doubles, y ~ . with standard errors, medians of {rounds} rounds",
            *clock.lines("bare X'X"),
            f"  ratios: {ratios} (target {TARGET})",
        ],
        short,
    )


def _fitting(frame: Any, accuracy: float | None = None) -> Callable[[], Any]:
    return lambda: gm.fit("y ~ .", frame, accuracy=accuracy).se


def _frames(columns: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd
    import polars as pl

    return {"pandas": pd.DataFrame(columns), "polars": pl.DataFrame(columns)}
