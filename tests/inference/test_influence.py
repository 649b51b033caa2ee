"""Leverage, residuals of all kinds, Cook's distance and DFFITS against statsmodels; rows stay in their places."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from estimates import fitted
from gramian.errors import DataError
from gramian.execution.threads import Threads
from gramian.inference.covariance import covariance
from gramian.inference.influence import RowValues, arranged, influence
from gramian.inference.statistics import Inference
from gramian.reductions.sandwich import ClusterScores, Scores, gather

with warnings.catch_warnings():
    # statsmodels and pandas warn about each other's future at import.
    warnings.simplefilter("ignore")
    import statsmodels.api as sm


def table(m=150, n=3, k=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n)) + 100.0
    return X, X @ rng.normal(size=(n, k)) + rng.normal(size=(m, k))


def of(fit, threads=1):
    e = fit.estimate
    sigma = Inference.classical(e).sigma
    return influence(fit.rows, Threads(threads), fit.projection, sigma=sigma, df=e.df_resid, rank=e.rank)


@pytest.mark.parametrize("intercept", [True, False])
def test_all_of_it_agrees_with_statsmodels(intercept):
    X, y = table()
    got = of(fitted(X, y, intercept=intercept))
    model = sm.OLS(y[:, 0], sm.add_constant(X) if intercept else X).fit()
    truth = model.get_influence()
    # Condition about 1e2 after centring, 1e4 without: 16 - 4 - 3 digits.
    for ours, theirs in [
        (got.residuals, model.resid), (got.fitted, model.fittedvalues),
        (got.standardized, truth.resid_studentized_internal), (got.studentized, truth.resid_studentized_external),
        (got.cooks, truth.cooks_distance[0]), (got.dffits, truth.dffits[0]),
    ]:  # fmt: skip
        assert_allclose(ours[:, 0], theirs, rtol=1e-9, atol=1e-9)
    assert_allclose(got.leverage, truth.hat_matrix_diag, rtol=1e-9)
    assert_allclose(got.leverage.sum(), 3 + intercept, rtol=1e-12)


def test_weights_whiten_as_in_r():
    X, y = table(40)
    w = np.random.default_rng(1).uniform(0.1, 4.0, 40)
    got = of(fitted(X, y, w=w))
    root = np.sqrt(w)
    truth = sm.OLS(root * y[:, 0], root[:, None] * sm.add_constant(X)).fit().get_influence()
    assert_allclose(got.leverage, truth.hat_matrix_diag, rtol=1e-9)
    assert_allclose(got.residuals[:, 0] * root, truth.resid, rtol=1e-9, atol=1e-11)
    assert_allclose(got.studentized[:, 0], truth.resid_studentized_external, rtol=1e-9, atol=1e-9)
    assert_allclose(got.cooks[:, 0], truth.cooks_distance[0], rtol=1e-9, atol=1e-11)


def test_leaving_a_row_out_is_what_the_formulas_say():
    X, y = table(30, k=2)
    whole = fitted(X, y)
    got = of(whole)
    for i in (0, 17):
        less = fitted(np.delete(X, i, axis=0), np.delete(y, i, axis=0))
        X1 = np.column_stack([np.ones(30), X])
        moved = X1 @ (whole.estimate.coef - less.estimate.coef)
        s2 = whole.estimate.rss / whole.estimate.df_resid
        assert_allclose(got.cooks[i], (moved**2).sum(axis=0) / 4 / s2, rtol=1e-8)
        less_sigma = Inference.classical(less.estimate).sigma
        assert_allclose(got.dffits[i], moved[i] / (less_sigma * np.sqrt(got.leverage[i])), rtol=1e-8)


def test_frequencies_give_the_leverage_of_one_of_the_repeated_rows():
    X, y = table(25)
    f = np.random.default_rng(2).integers(1, 4, 25)
    got = of(fitted(X, y, w=f.astype(float), frequency=True))
    long = of(fitted(np.repeat(X, f, axis=0), np.repeat(y, f, axis=0)))
    first = np.concatenate([[0], np.cumsum(f)[:-1]])
    for name in ("leverage", "residuals", "studentized", "cooks"):
        assert_allclose(getattr(got, name), getattr(long, name)[first], rtol=1e-9, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    missing=st.sets(st.integers(0, 59), max_size=30),
    part=st.integers(7, 60),
    block=st.integers(3, 60),
    numbered=st.booleans(),
)
def test_rows_stay_in_their_places(missing, part, block, numbered):
    X, y = table(60)
    X[list(missing), 1] = np.nan
    fit = fitted(X, y, part=part, block=block, numbered=numbered)
    got = of(fit, threads=2)
    gone = np.zeros(60, bool)
    gone[list(missing)] = True
    for name in ("leverage", "residuals", "fitted", "cooks"):
        values = getattr(got, name)
        assert values.shape[0] == 60
        assert (np.isnan(values.reshape(60, -1)).any(axis=1) == gone).all()
    assert_allclose((got.fitted + got.residuals)[~gone], y[~gone], rtol=1e-12)


def test_a_row_fitted_exactly_whatever_its_target_has_no_studentised_residual():
    X, y = table(30)
    dummy = np.zeros(30)
    dummy[4] = 1.0
    got = of(fitted(np.column_stack([X, dummy]), y))
    assert_allclose(got.leverage[4], 1.0)
    for name in ("standardized", "studentized", "cooks", "dffits"):
        values = getattr(got, name)[:, 0]
        assert np.flatnonzero(np.isnan(values)).tolist() == [4]


def test_one_degree_of_freedom_leaves_none_for_the_deleted_residual():
    X, y = table(5)
    got = of(fitted(X, y))
    assert np.isnan(got.studentized).all()
    assert np.isfinite(got.standardized).all()


def test_several_works_share_one_pass_and_give_the_same_bits():
    X, y = table(k=2)
    fit = fitted(X, y, cluster=np.arange(150) % 7)
    passes: list[str] = []

    class Counted(Threads):
        def fold(self, rows, reduction):
            passes.append(reduction.title)
            return super().fold(rows, reduction)

    works = [Scores(0), Scores(2), ClusterScores(), RowValues()]
    meat0, meat2, sums, pieces = gather(fit.rows, Counted(2), fit.projection, works)
    assert passes == ["residuals"]
    assert meat0.sums.tobytes() == gather(fit.rows, Threads(1), fit.projection, [Scores(0)])[0].sums.tobytes()
    assert meat2.sums.tobytes() == gather(fit.rows, Threads(4), fit.projection, [Scores(2)])[0].sums.tobytes()
    assert sums.labels.tolist() == list(range(7))
    e = fit.estimate
    got = arranged(pieces, fit.rows, sigma=Inference.classical(e).sigma, df=e.df_resid, rank=e.rank)
    assert got.cooks.tobytes() == of(fit).cooks.tobytes()


def test_sparse_rows_are_those_of_their_dense_twin():
    X, y = table(80)
    X[np.random.default_rng(3).random(X.shape) < 0.6] = 0.0
    dense = fitted(X, y, intercept=False)
    thin = replace(dense, rows=replace(dense.rows, X=sp.csr_array(X), sparse=True))
    assert_allclose(of(thin).cooks, of(dense).cooks, rtol=1e-10)
    pair = [covariance("HC3", f.estimate, f.rows, Threads(1), f.projection).matrix for f in (thin, dense)]
    assert_allclose(*pair, rtol=1e-10)


def test_inputs_are_not_modified():
    X, y = table()
    fit = fitted(X, y)
    before = X.tobytes(), y.tobytes()
    of(fit)
    assert before == (X.tobytes(), y.tobytes())


def test_no_rows_is_an_error():
    X, y = table()
    fit = fitted(X, y)
    empty = replace(fit.rows, X=X[:0], y=y[:0])
    with pytest.raises(DataError, match="a table has no rows to compute influence from\nHint: pass the table"):
        of(replace(fit, rows=empty))


def test_it_names_what_it_holds():
    X, y = table()
    X[3, 0] = np.nan
    assert repr(of(fitted(X, y))).startswith("Influence(150 rows, 149 used: .residuals .fitted .leverage")
