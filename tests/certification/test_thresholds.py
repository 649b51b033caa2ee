"""What is called trusted is: gaps that hold, shares of J that are met, standard errors above their own rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from bench.truth import exact
from gramian.problem.solution import Status

DIRECT = ("cholesky", "qr", "svd", "sketched", "choleskyqr")


def value(X: np.ndarray, y: np.ndarray, b: np.ndarray) -> Fraction:
    """J at b, in rationals."""
    total = Fraction(0)
    for row, target in zip(X, y, strict=True):
        r = Fraction(float(target)) - sum(Fraction(float(x)) * Fraction(float(c)) for x, c in zip(row, b, strict=True))
        total += r * r
    return total / (2 * len(y))


@pytest.mark.parametrize("entries", [0, 400_000])
@pytest.mark.parametrize("method", [*DIRECT, "lsmr", "cg"])
def test_the_gap_bounds_what_is_left_of_j(method: str, entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", entries)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((30, 4)) * 10.0 ** rng.integers(-3, 3, 4)
        X[:, 3] = X[:, 2] + rng.standard_normal(30) * 10.0 ** -rng.integers(0, 6) * np.max(np.abs(X[:, 2]))
        y = X @ rng.standard_normal(4) + rng.standard_normal(30) * 10.0 ** rng.integers(-8, 2)
        try:
            found = gm.lstsq(X, y, method)
        except gm.RankError:
            continue  # cannot tell, and says so
        left = value(X, y, found.coef) - exact(X, y[:, None], centred=False).rss[0] / 60
        assert found.certificate.gap is not None
        assert left <= Fraction(float(found.certificate.gap[0])) * Fraction(1001, 1000), f"seed {seed}"


@pytest.mark.parametrize("method", ["gradient", "lsmr"])
def test_a_share_that_was_not_reached_is_not_trusted(method: str) -> None:
    # Many rows and a target that is nearly all noise: rounding of J must be told in the units of J.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300_000, 5)) * np.array([1, 3, 0.3, 10, 1])
    X[:, 1] += X[:, 0]
    y = rng.standard_normal(300_000)
    best = gm.lstsq(X, y, accuracy="exact")
    fall = float(y @ y) - best.rss
    for steps in (2, 4, 8, 14):
        found = gm.lstsq(X, y, method, suboptimality=1e-8, max_iter=steps)
        left = float(np.sum((X @ (found.coef - best.coef)) ** 2)) / fall
        assert not (found.trusted and left > 1e-8)


@pytest.mark.parametrize("method", ["cholesky", "qr", "sketched"])
def test_errors_of_a_fit_that_is_nearly_perfect_are_no_noise(method: str) -> None:
    rng = np.random.default_rng(0)
    X = np.rint(rng.standard_normal((150_000, 3)) * 2**20) / 2**20
    y = X @ [1.0, 2.0, 3.0]
    y[::1000] += 8e-16
    table = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y}
    want = gm.fit("y ~ a + b + c", table, accuracy="exact", decimal=False)
    found = gm.fit("y ~ a + b + c", table, method=method, decimal=False)
    assert found.rss == pytest.approx(want.rss, rel=1e-6)
    np.testing.assert_allclose(found.se, want.se, rtol=1e-6)


def test_what_no_method_can_prove_is_returned_and_said() -> None:
    # Sparse columns in plenty with a small ridge: ||g|| / mu proves few digits, and a direct method would take minutes.
    X = sp.random(12_000, 9_000, density=1e-3, format="csr", rng=np.random.default_rng(0))
    y = np.random.default_rng(1).standard_normal(12_000)
    found = gm.lstsq(X, y, ridge=1e-9, accuracy=6)
    assert not found.trusted
    assert any("would take much longer" in note for note in found.notes)


def test_a_method_that_cannot_converge_ends() -> None:
    rng = np.random.default_rng(0)
    U = np.linalg.qr(rng.standard_normal((400, 20)))[0]
    V = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    X = (U * np.geomspace(1, 1e-11, 20)) @ V
    found = gm.lstsq(X, rng.standard_normal(400), "cg")
    assert found.status in (Status.MAX_ITER, Status.STALLED, Status.CONVERGED)
    assert found.trusted == bool(found.certificate.digits[0] >= 8)
    assert found.stats.iterations <= 6 * 1_200
