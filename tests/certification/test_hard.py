"""Hard data, by every direct method: far means, huge rows, copied and nearly copied columns, sizes of 1e-150 to 1e150.

An answer is right, that is, its certificate holds against the exact solution and enough digits are claimed, or it is
refused by name. Never a plausible wrong number.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gramian as gm
from bench.truth import exact
from gramian.solvers import SOLVERS

DIRECT = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
METHODS = ["auto", *DIRECT]
REFUSALS = ("cannot tell", "do not confirm", "outside the range", "too large")
ENTRIES = pytest.mark.parametrize("entries", [0, 400_000], ids=["float64", "double-double"])


@pytest.fixture(autouse=True)
def _arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = getattr(request.node, "callspec", None)
    entries = None if spec is None else spec.params.get("entries")
    if entries is not None:
        monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", entries)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def answered(method: str, X: Any, y: Any, intercept: bool, **options: Any) -> tuple[Any, Any, Any, list[int]] | None:
    """Coefficients (the intercept first), digits, certificate and kept columns; None where the method refuses by name."""
    try:
        if not intercept:
            found = gm.lstsq(X, y, method, rank="drop", **options)
            gone = {d.column for d in found.dependencies}
            kept = [j for j in range(X.shape[1]) if j not in gone]
            return found.coef[kept], found.certificate.digits_each[kept, 0], found.certificate, kept
        data = {f"x{j}": X[:, j] for j in range(X.shape[1])} | {"y": y}
        weights = options.pop("weights", None)
        if weights is not None:
            data["w"], options["weights"] = weights, "w"
        fit = gm.fit("y ~ " + " + ".join(f"x{j}" for j in range(X.shape[1])), data, method=method, decimal=False, **options)
        kept = [j for j in range(X.shape[1]) if not np.isnan(fit.coef[j + 1])]
        places = [0, *(j + 1 for j in kept)]
        return fit.coef[places], fit.digits[places], fit.certificate, kept
    except gm.DataError as error:
        if "Hint:" in str(error) and any(words in str(error) for words in REFUSALS):
            return None
        raise


def checked(method: str, X: Any, y: Any, intercept: bool, **options: Any) -> tuple[Any, list[int]] | None:
    """The digits claimed and the columns kept, once every claim has been held against the exact solution."""
    got = answered(method, X, y, intercept, **options)
    if got is None:
        solver = SOLVERS.get(method)
        assert solver is not None, "auto finds a way"
        assert not solver.traits.decides_rank or solver.traits.confirmed, f"{method} decides the rank"
        return None
    coef, digits, _, kept = got
    truth = exact(X[:, kept], y[:, None], options.get("weights"), options.get("ridge", 0.0), intercept)
    want = [*([truth.intercept[0]] if intercept else []), *truth.coef[0]]
    for value, right, claim in zip(coef, want, digits, strict=True):
        error = abs(Fraction(float(value)) - right)
        assert error <= Fraction(10.0 ** -float(claim) * 1.001) * abs(right), (method, float(value), float(right), claim)
    return digits, kept


@ENTRIES
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_means_of_1e9_with_unit_spread(method: str, intercept: bool, entries: int) -> None:
    means = np.array([1e9, -1e9, 3e9, 0.0])
    X = rng().standard_normal((60, 4)) + means
    y = (X - means) @ [1.0, -2.0, 3.0, 0.5] + rng().standard_normal(60)
    got = checked(method, X, y, intercept)
    if intercept:  # about their means these columns are as plain as any
        assert got is not None
        assert np.all(got[0][1:] > 11)
    if got is not None:
        assert got[1] == [0, 1, 2, 3]


@ENTRIES
@pytest.mark.parametrize("size", [1e4, 1e8, 1e12, 1e16])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_one_huge_row(method: str, intercept: bool, size: float, entries: int) -> None:
    X, y = rng().standard_normal((50, 3)), rng().standard_normal(50)
    X[17] *= size
    got = checked(method, X, y, intercept)
    if got is not None and size < 1e12:
        assert got[1] == [0, 1, 2]


@ENTRIES
@pytest.mark.parametrize("distance", [10.0**-power for power in range(3, 17)], ids="{:.0e}".format)
@pytest.mark.parametrize("method", METHODS)
def test_nearly_copied_columns(method: str, distance: float, entries: int) -> None:
    X = rng().standard_normal((50, 3))
    X = np.column_stack([X, X[:, 0] + X[:, 1] + distance * rng().permuted(X[:, 2]) * np.linalg.norm(X[:, 0] + X[:, 1]) / 7])
    y = X @ [1.0, 2.0, 3.0, -1.0] + 0.1 * rng().standard_normal(50)
    got = checked(method, X, y, True)
    if got is not None and distance > 1e-12:
        assert got[1] == [0, 1, 2, 3]
    if got is not None and distance < 1e-15:
        assert got[1] == [0, 1, 2]


@ENTRIES
@pytest.mark.parametrize("factor", [1.0, -3.0, 2.0**-60, 1e30])
@pytest.mark.parametrize("method", METHODS)
def test_copied_columns(method: str, factor: float, entries: int) -> None:
    X = rng().standard_normal((50, 3))
    X = np.column_stack([X[:, 0], X[:, 0] * factor, X[:, 1:]])
    got = checked(method, X, rng().standard_normal(50), True)
    if got is not None:
        assert got[1] == [0, 2, 3]
        assert np.all(got[0] > 8)


SIZES = [
    (1e-150, 1e150, 1.0),
    (1e-150, 1e-150, 1e-150),
    (1e150, 1e150, 1e150),
    (1e-200, 1e-100, 1.0),
    (1e290, 1.0, 1e-60),
    (1e-120, 1e120, 1e-5),
]


@ENTRIES
@pytest.mark.parametrize("target", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_sizes_of_columns_and_target(method: str, sizes: tuple[float, ...], target: float, entries: int) -> None:
    X, y = rng().standard_normal((40, 3)), rng().standard_normal(40)
    plain = gm.lstsq(X, y, method)
    representable = all(1e-304 < target / size < 1e304 for size in sizes)
    got = answered(method, X * sizes, y * target, False)
    assert (got is not None) == representable
    if got is not None:
        assert np.all(got[1] > (15 if entries else 10))
        np.testing.assert_allclose(got[0] * sizes / target, plain.coef, rtol=1e-12)
        checked(method, X * sizes, y * target, False)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("door", ["fit", "moments"])
def test_inference_in_any_unit(method: str, door: str) -> None:
    """Standard errors, tests and R2 are those of plain units."""
    if door == "moments" and method not in ("auto", "cholesky"):
        pytest.skip("reads rows")
    sizes = np.array([2.0**-480, 2.0**480])
    X, y = rng().standard_normal((40, 2)) + 1, rng().standard_normal(40)
    formula = "y ~ a + b"
    fits = []
    for scale in (np.ones(2), sizes):
        data: Any = {"a": X[:, 0] * scale[0], "b": X[:, 1] * scale[1], "y": y}
        fits.append(gm.fit(formula, data if door == "fit" else gm.moments(formula, data), method=method))
    plain, scaled = fits
    units = np.array([1.0, *sizes])
    np.testing.assert_allclose(scaled.coef * units, plain.coef, rtol=1e-13)
    np.testing.assert_allclose(scaled.se * units, plain.se, rtol=1e-13)
    np.testing.assert_allclose(scaled.pvalues, plain.pvalues, rtol=1e-12)
    np.testing.assert_allclose(scaled.rsquared, plain.rsquared, rtol=1e-12)
    assert any("powers of two" in note for note in scaled.notes)
    assert not any("powers of two" in note for note in plain.notes)
    if door == "fit":
        robust = [np.sqrt(np.diag(fit.cov("HC3"))) for fit in fits]
        np.testing.assert_allclose(robust[1] * units, robust[0], rtol=1e-12)


@ENTRIES
@pytest.mark.parametrize("scale", [1e-290, 1e-170, 1e170, 1e290])
@pytest.mark.parametrize("method", METHODS)
def test_weights_of_any_size(method: str, scale: float, entries: int) -> None:
    X, y, w = rng().standard_normal((40, 3)), rng().standard_normal(40), rng().uniform(0.5, 2, 40)
    got = checked(method, X, y, True, weights=w * scale)
    assert got is not None
    assert np.all(got[0] > 11)


@ENTRIES
@pytest.mark.parametrize("size", [1e-150, 1e-60, 1e150])
@pytest.mark.parametrize("share", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("method", METHODS)
def test_a_ridge_beside_any_size(method: str, size: float, share: float, entries: int) -> None:
    X, y = rng().standard_normal((40, 3)), rng().standard_normal(40)
    got = checked(method, X * size, y, True, ridge=share * size * size)
    assert got is not None
    assert np.all(got[0] > 9)


@ENTRIES
@pytest.mark.parametrize("method", METHODS)
def test_sizes_mixed_within_a_column(method: str, entries: int) -> None:
    X, y = rng().standard_normal((40, 3)), rng().standard_normal(40)
    X[:20, 1] *= 1e-150
    X[20:, 1] *= 1e150
    X[::7, 2] *= 1e140
    checked(method, X, y, False)
    checked(method, X, y, True)


@pytest.mark.parametrize("method", METHODS)
def test_float32_input_is_certified_as_it_is(method: str) -> None:
    X = rng().standard_normal((60, 3)).astype(np.float32) * np.float32(1e20)
    y = rng().standard_normal(60).astype(np.float32)
    found = gm.lstsq(X, y, method)
    truth = exact(X.astype(np.float64), y.astype(np.float64)[:, None], centred=False)
    for value, right, digits in zip(found.coef, truth.coef[0], found.certificate.digits_each[:, 0], strict=True):
        assert digits > 13
        assert abs(Fraction(float(value)) - right) <= Fraction(10.0 ** -float(digits) * 1.001) * abs(right)


def test_a_coefficient_that_no_float64_holds_is_refused_by_name() -> None:
    X, y = rng().standard_normal((40, 2)), rng().standard_normal(40)
    with pytest.raises(gm.DataError, match=r"column 1 of X is outside the range of a float64: .* about 1e-35") as told:
        gm.lstsq(X * [1.0, 1e200], y * 1e-150)
    assert "Hint: multiply or divide the column by a power of ten" in str(told.value)
    with pytest.raises(gm.DataError, match=r"the answer for b is outside the range"):
        gm.fit("y ~ a + b", {"a": X[:, 0], "b": X[:, 1] * 1e200, "y": y * 1e-150})
    with pytest.raises(gm.DataError, match=r"coefficients of about 1e\+3"):
        gm.lstsq(X * [1.0, 1e-200], y * 1e150)


def test_an_error_whose_square_no_float64_holds_is_refused_by_name() -> None:
    x, y = rng().standard_normal((2, 40))
    with pytest.raises(gm.DataError, match=r"standard errors of a cannot be computed: .* has 1e\+39[89] there") as told:
        gm.fit("y ~ a", {"a": x * 1e-200, "y": y})
    assert "1e-154 or more" in str(told.value)
    assert "Hint: multiply the column by a power of ten" in str(told.value)
    small, plain = gm.lstsq(x[:, None] * 1e-200, y), gm.lstsq(x[:, None], y)
    assert small.coef == pytest.approx(plain.coef * 1e200, rel=1e-14)


@pytest.mark.parametrize("method", DIRECT)
@pytest.mark.parametrize("light", [1e-20, 1e-30, 1e-300])
def test_leading_rows_of_next_to_no_weight_cost_no_digit(method: str, light: float) -> None:
    """A block is centred about rows that weigh something: the others may hold what they will."""
    m, lead = 3000, 300
    X, w = rng().standard_normal((m, 3)), np.ones(m)
    y = X @ np.ones(3) + rng().standard_normal(m)
    w[:lead], X[:lead], y[:lead] = light, 1e9, 1e9
    data = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y, "w": w}
    found = gm.fit("y ~ a + b + c", data, weights="w", method=method, accuracy=8)
    assert found.method.startswith(method)
    assert found.certificate.condition < 2
    assert found.certificate.digits[0] > 10
    if light < 1e-25:
        heavy = {name: values[lead:] for name, values in data.items()}
        np.testing.assert_allclose(found.coef, gm.fit("y ~ a + b + c", heavy).coef, rtol=1e-9)


def test_a_residual_that_no_float64_holds_is_told() -> None:
    X, y = rng().standard_normal((40, 2)), rng().standard_normal(40)
    found = gm.lstsq(X * 1e-200, y * 1e-200)
    assert np.all(found.certificate.digits_each > 15)
    assert np.isnan(found.rss)
    assert any("residual sum of squares is beyond the range" in note for note in found.notes)
    fit = gm.fit("y ~ a + b", {"a": X[:, 0], "b": X[:, 1], "y": y * 1e200}, cov="HC3")
    assert np.all(np.isnan(fit.se))


def test_the_shortest_solution_of_columns_too_uneven_is_refused() -> None:
    X, y = rng().standard_normal((40, 2)), rng().standard_normal(40)
    X = np.column_stack([X[:, 0], X[:, 0] * 1e200, X[:, 1]])
    with pytest.raises(gm.DataError, match=r'column 1 of X depend on other columns(.|\n)*use rank="drop"'):
        gm.lstsq(X, y, "svd")
    dropped = gm.lstsq(X, y, "svd", rank="drop")
    assert [d.column for d in dropped.dependencies] == [1]
    assert dropped.dependencies[0].weights == pytest.approx((1e200,))


def test_a_value_that_is_not_finite_is_still_named() -> None:
    X, y = rng().standard_normal((40, 2)) * [1e200, 1.0], rng().standard_normal(40)
    X[3, 1] = np.nan
    with pytest.raises(gm.DataError, match="nan at row 3, column 1"):
        gm.lstsq(X, y)


def test_ordinary_data_pay_nothing() -> None:
    found = gm.lstsq(rng().standard_normal((40, 2)) * [1e-100, 1e100], rng().standard_normal(40))
    assert not any("powers of two" in note for note in found.notes)
    assert not any("sizes" in str(step) for step in found.plan.steps)
