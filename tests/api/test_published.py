"""R's published fit of the stack loss data (Brownlee 1965; `summary(lm(stack.loss ~ .))` in R's manual), as printed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gramian as gm

NAMES = ("Intercept", "AIRFLOW", "WATERTEMP", "ACIDCONC")
COEF = (-39.9197, 0.7156, 1.2953, -0.1521)
SE = (11.8960, 0.1349, 0.3680, 0.1563)
T = (-3.356, 5.307, 3.520, -0.973)
P = (0.00375, 5.8e-05, 0.00263, 0.34405)


@pytest.fixture(scope="module")
def fit() -> gm.Fit:
    with warnings.catch_warnings():
        # statsmodels' loader uses calls that pandas deprecates; they are not what is tested.
        warnings.simplefilter("ignore")
        datasets = pytest.importorskip("statsmodels.datasets")
        frame = datasets.stackloss.load_pandas().data
    return gm.fit("STACKLOSS ~ AIRFLOW + WATERTEMP + ACIDCONC", frame)


def test_coefficient_table(fit: gm.Fit) -> None:
    assert fit.names == NAMES
    np.testing.assert_array_equal(np.round(fit.coef, 4), COEF)
    np.testing.assert_array_equal(np.round(fit.se, 4), SE)
    np.testing.assert_array_equal(np.round(fit.tvalues, 3), T)
    for got, printed in zip(fit.pvalues, P, strict=True):
        assert got == pytest.approx(printed, rel=10 ** -(len(f"{printed:.5g}".lstrip("0.")) - 1.0), abs=6e-6)


def test_fit_statistics(fit: gm.Fit) -> None:
    assert fit.nobs == 21
    assert fit.df_resid == 17
    assert fit.df_model == 3
    assert round(fit.sigma, 3) == 3.243
    assert round(fit.rsquared, 4) == 0.9136
    assert round(fit.rsquared_adj, 4) == 0.8983
    assert round(fit.fvalue, 1) == 59.9
    assert fit.f_pvalue == pytest.approx(3.016e-09, rel=5e-4)


def test_every_digit_is_certified(fit: gm.Fit) -> None:
    assert np.all(fit.digits >= 15)
    assert fit.certificate.evidence == "data"
