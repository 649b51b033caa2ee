"""The scikit-learn classes: its own checks in full, and agreement with its answers where those are right."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression as TheirLinearRegression
from sklearn.linear_model import Ridge as TheirRidge
from sklearn.utils.estimator_checks import parametrize_with_checks

import gramian as gm
from gramian.sklearn.linear import LinearRegression, Ridge

EPS = 2.0**-52


@parametrize_with_checks(
    [LinearRegression(), Ridge(), LinearRegression(fit_intercept=False), Ridge(alpha=0.3, fit_intercept=False)]
)
# The checks fit tables with more columns than digits, as two rows of ten; the warning is right and they look only at errors.
@pytest.mark.filterwarnings("ignore::gramian.GramianWarning")
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def problem(m=120, n=6, k=None, seed=0, density=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n)) + rng.normal(size=n)
    if density is not None:
        X *= rng.random((m, n)) < density
    shape = n if k is None else (n, k)
    y = X @ rng.normal(size=shape) + 3.0 + 0.1 * rng.normal(size=m if k is None else (m, k))
    return X, y, rng.random(m)


def close(ours, theirs, kappa=100.0):
    scale = np.max(np.abs(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=64 * kappa * EPS * scale)


@pytest.mark.parametrize("k", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_linear_regression_agrees_with_scikit_learn(k, fit_intercept, weighted):
    X, y, w = problem(k=k)
    w = w if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    theirs = TheirLinearRegression(fit_intercept=fit_intercept, tol=1e-14).fit(X, y, w)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)
    close(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-12)
    assert ours.rank_ == 6
    assert np.min(ours.certificate_.digits) > 12


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 7.5])
def test_ridge_agrees_with_its_normal_equations(make, fit_intercept, weighted, alpha):
    X, y, w = problem(k=2, density=0.3)
    w = w if weighted else None
    ours = Ridge(alpha, fit_intercept=fit_intercept).fit(make(X), y, w)
    theirs = TheirRidge(alpha, fit_intercept=fit_intercept, solver="cholesky").fit(X, y, w)
    close(ours.coef_, theirs.coef_, 1e4)
    close(ours.intercept_, theirs.intercept_, 1e4)
    close(ours.predict(make(X)), theirs.predict(X), 1e4)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
@pytest.mark.parametrize("weighted", [True, False])
def test_sparse_beside_an_intercept_equals_dense(alpha, weighted):
    X, y, w = problem(m=3000, n=8, k=2, density=0.1, seed=4)
    w = w if weighted else None
    model = Ridge(alpha)
    dense = model.fit(X, y, w)
    coef, intercept, certificate = dense.coef_, dense.intercept_, dense.certificate_
    sparse = model.fit(sp.coo_array(X), y, w)
    close(sparse.coef_, coef)
    close(sparse.intercept_, intercept)
    assert sparse.rank_ == 8
    assert sparse.certificate_.digits_each.shape == certificate.digits_each.shape == (8, 2)
    assert sparse.certificate_.digits_intercept.shape == (2,)
    assert np.min(sparse.certificate_.digits) > 12


def test_sparse_zero_weights_leave_and_the_penalty_stays():
    X, y, w = problem(m=200, n=5, density=0.4)
    w[::3] = 0.0
    kept = w > 0
    all_rows = Ridge(2.0).fit(sp.csr_array(X), y, w)
    only = Ridge(2.0).fit(sp.csr_array(X[kept]), y[kept], w[kept])
    close(all_rows.coef_, only.coef_)
    close(all_rows.intercept_, only.intercept_)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_all_levels_beside_an_intercept_take_the_shortest_coefficients(make):
    rng = np.random.default_rng(3)
    X = np.eye(4)[rng.integers(0, 4, size=60)]
    y = X @ [1.0, 2.0, 4.0, 8.0] + rng.normal(size=60)
    ours = LinearRegression().fit(make(X), y)
    centred = X - X.mean(axis=0)
    expected = np.linalg.pinv(centred, rcond=1e-12) @ (y - y.mean())
    close(ours.coef_, expected)
    assert ours.rank_ == 3
    assert np.sum(ours.coef_) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_wide_takes_the_shortest_coefficients(make):
    X, y, _ = problem(m=12, n=30, density=0.7)
    ours = LinearRegression().fit(make(X), y)
    expected = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-12) @ (y - y.mean())
    close(ours.coef_, expected, 1e3)
    close(ours.predict(make(X)), y, 1e3)
    assert ours.rank_ == 11


def test_wide_sparse_ridge_leaves_the_intercept_free():
    X, y, _ = problem(m=12, n=30, density=0.7)
    ours = Ridge(0.5).fit(sp.csr_array(X), y)
    theirs = TheirRidge(0.5, solver="cholesky").fit(X, y)
    close(ours.coef_, theirs.coef_, 1e4)
    close(ours.intercept_, theirs.intercept_, 1e4)


def test_where_scikit_learn_is_silently_wrong():
    """Its default truncates singular values at 1e-6: a quadratic in years is beyond it."""
    x = np.arange(1900.0, 2000.0)
    X = np.stack([x, x**2], axis=1)
    y = 1e-3 * (x - 1950) ** 2
    ours = LinearRegression().fit(X, y)
    # y = 1e-3 x^2 - 3.9 x + 3802.5
    np.testing.assert_allclose(ours.coef_, [-3.9, 1e-3], rtol=1e-10)
    assert np.min(ours.certificate_.digits) > 10


def test_feature_names_come_from_a_frame_and_pickle_keeps_all():
    import pickle

    pd = pytest.importorskip("pandas")
    X, y, _ = problem(n=2)
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = LinearRegression().fit(frame, y)
    assert list(model.feature_names_in_) == ["a", "b"]
    assert model.n_features_in_ == 2
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(frame), model.predict(frame))
    assert model.plan_.method in ("qr", "cholesky", "svd")


@pytest.mark.parametrize("method", ["auto", "cholesky", "qr", "svd"])
def test_every_method_and_any_number_of_threads_gives_the_same(method):
    X, y, w = problem(m=5000, n=4)
    one = LinearRegression(method=method, threads=1).fit(X, y, w)
    two = LinearRegression(method=method, threads=2).fit(X, y, w)
    assert np.array_equal(one.coef_, two.coef_)
    close(one.coef_, TheirLinearRegression().fit(X, y, w).coef_)


def test_a_number_as_sample_weight_stands_for_all_rows():
    X, y, _ = problem()
    close(Ridge(1.0).fit(X, y, 2.0).coef_, Ridge(0.5).fit(X, y).coef_)


def test_few_digits_warn(monkeypatch):
    # As for rows that no pass in double-double can help: the digits are those of float64.
    monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", 0)
    monkeypatch.setattr("gramian.solving.refining.SHORT", -300.0)
    rng = np.random.default_rng(0)
    a = rng.normal(size=500)
    X = np.stack([a, a + 1e-13 * rng.normal(size=a.size)], axis=1)
    y = a + rng.normal(size=a.size)
    with pytest.warns(gm.GramianWarning, match=r"digits of the coefficients are certified \(condition .*\nExpected: 4"):
        LinearRegression(method="qr").fit(X, y)


def test_a_constant_target_does_not_warn():
    X, _, _ = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LinearRegression().fit(X, np.full(120, 0.1))
    assert model.intercept_ == pytest.approx(0.1, rel=1e-15)
    np.testing.assert_allclose(model.coef_, 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Ridge(-1.0), "alpha is -1.0\nAllowed: a finite number >= 0"),
        (Ridge(np.nan), "alpha is nan\nAllowed: a finite number >= 0"),
        (Ridge(np.array([1.0, 2.0])), "the same for all targets\nHint: fit each target by itself"),
        (Ridge("large"), "alpha is 'large'"),
        (LinearRegression(method="choleski"), "method is 'choleski'\nAllowed: auto, .*\nHint: did you mean 'cholesky'"),
        (LinearRegression(rank="none"), "rank is 'none'\nAllowed: drop, min-norm, error"),
        (LinearRegression(tol=2.0), "tol is 2.0\nAllowed: a number between 0 and 1"),
        (LinearRegression(accuracy="all"), "accuracy is 'all'\nAllowed: \"data\", \"exact\", or a number of digits"),
        (LinearRegression(threads=0), "threads is 0\nAllowed: a whole number >= 1"),
    ],
)
def test_bad_parameters(model, text):
    X, y, _ = problem()
    with pytest.raises(gm.ArgumentError, match=text):
        model.fit(X, y)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_rank_error_names_the_columns(make):
    X, y, _ = problem(n=3)
    X = np.column_stack([X, X[:, 0]])
    with pytest.raises(gm.RankError, match=r"columns 3 depend on columns before them\nAllowed .*\nHint: "):
        LinearRegression(rank="error").fit(make(X), y)
    dropped = LinearRegression(rank="drop").fit(make(X), y)
    assert dropped.coef_[3] == 0.0


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_values_too_large_to_square_are_answered_or_named(make):
    X, y, _ = problem(n=3)
    X[5, 1] = 1e200
    plain = LinearRegression().fit(make(X * [1.0, 1e-200, 1.0]), y)
    large = LinearRegression().fit(make(X), y)
    np.testing.assert_allclose(large.coef_ * [1.0, 1e200, 1.0], plain.coef_, rtol=1e-10)
    with pytest.raises(gm.DataError, match="the sum of squares of column 1 of X is too large"):
        LinearRegression(method="lsmr").fit(make(X), y)


def test_negative_weights_are_named():
    X, y, w = problem()
    w[7] = -1.0
    with pytest.raises(gm.DataError, match=r"weights is -1\.0 at row 7\nAllowed: finite numbers, zero or more"):
        LinearRegression().fit(X, y, w)


@settings(max_examples=40, deadline=None)
@given(
    m=st.integers(2, 30),
    n=st.integers(1, 8),
    k=st.integers(1, 3),
    dtype=st.sampled_from([np.float32, np.float64, np.int16, np.bool_]),
    order=st.sampled_from(["C", "F"]),
    seed=st.integers(0, 1000),
)
def test_any_shape_and_type_gives_the_shortest_solution(m, n, k, dtype, order, seed):
    rng = np.random.default_rng(seed)
    X = np.asarray(rng.integers(-9, 9, size=(m, n)), dtype=dtype, order=order)
    y = rng.normal(size=(m, k))
    before = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GramianWarning)  # columns may repeat each other to rounding
        ours = LinearRegression().fit(X, y)
    assert np.array_equal(X, before)
    centred = X.astype(float) - X.astype(float).mean(axis=0)
    # The singular values of small integers are zero or well above 1e-9 of the largest.
    pinv = np.linalg.pinv(centred, rcond=1e-10)
    expected = pinv @ (y - y.mean(axis=0))
    kappa = np.linalg.norm(centred, 2) * np.linalg.norm(pinv, 2)
    scale = max(np.linalg.norm(pinv, 2) * np.linalg.norm(y), EPS)
    np.testing.assert_allclose(ours.coef_.T, expected, rtol=0, atol=200 * max(kappa, 1) ** 2 * EPS * scale)
