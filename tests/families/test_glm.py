"""gm.fit with a family: published figures, statsmodels on real tables, certified digits against mpmath, and bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import gramian as gm
from command import run
from gramian.certification.self_concordance import certified
from gramian.certification.thresholds import aim_note, missed_note
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.problem.penalties import NoPenalty
from gramian.problem.solution import Stats, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Place
from gramian.solvers import SOLVERS
from gramian.solvers.ability import family_need
from gramian.solvers.irls import Reweighted
from shared_data import table

OTHERS = ("binomial", "poisson", "gamma")
METHODS = family_need(FAMILIES["poisson"]).able()


def named(family):
    """A new object each time: statsmodels keeps the number of trials in it."""
    gamma = {"link": sm.families.links.Log()} if family == "gamma" else {}
    return getattr(sm.families, family.capitalize())(**gamma)


def problem(family, m=400, n=4, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n)) * 10.0 ** np.arange(n) + 2.0
    eta = X @ (rng.normal(size=n) / 3 / 10.0 ** np.arange(n)) - 0.3
    mu = FAMILIES[family].mean(eta)
    draw = {
        "binomial": lambda: (rng.random(m) < mu).astype(float),
        "poisson": lambda: rng.poisson(mu).astype(float),
        "gamma": lambda: rng.gamma(2.0, mu / 2),
    }
    data = {f"x{j}": X[:, j] for j in range(n)}
    return data | {"y": draw[family](), "w": rng.integers(1, 5, m).astype(float), "o": rng.normal(size=m) / 5,
                   "g": rng.integers(0, 30, m)}  # fmt: skip


FORMULA = "y ~ x0 + x1 + x2 + x3"


def theirs(data, family, columns=("x0", "x1", "x2", "x3"), intercept=True, **options):
    X = np.column_stack([data[c] for c in columns])
    X = sm.add_constant(X) if intercept else X
    fit = {k: options.pop(k) for k in ("cov_type", "cov_kwds") if k in options}
    return sm.GLM(data["y"], X, family=named(family), **options).fit(tol=1e-14, maxiter=200, **fit)


def close(got, want, rtol=1e-7):
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * np.max(np.abs(want)))


# ---- agreement


@pytest.mark.parametrize("family", OTHERS)
def test_agrees_with_statsmodels(family):
    data = problem(family)
    ours, other = gm.fit(FORMULA, data, family=family), theirs(data, family)
    close(ours.coef, other.params, 1e-10)
    close(ours.se, other.bse)
    close(ours.cov(), other.cov_params(), 1e-6)
    assert ours.deviance == pytest.approx(other.deviance, rel=1e-10)
    assert ours.null_deviance == pytest.approx(other.null_deviance, rel=1e-10)
    assert ours.dispersion == pytest.approx(other.scale, rel=1e-9)
    assert ours.df_resid == other.df_resid
    scale = other.deviance / 400 if family == "gamma" else 1.0
    assert ours.loglik == pytest.approx(named(family).loglike(data["y"], other.mu, scale=scale), rel=1e-10)
    counted = 5 + (family == "gamma")
    assert ours.aic == pytest.approx(2 * counted - 2 * ours.loglik)
    assert ours.bic == pytest.approx(np.log(400) * counted - 2 * ours.loglik)
    assert ours.trusted
    assert np.min(ours.digits) > 8
    assert ours.method == "newton"
    if family != "gamma":  # statsmodels takes z everywhere; a Gamma dispersion is estimated, so R takes t
        close(ours.pvalues, other.pvalues)
        close(ours.conf_int(), other.conf_int())


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("cov", ["HC0", "HC1", "cluster"])
def test_robust_errors_agree(family, cov):
    data = problem(family)
    clusters = "g" if cov == "cluster" else None
    ours = gm.fit(FORMULA, data, family=family, cov=cov, clusters=clusters)
    if family != "gamma" and cov != "HC1":  # statsmodels leaves n / (n - p) out of HC1 here
        options = {"cov_kwds": {"groups": data["g"]}} if cov == "cluster" else {}
        close(ours.se, theirs(data, family, cov_type=cov, **options).bse, 1e-6)
    X = sm.add_constant(np.column_stack([data[f"x{j}"] for j in range(4)]))
    eta = X @ ours.coef
    score = -FAMILIES[family].first(eta, data["y"])[:, None] * X
    if cov == "cluster":
        score = np.stack([score[data["g"] == g].sum(axis=0) for g in np.unique(data["g"])])
    bread = np.linalg.inv(X.T @ (FAMILIES[family].expected(eta)[:, None] * X))
    G = score.shape[0]
    factor = {"HC0": 1.0, "HC1": 400 / 395, "cluster": G / (G - 1) * 399 / 395}[cov]
    close(ours.se, np.sqrt(factor * np.diag(bread @ score.T @ score @ bread)), 1e-8)


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("intercept", [True, False])
def test_offsets_are_added_to_the_linear_predictor(family, intercept):
    data = problem(family)
    formula = FORMULA if intercept else FORMULA + " - 1"
    ours = gm.fit(formula, data, family=family, offset="o")
    other = theirs(data, family, intercept=intercept, offset=data["o"])
    close(ours.coef, other.params, 1e-9)
    close(ours.se, other.bse)
    assert ours.deviance == pytest.approx(other.deviance, rel=1e-10)
    if intercept:
        assert ours.null_deviance == pytest.approx(other.null_deviance, rel=1e-8)
    else:
        base = FAMILIES[family].mean(data["o"])
        assert ours.null_deviance == pytest.approx(np.sum(FAMILIES[family].deviance(base, data["y"])), rel=1e-10)
    close(ours.predict(data), other.fittedvalues, 1e-9)
    close(ours.predict(data, kind="link"), FAMILIES[family].link(other.fittedvalues), 1e-9)


@pytest.mark.parametrize("family", OTHERS)
def test_frequencies_repeat_rows(family):
    data = problem(family, m=150)
    ours = gm.fit(FORMULA, data, family=family, freq_weights="w", cov="HC1")
    repeated = {name: np.repeat(values, data["w"].astype(int)) for name, values in data.items()}
    other = gm.fit(FORMULA, repeated, family=family, cov="HC1")
    close(ours.coef, other.coef, 1e-9)
    close(ours.se, other.se)
    close(ours.with_cov("HC3").se, other.with_cov("HC3").se)
    for name in ("deviance", "null_deviance", "loglik", "aic", "bic", "nobs", "df_resid", "dispersion"):
        assert getattr(ours, name) == pytest.approx(getattr(other, name), rel=1e-9), name


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_prior_weights(family):
    data = problem(family)
    ours, other = gm.fit(FORMULA, data, family=family, weights="w"), theirs(data, family, var_weights=data["w"])
    close(ours.coef, other.params, 1e-9)
    close(ours.se, other.bse)
    assert ours.deviance == pytest.approx(other.deviance)
    assert ours.nobs == 400


def test_weights_of_shares_are_trials():
    rng = np.random.default_rng(4)
    x, trials = rng.normal(size=60), rng.integers(1, 20, 60)
    wins = rng.binomial(trials, 1 / (1 + np.exp(-x)))
    ours = gm.fit("y ~ x", {"y": wins / trials, "x": x, "n": trials}, family="binomial", weights="n")
    other = sm.GLM(np.column_stack([wins, trials - wins]), sm.add_constant(x), family=named("binomial")).fit(tol=1e-14)
    close(ours.coef, other.params, 1e-10)
    close(ours.se, other.bse)
    assert ours.deviance == pytest.approx(other.deviance)
    assert ours.loglik == pytest.approx(other.llf)
    assert ours.aic == pytest.approx(other.aic)


# ---- rows


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("weights", [None, "w"])
def test_influence_agrees_with_statsmodels(family, weights):
    data = problem(family, m=120)
    if family == "binomial":
        weights = None  # there they are trials
    ours = gm.fit(FORMULA, data, family=family, weights=weights, offset="o")
    options = {} if weights is None else {"var_weights": data["w"]}
    other = theirs(data, family, offset=data["o"], **options)
    seen, found = ours.influence(), other.get_influence(observed=False)
    close(seen.fitted, other.fittedvalues, 1e-8)
    close(seen.residuals, other.resid_response, 1e-8)
    close(seen.pearson, other.resid_pearson, 1e-8)
    close(seen.deviance, other.resid_deviance, 1e-7)
    close(seen.leverage, found.hat_matrix_diag, 1e-7)
    assert np.sum(seen.leverage) == pytest.approx(5, rel=1e-9)
    close(seen.cooks, found.cooks_distance[0], 1e-7)
    assert np.sum(seen.deviance**2) == pytest.approx(ours.deviance, rel=1e-12)
    np.testing.assert_array_equal(ours.fitted(), seen.fitted)
    np.testing.assert_array_equal(ours.residuals(), seen.residuals)
    assert "120 rows, 120 used" in repr(seen)


@pytest.mark.parametrize("family", OTHERS)
def test_what_leaving_a_row_out_would_do(family):
    """One Newton step tells it nearly: against fits without the row, far from it where the leverage is small."""
    data = problem(family, m=200, n=2)
    fit = gm.fit("y ~ x0 + x1", data, family=family)
    seen = fit.influence()
    X = np.column_stack([np.ones(200), data["x0"], data["x1"]])
    info = np.linalg.inv(fit.cov()) * fit.dispersion
    phi = fit.dispersion
    for i in np.argsort(-seen.cooks)[[0, 5, 50]]:
        less = {name: np.delete(values, i) for name, values in data.items()}
        without = gm.fit("y ~ x0 + x1", less, family=family)
        d = without.coef - fit.coef
        assert seen.cooks[i] == pytest.approx(d @ info @ d / (3 * phi), rel=0.35)
        assert np.sign(seen.dffits[i]) == np.sign(X[i] @ (fit.coef - without.coef))
        h = seen.leverage[i]
        r = np.sign(seen.deviance[i]) * np.sqrt(seen.deviance[i] ** 2 + h / (1 - h) * seen.pearson[i] ** 2)
        # For an estimated dispersion that is over the mean deviance of the others.
        scale = np.sqrt(without.deviance / without.df_resid) if family == "gamma" else 1.0
        assert seen.studentized[i] == pytest.approx(r / scale, rel=0.02 if family == "gamma" else 1e-12)
    np.testing.assert_allclose(seen.standardized, seen.deviance / np.sqrt(phi * (1 - seen.leverage)), rtol=1e-12)


def test_rows_left_out_keep_their_places_and_frequencies_are_of_one_row():
    data = problem("poisson", m=150)
    some = data | {"x1": np.where(np.arange(150) == 7, np.nan, data["x1"])}
    seen = gm.fit(FORMULA, some, family="poisson", freq_weights="w").influence()
    assert np.isnan(seen.leverage[7])
    assert np.count_nonzero(np.isnan(seen.cooks)) == 1
    kept = np.delete(np.arange(150), 7)
    repeated = {name: np.repeat(values[kept], data["w"][kept].astype(int)) for name, values in data.items()}
    each = gm.fit(FORMULA, repeated, family="poisson").influence()
    first = np.cumsum(np.r_[0, data["w"][kept].astype(int)])[:-1]
    for name in ("fitted", "residuals", "pearson", "deviance", "leverage", "standardized", "studentized", "cooks", "dffits"):
        np.testing.assert_allclose(getattr(seen, name)[kept], getattr(each, name)[first], rtol=1e-6, err_msg=name)


def test_hc1_is_hc0_times_n_over_n_less_p():
    """As R's sandwich has it; statsmodels takes the factor as an option, and by itself gives HC0 for all four."""
    data = problem("poisson")
    for kind, factor in (("HC0", 1.0), ("HC1", 400 / 395)):
        other = theirs(data, "poisson", cov_type="HC0", cov_kwds={"scaling_factor": factor})
        close(gm.fit(FORMULA, data, family="poisson", cov=kind).se, other.bse, 1e-8)


# ---- published figures


def test_r_on_dobson_1990():
    """R's example of glm: Dobson, page 93, randomised controlled trial."""
    data = {
        "counts": [18, 17, 15, 20, 10, 20, 25, 13, 12],
        "outcome": ["1", "2", "3"] * 3,
        "treatment": ["1"] * 3 + ["2"] * 3 + ["3"] * 3,
    }
    fit = gm.fit("counts ~ outcome + treatment", data, family="poisson")
    np.testing.assert_allclose(fit.coef, [3.045, -0.4543, -0.2930, 0, 0], atol=5e-4)
    np.testing.assert_allclose(fit.se, [0.1709, 0.2022, 0.1927, 0.2000, 0.2000], atol=5e-5)
    assert round(fit.null_deviance, 4) == 10.5814
    assert round(fit.deviance, 4) == 5.1291
    assert round(fit.aic, 2) == 56.76
    assert fit.df_resid == 4


def test_r_on_mtcars():
    """glm(am ~ wt, binomial, mtcars): Henderson and Velleman (1981)."""
    wt = [2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2,
          1.615, 1.835, 2.465, 3.52, 3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78]  # fmt: skip
    am = [1, 1, 1] + [0] * 14 + [1, 1, 1] + [0] * 5 + [1] * 7
    fit = gm.fit("am ~ wt", {"am": am, "wt": wt}, family="binomial")
    np.testing.assert_allclose(fit.coef, [12.040, -4.024], atol=5e-4)
    np.testing.assert_allclose(fit.se, [4.510, 1.436], atol=1e-3)  # R stops at a change of 1e-8 in the deviance
    assert round(fit.null_deviance, 3) == 43.230
    assert round(fit.deviance, 3) == 19.176
    assert round(fit.aic, 3) == 23.176


# ---- real tables


def test_bike_counts():
    data = pd.read_csv(table("bike_hour.csv"))
    columns = ["season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "hum", "windspeed"]
    fit = gm.fit("cnt ~ " + " + ".join(columns), data, family="poisson")
    other = sm.GLM(data["cnt"], sm.add_constant(data[columns].astype(float)), family=named("poisson")).fit(tol=1e-13)
    close(fit.coef, other.params, 1e-9)
    close(fit.se, other.bse)
    assert fit.deviance == pytest.approx(other.deviance)
    assert fit.loglik == pytest.approx(other.llf)
    assert fit.trusted
    assert fit.stats.passes <= 14


def test_wine_quality_and_text_targets():
    data = pd.read_csv(table("winequality-red.csv")).rename(columns=lambda name: name.replace(" ", "_"))
    columns = [name for name in data.columns if name != "quality"]
    data["good"] = np.where(data["quality"] >= 6, "yes", "no")
    fit = gm.fit("good ~ " + " + ".join(columns), data, family="binomial")
    other = sm.GLM(data["quality"] >= 6, sm.add_constant(data[columns]), family=named("binomial")).fit(tol=1e-14)
    close(fit.coef, other.params, 1e-8)
    close(fit.se, other.bse, 1e-6)
    assert "good: 'no' is 0, 'yes' is 1" in str(fit)
    assert fit.deviance == pytest.approx(other.deviance)


def test_diamond_prices():
    data = pd.read_csv(table("diamonds.csv"))
    data["lc"] = np.log(data["carat"])
    fit = gm.fit("price ~ lc + depth + table", data, family="gamma")
    X = sm.add_constant(data[["lc", "depth", "table"]])
    other = sm.GLM(data["price"], X, family=named("gamma")).fit(tol=1e-13)
    close(fit.coef, other.params, 1e-7)
    close(fit.se, other.bse, 1e-6)
    assert fit.dispersion == pytest.approx(other.scale)
    assert "t" in fit.summary().text()


# ---- digits that are claimed are there


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("ridge", [0.0, 2.5])
def test_certified_digits_hold(family, ridge):
    data = problem(family, m=60, n=3)
    fit = gm.fit("y ~ x0 + x1 + x2", data, family=family, ridge=ridge)
    X = [[mp.mpf(1)] + [mp.mpf(float(data[f"x{j}"][i])) for j in range(3)] for i in range(60)]
    y = [mp.mpf(float(v)) for v in data["y"]]
    with mp.workdps(50):
        b = mp.matrix([mp.mpf(float(c)) for c in fit.coef])
        for _ in range(8):
            g, H = mp.matrix(4, 1), mp.matrix(4, 4)
            for row, t in zip(X, y, strict=True):
                e = mp.fdot(row, b)
                mu = 1 / (1 + mp.exp(-e)) if family == "binomial" else mp.exp(e)
                first, second = (1 - t / mu, t / mu) if family == "gamma" else (
                    mu - t, mu * (1 - mu) if family == "binomial" else mu)  # fmt: skip
                for i in range(4):
                    g[i] += first * row[i]
                    for j in range(4):
                        H[i, j] += second * row[i] * row[j]
            for j in range(1, 4):
                g[j] += ridge * b[j]
                H[j, j] += ridge
            b -= mp.lu_solve(H, g)
        truth = b
    for got, want, digits in zip(fit.coef, truth, fit.digits, strict=True):
        error = abs((mp.mpf(float(got)) - want) / want)
        assert error <= mp.mpf(10) ** (-float(digits))
        assert digits > 8


def test_a_step_short_of_the_optimum_is_told(monkeypatch):
    data = problem("binomial")
    fit = gm.fit(FORMULA, data, family="binomial", max_iter=2)
    assert not fit.trusted
    assert any("max_iter was reached" in note for note in fit.notes)


# ---- rank, missing rows, penalties


def test_dependent_columns_are_dropped_by_name():
    data = problem("poisson")
    data["twice"] = 2 * data["x0"] + 1
    fit = gm.fit("y ~ x0 + twice + x1", data, family="poisson")
    assert fit.dropped == ("twice = 2 * x0 + 1",)
    assert np.isnan(fit.coef[2])
    other = gm.fit("y ~ x0 + x1", data, family="poisson")
    close(fit.coef[[0, 1, 3]], other.coef, 1e-9)
    assert fit.deviance == pytest.approx(other.deviance)
    close(fit.predict(data), other.predict(data), 1e-9)
    with pytest.raises(gm.RankError, match="twice"):
        gm.fit("y ~ x0 + twice + x1", data, family="poisson", rank="error")


def test_nearly_dependent_columns_are_fitted_by_qr():
    data = problem("gamma")
    data["near"] = data["x0"] + 1e-8 * np.random.default_rng(0).normal(size=400)
    fit = gm.fit("y ~ x0 + near", data, family="gamma")
    assert "triangle" in fit.how
    assert fit.dropped == ()
    eta = fit.coef[0] + fit.coef[1] * data["x0"] + fit.coef[2] * data["near"]
    gradient = FAMILIES["gamma"].first(eta, data["y"]) @ (data["near"] - data["x0"])
    assert abs(gradient) < 1e-6 * np.linalg.norm(data["near"] - data["x0"])


def test_missing_rows_are_dropped_and_counted():
    data = problem("poisson")
    data["x1"][[3, 50]] = np.nan
    fit = gm.fit(FORMULA, data, family="poisson")
    kept = {name: np.delete(values, [3, 50]) for name, values in data.items()}
    close(fit.coef, gm.fit(FORMULA, kept, family="poisson").coef, 1e-12)
    assert fit.missing == 2
    assert fit.nobs == 398


def test_a_penalty_leaves_no_standard_errors():
    fit = gm.fit(FORMULA, problem("binomial"), family="binomial", ridge=3.0)
    assert np.isnan(fit.se).all()
    assert "shrinks" in str(fit)
    assert fit.trusted


# ---- what is printed, saved and predicted


def test_summary_names_family_and_deviance():
    text = str(gm.fit(FORMULA, problem("poisson"), family="poisson"))
    assert "poisson, log link" in text
    assert "Deviance" in text
    assert "R-squared" not in text


@pytest.mark.parametrize("family", OTHERS)
def test_saved_models_come_back(tmp_path, family):
    data = problem(family)
    fit = gm.fit(FORMULA, data, family=family, offset="o")
    fit.save(tmp_path / "m.json")
    again = gm.load(tmp_path / "m.json")
    assert again.family == family
    for name in ("deviance", "null_deviance", "loglik", "aic", "dispersion"):
        assert getattr(again, name) == getattr(fit, name)
    np.testing.assert_array_equal(again.predict(data), fit.predict(data))
    np.testing.assert_array_equal(again.conf_int(), fit.conf_int())
    assert str(again) == str(fit)
    with pytest.raises(gm.NeedsData):
        again.cov("HC0")


@pytest.mark.parametrize("family", OTHERS)
def test_intervals_of_the_mean_go_through_the_link(family):
    data = problem(family)
    fit = gm.fit(FORMULA, data, family=family)
    got = fit.predict(data, interval="confidence")
    other = theirs(data, family).get_prediction(sm.add_constant(np.column_stack([data[f"x{j}"] for j in range(4)])))
    close(got["fit"], other.predicted_mean)
    close(got["se"], other.se_mean, 1e-6)
    if family != "gamma":
        frame = other.summary_frame()
        close(got["lower"], frame["mean_ci_lower"], 1e-6)
        close(got["upper"], frame["mean_ci_upper"], 1e-6)
    with pytest.raises(gm.ArgumentError, match="prediction interval"):
        fit.predict(data, interval="prediction")
    with pytest.raises(gm.ArgumentError, match="kind is 'mean'"):
        fit.predict(data, kind="mean")


def test_wald_tests_use_the_normal_where_the_dispersion_is_known():
    data = problem("poisson")
    fit, other = gm.fit(FORMULA, data, family="poisson"), theirs(data, "poisson")
    wald = other.wald_test("x1 = 0, x2 = 0", scalar=True)
    got = fit.test("x0 = 0, x1 = 0")
    assert got.statistic * 2 == pytest.approx(float(wald.statistic), rel=1e-7)
    assert got.pvalue == pytest.approx(float(wald.pvalue), rel=1e-6)


# ---- separation


def test_complete_separation_names_the_column():
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1.0, 2, 3, 4, 5, 6], "z": [1.0, 3, 2, 2, 1, 3]}
    with pytest.raises(gm.DataError, match=r"x is at most 3 in every row of 0 and at least 4 in every row of 1"):
        gm.fit("y ~ x + z", data, family="binomial")
    fit = gm.fit("y ~ x + z", data, family="binomial", ridge=1.0)
    assert np.isfinite(fit.coef).all()


def test_quasi_separation_by_a_level():
    rng = np.random.default_rng(0)
    group = np.array(["a", "b", "c"])[rng.integers(0, 3, 300)]
    y = np.where(group == "c", 1, rng.integers(0, 2, 300))
    with pytest.raises(gm.DataError, match=r"group\[T.c\]"):
        gm.fit("y ~ group + x", {"y": y, "group": group, "x": rng.normal(size=300)}, family="binomial")


def test_separation_by_a_combination_names_it():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=200), rng.normal(size=200)
    with pytest.raises(gm.DataError, match=r"[ab] .* [ab] tells the rows of 0 and those of 1 apart"):
        gm.fit("y ~ a + b", {"y": (a + 2 * b > 0.3).astype(int), "a": a, "b": b}, family="binomial")


def test_near_separation_is_not_called_separation():
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    y = (x > 0).astype(float)
    y[np.argsort(np.abs(x))[:6]] = [0, 1, 1, 0, 1, 0]
    data = {"y": y, "x": x}
    fit = gm.fit("y ~ x", data, family="binomial")
    p = FAMILIES["binomial"].mean(fit.coef[0] + fit.coef[1] * x)
    assert abs((p - y) @ x) < 1e-8
    assert fit.trusted


def test_a_level_of_zero_counts_separates():
    rng = np.random.default_rng(1)
    group = np.array(["a", "b", "c"])[rng.integers(0, 3, 200)]
    y = np.where(group == "b", 0, rng.poisson(3, 200))
    with pytest.raises(gm.DataError, match=r"group\[T.b\] is 0 in every row with a count above 0"):
        gm.fit("y ~ group", {"y": y, "group": group}, family="poisson")


# ---- bad input


@pytest.mark.parametrize(
    ("family", "y", "words"),
    [
        ("binomial", [0, 1, 1.5, 0], "target y is 1.5 at row 2"),
        ("binomial", [0, 1, -0.1, 0], "shares between them"),
        ("poisson", [1, 2, -3, 0], "target y is -3 at row 2"),
        ("poisson", [1, 2.5, 3, 0], "target y is 2.5 at row 1"),
        ("gamma", [1, 2, 3, 0], "target y is 0 at row 3"),
        ("gamma", [1, 2, -3, 1], "positive numbers"),
        ("binomial", [1, 1, 1, 1], "target y is 1 in every row"),
        ("binomial", [0, 0, 0, 0], "both 0 and 1"),
        ("poisson", [0, 0, 0, 0], "at least one count above zero"),
        ("binomial", ["a", "b", "c", "a"], "3 different texts: a, b, c"),
        ("binomial", ["a", "a", "a", "a"], "1 different texts: a"),
    ],
)
def test_targets_that_cannot_be(family, y, words):
    with pytest.raises(gm.DataError, match=words):
        gm.fit("y ~ x", {"y": y, "x": [1.0, 3, 2, 5]}, family=family)


def test_arguments_that_cannot_be(tmp_path):
    data = problem("poisson")
    with pytest.raises(gm.ArgumentError, match="did you mean 'poisson'"):
        gm.fit(FORMULA, data, family="poison")
    with pytest.raises(gm.ArgumentError, match="fit each target by itself"):
        gm.fit("y + x0 ~ x1", data, family="poisson")
    with pytest.raises(gm.ArgumentError, match="method='cholesky' cannot minimise"):
        gm.fit(FORMULA, data, family="poisson", method="cholesky")
    with pytest.raises(gm.ArgumentError, match="Moments with family='poisson'"):
        gm.fit(FORMULA, gm.moments(FORMULA, data), family="poisson")
    fit = gm.fit(FORMULA, data, family="poisson")
    path = tmp_path / "m.json"
    fit.save(path)
    with pytest.raises(gm.NeedsData, match="influence"):
        gm.load(path).influence()
    with pytest.raises(gm.DataError, match="too large or too small"):
        gm.fit("y ~ x0", data | {"x0": data["x0"] * 1e200}, family="poisson")


def test_constant_and_empty_models():
    data = problem("poisson")
    fit = gm.fit("y ~ 1", data, family="poisson")
    assert fit.coef[0] == pytest.approx(np.log(np.mean(data["y"])), rel=1e-14)
    assert fit.deviance == pytest.approx(fit.null_deviance, rel=1e-12)


def test_reading_in_parts_and_threads_changes_no_bit(tmp_path):
    data = problem("poisson", m=40_000)
    path = tmp_path / "d.parquet"
    pd.DataFrame(data).to_parquet(path, row_group_size=7_000)
    one, two = (gm.fit(FORMULA, path, family="poisson", threads=k) for k in (1, 2))
    np.testing.assert_array_equal(one.coef, two.coef)
    np.testing.assert_array_equal(one.se, two.se)
    assert one.deviance == two.deviance
    close(one.coef, gm.fit(FORMULA, data, family="poisson").coef, 1e-10)


# ---- other methods


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_any_loss_reaches_the_optimum(family, method):
    data = problem(family)
    best = gm.fit(FORMULA, data, family=family)
    fit = gm.fit(FORMULA, data, family=family, method=method)
    assert fit.method == method
    assert fit.trusted
    error = np.abs(fit.coef - best.coef)
    np.testing.assert_array_less(error, np.abs(best.coef) * 10.0**-fit.digits * 1.01 + 1e-14)
    aim = SOLVERS[method].traits.digits
    assert np.min(fit.digits) > aim / 2
    close(fit.se, best.se, 10.0 ** -(aim / 2))
    assert fit.deviance == pytest.approx(best.deviance, rel=10.0**-aim)


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("method", [name for name in METHODS if SOLVERS[name].traits.batches])
def test_mini_batches_too(family, method):
    data = problem(family)
    best = gm.fit(FORMULA, data, family=family)
    fit = gm.fit(FORMULA, data, family=family, method=method, batch=16)
    assert fit.trusted
    assert fit.deviance == pytest.approx(best.deviance, rel=1e-2)
    again = gm.fit(FORMULA, data, family=family, method=method, batch=16)
    np.testing.assert_array_equal(fit.coef, again.coef)


@pytest.mark.parametrize("method", METHODS)
def test_separation_is_named_whatever_the_method(method):
    x = np.arange(30.0)
    data = {"x": x, "z": np.sin(x), "y": (x > 14).astype(float)}
    with pytest.raises(gm.DataError, match="target y is separated: x is at most 14 in every row of 0 and at least 15"):
        gm.fit("y ~ x + z", data, family="binomial", method=method)
    counts = {"x": np.repeat([0.0, 1.0], 15), "z": np.sin(x), "y": np.r_[np.zeros(15), 1.0 + np.arange(15) % 3]}
    with pytest.raises(gm.DataError, match="target y is separated: x is 1 in every row with a count above 0"):
        gm.fit("y ~ x + z", counts, family="poisson", method=method)
    assert np.all(np.isfinite(gm.fit("y ~ x + z", data, family="binomial", method=method, ridge=1.0).coef))


def test_nothing_is_certified_where_every_row_is_saturated():
    """The curvature there is zero, and what is lent to it proves nothing."""
    x = np.arange(30.0)
    rows = ArrayRows.of(np.column_stack([x, np.sin(x)]), (x > 14).astype(float), centred=True)
    first = Place(np.zeros(2), 0.0, np.zeros(2))
    problem = Reweighted(rows, Threads(1), FAMILIES["binomial"], Wanted(NoPenalty(), "drop"), first)
    place = Place(np.zeros(2), -49_558.0, np.array([3548.0, -922.0]))
    found, factor = problem.factored(problem.at(place), place)
    _, certificate, _ = certified(found, place, factor, NoPenalty(), Status.CONVERGED, Stats(), corrects=True, bound=1.0)
    assert np.all(certificate.digits == 0)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_cut_short_is_no_separation(method):
    data = problem("binomial")
    fit = gm.fit(FORMULA, data, family="binomial", method=method, max_iter=1)
    assert not fit.trusted
    assert any("max_iter was reached" in note for note in fit.notes)


def test_large_counts_do_not_overflow_at_the_start():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    data = {"y": rng.poisson(np.exp(9 + 0.5 * x)), "x": x}
    for method in ("newton", "lbfgs", "gradient"):
        fit = gm.fit("y ~ x", data, family="poisson", method=method)
        np.testing.assert_allclose(fit.coef, [9, 0.5], atol=0.01)
    without = gm.fit("y ~ x - 1", data, family="poisson")
    assert without.trusted


@pytest.mark.parametrize("family", ["poisson", "gamma"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weights", [None, "w"])
def test_an_offset_goes_with_every_method(family, method, weights):
    data = problem(family)
    best = gm.fit(FORMULA, data, family=family, offset="o", weights=weights)
    fit = gm.fit(FORMULA, data, family=family, offset="o", weights=weights, method=method)
    assert fit.trusted
    aim = SOLVERS[method].traits.digits
    assert fit.deviance == pytest.approx(best.deviance, rel=10.0**-aim)
    assert fit.null_deviance == pytest.approx(best.null_deviance, rel=1e-9)
    np.testing.assert_array_less(np.abs(fit.coef - best.coef), np.abs(best.coef) * 10.0**-fit.digits * 1.01 + 1e-14)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "newton"])
def test_an_offset_of_a_share_is_for_the_method_that_reweights(method):
    words = rf"method='{method}' with family='binomial' cannot take an offset\nMethods that can: newton\nHint: pass"
    with pytest.raises(gm.ArgumentError, match=words):
        gm.fit(FORMULA, problem("binomial"), family="binomial", method=method, offset="o")


def test_what_a_method_cannot_do_is_refused_by_its_traits():
    data = problem("poisson")
    for options, words in (
        ({"method": "cholesky"}, r"method='cholesky' cannot minimise the loss of family='poisson'\nMethods that can: newton"),
        ({"method": "lsmr"}, "method='lsmr' cannot minimise the loss of family='poisson'"),
        ({"method": "newton", "step": 0.1}, r"method='newton' cannot take a step\nMethods that can: gradient"),
        ({"method": "lbfgs", "step": 0.1}, r"method='lbfgs' cannot take a step\nMethods that can: gradient"),
        ({"method": "gradient", "batch": 8}, r"method='gradient' cannot take a batch of rows\nMethods that can: sgd"),
        ({"step": 0.1}, "method='auto' cannot take a step"),
        ({"method": "newtn"}, "method is 'newtn'.*\nAllowed: .*\nHint: did you mean 'newton'"),
    ):
        with pytest.raises(gm.ArgumentError, match=words):
            gm.fit(FORMULA, data, family="poisson", **options)


def test_a_stream_that_is_read_once_is_refused():
    import pyarrow as pa

    data = pa.table(problem("poisson"))
    reader = pa.RecordBatchReader.from_batches(data.schema, data.to_batches())
    with pytest.raises(gm.ArgumentError, match="read once"):
        gm.fit(FORMULA, reader, family="poisson")


def test_the_table_says_z_where_the_dispersion_is_known_and_t_elsewhere():
    heads = {family: str(gm.fit(FORMULA, problem(family), family=family)).split() for family in OTHERS}
    assert "z" in heads["binomial"]
    assert "z" in heads["poisson"]
    assert "t" in heads["gamma"]
    assert "z" not in heads["gamma"]


def test_the_command_line_fits_predicts_and_refuses(tmp_path):
    path, model = tmp_path / "d.csv", tmp_path / "m.json"
    data = problem("poisson")
    pd.DataFrame(data).to_csv(path, index=False)
    status, out, _ = run("fit", path, FORMULA, "--family", "poisson", "--json", "--save", model)
    found, fit = json.loads(out), gm.fit(FORMULA, str(path), family="poisson")
    assert status == 0
    assert found["family"] == "poisson"
    assert found["deviance"] == fit.deviance
    status, out, _ = run("predict", model, path)
    np.testing.assert_allclose([float(line) for line in out.split()[1:]], fit.predict(str(path)), rtol=1e-12)
    status, _, err = run("fit", path, FORMULA, "--family", "poissn")
    assert status == 2
    assert "did you mean 'poisson'" in err


# ---- digits of methods that aim for few ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["binomial", "gamma", "poisson"])
@pytest.mark.parametrize("form", ["table", "csv"])
def test_families_judge_a_method_by_what_it_aims_for(family: Any, form: str, tmp_path: Any) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=300)
    y = {"binomial": (x + rng.normal(size=300) > 0) * 1.0, "gamma": np.exp(x) * rng.gamma(3.0, size=300)}
    data: Any = pd.DataFrame({"x": x, "y": y.get(family, rng.poisson(np.exp(1 + 0.5 * x)).astype(float))})
    if form == "csv":
        data.to_csv(tmp_path / "t.csv", index=False)
        data = str(tmp_path / "t.csv")
    found = gm.fit("y ~ x", data, family=family, method="sgd")
    assert found.trusted
    assert found.certificate.digits[0] >= 2
    assert "sgd aims for 2 digits unless accuracy= is given" in found.notes
    more = gm.fit("y ~ x", data, family=family, method="saga", accuracy=5)
    assert more.certificate.digits[0] > 4.5
    assert not any("unless accuracy=" in note for note in more.notes)


def test_least_squares_says_what_a_method_aims_for() -> None:
    rng = np.random.default_rng(8)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=200)
    said = "sgd aims for 2 digits unless accuracy= is given"
    assert said in gm.lstsq(X, y, "sgd").plan.notes
    assert said in gm.fit("y ~ x", {"x": X[:, 0], "y": y}, method="sgd").notes
    assert said not in gm.lstsq(X, y, "sgd", accuracy=3).plan.notes
    assert said not in gm.lstsq(X, y, "saga").plan.notes


def test_digits_that_are_missed_are_told() -> None:
    assert aim_note("m", 2.0, False) == ("m aims for 2 digits unless accuracy= is given",)
    assert aim_note("m", 2.0, True) == aim_note("m", 8.0, False) == ()
    certificate = gm.fit("y ~ x", {"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 4.0]}).certificate
    short = replace(certificate, digits=np.array([1.5]))
    assert missed_note("m", short, 2.0) == "m ended at its tolerance, and 1.5 digits are certified, of 2 aimed for"
    short = replace(certificate, digits=np.array([3.0]), digits_intercept=np.array([1.0]))
    assert "1.0 digits of the intercept are certified, of 2 aimed for" in missed_note("m", short, 2.0)
