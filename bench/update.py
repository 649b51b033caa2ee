"""Moments updated with new rows: the cost is that of the new rows, whatever was there before."""

from __future__ import annotations

import numpy as np

import gramian as gm
from bench.data import problem
from bench.timing import Clock, write

FORMULA = "y ~ " + " + ".join(f"x{j}" for j in range(20))


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes a tenth of the rows."""
    short = "short" in arguments
    rows = 100_000 if short else 1_000_000
    new = rows // 100
    X, y = problem(rows + new, 20)
    data = {"y": y} | {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(20)}
    old, fresh = ({name: part(values, rows) for name, values in data.items()} for part in (_head, _tail))
    kept = gm.moments(FORMULA, old)
    clock = Clock()
    clock.rounds(
        {
            "fit all rows": lambda: gm.fit(FORMULA, data, accuracy=8).coef,
            "fit the new rows alone": lambda: gm.fit(FORMULA, fresh, accuracy=8).coef,
            "moments + new rows, fit": lambda: gm.fit(FORMULA, kept + gm.moments(FORMULA, fresh)).coef,
        },
        7,
    )
    assert np.allclose(clock.answers["fit all rows"], clock.answers["moments + new rows, fit"], rtol=1e-9)
    write(
        "update",
        [f"{rows:,} rows kept as moments, {new:,} new rows, 20 columns, medians of 7", *clock.lines("fit all rows")],
        short,
    )


def _head(values: np.ndarray, rows: int) -> np.ndarray:
    return values[:rows]


def _tail(values: np.ndarray, rows: int) -> np.ndarray:
    return values[rows:]
