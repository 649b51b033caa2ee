"""Fewer rows than columns: the shortest solution to LAPACK's digits, with nothing of the size of X'X."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.linalg import lstsq

import gramian as gm

EPS = np.finfo(float).eps


def wide(m: int, n: int, condition: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    U = np.linalg.qr(rng.standard_normal((m, m)))[0]
    V = np.linalg.qr(rng.standard_normal((n, m)))[0]
    return (U * np.geomspace(1.0, 1.0 / condition, m)) @ V.T, rng.standard_normal(m)


@pytest.mark.parametrize("method", ["qr", "svd", "auto"])
@pytest.mark.parametrize(("m", "n"), [(3, 8), (20, 60), (40, 900), (60, 1200)])
@pytest.mark.parametrize("condition", [1.0, 1e6])
def test_the_shortest_solution_has_the_digits_of_lapack(method: str, m: int, n: int, condition: float) -> None:
    X, y = wide(m, n, condition)
    found = gm.lstsq(X, y, method)
    theirs = lstsq(X, y, lapack_driver="gelsd")[0]
    V = np.linalg.svd(X, full_matrices=False)[2]
    assert found.rank == m
    size = np.linalg.norm(theirs)
    assert np.linalg.norm(found.coef - theirs) <= 64 * condition * EPS * size
    # The residual is not only zero to rounding, but no larger than theirs.
    assert np.linalg.norm(X @ found.coef - y) <= 2.0 * np.linalg.norm(X @ theirs - y) + 8 * EPS * size
    outside = found.coef - V.T @ (V @ found.coef)
    assert np.linalg.norm(outside) <= 64 * condition * EPS * size


def test_repeated_rows_lower_the_rank() -> None:
    X, y = wide(40, 2000, 10.0)
    X, y = np.concatenate([X, X[:10]]), np.concatenate([y, y[:10] + 1.0])
    found = gm.lstsq(X, y, "qr")
    assert found.rank == 40
    theirs = lstsq(X, y, cond=1e-10)[0]
    assert np.linalg.norm(found.coef - theirs) <= 1e-12 * np.linalg.norm(theirs)


def test_scales_of_columns_do_not_hide_rows() -> None:
    X, y = wide(30, 2000, 1.0)
    X = X * 10.0 ** np.random.default_rng(1).uniform(-12, 0, 2000)
    assert gm.lstsq(X, y, "qr").rank == 30


def test_weights_and_several_targets() -> None:
    X, _ = wide(30, 2000, 100.0)
    rng = np.random.default_rng(2)
    Y, w = rng.standard_normal((30, 3)), rng.uniform(0.1, 10.0, 30)
    found = gm.lstsq(X, Y, "qr", weights=w)
    root = np.sqrt(w)[:, None]
    theirs = lstsq(root * X, root * Y)[0]
    assert np.linalg.norm(found.coef - theirs) <= 1e-12 * np.linalg.norm(theirs)


def test_nothing_of_the_size_of_the_gram_matrix_is_made() -> None:
    X, y = wide(70, 6000, 10.0)
    tracemalloc.start()
    found = gm.lstsq(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.rank in (70, None)
    assert peak < 40 * X.nbytes < 8 * 6000**2
