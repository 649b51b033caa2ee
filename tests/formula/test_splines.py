"""Spline bases: formulaic's values, and what defines them, at knots of every kind and beyond the bounds."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gramian as gm
from gramian.formula.splines import b_spline_basis, natural_cubic_basis
from gramian.kernels.array_types import Floats

EPS = np.finfo(float).eps
BEYOND = ["clip", "zero", "extend"]


def knots_and_points(seed: int) -> tuple[list[float], Floats]:
    """Distinct knots, the bounds first and last, and points inside, outside and on them."""
    rng = np.random.default_rng(seed)
    lower, upper = sorted(rng.normal(size=2) * 10 ** rng.uniform(-3, 3))
    inner = sorted(rng.uniform(lower, upper, rng.integers(1, 6)))
    knots, width = [lower, *inner, upper], upper - lower
    return knots, np.concatenate([rng.uniform(lower - width / 3, upper + width / 3, 100), knots])


def formulaic(name: str, x: Floats, knots: list[float], means: Any = None, **options: Any) -> Floats:
    from formulaic import transforms

    state = {"knots": list(knots), "lower_bound": knots[0], "upper_bound": knots[-1]}
    state |= {"constraints": means, "cyclic": False} if name == "natural_cubic_spline" else {}
    found = getattr(transforms, name)(x, **options, _state=state)
    return np.column_stack([found[key] for key in sorted(found)])


def agree(found: list[Floats], expected: Floats) -> bool:
    return bool(np.abs(np.column_stack(found) - expected).max() <= 32 * EPS * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("beyond", BEYOND)
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_b_splines_are_those_of_formulaic(degree: int, beyond: str) -> None:
    for seed in range(10):
        simple, x = knots_and_points(seed)
        # A repeated inner knot, and bounds repeated as a basis wants them.
        knots = [simple[0]] * degree + sorted([*simple, simple[1]]) + [simple[-1]] * degree
        expected = formulaic("basis_spline", x, knots, degree=degree, include_intercept=True, extrapolation=beyond)
        assert agree(b_spline_basis(x, knots, degree, beyond), expected)


@pytest.mark.parametrize("beyond", BEYOND)
@pytest.mark.parametrize("centred", [False, True])
def test_natural_cubic_splines_are_those_of_formulaic(centred: bool, beyond: str) -> None:
    for seed in range(10):
        knots, x = knots_and_points(seed)
        means = np.random.default_rng(seed).uniform(0, 1, (1, len(knots))) if centred else None
        expected = formulaic("natural_cubic_spline", x, knots, means, extrapolation=beyond)
        assert agree(natural_cubic_basis(x, knots, None if means is None else means[0], beyond), expected)


def test_b_splines_sum_to_one_wherever_inner_knots_lie() -> None:
    x = np.array([0.0, 0.3, 0.5, 1.0 - 1e-12, 1.0, 1.2])
    for inner in ([0.5], [0.0, 0.5], [0.5, 1.0], [0.5, 1.0, 1.0], [1.0], [0.5, 0.5, 0.5, 0.5]):
        columns = b_spline_basis(x, [0.0] * 4 + inner + [1.0] * 4, 3, "extend")
        assert len(columns) == len(inner) + 4
        assert np.abs(np.sum(columns, axis=0) - 1).max() <= 16 * EPS
        assert all(abs(column[4] - column[3]) <= 1e-10 for column in columns)  # continuous up to the upper bound


def test_the_natural_spline_takes_its_coefficients_at_the_knots_and_is_linear_beyond() -> None:
    knots, _ = knots_and_points(3)
    basis = np.column_stack(natural_cubic_basis(np.array(knots), knots, None, "extend"))
    assert np.abs(basis - np.eye(len(knots))).max() <= 16 * EPS
    width = knots[-1] - knots[0]
    for end, way in ((knots[0], -1), (knots[-1], 1)):
        steps = np.column_stack(natural_cubic_basis(end + way * width * np.arange(4), knots, None, "extend"))
        assert np.abs(np.diff(steps, 2, axis=0)).max() <= 64 * EPS * np.abs(steps).max()


def test_two_knots_are_a_straight_line() -> None:
    columns = natural_cubic_basis(np.array([0.0, 1.0, 4.0, 6.0]), [0.0, 4.0], None, "extend")
    assert np.column_stack(columns).tolist() == [[1, 0], [0.75, 0.25], [0, 1], [-0.5, 1.5]]
    data = {"x": np.linspace(0, 4, 9), "y": 1 + 2 * np.linspace(0, 4, 9)}
    assert gm.fit("y ~ 0 + cr(x, df=2)", data).coef == pytest.approx([1, 9], rel=1e-14)


@pytest.mark.parametrize("beyond", [*BEYOND, "raise"])
def test_missing_values_stay_missing(beyond: str) -> None:
    x = np.array([0.5, np.nan])
    for columns in (
        b_spline_basis(x, [0.0] * 4 + [1.0] * 4, 3, beyond),
        natural_cubic_basis(x, [0.0, 0.4, 1.0], [0.2, 0.3, 0.5], beyond),
    ):
        assert all(np.isnan(column).tolist() == [False, True] for column in columns)


def test_a_centred_basis_names_the_row_outside_bounds_that_are_to_hold() -> None:
    data = {"x": np.array([0.0, 1, 2, 3, 9]), "y": np.array([1.0, 2, 1, 2, 1])}
    with pytest.raises(gm.DataError, match="x"):
        gm.fit("y ~ cr(x, knots=[1, 2], upper_bound=4, constraints='center', extrapolation='raise')", data)


def test_formulas_with_splines_import_neither_formulaic_nor_pandas() -> None:
    code = (
        "import sys, numpy as np, gramian as gm\n"
        "x = np.linspace(0, 1, 50)\n"
        "gm.fit('y ~ bs(x, df=5) + cr(z, df=4)', {'x': x, 'y': x**3, 'z': np.sin(9 * x)})\n"
        "print([m for m in ('formulaic', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
