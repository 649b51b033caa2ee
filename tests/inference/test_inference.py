"""Standard errors, tests, intervals and fit statistics against R's printed figures, NIST and statsmodels."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from estimates import fitted
from gramian.errors import ArgumentError, FormulaError, NeedsData
from gramian.execution.threads import Threads
from gramian.inference.covariance import covariance
from gramian.inference.covariances import COVARIANCES
from gramian.inference.estimate import Dropped
from gramian.inference.hypotheses import parse
from gramian.inference.statistics import Inference
from gramian.inference.tails import t_quantile, two_sided_t, upper_f

with warnings.catch_warnings():
    # statsmodels and pandas warn about each other's future at import.
    warnings.simplefilter("ignore")
    import statsmodels.api as sm


def table(m=200, n=4, k=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n)) * np.logspace(0, 2, n) + 5.0
    noise = rng.normal(size=(m, k)) * (0.5 + np.abs(X[:, :1] - 5.0))
    return X, X @ rng.normal(size=(n, k)) + 3.0 + noise


@pytest.fixture(scope="module")
def stackloss():
    data = sm.datasets.stackloss.load().data
    return fitted(data.iloc[:, 1:].to_numpy(float), data.iloc[:, 0].to_numpy(float), names=list(data.columns[1:]))


@pytest.fixture(scope="module")
def clustered():
    X, y = table(seed=4)
    return fitted(X, y, cluster=np.random.default_rng(5).integers(0, 12, len(y)))


def cov(fit, name, threads=1):
    return covariance(name, fit.estimate, fit.rows, Threads(threads), fit.projection)


def test_stackloss_prints_what_r_prints(stackloss):
    s = Inference.classical(stackloss.estimate)
    assert_allclose(s.coef[:, 0], [-39.9197, 0.7156, 1.2953, -0.1521], atol=5e-5)
    assert_allclose(s.se[:, 0], [11.8960, 0.1349, 0.3680, 0.1563], atol=5e-5)
    assert_allclose(s.pvalues[:, 0], [0.00375, 5.8e-05, 0.00263, 0.34405], rtol=2e-2)
    assert_allclose(s.sigma, 3.243, atol=5e-4)
    assert_allclose(s.rsquared, 0.9136, atol=5e-5)
    assert_allclose(s.rsquared_adj, 0.8983, atol=5e-5)
    assert_allclose(s.fvalue, 59.9, atol=5e-2)
    assert_allclose(s.f_pvalue, 3.016e-09, rtol=1e-3)
    assert (s.df_model, s.df_resid) == (3, 17)


def test_longley_has_the_certified_standard_errors():
    data = sm.datasets.longley.load().data
    fit = fitted(data.iloc[:, 1:].to_numpy(float), data.iloc[:, 0].to_numpy(float))
    s = Inference.classical(fit.estimate)
    certified = [890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699]
    certified += [0.214274163161675, 0.226073200069370, 455.478499142212]
    assert_allclose(s.se[:, 0], certified, rtol=1e-9)  # condition 1e5 after centring: 5 of 15 digits and one to spare
    assert_allclose(s.sigma, 304.854073561965, rtol=1e-10)
    assert_allclose(s.rsquared, 0.995479004577296, rtol=1e-13)
    assert_allclose(s.fvalue, 330.285339234588, rtol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_statistic_agrees_with_statsmodels(intercept, weighted):
    X, y = table(k=1)
    w = np.random.default_rng(1).uniform(0.2, 5.0, len(y)) if weighted else None
    s = Inference.classical(fitted(X, y, w=w, intercept=intercept).estimate)
    D = np.column_stack([np.ones(len(y)), X]) if intercept else X
    truth = sm.WLS(y[:, 0], D, weights=1.0 if w is None else w, hasconst=intercept).fit()
    for ours, theirs in [
        (s.coef[:, 0], truth.params), (s.se[:, 0], truth.bse), (s.tvalues[:, 0], truth.tvalues),
        (s.cov[0], truth.cov_params()), (s.rsquared, truth.rsquared), (s.rsquared_adj, truth.rsquared_adj),
        (s.fvalue, truth.fvalue), (s.loglik, truth.llf),
        (s.aic, truth.aic + 2), (s.bic, truth.bic + np.log(len(y))),  # R counts sigma as a parameter
    ]:  # fmt: skip
        assert_allclose(ours, theirs, rtol=1e-9)
    assert_allclose(s.pvalues[:, 0], truth.pvalues, rtol=1e-7)
    assert_allclose(s.f_pvalue, truth.f_pvalue, rtol=1e-7)
    assert_allclose(np.stack(s.conf_int(0.9), axis=-1)[:, 0], truth.conf_int(0.1), rtol=1e-8)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_robust_covariances_agree_with_statsmodels(kind, weighted, intercept):
    X, y = table(seed=2)
    w = np.random.default_rng(3).uniform(0.2, 5.0, len(y)) if weighted else None
    fit = fitted(X, y, w=w, intercept=intercept)
    D = np.column_stack([np.ones(len(y)), X]) if intercept else X
    model = sm.WLS(y[:, 0], D, weights=1.0 if w is None else w, hasconst=intercept)
    truth = model.fit(cov_type=kind, use_t=True)
    s = Inference(fit.estimate, cov(fit, kind))
    assert_allclose(s.cov[0], truth.cov_params(), rtol=1e-9, atol=1e-12 * np.abs(truth.cov_params()).max())
    assert_allclose(s.pvalues[:, 0], truth.pvalues, rtol=1e-7)
    assert_allclose(s.fvalue, truth.fvalue, rtol=1e-8)
    assert_allclose(s.conf_int()[0][:, 0], truth.conf_int()[:, 0], rtol=1e-8)


@pytest.mark.parametrize("weighted", [True, False])
def test_cluster_covariance_agrees_with_statsmodels(weighted):
    X, y = table(seed=4)
    rng = np.random.default_rng(5)
    groups = rng.integers(0, 12, len(y))
    w = rng.uniform(0.2, 5.0, len(y)) if weighted else None
    fit = fitted(X, y, w=w, cluster=groups)
    model = sm.WLS(y[:, 0], sm.add_constant(X), weights=1.0 if w is None else w)
    truth = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    s = Inference(fit.estimate, cov(fit, "cluster"))
    assert_allclose(s.cov[0], truth.cov_params(), rtol=1e-9, atol=1e-12 * np.abs(truth.cov_params()).max())
    assert s.covariance.df == 11
    assert_allclose(s.pvalues[:, 0], truth.pvalues, rtol=1e-7)
    assert_allclose(s.fvalue, truth.fvalue, rtol=1e-8)
    assert s.covariance.label == "cluster (12 clusters)"


def test_cluster_labels_may_be_text(clustered):
    X, y = clustered.rows.X, clustered.rows.y
    text = np.array([f"firm {g:03d}" for g in clustered.rows.cluster], dtype=object)
    assert_allclose(cov(fitted(X, y, cluster=text), "cluster").matrix, cov(clustered, "cluster").matrix, rtol=1e-14)


@pytest.mark.parametrize("kind", [name for name in COVARIANCES if name != "classical"])
def test_frequencies_count_as_repeated_rows(kind):
    X, y = table(60)
    rng = np.random.default_rng(6)
    f = rng.integers(0, 4, 60)
    groups = rng.integers(0, 6, 60)
    fit = fitted(X, y, w=f.astype(float), cluster=groups, frequency=True)
    long = fitted(np.repeat(X, f, axis=0), np.repeat(y, f, axis=0), cluster=np.repeat(groups, f))
    assert_allclose(cov(fit, kind).matrix, cov(long, kind).matrix, rtol=1e-9, atol=1e-14)
    a, b = Inference(fit.estimate, cov(fit, kind)), Inference(long.estimate, cov(long, kind))
    for name in ("nobs", "df_resid"):
        assert getattr(fit.estimate, name) == getattr(long.estimate, name)
    for name in ("se", "sigma", "loglik", "aic", "bic", "fvalue", "rsquared_adj"):
        assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9)


@pytest.mark.parametrize("kind", list(COVARIANCES))
def test_one_two_and_four_threads_give_the_same_bits(clustered, kind):
    one = cov(clustered, kind, 1).matrix
    for threads in (2, 4):
        assert cov(clustered, kind, threads).matrix.tobytes() == one.tobytes()


@pytest.mark.parametrize("kind", list(COVARIANCES))
def test_several_targets_are_those_one_by_one(kind):
    X, y = table(k=3)
    groups = np.arange(len(y)) % 9
    whole = fitted(X, y, cluster=groups)
    s = Inference(whole.estimate, cov(whole, kind))
    for j in range(3):
        single = fitted(X, y[:, j], cluster=groups)
        t = Inference(single.estimate, cov(single, kind))
        for name in ("se", "tvalues", "pvalues", "sigma", "rsquared", "fvalue", "f_pvalue", "loglik", "aic"):
            assert_allclose(getattr(s, name)[..., j], getattr(t, name)[..., 0], rtol=1e-7)


def test_a_row_that_alone_decides_a_coefficient_has_no_hc3_error_and_says_so():
    X, y = table(50)
    lonely = np.zeros(50)
    lonely[17] = 1.0
    fit = fitted(np.column_stack([X, lonely]), y)
    s = Inference(fit.estimate, cov(fit, "HC3"))
    assert np.isnan(s.se[-1, 0])
    without = fitted(np.delete(X, 17, axis=0), np.delete(y, 17, axis=0))
    assert_allclose(s.se[:-1], Inference(without.estimate, cov(without, "HC3")).se, rtol=1e-9)
    assert s.notes == ("HC3 has no standard error for x4: row 17 alone decides it (leverage 1)",)


# ---- degenerate fits


def test_no_residual_degrees_of_freedom():
    X, y = table(5, 4)
    for name in ("classical", "HC3", "HC1"):
        fit = fitted(X, y)
        s = Inference(fit.estimate, cov(fit, name))
        assert np.isnan(s.se).all()
        assert np.isnan(s.pvalues).all()
        assert np.isnan([*s.sigma, *s.fvalue, *s.f_pvalue, *s.rsquared_adj]).all()
        assert "5 coefficients for 5 rows: none is left to estimate sigma from" in s.notes
    with pytest.raises(ArgumentError, match=r"cannot test a hypothesis\nReason: 5 coefficients for 5 rows"):
        s.test("x0")
    with pytest.raises(ArgumentError, match="a prediction interval is not defined for this fit"):
        s.interval(np.ones((1, 5)), "prediction")


def test_an_exact_fit():
    X, _ = table(20, 2)
    fit = fitted(X, X @ [1.0, 2.0] + 3.0)
    s = Inference.classical(replace(fit.estimate, rss=np.zeros(1)))
    assert (s.sigma, s.rsquared) == (0.0, 1.0)
    assert (s.se == 0).all()
    assert np.isinf(s.tvalues).all()
    assert (s.pvalues == 0).all()
    assert np.isinf(s.fvalue)
    assert s.f_pvalue == 0
    assert np.isposinf(s.loglik)
    assert s.notes == ("target 'y' is fitted exactly: standard errors are rounding",)
    assert s.test("x0 = 5").statistic == np.inf


def test_a_constant_target():
    X, _ = table(20, 2)
    s = Inference.classical(fitted(X, np.full(20, 3.0)).estimate)
    assert np.isnan([*s.rsquared, *s.rsquared_adj, *s.fvalue, *s.f_pvalue]).all()
    assert s.notes == ("target 'y' is constant: R-squared, t, p and F are undefined",)


def test_an_intercept_alone():
    y = np.arange(6.0)
    s = Inference.classical(fitted(np.zeros((6, 0)), y).estimate)
    assert_allclose(s.coef, [[2.5]])
    assert_allclose(s.se, [[y.std(ddof=1) / np.sqrt(6)]])
    assert_allclose(s.rsquared, 0.0, atol=1e-15)
    assert np.isnan(s.fvalue).all()
    assert len(s.test_terms()) == 0


def test_ridge_has_no_standard_errors_and_says_why():
    X, y = table()
    fit = fitted(X, y)
    fit = replace(fit, estimate=replace(fit.estimate, penalty="ridge=2"))
    for name in ("classical", "HC3"):
        s = Inference(fit.estimate, cov(fit, name))
        assert np.isnan(s.se).all()
        assert np.isnan([*s.sigma, *s.fvalue, *s.loglik, *s.aic]).all()
        assert np.isfinite(s.rsquared).all()
        assert s.notes == ("ridge=2 shrinks the coefficients: standard errors and tests do not apply",)
    with pytest.raises(ArgumentError, match="Hint: fit without ridge"):
        s.test_terms()


def test_a_dropped_column_is_nan_in_place_and_changes_nothing_else():
    X, y = table()
    total = X[:, 0] - 2.0 * X[:, 1]
    drop = Dropped("total", ("x0", "x1"), (1.0, -2.0), constant=3.5)
    names = ["x0", "x1", "x2", "x3", "total"]
    fit = fitted(np.column_stack([X, total]), y, names=names, dropped=[drop])
    plain = fitted(X, y)
    for kind in ("classical", "HC2"):
        a, b = Inference(fit.estimate, cov(fit, kind)), Inference(plain.estimate, cov(plain, kind))
        assert np.isnan(a.se[-1]).all()
        assert np.isnan(a.cov[0, -1]).all()
        assert_allclose(a.se[:-1], b.se, rtol=1e-10)
        assert_allclose(a.fvalue, b.fvalue, rtol=1e-10)
    with pytest.raises(ArgumentError, match=r"'total' was dropped: total = x0 - 2 \* x1 \+ 3\.5"):
        a.test("total = 0")
    with pytest.raises(ArgumentError, match="all its columns were dropped"):
        a.test_term("total")
    assert "total" not in a.test_terms().terms


@pytest.mark.parametrize(
    ("dropped", "text"),
    [
        (Dropped("zero"), "zero = 0"),
        (Dropped("one", constant=1.0), "one = 1"),
        (Dropped("t", ("a", "b"), (-1.0, 0.5)), "t = -a + 0.5 * b"),
        (Dropped("t", ("a", "b"), (0.0, 1.0), -2.0), "t = b - 2"),
    ],
)
def test_the_equation_of_a_dropped_column(dropped, text):
    assert str(dropped) == text


# ---- hypotheses


NAMES = ("Intercept", "a", "b", "sq ft", "C(city)[T.Oslo]", "a:b", "2nd", "a_b")


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("a = 2 * b", {"a": 1, "b": -2}, 0),
        ("a", {"a": 1}, 0),
        ("a = 1.5e0", {"a": 1}, 1.5),
        ("3 + a/2 - 1 = b*2 - .5", {"a": 0.5, "b": -2}, -2.5),
        ("-(a - b) = 0", {"a": -1, "b": 1}, 0),
        ("`sq ft` = sq ft + a", {"a": -1}, 0),
        ("C(city)[T.Oslo] == a:b", {"C(city)[T.Oslo]": 1, "a:b": -1}, 0),
        ("2 * 2nd - a_b = Intercept", {"2nd": 2, "a_b": -1, "Intercept": -1}, 0),
        ("2*(1 + a) = +2", {"a": 2}, 0),
    ],
)
def test_equations_are_read(text, row, value):
    found = parse(text, NAMES)
    expected = np.zeros(len(NAMES))
    for name, weight in row.items():
        expected[NAMES.index(name)] = weight
    assert_allclose(found.R, [expected])
    assert_allclose(found.r, [value])


def test_several_equations_and_chains():
    assert parse("a = b = 0, Intercept = 3", NAMES).R.shape == (3, len(NAMES))
    assert_allclose(parse("a = b = 0, Intercept = 3", NAMES).r, [0, 0, 3])


@pytest.mark.parametrize(
    ("text", "at", "what"),
    [
        ("a = sqft", 4, "'sqft' is no coefficient"),
        ("a = C(city)[T.Osl]", 4, "'C(city)[T.Osl]' is no coefficient"),
        ("a * b = 0", 4, "a product of two coefficients is not linear"),
        ("a / b = 0", 4, "division by what is not a number other than 0"),
        ("a / 0 = 0", 4, "division by what is not a number other than 0"),
        ("(a = 0", 3, "a closing parenthesis is missing"),
        ("a = 2b", 5, "write a product with *"),
        ("a = `b", 4, "a closing backtick is missing"),
        ("a = 1 = 2", 0, "an equation holds no coefficient"),
        ("a, b = b", 3, "an equation holds no coefficient"),
        ("a = 1 b", 6, "cannot read on here"),
        ("a = ", 4, "a coefficient or a number is expected here"),
        ("", 0, "a coefficient or a number is expected here"),
        ("a = 1e999", 4, "a number is too large"),
        ("(" * 60 + "a", 51, "nested more than 50 deep"),
    ],
)
def test_what_cannot_be_read_has_a_caret_under_the_place(text, at, what):
    with pytest.raises(FormulaError) as caught:
        parse(text, NAMES)
    lines = str(caught.value).split("\n")
    assert lines[0] == what
    assert lines[1] == f"  {text}"
    assert lines[2] == f"  {' ' * at}^"
    assert lines[-1].startswith("Hint: ")


def test_an_unknown_coefficient_gets_the_nearest_name():
    with pytest.raises(FormulaError, match=r"Hint: did you mean 'C\(city\)\[T.Oslo\]'\?"):
        parse("C(citty)[T.Oslo] = 0", NAMES)


@pytest.mark.parametrize("kind", ["classical", "HC3", "cluster"])
def test_wald_tests_agree_with_statsmodels(clustered, kind):
    model = sm.OLS(clustered.rows.y[:, 0], sm.add_constant(clustered.rows.X))
    options = {"cov_kwds": {"groups": clustered.rows.cluster}} if kind == "cluster" else {}
    truth = model.fit(cov_type="nonrobust" if kind == "classical" else kind, use_t=True, **options)
    s = Inference(clustered.estimate, cov(clustered, kind))
    R = np.array([[0, 1, -2, 0, 0], [0, 0, 0, 1.0, 1.0]])
    t = truth.f_test((R, np.array([0.5, 1.0])))
    for ours in (s.test("x0 = 2 * x1 + 0.5, x2 + x3 = 1"), s.test(R, np.array([0.5, 1.0]))):
        assert_allclose(ours.statistic, t.fvalue, rtol=1e-9)
        assert_allclose(ours.pvalue, t.pvalue, rtol=1e-7)
        assert (ours.df_num, ours.df_den) == (2, t.df_denom)
    one = s.test("x0 = 1")
    assert_allclose(one.statistic, ((s.coef[1] - 1) / s.se[1]) ** 2, rtol=1e-12)


def test_terms_are_tested_jointly():
    X, y = table()
    fit = fitted(X, y, terms=[("C(g)", (1, 2, 3)), ("z", (4,))])
    s = Inference.classical(fit.estimate)
    small = fitted(X[:, 3:], y)
    drop = (small.estimate.rss - fit.estimate.rss) / 3 / s.sigma**2
    tests = s.test_terms()
    assert_allclose(tests["C(g)"].statistic, drop, rtol=1e-9)
    assert tests["C(g)"].df_num == 3
    assert_allclose(tests[1].statistic, s.tvalues[4] ** 2, rtol=1e-10)
    assert repr(s.test("C(g)")) == repr(tests["C(g)"])
    assert [line.split()[0] for line in repr(tests).splitlines()] == ["term", "C(g)", "z"]
    with pytest.raises(ArgumentError, match=r"term is 'C\(h\)'\nAllowed: C\(g\), z\nHint: did you mean 'C\(g\)'\?"):
        s.test_term("C(h)")
    with pytest.raises(ArgumentError, match=r"term is 'C\(h\)'"):
        tests["C(h)"]


def test_a_test_reads_well():
    X, y = table()
    text = repr(Inference.classical(fitted(X, y).estimate).test("x0  =  2 * x1"))
    assert text.startswith("test of x0 = 2 * x1\n  F = ")
    assert "on 1 and 195 df, p = " in text
    both = Inference.classical(fitted(*table(k=2)).estimate).test("x0")
    assert np.shape(both.statistic) == (2,)
    assert repr(both).splitlines()[2].startswith("  y1: F = ")


def test_too_few_clusters_for_a_joint_test():
    X, y = table()
    fit = fitted(X, y, cluster=np.arange(len(y)) % 3)
    s = Inference(fit.estimate, cov(fit, "cluster"))
    test = s.test("x0, x1, x2")
    assert np.isnan(test.statistic)
    assert np.isnan(test.pvalue)
    assert "the 3 restrictions is singular: 3 clusters allow at most 2 at once" in repr(test)
    assert np.isnan(s.fvalue).all()


def test_joint_tests_keep_digits_on_ill_conditioned_columns():
    x = np.arange(21.0)
    X = np.column_stack([x**j for j in range(1, 6)])
    y = x**2 + np.sin(37.0 * x)
    fit = fitted(X, y, terms=[("poly", range(1, 6))])
    s = Inference.classical(fit.estimate)
    # Both are the F of all slopes; the scaled powers have condition 3e4, so at least 16 - 5 - 2 digits remain.
    assert_allclose(s.test_term("poly").statistic, s.fvalue, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.test("x0 = 0, 2 * x0 = 0"), "its equations repeat each other\nHint: leave one out"),
        (lambda s: s.test("x0 = 0, x0 = 1"), "its equations contradict each other"),
        (lambda s: s.test(np.zeros((1, 5))), "row 0 of R is zero"),
        (lambda s: s.test(np.eye(4)), r"the shape of R is \(4, 4\)\nAllowed: \(q, 5\)"),
        (lambda s: s.test(np.eye(5)[1:3], np.zeros(3)), r"the shape of r is \(3,\)\nAllowed: a number, or \(2,\)"),
        (lambda s: s.test(np.full(5, np.inf)), "NaN or infinite"),
        (lambda s: s.conf_int(95), r"level is 95\nAllowed: .*\nHint: did you mean 0.95\?"),
        (lambda s: s.interval(np.ones((1, 5)), "predict"), r"interval is 'predict'\nAllowed: confidence, prediction"),
    ],
)
def test_what_cannot_be_tested(call, said):
    with pytest.raises(ArgumentError, match=said):
        call(Inference.classical(fitted(*table()).estimate))


def test_what_a_covariance_cannot_be():
    X, y = table(30)
    fit = fitted(X, y)
    with pytest.raises(ArgumentError, match=r"cov is 'hc3'\nAllowed: classical, HC0, .*\nHint: did you mean 'HC3'\?"):
        cov(fit, "hc3")
    with pytest.raises(ArgumentError, match="cov='cluster' without clusters\nHint: name the column"):
        cov(fit, "cluster")
    with pytest.raises(ArgumentError, match="all rows are in one cluster, 7\nAllowed: at least 2 clusters"):
        cov(fitted(X, y, cluster=np.full(30, 7)), "cluster")
    with pytest.raises(NeedsData, match="cov='HC1' takes another pass over the rows, which are not at hand"):
        covariance("HC1", fit.estimate)


# ---- prediction


@pytest.mark.parametrize("kind", ["classical", "HC1"])
def test_intervals_of_prediction_agree_with_statsmodels(kind):
    X, y = table()
    fit = fitted(X, y)
    truth = sm.OLS(y[:, 0], sm.add_constant(X)).fit(cov_type="nonrobust" if kind == "classical" else kind, use_t=True)
    new = np.column_stack([np.ones(7), X[:7] + 1.0])
    frame = truth.get_prediction(new).summary_frame(alpha=0.2)
    s = Inference(fit.estimate, cov(fit, kind))
    for what, prefix in (("confidence", "mean_ci"), ("prediction", "obs_ci")):
        got = s.interval(new, what, 0.8, offset=np.full(7, 10.0))
        assert_allclose(got.fit[:, 0], frame["mean"] + 10.0, rtol=1e-10)
        assert_allclose(got.se[:, 0], frame["mean_se"], rtol=1e-8)
        assert_allclose(got.lower[:, 0], frame[f"{prefix}_lower"] + 10.0, rtol=1e-8)
        assert_allclose(got.upper[:, 0], frame[f"{prefix}_upper"] + 10.0, rtol=1e-8)


def test_a_missing_value_predicts_nan_for_that_row_alone():
    s = Inference.classical(fitted(*table(k=2)).estimate)
    new = np.ones((3, 5))
    new[1, 2] = np.nan
    got = s.interval(new)
    assert np.isnan(got.upper[1]).all()
    assert np.isfinite(got.upper[[0, 2]]).all()


# ---- tails


def test_tails_keep_their_digits():
    mp = pytest.importorskip("mpmath")
    with mp.workdps(40):
        for df, t in [(1, 0.3), (3, 9.0), (17, 30.0), (1000, 30.0), (10**7, 6.0)]:
            half = mp.mpf(df) / 2
            exact = mp.betainc(half, 0.5, 0, df / (df + mp.mpf(t) ** 2), regularized=True)
            assert_allclose(two_sided_t(np.array(-t), df), float(exact), rtol=1e-12)
        for a, b, f in [(3, 17, 59.9), (1, 10, 1e-8), (6, 10, 1e14), (50, 10**6, 1.2), (50, 10**6, 9.0)]:
            x = mp.mpf(b) / (b + a * mp.mpf(f))
            exact = mp.betainc(mp.mpf(b) / 2, mp.mpf(a) / 2, 0, x, regularized=True)
            assert_allclose(upper_f(np.array(f), a, b), float(exact), rtol=1e-11)
    assert_allclose(t_quantile(0.95, 17), 2.1098155778331806, rtol=1e-12)
    assert np.isnan(t_quantile(0.95, 0))
    assert np.isnan(upper_f(np.array([np.nan, 1.0]), 3, [2, 0])).all()
