"""Agreement with statsmodels on real tables: coefficients, errors of every kind, influence, intervals, weights.

statsmodels solves by a pseudo-inverse of X itself, whose relative error is about condition * eps with the condition of the
raw columns; the tolerances are that, times a small constant.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gramian as gm
from shared_data import table

EPS = np.finfo(float).eps

with warnings.catch_warnings():
    # statsmodels imports names that its own dependencies deprecate; they are not what is tested.
    warnings.simplefilter("ignore")
    sm = pytest.importorskip("statsmodels.api")
    pd = pytest.importorskip("pandas")

# Deprecation noise inside statsmodels and patsy, on calls into them only.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

HOUSING = "median_house_value ~ longitude + latitude + housing_median_age + total_rooms + total_bedrooms + population"
HOUSING += " + households + median_income"


class Pair:
    """The same model by gramian and by statsmodels, and the tolerance that the condition of its columns allows."""

    def __init__(self, formula: str, frame: Any, **settings: Any) -> None:
        self.frame = frame
        self.fit = gm.fit(formula, frame, **settings)
        weights = settings.get("weights")
        if weights is None:
            self.model = sm.OLS.from_formula(formula.replace("log(", "np.log("), frame)
        else:
            self.model = sm.WLS.from_formula(formula, frame, weights=frame[weights])
        self.theirs = self.model.fit()
        self.order = [list(self.model.exog_names).index(statsmodels_name(name)) for name in self.fit.names]
        self.rtol = 100 * float(np.linalg.cond(self.model.exog)) * EPS

    def mine(self, values: Any) -> np.ndarray:
        return np.asarray(values)[self.order]

    def matrix(self, values: Any) -> np.ndarray:
        return np.asarray(values)[np.ix_(self.order, self.order)]

    def agree(self, got: Any, want: Any, factor: float = 1.0) -> None:
        want = np.asarray(want)
        np.testing.assert_allclose(got, want, rtol=self.rtol * factor, atol=self.rtol * factor * np.max(np.abs(want)))


def statsmodels_name(name: str) -> str:
    """C(cut)[Good] there is C(cut)[T.Good] by patsy."""
    return name if "[T." in name else name.replace("[", "[T.")


@pytest.fixture(scope="module")
def housing() -> Pair:
    return Pair(HOUSING, pd.read_csv(table("california_housing.csv")))


@pytest.fixture(scope="module")
def diamonds() -> Pair:
    frame = pd.read_csv(table("diamonds.csv"))
    return Pair("log(price) ~ carat + depth + C(cut) + C(color) + C(clarity)", frame)


@pytest.fixture(scope="module")
def weighted() -> Pair:
    frame = pd.read_csv(table("winequality-red.csv"), sep=None, engine="python")
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    frame["w"] = 0.25 + np.arange(len(frame)) % 7
    return Pair("quality ~ alcohol + volatile_acidity + sulphates + pH + density", frame, weights="w")


pairs = pytest.mark.parametrize("pair", ["housing", "diamonds", "weighted"])


@pytest.fixture
def chosen(pair: str, request: pytest.FixtureRequest) -> Pair:
    return request.getfixturevalue(pair)


@pairs
def test_classical(chosen: Pair) -> None:
    fit, theirs = chosen.fit, chosen.theirs
    chosen.agree(fit.coef, chosen.mine(theirs.params))
    chosen.agree(fit.se, chosen.mine(theirs.bse))
    chosen.agree(fit.tvalues, chosen.mine(theirs.tvalues))
    chosen.agree(fit.cov(), chosen.matrix(theirs.cov_params()))
    chosen.agree(fit.conf_int(0.9), chosen.mine(theirs.conf_int(0.1)))
    for name in ("rsquared", "rsquared_adj", "fvalue", "nobs", "df_resid"):
        assert getattr(fit, name) == pytest.approx(getattr(theirs, name), rel=chosen.rtol + 1e-12), name
    assert fit.loglik == pytest.approx(theirs.llf, rel=1e-10)
    assert fit.sigma == pytest.approx(np.sqrt(theirs.scale), rel=1e-10)
    # The residual variance is a parameter here, as in R; statsmodels leaves it out.
    assert fit.aic == pytest.approx(theirs.aic + 2, rel=1e-10)
    assert fit.bic == pytest.approx(theirs.bic + np.log(theirs.nobs), rel=1e-10)


@pairs
def test_p_values(chosen: Pair) -> None:
    # p = P(|t| > t0) moves by about |t| dt; far in the tail it is relative to itself that matters.
    np.testing.assert_allclose(chosen.fit.pvalues, chosen.mine(chosen.theirs.pvalues), rtol=1e-4, atol=1e-280)


@pairs
@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_robust(chosen: Pair, kind: str) -> None:
    robust = chosen.model.fit(cov_type=kind, use_t=True)
    fit = chosen.fit.with_cov(kind)
    chosen.agree(chosen.fit.cov(kind), chosen.matrix(robust.cov_params()), 10)
    chosen.agree(fit.se, chosen.mine(robust.bse), 10)
    chosen.agree(fit.conf_int(), chosen.mine(robust.conf_int()), 10)
    assert fit.fvalue == pytest.approx(float(np.squeeze(robust.fvalue)), rel=max(1e-7, 100 * chosen.rtol))


def test_clusters() -> None:
    frame = pd.read_csv(table("california_housing.csv")).dropna().reset_index(drop=True)
    pair = Pair(HOUSING, frame, cov="cluster", clusters="ocean_proximity")
    groups = pd.factorize(frame["ocean_proximity"])[0]
    theirs = pair.model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    pair.agree(pair.fit.cov(), pair.matrix(theirs.cov_params()), 10)
    pair.agree(pair.fit.se, pair.mine(theirs.bse), 10)
    pair.agree(pair.fit.conf_int(), pair.mine(theirs.conf_int()), 10)


@pairs
def test_influence(chosen: Pair) -> None:
    kept = np.asarray(chosen.model.data.row_labels)
    # statsmodels offers no influence for WLS: the same model on rows multiplied by the root of their weights is OLS.
    root = np.sqrt(getattr(chosen.model, "weights", np.ones(len(kept))))
    theirs = sm.OLS(chosen.model.endog * root, chosen.model.exog * root[:, None]).fit().get_influence()
    rows = chosen.fit.influence()
    chosen.agree(rows.leverage[kept], theirs.hat_matrix_diag)
    chosen.agree(rows.cooks[kept], theirs.cooks_distance[0], 10)
    chosen.agree(rows.standardized[kept], theirs.resid_studentized_internal, 10)
    dropped = np.setdiff1d(np.arange(len(chosen.frame)), kept)
    assert np.all(np.isnan(rows.leverage[dropped]))
    assert np.all(np.isnan(chosen.fit.residuals()[dropped]))


@pairs
def test_prediction_intervals(chosen: Pair) -> None:
    new = chosen.frame.dropna().head(50)
    theirs = chosen.theirs.get_prediction(new).summary_frame(alpha=0.05)
    chosen.agree(chosen.fit.predict(new), theirs["mean"])
    confidence = chosen.fit.predict(new, interval="confidence")
    prediction = chosen.fit.predict(new, interval="prediction")
    chosen.agree(confidence["lower"], theirs["mean_ci_lower"])
    chosen.agree(confidence["upper"], theirs["mean_ci_upper"])
    chosen.agree(prediction["lower"], theirs["obs_ci_lower"])
    chosen.agree(prediction["upper"], theirs["obs_ci_upper"])


def test_hypotheses(housing: Pair) -> None:
    single = housing.theirs.f_test("median_income = 40000")
    mine = housing.fit.test("median_income = 40000")
    assert mine.statistic == pytest.approx(float(np.squeeze(single.fvalue)), rel=1e-8)
    joint = housing.theirs.f_test("total_rooms = 0, population = 2 * households")
    mine = housing.fit.test("total_rooms = 0, population = 2 * households")
    assert mine.statistic == pytest.approx(float(np.squeeze(joint.fvalue)), rel=1e-8)


def test_terms(diamonds: Pair) -> None:
    theirs = sm.stats.anova_lm(diamonds.theirs, typ=3)
    for term in ("C(cut)", "C(color)", "C(clarity)", "carat"):
        assert diamonds.fit.test_term(term).statistic == pytest.approx(theirs.loc[term, "F"], rel=1e-7)


def test_flights_with_three_categories() -> None:
    path = table("nycflights13_sample100k.parquet")
    fit = gm.fit("arr_delay ~ dep_delay + distance + C(carrier) + C(origin) + C(dest)", path, accuracy="data")
    frame = pd.read_parquet(path, columns=["arr_delay", "dep_delay", "distance", "carrier", "origin", "dest"])
    frame = frame.dropna()
    assert fit.nobs == len(frame)
    names = {name: i for i, name in enumerate(fit.names)}
    X = np.zeros((len(frame), len(names)))
    X[:, 0] = 1.0
    for name in ("dep_delay", "distance"):
        X[:, names[name]] = frame[name]
    for name in ("carrier", "origin", "dest"):
        for level in sorted(frame[name].unique())[1:]:
            X[:, names.pop(f"C({name})[T.{level}]")] = frame[name] == level
    kept = ~np.isnan(fit.coef)
    y = np.asarray(frame["arr_delay"], dtype=float)
    theirs = sm.OLS(y, X[:, kept]).fit()
    # "To its digits": the pseudo-inverse of the columns as they are.
    rtol = 100 * float(np.linalg.cond(X[:, kept])) * EPS
    np.testing.assert_allclose(fit.coef[kept], theirs.params, rtol=rtol, atol=rtol * np.max(np.abs(theirs.params)))
    np.testing.assert_allclose(fit.se[kept], theirs.bse, rtol=rtol)
    assert fit.rsquared == pytest.approx(theirs.rsquared, rel=1e-10)
    # Judged by the gradient in extended precision, ours is the nearer of the two.
    L = X[:, kept].astype(np.longdouble)
    scale = np.linalg.norm(X[:, kept], axis=0)
    mine, other = (np.max(np.abs(L.T @ (y - L @ b)) / scale) for b in (fit.coef[kept], theirs.params))
    assert mine <= other
