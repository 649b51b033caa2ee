"""The eleven linear sets of NIST's Statistical Reference Datasets (public domain), read from their own files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from shared_data import table

POLYNOMIALS = {"Norris": 1, "Pontius": 2, "Filip": 10} | {f"Wampler{i}": 5 for i in range(1, 6)}
THROUGH_ZERO = ("NoInt1", "NoInt2")
NAMES = (*POLYNOMIALS, *THROUGH_ZERO, "Longley")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One set: y (m,), predictors (m, q) as printed, and what NIST certifies."""

    name: str
    y: np.ndarray
    x: np.ndarray
    coef: np.ndarray
    se: np.ndarray
    sigma: float
    rsquared: float
    fvalue: float  # infinite where the fit is perfect
    df_resid: int
    printed: tuple[tuple[str, ...], ...]  # the rows as text

    @property
    def intercept(self) -> bool:
        return self.name not in THROUGH_ZERO

    @property
    def columns(self) -> dict[str, np.ndarray]:
        names = ["x"] if self.x.shape[1] == 1 else [f"x{j + 1}" for j in range(self.x.shape[1])]
        return {"y": self.y} | {name: self.x[:, j] for j, name in enumerate(names)}

    @property
    def formula(self) -> str:
        if self.name == "Longley":
            return "y ~ x1 + x2 + x3 + x4 + x5 + x6"
        if not self.intercept:
            return "y ~ x - 1"
        powers = [f"I(x**{j})" for j in range(2, POLYNOMIALS[self.name] + 1)]
        return "y ~ " + " + ".join(["x", *powers])

    @property
    def design(self) -> np.ndarray:
        """X (m, n) in float64, without the column of ones."""
        if self.name in POLYNOMIALS:
            return np.stack([self.x[:, 0] ** j for j in range(1, POLYNOMIALS[self.name] + 1)], axis=1)
        return self.x


@cache
def reference(name: str) -> Reference:
    """Read one set; skips the test where the file is absent."""
    lines = table(f"nist/{name}.dat").read_text().splitlines()
    text = "\n".join(lines)
    certified = _section(lines, text, r"Certified Values")
    values = [line.split() for line in certified]
    rows = [line for line in values if line and re.fullmatch(r"B\d+", line[0])]
    printed = tuple(tuple(line.split()) for line in _section(lines, text, "Data") if line.strip())
    data = np.array([[float(v) for v in row] for row in printed])
    regression = next(line for line in values if line and line[0] == "Regression")
    residual = next(line for line in values if line and line[0] == "Residual" and len(line) == 4)
    return Reference(
        name=name,
        y=data[:, 0].copy(),
        x=np.ascontiguousarray(data[:, 1:]),
        coef=np.array([float(row[1]) for row in rows]),
        se=np.array([float(row[2]) for row in rows]),
        sigma=float(next(line[2] for line in values if line[:2] == ["Standard", "Deviation"] and len(line) == 3)),
        rsquared=float(next(line[1] for line in values if line and line[0] == "R-Squared")),
        fvalue=float(regression[4].replace("Infinity", "inf")),
        df_resid=int(residual[1]),
        printed=printed,
    )


def _section(lines: list[str], text: str, title: str) -> list[str]:
    found = re.search(title + r"\s*\(lines (\d+) to (\d+)\)", text)
    assert found, title
    return lines[int(found[1]) - 1 : int(found[2])]


def digits(got: np.ndarray | float, certified: np.ndarray | float) -> float:
    """The smallest log relative error, at most 15: the digits that NIST prints."""
    got, certified = np.atleast_1d(got), np.atleast_1d(certified)
    scale = np.where(certified == 0, 1.0, np.abs(certified))
    error = np.abs(got - certified) / scale
    return float(np.min(np.where(error < 1e-15, 15.0, -np.log10(np.maximum(error, 1e-300)))))
