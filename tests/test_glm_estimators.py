"""The scikit-learn classes of other losses: its own checks in full, and agreement with its answers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression as TheirLogistic
from sklearn.linear_model import PoissonRegressor as TheirPoisson
from sklearn.utils.estimator_checks import parametrize_with_checks

import gramian as gm
from gramian.estimators_glm import LogisticRegression, PoissonRegressor


@parametrize_with_checks(
    [LogisticRegression(), LogisticRegression(method="lbfgs"), PoissonRegressor(),
     PoissonRegressor(method="lbfgs")]  # fmt: skip
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def problem(m=300, n=5, K=2, seed=0, density=None):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(m, n)) + 1) * 10.0 ** np.arange(-2, n - 2)
    if density is not None:
        X *= rng.random((m, n)) < density
    B = rng.normal(size=(n, K)) / 10.0 ** np.arange(-2, n - 2)[:, None]
    labels = np.argmax(X @ B + rng.gumbel(size=(m, K)), axis=1)
    return X, np.array(["ant", "bee", "cat", "dog"])[labels], rng.random(m)


def residual(model, X, y, w, C):
    """The largest share that any coefficient's gradient leaves: what optimality says must be zero."""
    X = X.toarray() if sp.issparse(X) else X
    P = model.predict_proba(X)
    Y = (y[:, None] == model.classes_).astype(float)
    K = model.classes_.size
    P, Y = (P[:, 1:], Y[:, 1:]) if K == 2 else (P, Y)
    R = w[:, None] * (P - Y)
    g = R.T @ X + model.coef_ / C
    size = np.abs(R).T @ np.abs(X) + np.abs(model.coef_) / C
    left = np.max(np.abs(g) / size)
    return max(left, np.max(np.abs(R.sum(axis=0)) / np.abs(R).sum(axis=0))) if model.fit_intercept else left


@pytest.mark.parametrize("K", [2, 3, 4])
@pytest.mark.parametrize("method", ["newton", "lbfgs"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [0.3, 100.0])
def test_logistic_regression_is_optimal(K, method, fit_intercept, C):
    X, y, w = problem(K=K)
    model = LogisticRegression(C, method=method, fit_intercept=fit_intercept).fit(X, y, w)
    assert residual(model, X, y, w, C) < (1e-10 if method == "newton" else 1e-5)
    assert model.coef_.shape == (1 if K == 2 else K, 5)
    if not fit_intercept:
        assert not model.intercept_.any()


@pytest.mark.parametrize("K", [2, 3])
def test_logistic_regression_agrees_with_scikit_learn(K):
    X, y, w = problem(K=K)
    X /= 10.0 ** np.arange(-2, 3)
    ours = LogisticRegression(2.0).fit(X, y, w)
    theirs = TheirLogistic(C=2.0, solver="newton-cholesky", tol=1e-12, max_iter=200).fit(X, y, w)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-7)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    balanced = LogisticRegression(2.0, class_weight="balanced").fit(X, y)
    other = TheirLogistic(C=2.0, class_weight="balanced", solver="newton-cholesky", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(balanced.coef_, other.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse_rows_stay_sparse_and_equal_dense_ones(K, fit_intercept, monkeypatch):
    X, y, w = problem(K=K, density=0.3)
    dense = LogisticRegression(fit_intercept=fit_intercept, tol=1e-10).fit(X, y, w)
    monkeypatch.setattr(sp.csr_array, "toarray", lambda self: pytest.fail("made dense"))
    monkeypatch.setattr(sp.csr_matrix, "toarray", lambda self: pytest.fail("made dense"))
    sparse = LogisticRegression(fit_intercept=fit_intercept, tol=1e-10).fit(sp.csr_array(X), y, w)
    size = np.max(np.abs(X), axis=0)
    np.testing.assert_allclose(sparse.coef_ * size, dense.coef_ * size, atol=1e-6)
    np.testing.assert_allclose(sparse.intercept_, dense.intercept_, atol=1e-6)


@pytest.mark.parametrize("method", ["newton", "lbfgs"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_poisson_regressor_agrees_with_scikit_learn(method, alpha, make):
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(300, 4)), rng.random(300)
    y = rng.poisson(np.exp(X @ [0.5, -0.3, 0.1, 0.0] + 0.7)).astype(float)
    if make is sp.csr_array and method == "newton":
        with pytest.raises(gm.ArgumentError, match="sparse"):
            PoissonRegressor(method=method).fit(make(X), y)
        return
    ours = PoissonRegressor(alpha=alpha, method=method).fit(make(X), y, w)
    theirs = TheirPoisson(alpha=alpha, solver="newton-cholesky", tol=1e-12, max_iter=100).fit(X, y, w)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6)
    assert ours.score(X, y, w) == pytest.approx(theirs.score(X, y, w), rel=1e-9)


def test_separated_classes_without_a_penalty_are_an_error():
    X, y = np.arange(10.0)[:, None], np.repeat([0, 1], 5)
    with pytest.raises(gm.DataError, match="column 0 of X is at most 4 in every row of 0"):
        LogisticRegression(C=np.inf).fit(X, y)
    with pytest.raises(gm.DataError, match="the classes are separated"):
        LogisticRegression(C=np.inf).fit(X, np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2]))
    assert np.isfinite(LogisticRegression().fit(X, y).coef_).all()


def test_a_run_cut_short_warns():
    X, y, w = problem()
    with pytest.warns(gm.GramianWarning, match="max_iter"):
        LogisticRegression(max_iter=1, method="lbfgs").fit(X, y, w)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"C": 0}, "C is 0"), ({"C": -1.0}, "C is -1.0"), ({"method": "newtn"}, "did you mean 'newton'"),
     ({"tol": 0}, "tol is 0"), ({"max_iter": 0}, "max_iter is 0"), ({"threads": 0}, "threads is 0")],  # fmt: skip
)
def test_parameters_that_cannot_be(options, words):
    X, y, _ = problem()
    with pytest.raises(gm.ArgumentError, match=words):
        LogisticRegression(**options).fit(X, y)


def test_rows_that_cannot_be():
    X, y, w = problem()
    with pytest.raises(ValueError, match="one class only, 'ant'"):
        LogisticRegression().fit(X, np.full(300, "ant"))
    with pytest.raises(gm.ArgumentError, match="sample_weight"):
        LogisticRegression().fit(X, y, -w)
    with pytest.raises(gm.DataError, match="y is -2 at row 3"):
        PoissonRegressor().fit(X, np.where(np.arange(300) == 3, -2.0, 1.0))
    with pytest.raises(gm.ArgumentError, match="alpha is -1"):
        PoissonRegressor(alpha=-1).fit(X, np.ones(300))
