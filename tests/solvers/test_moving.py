"""The move along the null space: fitted values stay, whatever the condition, the units and the ridge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.kernels.rounding import EPS
from gramian.problem.penalties import RidgePenalty
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.reductions.triangle import Triangle
from gramian.solvers.moving import moved
from gramian.solvers.qr import QR
from gramian.solvers.svd import SVD


def _triangle(X: np.ndarray, centred: bool) -> Triangle:
    view = Triangle.of(ArrayRows.of(X, np.zeros(len(X)), centred=centred), Threads(1))
    assert view is not None
    return view


def _hard(condition: float, size: float) -> np.ndarray:
    """Three columns of this condition, their exact sums, and copies in units that differ by `size`."""
    rng = np.random.default_rng(2)
    Q = np.linalg.qr(rng.standard_normal((40, 3)))[0]
    Z = np.round((Q * np.geomspace(1, 1 / condition, 3)) @ np.linalg.qr(rng.standard_normal((3, 3)))[0] * 2.0**44)
    return np.column_stack([Z, Z[:, 0] + Z[:, 1], Z[:, 1] + Z[:, 2], size * Z[:, 0], size * (Z[:, 0] + Z[:, 2])]) / 2.0**44


@pytest.mark.parametrize("rank", ["drop", "min-norm"])
@pytest.mark.parametrize("solver", [QR(), SVD()], ids=["qr", "svd"])
@pytest.mark.parametrize("ridge", [0.0, 1e-80])
@pytest.mark.parametrize("size", [1.0, 2.0**40, 2.0**-40])
@pytest.mark.parametrize("condition", [1e1, 1e5, 1e9])
def test_the_move_keeps_fitted_values(condition: float, size: float, ridge: float, solver: Any, rank: RankPolicy) -> None:
    X = _hard(condition, size)
    view, request = _triangle(X, centred=True), Wanted(RidgePenalty(ridge), rank)
    factor = solver.solve(view, request).factor
    assert factor.rank == 3
    assert factor.defect < 1e-3  # also of the shortest, whose row space is known to the condition times rounding only
    about = X - np.mean(X, axis=0)
    coef = np.random.default_rng(3).standard_normal((7, 2)) / np.linalg.norm(about, axis=0)[:, None]
    found = moved(coef, factor, view, request)
    apart = np.linalg.norm(about @ (found - coef), axis=0)
    assert np.all(apart <= 200 * EPS * np.sum(np.linalg.norm(about, axis=0)[:, None] * (np.abs(coef) + np.abs(found)), axis=0))
    if rank == "drop":
        np.testing.assert_array_equal(found[3:], 0.0)
    # Once there, it stays there.
    again = moved(found, factor, view, request)
    np.testing.assert_allclose(again, found, rtol=1e-9, atol=1e-4 * EPS * condition * np.max(np.abs(found)))


def test_independent_columns_and_zeros_are_left_alone() -> None:
    X = np.random.default_rng(4).standard_normal((20, 3))
    coef = np.ones((3, 1))
    view, request = _triangle(X, centred=False), Wanted(RidgePenalty(), "drop")
    assert moved(coef, QR().solve(view, request).factor, view, request) is coef
    X[:, 2] = X[:, 0]
    view, coef = _triangle(X, centred=False), np.array([[1.0], [2.0], [0.0]])
    assert moved(coef, QR().solve(view, request).factor, view, request) is coef


def test_a_ridge_keeps_the_columns_that_it_tells_apart() -> None:
    X = np.random.default_rng(4).standard_normal((20, 3))
    X[:, 2] = X[:, 0]
    view, request = _triangle(X, centred=False), Wanted(RidgePenalty(1e-3), "drop")
    coef = np.arange(3.0)[:, None]
    factor = QR().solve(view, request).factor
    assert factor.rank == 3
    assert moved(coef, factor, view, request) is coef
