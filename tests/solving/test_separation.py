"""The direction that is named for separated targets: parsed from the message and checked on the rows, exactly."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

import gramian as gm

TERM = re.compile(r"([+-]?) ?([0-9][0-9.e+-]*(?= ))? ?(x\d)")


def named(family: str, columns: dict[str, np.ndarray], y: np.ndarray, formula: str = "") -> dict[str, Fraction]:
    """The coefficients in the message."""
    with pytest.raises(gm.DataError) as error:
        gm.fit(formula or f"y ~ {' + '.join(columns)}", {**columns, "y": y}, family=family)
    text = str(error.value)
    assert "is separated: " in text, text
    assert "rounding" not in text, text
    head = re.split(r" tells | is ", text.split("is separated: ")[1].split("\n")[0])[0]
    found = {}
    for sign, size, name in TERM.findall(head):
        found[name] = Fraction(size or 1) * (-1 if sign == "-" else 1)
    assert found, text
    return found


def separates(family: str, columns: dict[str, np.ndarray], y: np.ndarray, d: dict[str, Fraction]) -> bool:
    """In exact arithmetic; with an intercept."""
    q = [sum(c * Fraction(float(columns[name][i])) for name, c in d.items()) for i in range(len(y))]
    zero, other = [a for a, t in zip(q, y, strict=True) if t == 0], [a for a, t in zip(q, y, strict=True) if t > 0]
    if family == "binomial":
        apart = max(zero) <= min(other) or max(other) <= min(zero)
    else:
        apart = min(other) == max(other) and (max(zero) <= other[0] or min(zero) >= other[0])
    return apart and len(set(q)) > 1


def test_the_difference_of_two_columns() -> None:
    columns = {"x1": np.array([1.0, 0, 0, 0, 0, 2, 3, 1, 0, 2]), "x2": np.array([1.0, 0, 0, 0, 0, 2, 3, 1, 5, 6])}
    y = np.array([1.0, 2, 0, 3, 1, 0, 4, 2, 0, 0])
    with pytest.raises(gm.DataError, match=r"y is separated: x1 - x2 is 0 in every row with a count above 0, and rows with"):
        gm.fit("y ~ x1 + x2", {**columns, "y": y}, family="poisson")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_random_binomial_targets(seed: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    m = 60
    X = rng.integers(-4, 5, size=(m, 3)).astype(float) if whole else rng.normal(size=(m, 3)) * 10.0 ** rng.integers(-3, 4, 3)
    d = rng.integers(1, 4, size=3) / (1.0 if whole else np.std(X, axis=0))
    q = X @ d
    y = (q > np.median(q)).astype(float)
    if whole and seed % 2:  # quasi-separation: rows on the edge of either kind
        edge = q == np.median(q)
        y[edge] = rng.integers(0, 2, np.count_nonzero(edge))
    columns = {f"x{j}": X[:, j] for j in range(3)}
    assert separates("binomial", columns, y, named("binomial", columns, y))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_random_poisson_targets(seed: int, whole: bool) -> None:
    rng = np.random.default_rng(100 + seed)
    m = 80
    X = rng.integers(0, 4, size=(m, 3)).astype(float)
    if not whole:
        X[:, 2] = rng.normal(size=m)
    a, b = rng.integers(1, 4, size=2)
    # a x0 - b x1 is 0 in every row that counts; the third column takes no part.
    k = rng.integers(0, 4, size=m)
    X[:, 0], X[:, 1] = b * k, a * k
    y = rng.poisson(1.5, size=m).astype(float)
    off = rng.random(m) < 0.2
    X[off, 1] += rng.integers(1, 5, np.count_nonzero(off))
    y[off] = 0.0
    columns = {f"x{j}": X[:, j] for j in range(3)}
    found = named("poisson", columns, y)
    assert set(found) == {"x0", "x1"}
    assert separates("poisson", columns, y, found)


def test_without_an_intercept_a_column_of_one_sign_separates_nothing() -> None:
    x = np.array([1.0, 2, 3, 4, 5, 6])
    y = np.array([0.0, 0, 0, 1, 1, 1])
    assert np.isfinite(gm.fit("y ~ x - 1", {"x": x, "y": y}, family="binomial").coef).all()
    with pytest.raises(gm.DataError, match="is separated: x is at most"):
        gm.fit("y ~ x - 1", {"x": x - 3.5, "y": y}, family="binomial")
    # With z = 1 there is a level, and it takes part.
    with pytest.raises(gm.DataError, match=r"is separated: x - .* z tells|is separated: .* x - .* z tells"):
        gm.fit("y ~ x + z - 1", {"x": x, "z": np.ones(6), "y": y}, family="binomial")
