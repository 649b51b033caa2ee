"""The losses against mpmath: values, derivatives, links, deviances and log-densities to rounding, far into the tails."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from gramian.families import FAMILIES

ETA = np.array([-40.0, -8.0, -1.0, -1e-3, 0.0, 0.3, 2.0, 9.0, 35.0])
TARGETS = {
    "gaussian": [-3.0, 0.0, 2.5],
    "binomial": [0.0, 0.25, 1.0],
    "poisson": [0.0, 1.0, 7.0],
    "gamma": [1e-3, 1.0, 40.0],
}


def exact(name, eta, y):
    if name == "gaussian":
        return (eta - y) ** 2 / 2
    if name == "binomial":
        return mp.log(1 + mp.exp(eta)) - y * eta
    return mp.exp(eta) - y * eta if name == "poisson" else y * mp.exp(-eta) + eta


def derivative(name, eta, y, order):
    """By hand in extended precision; the value above is checked against finite differences of itself below."""
    if name == "gaussian":
        return eta - y if order == 1 else mp.mpf(1)
    if name == "binomial":
        p = 1 / (1 + mp.exp(-eta))
        return p - y if order == 1 else p * (1 - p)
    if name == "poisson":
        return mp.exp(eta) - (y if order == 1 else 0)
    return 1 - y * mp.exp(-eta) if order == 1 else y * mp.exp(-eta)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_value_and_derivatives_are_exact_to_rounding(name, order):
    loss = FAMILIES[name]
    function = (loss.value, loss.first, loss.second)[order]
    with mp.workdps(60):
        for y in TARGETS[name]:
            got = function(ETA, np.full_like(ETA, y))
            for eta, value in zip(ETA, got, strict=True):
                e, t = mp.mpf(float(eta)), mp.mpf(y)
                truth = exact(name, e, t) if order == 0 else derivative(name, e, t, order)
                # A difference of two terms keeps digits relative to the larger one; targets of 0 and 1 lose nothing.
                size = abs(truth) if name == "binomial" and y in (0.0, 1.0) else abs(truth) + abs(t) * (1 + abs(e)) + 1
                assert abs(mp.mpf(float(value)) - truth) <= 40 * 2.0**-53 * size * (1 + abs(e) * (name != "gaussian"))


@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_are_those_of_the_value(name):
    with mp.workdps(60):
        for y in TARGETS[name]:
            for eta in (-2.0, 0.4, 3.0):
                first = mp.diff(lambda e, y=y: exact(name, e, mp.mpf(y)), eta)
                second = mp.diff(lambda e, y=y: exact(name, e, mp.mpf(y)), eta, 2)
                assert abs(first - derivative(name, mp.mpf(eta), mp.mpf(y), 1)) < 1e-20
                assert abs(second - derivative(name, mp.mpf(eta), mp.mpf(y), 2)) < 1e-20


@pytest.mark.parametrize("name", FAMILIES)
def test_link_and_mean_are_inverse_and_curvature_bounds_the_second_derivative(name):
    loss = FAMILIES[name]
    eta = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(loss.link(loss.mean(eta)), eta, rtol=1e-11, atol=1e-13)
    for y in TARGETS[name]:
        assert np.all(loss.second(eta, np.full_like(eta, y)) <= loss.curvature * (1 + 1e-15))


@pytest.mark.parametrize("name", ["binomial", "poisson", "gamma"])
def test_third_derivatives_never_exceed_second_ones(name):
    """What the bound on the distance to the minimum rests on."""
    with mp.workdps(40):
        for y in TARGETS[name]:
            for eta in np.linspace(-10, 10, 21):
                third = mp.diff(lambda e, y=y: derivative(name, e, mp.mpf(y), 2), float(eta))
                assert abs(third) <= derivative(name, mp.mpf(float(eta)), mp.mpf(y), 2) * (1 + mp.mpf(10) ** -25)


@pytest.mark.parametrize("name", FAMILIES)
def test_deviance_is_twice_the_loss_beyond_a_perfect_fit(name):
    loss = FAMILIES[name]
    for y in TARGETS[name]:
        if (name == "binomial" and y in (0.0, 1.0)) or (name == "poisson" and y == 0):
            perfect = 0.0
        else:
            perfect = float(loss.value(loss.link(np.array([y])), np.array([y]))[0])
        for eta in (-2.0, 0.0, 1.5):
            e, t = np.array([eta]), np.array([y])
            got = loss.deviance(loss.mean(e), t)[0]
            assert got == pytest.approx(2 * (loss.value(e, t)[0] - perfect), rel=1e-12, abs=1e-12)


def test_densities_are_those_of_scipy():
    eta, one = np.array([-1.0, 0.2, 1.4]), np.ones(3)
    mu = np.exp(eta)
    counts, positive, bits = np.array([0.0, 3.0, 5.0]), np.array([0.1, 2.0, 9.0]), np.array([0.0, 1.0, 1.0])
    np.testing.assert_allclose(FAMILIES["poisson"].density(eta, counts, one, 1.0), stats.poisson.logpmf(counts, mu))
    shape = 1 / 0.3
    expected = stats.gamma.logpdf(positive, shape, scale=mu / shape)
    np.testing.assert_allclose(FAMILIES["gamma"].density(eta, positive, one, 0.3), expected)
    p = FAMILIES["binomial"].mean(eta)
    np.testing.assert_allclose(FAMILIES["binomial"].density(eta, bits, one, 1.0), stats.bernoulli.logpmf(bits, p))
    trials, wins = np.array([4.0, 6.0, 10.0]), np.array([1.0, 6.0, 0.0])
    got = FAMILIES["binomial"].density(eta, wins / trials, trials, 1.0)
    np.testing.assert_allclose(got, stats.binom.logpmf(wins, trials, p))
    np.testing.assert_allclose(
        FAMILIES["gaussian"].density(eta, bits, 2 * one, 0.5), stats.norm.logpdf(bits, eta, np.sqrt(0.25))
    )


def test_expected_curvature_is_the_slope_of_the_mean_squared_over_the_variance():
    eta = np.linspace(-3, 3, 13)
    for name, loss in FAMILIES.items():
        mu, h = loss.mean(eta), 1e-6
        slope = (loss.mean(eta + h) - loss.mean(eta - h)) / (2 * h)
        np.testing.assert_allclose(loss.expected(eta), slope**2 / loss.variance(mu), rtol=1e-8, err_msg=name)
