"""NIST's eleven linear sets: digits of each package against the certified values, and against the exact solution."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg

import gramian as gm
from bench.timing import write
from bench.truth import exact

FOLDER = Path(os.environ.get("GRAMIAN_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "nist"
POWERS = {"Norris": 1, "Pontius": 2, "Filip": 10} | {f"Wampler{i}": 5 for i in range(1, 6)}
NAMES = (*POWERS, "Longley", "NoInt1", "NoInt2")
MOST = 15.0
"""Digits that are printed."""
Floats = np.ndarray


@dataclass(frozen=True, slots=True)
class Set:
    """One set: the rows as text, target first, and what is certified."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    rest: tuple[float, ...]  # residual standard deviation, R2 and, unless it is infinite, F

    @property
    def intercept(self) -> bool:
        return not self.name.startswith("NoInt")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("y", "x") if len(self.rows[0]) == 2 else ("y", *(f"x{j}" for j in range(1, len(self.rows[0]))))

    @property
    def formula(self) -> str:
        powers = [f"I(x**{j})" for j in range(2, POWERS.get(self.name, 1) + 1)]
        return f"y ~ {' + '.join([*self.columns[1:], *powers])}{'' if self.intercept else ' - 1'}"

    def arrays(self) -> tuple[Floats, Floats]:
        """X without the column of ones and y, float64, powers taken in float64."""
        data = np.array(self.rows, dtype=float)
        degree = POWERS.get(self.name)
        X = data[:, 1:] if degree is None else np.stack([data[:, 1] ** j for j in range(1, degree + 1)], axis=1)
        return X, data[:, 0]


def read(name: str) -> Set:
    text = (FOLDER / f"{name}.dat").read_text()
    lines = text.splitlines()

    def section(title: str) -> list[list[str]]:
        found = re.search(title + r"\s*\(lines (\d+) to (\d+)\)", text)
        assert found is not None
        return [line.split() for line in lines[int(found[1]) - 1 : int(found[2])] if line.strip()]

    certified = section("Certified Values")
    values = [row for row in certified if re.fullmatch(r"B\d+", row[0])]
    sigma = next(float(row[2]) for row in certified if row[:2] == ["Standard", "Deviation"] and len(row) == 3)
    rsquared = next(float(row[1]) for row in certified if row[0] == "R-Squared")
    F = next(row[4] for row in certified if row[0] == "Regression")
    rest = (sigma, rsquared) if F == "Infinity" else (sigma, rsquared, float(F))
    coef, se = (tuple(float(row[i]) for row in values) for i in (1, 2))
    return Set(name, tuple(map(tuple, section("Data"))), coef, se, rest)


def digits(got: Sequence[float] | Floats, certified: Sequence[float]) -> float:
    """The smallest log relative error, of the error itself where the value is 0, from 0 to 15."""
    found = MOST
    for a, b in zip(np.ravel(got), certified, strict=True):
        error = abs(a - b) / (abs(b) or 1.0)
        found = min(found, MOST if error < 10**-MOST else -log10(error) if error == error else 0.0)
    return max(found, 0.0)


def packages() -> dict[str, Callable[[Floats, Floats, bool], Floats]]:
    """Coefficients from X and y, the column of ones first where there is one."""

    def ones(X: Floats, intercept: bool) -> Floats:
        return np.column_stack([np.ones(len(X)), X]) if intercept else X

    found: dict[str, Callable[[Floats, Floats, bool], Any]] = {
        "numpy lstsq": lambda X, y, c: np.linalg.lstsq(ones(X, c), y, rcond=None)[0],
        "scipy gelsy": lambda X, y, c: scipy.linalg.lstsq(ones(X, c), y, lapack_driver="gelsy")[0],
    }
    if find_spec("sklearn"):
        from sklearn.linear_model import LinearRegression

        def sklearn(X: Floats, y: Floats, c: bool) -> Floats:
            model = LinearRegression(fit_intercept=c).fit(X, y)
            return np.r_[model.intercept_, model.coef_] if c else model.coef_

        found["scikit-learn"] = sklearn
    if find_spec("statsmodels"):
        import statsmodels.api as sm

        for method in ("pinv", "qr"):
            found[f"statsmodels {method}"] = lambda X, y, c, method=method: sm.OLS(y, ones(X, c)).fit(method=method).params
    return found


def row(one: Set, folder: Path) -> tuple[list[str], list[float]]:
    """A line for each table: of gramian in full, and of coefficients by all."""
    path = folder / f"{one.name}.csv"
    path.write_text("\n".join(",".join(line) for line in (one.columns, *one.rows)) + "\n")
    fit = gm.fit(one.formula, path)
    rest = [float(fit.sigma), float(fit.rsquared), float(fit.fvalue)][: len(one.rest)]
    full = [digits(fit.coef, one.coef), digits(fit.se, one.se), *(digits([a], [b]) for a, b in zip(rest, one.rest, strict=True))]
    X, y = one.arrays()
    literal = gm.fit(one.formula, path, decimal=False)
    truth = exact(X, y[:, None], centred=one.intercept)
    best = [float(b) for b in (*((truth.intercept[0],) if one.intercept else ()), *truth.coef[0])]
    coef = [full[0], digits(literal.coef, one.coef), digits(best, one.coef)]
    for solve in packages().values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            coef.append(digits(solve(X, y, one.intercept), one.coef))
    shown = [f"{value:5.1f}" for value in full] + [""] * (5 - len(full))
    ceiling = float(np.min(literal.certificate.ceiling))
    return [*shown, f"{float(np.min(fit.digits)):5.1f}", f"{ceiling:5.1f}"], coef


def main(arguments: Sequence[str] = ()) -> None:
    """Two tables."""
    if not FOLDER.is_dir():
        print(f"no data sets in {FOLDER}: set GRAMIAN_DATA to the folder that holds nist/")
        return
    first = f"{'':<10}" + "".join(f"{title:>12}" for title in ("coef", "std err", "sigma", "R2", "F", "certified", "ceiling"))
    names = ["gramian", "literal", "exact of f64", *packages()]
    second = f"{'':<10}" + "".join(f"{title:>18}" for title in names)
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            full, coef = row(read(name), Path(folder))
            first += f"\n{name:<10}" + "".join(f"{value:>12}" for value in full)
            second += f"\n{name:<10}" + "".join(f"{value:>18.1f}" for value in coef)
    head = [
        "gm.fit on a CSV of the published decimals, by default: digits against the certified values (15 are printed)",
        "certified: claimed by the certificate; ceiling: what it says the float64 numbers support, were they rounded",
        *first.splitlines(),
        "",
        "coefficients: gramian as above; literal: decimal=False; exact of f64: the exact solution of the float64 numbers",
        *second.splitlines(),
    ]
    write("nist", head)


if __name__ == "__main__":
    main()
