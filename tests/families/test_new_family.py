"""A family that the package does not have: its value, one line in the registry, and it is found at every door.

The complementary log-log model, P(y = 1) = 1 - exp(-e^eta), for which no constant bounds the third derivative by the second;
and the inverse normal family with log link, whose loss is not convex, and has a dispersion.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import special

import gramian as gm
from command import run
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.families.family import Dispersion, Family
from gramian.families.link import LOG, Link
from gramian.families.targets import Recession, Targets
from gramian.kernels.row_functions import RowFunctions
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
from gramian.sklearn.online import Online
from gramian.solvers.ability import family_need


def _up(eta):
    """e^eta / (e^(e^eta) - 1): minus the slope of the loss where y = 1."""
    t = np.exp(eta)
    return t / np.expm1(t)


def _bend(eta):
    t = np.exp(eta)
    return t * np.exp(-t) * (t + np.expm1(-t)) / np.expm1(-t) ** 2


def _mean(eta):
    return -np.expm1(-np.exp(eta))


def _row_second(eta, y):
    t = math.exp(eta)
    return (1 - y) * t + y * t * math.exp(-t) * (t + math.expm1(-t)) / math.expm1(-t) ** 2


TOY = Family(
    "toy",
    Link("cloglog", lambda mu: np.log(-np.log1p(-mu)), _mean),
    value=lambda eta, y: (1 - y) * np.exp(eta) - y * np.log(_mean(eta)),
    first=lambda eta, y: (1 - y) * np.exp(eta) - y * _up(eta),
    second=lambda eta, y: (1 - y) * np.exp(eta) + y * _bend(eta),
    kernel=RowFunctions(
        lambda eta, y: (1 - y) * math.exp(eta) - y * math.log(-math.expm1(-math.exp(eta))),
        lambda eta, y: (1 - y) * math.exp(eta) - y * math.exp(eta) / math.expm1(math.exp(eta)),
        _row_second,
    ),
    deviance=lambda mu, y: -2.0 * (special.xlogy(y, mu) + special.xlog1py(1 - y, -mu)),
    expected=lambda eta: np.exp(2 * eta - np.exp(eta)) / _mean(eta),
    variance=lambda mu: mu * (1 - mu),
    density=lambda eta, y, w, phi: w * (y * np.log(_mean(eta)) - (1 - y) * np.exp(eta)),
    targets=Targets("0 and 1", lambda y: (y == 0) | (y == 1), hint="make a column of 0 and 1", two_texts=True),
    recession=Recession(lambda y: y == 0, lambda y: y == 1, "both kinds", "of no", "of yes"),
    inner=(0.01, 0.99),
)

INVERSE = Family(
    "inverse",
    LOG,
    value=lambda eta, y: 0.5 * y * np.exp(-2 * eta) - np.exp(-eta),
    first=lambda eta, y: np.exp(-eta) - y * np.exp(-2 * eta),
    second=lambda eta, y: 2 * y * np.exp(-2 * eta) - np.exp(-eta),
    kernel=RowFunctions(
        lambda eta, y: 0.5 * y * math.exp(-2 * eta) - math.exp(-eta),
        lambda eta, y: math.exp(-eta) - y * math.exp(-2 * eta),
        lambda eta, y: 2 * y * math.exp(-2 * eta) - math.exp(-eta),
    ),
    deviance=lambda mu, y: (y - mu) ** 2 / (mu**2 * y),
    expected=lambda eta: np.exp(-eta),
    variance=lambda mu: mu**3,
    density=lambda eta, y, w, phi: 0.5 * (-np.log(2 * np.pi * phi * y**3) - w * (y * np.exp(-eta) - 1) ** 2 / (phi * y)),
    targets=Targets("positive numbers", lambda y: (y > 0) & (y < np.inf)),
    convex=False,
    dispersion=Dispersion(lambda weight, deviance, density: density),
    inner=(0.01, np.inf),
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for family in (TOY, INVERSE):
        monkeypatch.setitem(FAMILIES, family.name, family)
    return


def _data(family="toy", rows=400, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, rows))
    eta = 0.4 * a - 0.3 * b - 0.5
    mu = FAMILIES[family].mean(eta)
    y = (rng.random(rows) < mu).astype(float) if family == "toy" else rng.wald(mu, 4.0)
    return {"a": a, "b": b, "y": y}


def _score(fit, data, family):
    """||X'f'|| beside its size at zero, in the coefficients of the fit."""
    X = np.column_stack([np.ones_like(data["a"]), data["a"], data["b"]])
    loss = FAMILIES[family]
    g = X.T @ loss.first(X @ fit.coef, data["y"])
    return np.linalg.norm(g) / np.linalg.norm(X.T @ loss.first(np.zeros(len(X)), data["y"]))


@pytest.mark.parametrize("family", ["toy", "inverse"])
def test_it_is_fitted_to_its_optimum_and_claims_no_digits(family):
    data = _data(family)
    fit = gm.fit("y ~ a + b", data, family=family)
    assert _score(fit, data, family) <= 1e-13
    assert np.all(fit.digits == 0)
    assert not fit.trusted
    assert any(f"the {family} family states no bound" in note for note in fit.notes)
    assert np.all(np.isfinite(fit.se))
    assert fit.family == family
    assert "cloglog link" in str(fit.summary()) if family == "toy" else fit.dispersion != 1.0


@pytest.mark.parametrize("method", ["newton", "lbfgs", "gradient", "momentum", "nesterov", "saga", "sgd", "adam"])
@pytest.mark.parametrize("family", ["toy", "inverse"])
def test_every_method_that_takes_losses_takes_it(family, method):
    data = _data(family)
    assert method in family_need(FAMILIES[family]).able()
    with np.errstate(all="ignore"):
        fit = gm.fit("y ~ a + b", data, family=family, method=method)
    assert _score(fit, data, family) <= (0.1 if method in ("sgd", "adam") else 1e-6), fit.how


@pytest.mark.parametrize("sparse", [False, True])
def test_compiled_passes_read_its_own_functions(sparse):
    data = _data()
    X = np.column_stack([data["a"], data["b"]])
    rows = ArrayRows.of(sp.csr_array(X) if sparse else X, data["y"], centred=not sparse)
    f = LinearObjective.of(rows, Threads(2), TOY, NoPenalty(), standardise=False)
    theta = f.start() + 0.1
    Z = X - f.coordinates.centre
    Z = np.column_stack([np.ones(len(Z)), Z]) if f.coordinates.intercept else Z
    eta, m = Z @ theta[:, 0], len(Z)
    value, g = f.gradient(theta)
    np.testing.assert_allclose(value, np.mean(TOY.value(eta, data["y"])), rtol=1e-13)
    np.testing.assert_allclose(g[:, 0], Z.T @ TOY.first(eta, data["y"]) / m, rtol=1e-11, atol=1e-14)
    v = np.ones_like(theta)
    curved = Z.T @ (TOY.second(eta, data["y"]) * (Z @ v[:, 0])) / m
    np.testing.assert_allclose(f.hessian_vector(theta, v)[:, 0], curved, rtol=1e-11)


def test_text_targets_are_coded():
    data = _data()
    said = gm.fit("y ~ a + b", {**data, "y": np.where(data["y"] == 1, "yes", "no")}, family="toy")
    np.testing.assert_array_equal(said.coef, gm.fit("y ~ a + b", data, family="toy").coef)
    assert "y: 'no' is 0, 'yes' is 1" in said.notes


def test_its_targets_are_checked_in_its_own_words():
    data = _data()
    bad = {**data, "y": data["y"] + (np.arange(400) == 7)}
    bad["y"][7] = 0.5
    with pytest.raises(gm.DataError, match=r"(?s)target y is 0\.5 .*Allowed for toy: 0 and 1.*make a column of 0 and 1"):
        gm.fit("y ~ a + b", bad, family="toy")
    with pytest.raises(gm.DataError, match="Allowed for toy: both kinds"):
        gm.fit("y ~ a + b", {**data, "y": np.ones(400)}, family="toy")


def test_separated_targets_are_found_by_its_directions():
    data = _data()
    with pytest.raises(gm.DataError, match=r"a is at most .* in every row of no and at least .* in every row of yes"):
        gm.fit("y ~ a + b", {**data, "y": (data["a"] > 0.1).astype(float)}, family="toy")


def test_it_is_explained_and_raced():
    data = _data()
    plan = gm.explain("y ~ a + b", data, family="toy")
    assert plan.method == "newton"
    assert plan.seconds > 0
    assert all("the family is toy" in c.refused for c in plan.candidates if c.refused)
    done = gm.explain("y ~ a + b", data, family="toy", analyze=True)
    assert [step.what for step in done.steps] == ["reduce", "iterate", "certify"]
    assert all(step.estimate is not None for step in done.steps)
    race = gm.race("y ~ a + b", data, "newton, lbfgs", 2.0, family="toy", accuracy=6.0)
    assert race.family == "toy"
    assert all(lane.ran for lane in race.lanes)


def test_the_command_takes_it(tmp_path):
    data = _data()
    path = tmp_path / "toy.csv"
    np.savetxt(path, np.column_stack(list(data.values())), delimiter=",", header="a,b,y", comments="")
    _, told, _ = run("fit", path, "y ~ a + b", "--family", "toy")
    assert "toy, cloglog link" in told
    status, _, error = run("fit", path, "y ~ a + b", "--family", "toys")
    assert status != 0
    assert "toy" in error.split("toys", 1)[1]


def test_errors_list_it_and_models_come_back(tmp_path):
    with pytest.raises(gm.ArgumentError, match="toy"):
        gm.fit("y ~ a", _data(), family="probit")
    with pytest.raises(gm.ArgumentError, match="cannot minimise the loss of family='toy'"):
        gm.fit("y ~ a", _data(), family="toy", method="qr")
    data = _data()
    fit = gm.fit("y ~ a + b", data, family="toy")
    fit.save(tmp_path / "toy.json")
    np.testing.assert_array_equal(gm.load(tmp_path / "toy.json").predict(data), fit.predict(data))
    assert pickle.loads(pickle.dumps(TOY)) is TOY


def test_stochastic_steps_take_it():
    data = _data(rows=2000)
    X = np.column_stack([data["a"], data["b"]])
    model = Online(family="toy", average=True)
    for _ in range(20):
        model.partial_fit(X, data["y"])
    exact = gm.fit("y ~ a + b", data, family="toy").coef
    np.testing.assert_allclose(np.ravel(model.coef), exact[1:], atol=0.1)
