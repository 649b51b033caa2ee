"""The scikit-learn classes of other losses: its own checks in full, and agreement with its answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression as TheirLogistic
from sklearn.linear_model import PoissonRegressor as TheirPoisson
from sklearn.linear_model import SGDRegressor as TheirSGD
from sklearn.utils.estimator_checks import parametrize_with_checks

import gramian as gm
from gramian.families import FAMILIES
from gramian.sklearn.distinct import distinct, marks
from gramian.sklearn.glm import LogisticRegression, PoissonRegressor
from gramian.sklearn.sgd import SGDRegressor
from gramian.solvers.ability import family_need


@parametrize_with_checks(
    [LogisticRegression(), LogisticRegression(method="lbfgs"), PoissonRegressor(),
     PoissonRegressor(method="lbfgs"), SGDRegressor(), SGDRegressor(rule="adam", early_stopping=True),
     SGDRegressor(rule="momentum", batch_size=4, fit_intercept=False),
     SGDRegressor(average=True), SGDRegressor(average=10, batch_size=3)],
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
    own, other = ours.decision_function(X), theirs.decision_function(X)
    if K > 2:  # a constant added to all classes changes nothing
        own, other = (each - each.mean(axis=1, keepdims=True) for each in (own, other))
        assert abs(np.sum(ours.intercept_)) < 1e-12
    np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-7)
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
    with pytest.raises(gm.DataError, match=r"column 0 of X is at most 4 in every row of 0[^$]*give a penalty, as C=1\.0,"):
        LogisticRegression(C=np.inf).fit(X, y)
    with pytest.raises(gm.DataError, match=r"give a penalty, as alpha=1\.0,"):
        PoissonRegressor(alpha=0).fit((X > 4).astype(float), 3.0 * y)
    with pytest.raises(gm.DataError, match="the classes are separated"):
        LogisticRegression(C=np.inf).fit(X, np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2]))
    assert np.isfinite(LogisticRegression().fit(X, y).coef_).all()


SMOOTH = ["auto", "newton", "lbfgs", "nesterov"]


@pytest.mark.parametrize("method", SMOOTH)
def test_three_separated_classes_are_named_whatever_the_method(method):
    rng = np.random.default_rng(0)
    Z, B = rng.normal(size=(300, 3)), rng.normal(size=(3, 3))
    mixed = np.argmax(Z @ B + rng.gumbel(size=(300, 3)), axis=1)
    model = LogisticRegression(C=np.inf, method=method)
    gone = np.where(mixed == 2, 5.0, 0.0) + rng.random(300)
    with pytest.raises(gm.DataError, match=r"separated: column 3 of X is at least 5\S* in every row of 2 and at most 0\.9"):
        model.fit(np.column_stack([Z, gone]), mixed)
    # Some rows of a class alone: a level that no other class has.
    some = ((mixed == 1) & (rng.random(300) < 0.5)).astype(float)
    for X in (np.column_stack([Z, some]), sp.csr_array(np.column_stack([Z, some]))):
        if method != "newton" or not sp.issparse(X):
            with pytest.raises(gm.DataError, match="column 3 of X is at least 0 in every row of 1 and at most 0 in all"):
                model.fit(X, mixed)
    with pytest.raises(gm.DataError, match="a combination of columns tells some rows' classes from others"):
        model.fit(Z, np.argmax(Z @ B, axis=1))
    near = np.argmax(Z @ B, axis=1)
    near[:3] = (near[:3] + 1) % 3
    assert np.max(np.abs(model.fit(Z, near).coef_)) > 2


@pytest.mark.parametrize("method", family_need(FAMILIES["binomial"]).able())
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_every_method_of_any_loss_fits_two_classes(method, make):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 4)) * (rng.random((300, 4)) < 0.6) * [1, 10, 0.1, 1]
    y = (rng.random(300) < 1 / (1 + np.exp(-X @ [1, 0.1, -5, 0] - 0.3))).astype(int)
    best = LogisticRegression().fit(X, y)
    model = LogisticRegression(method=method)
    if make is sp.csr_array and method == "newton":
        with pytest.raises(gm.ArgumentError, match=r"cannot leave a sparse X sparse with this loss\nMethods that can: grad"):
            model.fit(make(X), y)
        return
    model.fit(make(X), y)
    np.testing.assert_allclose(model.decision_function(X), best.decision_function(X), atol=5e-2)


def test_methods_that_cannot_are_refused_by_their_traits():
    X, y, _ = problem(K=3)
    with pytest.raises(gm.ArgumentError, match=r"method='saga' cannot fit more than two classes\nMethods that can: newton"):
        LogisticRegression(method="saga").fit(X, y)
    with pytest.raises(gm.ArgumentError, match="method='cholesky' cannot minimise the loss of family='binomial'"):
        LogisticRegression(method="cholesky").fit(X, y == "ant")


def test_a_run_cut_short_warns():
    X, y, w = problem()
    with pytest.warns(gm.GramianWarning, match="max_iter"):
        LogisticRegression(max_iter=1, method="lbfgs").fit(X, y, w)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"C": 0}, "C is 0"), ({"C": -1.0}, "C is -1.0"), ({"method": "newtn"}, "did you mean 'newton'"),
     ({"tol": 0}, "tol is 0"), ({"max_iter": 0}, "max_iter is 0"), ({"threads": 0}, "threads is 0")],
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


def line(m=2000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, 4)) * [1, 1000, 0.01, 5] + [0, 5000, 1, -3]
    return X, X @ [2.0, 0.003, -50, 0.2] + 7 + 0.1 * rng.normal(size=m)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("batch_size", [1, 32])
def test_stochastic_steps_need_no_scaling(rule, batch_size):
    X, y = line()
    model = SGDRegressor(alpha=0, rule=rule, batch_size=batch_size, random_state=0, max_iter=60, tol=None).fit(X, y)
    best = gm.LinearRegression().fit(X, y)
    left = np.mean((y - model.predict(X)) ** 2) - np.mean((y - best.predict(X)) ** 2)
    assert left < 1e-2 * np.mean((y - y.mean()) ** 2)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("options", [{}, {"rule": "adam", "batch_size": 8}, {"early_stopping": True}])
def test_weights_and_repeated_rows_in_any_order_give_the_same_bits(make, options):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 5)) * (rng.random((60, 5)) < 0.5)
    y, w = X @ np.arange(5.0) + rng.normal(size=60), rng.integers(0, 4, size=60)
    order = rng.permutation(np.repeat(np.arange(60), w))
    one = SGDRegressor(random_state=0, max_iter=20, tol=None, **options).fit(make(X), y, w)
    two = SGDRegressor(random_state=0, max_iter=20, tol=None, **options).fit(make(X[order]), y[order])
    np.testing.assert_array_equal(one.coef_, two.coef_)
    np.testing.assert_array_equal(one.intercept_, two.intercept_)
    assert one.t_ == two.t_
    thrice = SGDRegressor(random_state=0, max_iter=20, tol=None, **options).fit(make(X), y, 3 * w)
    np.testing.assert_allclose(thrice.coef_, one.coef_, rtol=1e-12)


def test_rows_are_told_apart_by_their_values_alone():
    """Dense or sparse, whole numbers or not, 0.0 or -0.0."""
    rng = np.random.default_rng(5)
    X, y = rng.integers(-3, 4, size=(20_000, 6)).astype(float), rng.integers(0, 2, size=(20_000, 1)).astype(float)
    found = marks(X, y)
    np.testing.assert_array_equal(found, marks(sp.csr_array(X), y))
    np.testing.assert_array_equal(found, marks(np.where(X == 0, -0.0, X), y))
    rows = np.unique(np.column_stack([X, y]), axis=0)
    assert np.unique(found).size == len(rows)
    taken = distinct(X, y, None)
    assert taken.rows == len(rows)
    assert np.sum(taken.w) == pytest.approx(taken.rows, rel=1e-14)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_rows_of_equal_weights_keep_their_order_and_are_not_copied(make):
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(5000, 12)), rng.normal(size=(5000, 1))
    for w in (None, np.ones(5000), np.full(5000, 2.5)):
        taken = distinct(make(X), y, w)
        assert taken.y is y
        assert taken.w.size == 0
    twice = rng.permutation(np.repeat(np.arange(5000), 2))
    seen = twice[np.sort(np.unique(twice, return_index=True)[1])]
    taken = distinct(make(X[twice]), y[twice], None)
    np.testing.assert_array_equal(taken.y, y[seen])
    assert taken.w.size == 0
    # Targets that are few, so that nearly every row is looked at further.
    few = rng.integers(0, 3, size=(5000, 1)).astype(float)
    rows = np.r_[np.arange(5000), 17, 4000, 17]
    taken = distinct(make(X[rows]), few[rows], None)
    assert taken.rows == 5000
    again = distinct(make(X), few, np.bincount(rows, minlength=5000).astype(float))
    np.testing.assert_array_equal(taken.y, again.y)
    np.testing.assert_array_equal(taken.w, again.w)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("options", [{}, {"learning_rate": "constant"}, {"early_stopping": True}])
def test_what_is_not_finite_is_found_whatever_pass_finds_it(value, where, options):
    X, y = np.random.default_rng(7).normal(size=(300, 4)), np.arange(300.0)
    (X if where == "X" else y)[-1] = value
    with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
        SGDRegressor(**options).fit(X, y)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_stochastic_steps_over_sparse_rows_stay_sparse(fit_intercept, monkeypatch):
    rng = np.random.default_rng(6)
    X = sp.random_array((500, 40), density=0.1, rng=rng, format="csr")
    y = np.asarray(X @ rng.normal(size=40)) + 2.0 * fit_intercept
    best = gm.LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    monkeypatch.setattr(sp.csr_array, "toarray", lambda self: pytest.fail("made dense"))
    monkeypatch.setattr(sp.csr_matrix, "toarray", lambda self: pytest.fail("made dense"))
    model = SGDRegressor(alpha=0, fit_intercept=fit_intercept, max_iter=100, tol=None, random_state=0).fit(X, y)
    left = np.mean((y - model.predict(X)) ** 2) - np.mean((y - best.predict(X)) ** 2)
    assert left < 1e-3 * np.var(y)
    again = SGDRegressor(fit_intercept=fit_intercept).partial_fit(sp.csc_array(X), y).partial_fit(X, y)
    assert again.t_ == 1000


def test_partial_fit_goes_on_where_it_stands():
    X, y = line()
    model = SGDRegressor(alpha=0, random_state=0)
    for _ in range(20):
        for at in range(0, 2000, 200):
            model.partial_fit(X[at : at + 200], y[at : at + 200])
    assert model.t_ == 40_000
    assert model.score(X, y) > 0.999


def test_early_stopping_sets_rows_apart():
    X, y = line()
    model = SGDRegressor(early_stopping=True, validation_fraction=0.25, random_state=0).fit(X, y)
    assert model.t_ % 1500 == 0
    assert model.n_iter_ < 1000
    assert model.score(X, y) > 0.99


def test_a_users_own_steps_are_the_textbook_ones():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    options = {"learning_rate": "constant", "eta0": 0.05, "shuffle": False, "alpha": 0.0}
    model = SGDRegressor(max_iter=1, tol=None, **options).fit(X, y)
    b, t = np.zeros(2), 0.0
    for x, target in zip(X, y, strict=True):
        r = x @ b + t - target
        b, t = b - 0.05 * r * x, t - 0.05 * r
    np.testing.assert_allclose(model.coef_, b, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, t, rtol=1e-12)
    with pytest.raises(gm.DataError, match="diverged"):
        SGDRegressor(learning_rate="constant", eta0=1.0).fit(*line())


@pytest.mark.parametrize("average", [False, True, 50])
@pytest.mark.parametrize("power_t", [0.25, 0.5, 0.0, 0.7])
def test_invscaling_is_scikit_learns(power_t, average):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(200, 6)), rng.normal(size=200)
    options = {"learning_rate": "invscaling", "eta0": 0.05, "power_t": power_t, "shuffle": False, "average": average}
    theirs, ours = TheirSGD(**options), SGDRegressor(**options)
    for _ in range(3):
        theirs.partial_fit(X, y)
        ours = pickle.loads(pickle.dumps(ours.partial_fit(X, y)))
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-12)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-12)
    fitted = [kind(**options, max_iter=4, tol=None).fit(X, y).coef_ for kind in (TheirSGD, SGDRegressor)]
    np.testing.assert_allclose(fitted[1], fitted[0], rtol=0, atol=1e-12)
    assert SGDRegressor().power_t == TheirSGD().power_t


def test_a_model_pickled_before_there_was_power_t_goes_on_as_it_did():
    X, y = np.random.default_rng(2).normal(size=(50, 3)), np.arange(50.0)
    old = SGDRegressor(learning_rate="invscaling", eta0=0.1, random_state=0).partial_fit(X, y)
    kept = {name: value for name, value in old.__getstate__().items() if name != "power_t"}
    old = SGDRegressor.__new__(SGDRegressor)
    old.__setstate__(kept)
    assert old.power_t == 1.0
    assert np.all(np.isfinite(old.partial_fit(X, y).coef_))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rule": "adm"}, "did you mean 'adam'"), ({"power_t": -0.5}, r"power_t is -0.5\n.*finite number >= 0"),
     ({"power_t": np.nan}, "power_t is nan"), ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
     ({"eta0": 0.0}, "eta0 is 0.0"), ({"max_iter": 0}, "max_iter is 0"), ({"batch_size": 0}, "batch is 0"),
     ({"validation_fraction": 1.0}, "validation_fraction is 1.0"), ({"alpha": -1.0}, "alpha is -1.0")],
)
def test_stochastic_parameters_that_cannot_be(options, words):
    with pytest.raises(gm.ArgumentError, match=words):
        SGDRegressor(**options).fit(*line(50))
