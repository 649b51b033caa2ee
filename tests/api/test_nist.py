"""NIST's certified fits: coefficients, standard errors, residual deviation, R2 and F, and the exact solution to the bit.

As the decimals that NIST publishes, by default; and as the float64 numbers nearest to them (decimal=False), whose own exact
solution is further from the certified values on some sets than any method could make up for.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

import gramian as gm
import nist
from bench.truth import Truth, exact
from decimals import Solved, digits, solve

# The smallest log relative error over the coefficients that the float64 numbers, taken as they are, allow: the exact
# rational solution of the rounded inputs is itself no nearer to the certified values on Norris, Pontius, Filip and Wampler2.
REQUIRED = {
    "Norris": 13.5,
    "Pontius": 13.0,
    "NoInt1": 14.2,
    "NoInt2": 14.5,
    "Filip": 7.55,
    "Longley": 14.2,
    "Wampler1": 14.5,
    "Wampler2": 12.7,
    "Wampler3": 14.5,
    "Wampler4": 14.5,
    "Wampler5": 14.5,
}

everywhere = pytest.mark.parametrize("name", nist.NAMES)


def truth_of(name: str) -> tuple[nist.Reference, Truth, float]:
    """The reference, the exact solution of its float64 design, and the condition of the scaled columns."""
    r = nist.reference(name)
    X = r.design
    truth = exact(X, r.y[:, None], centred=r.intercept, inverse=True)
    C = X - X.mean(axis=0) if r.intercept else X
    return r, truth, float(np.linalg.cond(C / np.linalg.norm(C, axis=0)))


def ulps(got: float, want: Fraction) -> float:
    """The error in units of the last place of the truth."""
    return float(abs(Fraction(got) - want) / Fraction(float(np.spacing(abs(float(want))))))


def published(name: str, folder: Path) -> tuple[Path, Solved]:
    """The decimals as NIST prints them, in a CSV file; and the exact solution of them."""
    r = nist.reference(name)
    path = folder / f"{name}.csv"
    path.write_text("\n".join([",".join(r.columns), *(",".join(row) for row in r.printed)]) + "\n")
    rows = [list(map(Fraction, row)) for row in r.printed]
    degree = nist.POLYNOMIALS.get(name)
    predictors = [[row[j] for row in rows] for j in range(1, len(rows[0]))]
    columns = predictors if degree is None else [[x**k for x in predictors[0]] for k in range(1, degree + 1)]
    return path, solve(columns, [row[0] for row in rows], r.intercept)


def assert_all_digits(fit: gm.Fit, r: nist.Reference, want: Solved) -> None:
    # NIST prints 15 digits: even the exact solution has 14.34 (Filip) and 14.35 (Norris) of them, rounded.
    for got, certified in ((fit.coef, r.coef), (fit.se, r.se), (fit.sigma, r.sigma), (fit.rsquared, r.rsquared)):
        assert nist.digits(got, certified) >= 14.3
    assert min(map(digits, fit.coef, want.coef)) >= 15.6
    assert min(map(digits, fit.se, want.se)) >= 15.3
    assert min(digits(fit.sigma, want.sigma), digits(fit.rsquared, want.rsquared)) >= 15.3
    if want.rss:
        assert nist.digits(fit.fvalue, r.fvalue) >= 14.3
        assert digits(fit.fvalue, want.fvalue) >= 15.3
    else:
        assert fit.fvalue > 1e30
    for got, true, claimed in zip(fit.coef, want.coef, fit.digits, strict=True):
        assert claimed >= 15.5
        assert abs(Fraction(float(got)) - true) <= Fraction(10.0 ** -float(claimed) * 1.001) * abs(true)


@everywhere
def test_the_published_decimals_by_default(name: str, tmp_path: Path) -> None:
    r = nist.reference(name)
    path, want = published(name, tmp_path)
    assert_all_digits(gm.fit(r.formula, path), r, want)


@pytest.mark.parametrize("name", [name for name in nist.POLYNOMIALS if name != "Norris"])
def test_the_published_decimals_by_poly(name: str, tmp_path: Path) -> None:
    r = nist.reference(name)
    path, want = published(name, tmp_path)
    fit = gm.fit(f"y ~ poly(x, {nist.POLYNOMIALS[name]}, raw=True)", path)
    assert_all_digits(fit, r, want)
    assert not fit.dropped


@everywhere
@pytest.mark.parametrize("method", ["qr", "svd"])
def test_the_published_decimals_by_every_solver_of_the_triangle(name: str, method: str, tmp_path: Path) -> None:
    r = nist.reference(name)
    path, want = published(name, tmp_path)
    assert_all_digits(gm.fit(r.formula, path, method=method), r, want)


def test_the_certificate_names_the_ceiling_of_rounded_numbers() -> None:
    r = nist.reference("Filip")
    literal, decimal = gm.fit(r.formula, r.columns, decimal=False), gm.fit(r.formula, r.columns)
    ceiling = float(literal.certificate.ceiling[0])
    assert 4.0 < ceiling < nist.digits(literal.coef, r.coef)
    assert f"data rounded to float64 support {int(10 * ceiling) / 10:.1f}" in literal.certificate.sentence()
    assert "rounded" not in decimal.certificate.sentence()


@everywhere
def test_coefficients_have_the_certified_digits(name: str) -> None:
    r = nist.reference(name)
    fit = gm.fit(r.formula, r.columns, decimal=False)
    assert nist.digits(fit.coef, r.coef) >= REQUIRED[name]


@everywhere
def test_coefficients_are_the_exact_solution_of_the_numbers_given(name: str) -> None:
    # Residuals in double-double leave nothing but the last rounding, whatever the condition, unless the certificate
    # says otherwise.
    r, truth, _ = truth_of(name)
    fit = gm.fit(r.formula, r.columns, decimal=False)
    want = ((truth.intercept[0],) if r.intercept else ()) + truth.coef[0]
    for got, true, claimed in zip(fit.coef, want, fit.digits, strict=True):
        assert abs(Fraction(float(got)) - true) <= Fraction(10.0 ** -float(claimed) * 1.001) * abs(true)
        assert ulps(float(got), true) <= 2.0
        assert claimed >= 15.0


@everywhere
def test_standard_errors(name: str) -> None:
    # The inverse is refined; a perfect fit has errors of rounding level only.
    r, truth, _ = truth_of(name)
    fit = gm.fit(r.formula, r.columns, decimal=False)
    assert fit.df_resid == r.df_resid
    variance = [float(v * truth.rss[0] / r.df_resid) for v in truth.inverse_diagonal]
    exact_se = np.sqrt(np.r_[variance[-1], variance[:-1]] if r.intercept else variance)
    tolerance = 8 * np.finfo(float).eps
    if r.sigma > 0:
        np.testing.assert_allclose(fit.se, exact_se, rtol=tolerance)
        # Against the printed values: as near as the exact solution of the rounded inputs is, less that tolerance.
        input_rounding = np.max(np.abs(exact_se / r.se - 1))
        np.testing.assert_allclose(fit.se, r.se, rtol=tolerance + 2 * input_rounding + 1e-14)
    else:
        # The float64 powers of Wampler2 leave a residual that is not zero, and the exact one of these inputs is known.
        assert np.all(fit.se <= 1e-9 * np.abs(fit.coef))


@everywhere
def test_residual_deviation_r2_and_f(name: str) -> None:
    r, truth, _ = truth_of(name)
    fit = gm.fit(r.formula, r.columns, decimal=False)
    # Rounding the inputs moves the exact statistics themselves: by 1e-9 on Filip, by less elsewhere.
    printed = 1e-7 if name == "Filip" else 1e-11
    y = [Fraction(float(v)) for v in r.y]
    mean = sum(y) / len(y) if r.intercept else Fraction(0)
    tss = sum((v - mean) ** 2 for v in y)
    assert fit.rsquared == pytest.approx(float(1 - truth.rss[0] / tss), rel=1e-13)
    assert fit.rsquared == pytest.approx(r.rsquared, rel=printed)
    if r.sigma == 0:
        assert fit.sigma <= 1e-12 * sqrt(tss)
        assert fit.fvalue > 1e18
        return
    assert fit.sigma == pytest.approx(sqrt(truth.rss[0] / r.df_resid), rel=1e-13)
    assert fit.sigma == pytest.approx(r.sigma, rel=printed)
    f = (tss - truth.rss[0]) / fit.df_model / (truth.rss[0] / r.df_resid)
    assert fit.fvalue == pytest.approx(float(f), rel=1e-12)
    assert fit.fvalue == pytest.approx(r.fvalue, rel=printed)


@pytest.mark.parametrize("name", list(nist.POLYNOMIALS))
def test_poly_raw_is_the_same_fit(name: str) -> None:
    r = nist.reference(name)
    fit = gm.fit(f"y ~ poly(x, {nist.POLYNOMIALS[name]}, raw=True)", r.columns, decimal=False)
    assert nist.digits(fit.coef, r.coef) >= REQUIRED[name]


def test_poly_orthogonal_gives_the_same_predictions_on_filip() -> None:
    r = nist.reference("Filip")
    raw, orthogonal = gm.fit(r.formula, r.columns, decimal=False), gm.fit("y ~ poly(x, 10)", r.columns, decimal=False)
    assert orthogonal.certificate.condition < 10
    assert orthogonal.sigma == pytest.approx(r.sigma, rel=1e-9)
    # Summing the raw terms cancels: eps * max |X||b| is 1e-9 here.
    np.testing.assert_allclose(orthogonal.fitted(), raw.fitted(), rtol=1e-8)


@everywhere
def test_the_same_digits_from_a_csv(name: str, tmp_path: Path) -> None:
    r = nist.reference(name)
    columns = r.columns
    path = tmp_path / f"{name}.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(repr(float(v)) for v in row) for row in rows)]) + "\n")
    fit = gm.fit(r.formula, path, accuracy="data")
    np.testing.assert_array_equal(fit.coef, gm.fit(r.formula, columns).coef)


@everywhere
@pytest.mark.parametrize("method", ["qr", "svd"])
def test_every_solver_of_the_triangle_reaches_them(name: str, method: str) -> None:
    r = nist.reference(name)
    fit = gm.fit(r.formula, r.columns, method=method, decimal=False)
    assert nist.digits(fit.coef, r.coef) >= REQUIRED[name]


@everywhere
def test_cholesky_reaches_them_or_says_that_it_cannot(name: str) -> None:
    r = nist.reference(name)
    if name == "Filip":  # condition 1e10: the moments have no digit left
        with pytest.raises(gm.RankError, match="condition above 1e7"):
            gm.fit(r.formula, r.columns, method="cholesky", decimal=False)
        return
    fit = gm.fit(r.formula, r.columns, method="cholesky", decimal=False)
    assert nist.digits(fit.coef, r.coef) >= REQUIRED[name]


@everywhere
def test_arrays_with_a_column_of_ones(name: str) -> None:
    r = nist.reference(name)
    X = np.column_stack([np.ones(len(r.y)), r.design]) if r.intercept else r.design
    solution = gm.lstsq(X, r.y)
    assert solution.rank == X.shape[1]
    truth = exact(X, r.y[:, None], centred=False)
    for got, true, claimed in zip(solution.coef, truth.coef[0], solution.certificate.digits_each[:, 0], strict=True):
        assert abs(Fraction(float(got)) - true) <= Fraction(10.0 ** -float(claimed) * 1.001) * abs(true)
        assert ulps(float(got), true) <= 2.0
