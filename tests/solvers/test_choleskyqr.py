"""Cholesky QR with and without a shift: the factor is what it claims, at every condition that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.linalg import lstsq

import gramian as gm
from bench.illconditioned import backward_error
from gramian.solving import factor_verification as confirming
from gramian.solving import refining
from gramian.solving import solve as solving
from illconditioned import answered, defect, rotated

EPS = np.finfo(float).eps


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e7, 1e8, 1e10, 1e12])
@pytest.mark.parametrize(("m", "n"), [(4000, 8), (500, 40), (41, 40)])
def test_the_factor_is_as_orthonormal_as_it_claims(m: int, n: int, condition: float) -> None:
    X, y = rotated(m, n, condition)
    factor = answered(X, y, "choleskyqr").solution.factor
    assert factor is not None
    assert factor.rank == n
    assert defect(X, factor.W) <= factor.defect < 0.5


@pytest.mark.parametrize("condition", [1.0, 1e8, 1e12])
@pytest.mark.parametrize("scale", [1.0, 2.0**-200])
def test_a_factor_confirmed_in_single_precision_claims_no_more(
    condition: float, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "in_single", lambda rows, columns: True)
    # Passes in double-double, which small tables take, would confirm the factor by themselves.
    monkeypatch.setattr(refining, "small", lambda rows: False)
    X, y = rotated(4000, 30, condition)
    found = answered(scale * X, scale * y, "sketched")
    factor = found.solution.factor
    assert factor is not None
    assert defect(scale * X, factor.W) <= factor.defect < 0.5
    truth = gm.lstsq(X, y, accuracy="exact").coef
    V = X.astype(np.longdouble) @ (found.solution.coef[:, 0] - truth)
    # Both answers are rounded to float64, which by itself moves X b by up to u sum |x_j| |b_j|.
    rounding = EPS / 2 * float(np.linalg.norm(X, axis=0) @ np.abs(truth))
    gap = found.certificate.gap
    assert gap is not None
    claimed = float(np.sqrt(2.0 * len(X) * gap[0])) / scale
    assert np.linalg.norm(np.asarray(V, dtype=float)) <= claimed + rounding
    assert claimed <= 1e-13 * np.linalg.norm(y) + 2.0 * rounding


@pytest.mark.parametrize("condition", [1e3, 1e8, 1e12])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_backward_errors_are_those_of_lapack(condition: float, noise: float) -> None:
    X, y = rotated(1500, 40, condition, noise=noise)
    R = np.linalg.qr(X, mode="r")
    own = backward_error(X, y, gm.lstsq(X, y, "choleskyqr").coef, R)
    theirs = backward_error(X, y, lstsq(X, y, lapack_driver="gelsy")[0], R)
    assert own <= max(1.5 * theirs, EPS / 4)


def test_columns_that_depend_on_each_other_are_refused() -> None:
    X, y = rotated(2000, 5, 10.0)
    with pytest.raises(gm.RankError, match="tell") as caught:
        gm.lstsq(np.column_stack([X, X[:, 0]]), y, "choleskyqr")
    assert 'Hint: use method="qr" or method="svd"' in str(caught.value)


def test_a_condition_that_the_rank_decision_calls_dependent_is_refused() -> None:
    X, y = rotated(2000, 20, 1e16)
    with pytest.raises(gm.RankError):
        gm.lstsq(X, y, "choleskyqr")
    assert gm.lstsq(X, y, "qr").rank < 20


def test_sparse_rows_stay_sparse() -> None:
    rng = np.random.default_rng(5)
    X = sp.random_array((20_000, 30), density=0.1, rng=rng, format="csr")
    X = sp.csr_array(X @ sp.diags_array(np.geomspace(1, 1e-9, 30)) + 1e-8 * sp.random_array((20_000, 30), density=0.01, rng=rng))
    y = rng.standard_normal(20_000)
    truth = gm.lstsq(X.toarray(), y, "qr").coef
    for method in ("choleskyqr", "sketched"):
        found = gm.lstsq(X, y, method)
        assert not any("dense" in note for note in found.notes)
        norms = np.sqrt(np.asarray((X * X).sum(axis=0)))
        assert np.max(np.abs(norms * (found.coef - truth))) <= 1e-10 * np.max(np.abs(norms * truth))


def test_answers_do_not_depend_on_threads() -> None:
    X, y = rotated(60_000, 12, 1e9)
    found = [gm.lstsq(X, y, "choleskyqr", threads=threads).coef for threads in (1, 2, 5)]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_moments_that_could_not_tell_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = rotated(40_000, 30, 1e9)
    reads: list[str] = []
    honest = solving._reduced

    def counted(*args: Any) -> Any:
        view, plan = honest(*args)
        reads.append(type(view).__name__)
        return view, plan

    monkeypatch.setattr(solving, "_reduced", counted)
    found = gm.lstsq(X, y)
    assert found.rank == 30
    assert len(reads) == len(set(reads))


@pytest.mark.parametrize("method", ["choleskyqr", "sketched"])
def test_weights_targets_and_an_intercept(method: str) -> None:
    X, y = rotated(5000, 8, 1e9)
    rng = np.random.default_rng(6)
    Y, w = np.column_stack([y, rng.standard_normal(5000)]), rng.uniform(0.1, 10.0, 5000)
    w[::7] = 0.0
    X = X + 3.0 * np.linalg.norm(X)
    found = answered(X, Y, method, centred=True, weights=w).solution
    truth = answered(X, Y, "qr", centred=True, weights=w).solution
    norms = np.linalg.norm(X - X.mean(axis=0), axis=0)
    assert found.rank == truth.rank == 8
    surface = norms[:, None] * (found.coef - truth.coef)
    # Both are backward stable: condition^2 times the residual, and condition times the size of the data.
    assert np.max(np.abs(surface)) <= 1e9 * 1e9 * EPS * np.linalg.norm(Y)
    r = Y - (X - found.centre) @ found.coef - found.level
    assert np.all(np.abs((w[:, None] * r).sum(axis=0)) <= 1e-9 * np.linalg.norm(Y))
