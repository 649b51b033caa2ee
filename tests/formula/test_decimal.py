"""Numbers as the decimals that they were written as: their low parts, formulas of them, fits of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gramian as gm
from decimals import Solved, digits, solve
from gramian.data.decimals import low_part, low_parts
from gramian.errors import ArgumentError
from gramian.execution.threads import Threads
from gramian.formula.decimal_detection import with_decimals
from gramian.formula.design import Design
from gramian.kernels import bounded
from gramian.kernels.bounded import Bounded
from gramian.kernels.exact import UNIT, Double
from gramian.sources.open import as_source

U = Fraction(1, 2**53)
decimals = st.builds(
    lambda number, places: f"{number}e{places}", st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-40, 20)
)


@given(decimals)
def test_the_low_part_is_what_the_float_leaves(text: str) -> None:
    x = float(text)
    low = low_parts(np.array([x]))
    assert low is not None
    assert abs(Fraction(text) - Fraction(x) - Fraction(float(low[0]))) <= 4 * U * U * abs(Fraction(x))
    assert float(low[0]) == pytest.approx(low_part(x), rel=1e-15)


def test_numbers_that_were_computed_are_no_decimals() -> None:
    assert low_parts(np.array([0.1, 1 / 3])) is None
    assert low_parts(np.array([0.1 + 0.2])) is None
    low = low_parts(np.array([1 / 3]), any_digits=True)
    assert low is not None
    assert Fraction(1 / 3) + Fraction(float(low[0])) == pytest.approx(Fraction(repr(1 / 3)), abs=1e-32)


def test_whole_numbers_nan_and_infinity_leave_nothing() -> None:
    low = low_parts(np.array([3.0, -0.0, np.nan, np.inf, 2.0**53]))
    np.testing.assert_array_equal(low, np.zeros(5))


def test_float32_is_literal_and_wide_integers_keep_their_last_bits() -> None:
    np.testing.assert_array_equal(low_parts(np.array([0.1, 1 / 3], dtype=np.float32)), [0.0, 0.0])
    wide = np.array([2**53 + 1, -(2**62) - 3, 7], dtype=np.int64)
    low = low_parts(wide)
    assert low is not None
    assert [int(float(a)) + int(b) for a, b in zip(wide, low, strict=True)] == wide.tolist()


def test_shape_is_kept() -> None:
    low = low_parts(np.array([[0.1, 0.5], [1.0, 0.7]]))
    assert low is not None
    assert low[0, 0] == low_part(0.1)
    assert low[1, 1] == low_part(0.7)
    assert low[0, 1] == low[1, 0] == 0.0


# ---- formulas


X = ("0.1", "0.3", "1.7", "2.9", "-4.1", "1e-3", "12345.678", "0.7")
Z = ("7.3", "0.11", "-0.9", "2.5", "3.3", "0.2", "1.01", "5.9")
EXPRESSIONS = {
    "x": lambda x, z: x,
    "I(x**2)": lambda x, z: x**2,
    "I(x**10)": lambda x, z: x**10,
    "I(x**-1)": lambda x, z: 1 / x,
    "I(x*z)": lambda x, z: x * z,
    "I(x + z - 0.1)": lambda x, z: x + z - Fraction("0.1"),
    "I((x - 2*z)/10)": lambda x, z: (x - 2 * z) / 10,
    "I(1/z)": lambda x, z: 1 / z,
    "I(-x)": lambda x, z: -x,
    "I(abs(x))": lambda x, z: abs(x),
    "x:z": lambda x, z: x * z,
    "I(x > 0.3)": lambda x, z: Fraction(int(x > Fraction("0.3"))),
    "x:I(z > 1)": lambda x, z: x * (z > 1),
}


def blocks(formula: str, table: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    source = as_source(table)
    design = with_decimals(Design.of(formula, source.schema).learned(source), source, True, Threads(1))
    (block,) = [block for part in design.rows(source).parts() for block in part.blocks()]
    assert block.X_lo is not None
    return block.dense(), block.X_lo


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_formulas_keep_all_the_digits_of_decimals(expression: str) -> None:
    table = {"x": np.array(X, dtype=float), "z": np.array(Z, dtype=float), "y": np.ones(len(X))}
    # A comparison would become a category: taken as a number by the arithmetic around it.
    formula = f"y ~ {expression}" if ">" not in expression else f"y ~ I(0.5*{expression.removeprefix('x:')})"
    hi, lo = blocks(formula, table)
    for i, (x, z) in enumerate(zip(X, Z, strict=True)):
        x, z = Fraction(x), Fraction(z)
        want = EXPRESSIONS[expression](x, z)
        if ">" in expression:
            want = Fraction(1, 2) * ((x > Fraction("0.3")) if "0.3" in expression else (z > 1))
        got = Fraction(float(hi[i, -1])) + Fraction(float(lo[i, -1]))
        assert abs(got - want) <= 16 * Fraction(1, 2**104) * (abs(want) + 10 * ("+" in expression or "2*z" in expression))
        assert abs(lo[i, -1]) <= np.spacing(abs(hi[i, -1])) / 2


def test_poly_raw_is_its_powers_and_sqrt_is_a_root() -> None:
    table = {"x": np.abs(np.array(X, dtype=float)), "y": np.ones(len(X))}
    hi, lo = blocks("y ~ poly(x, 4, raw=True) + I(sqrt(x))", table)
    for i, text in enumerate(X):
        x = abs(Fraction(text))
        for k in range(4):
            got = Fraction(float(hi[i, k])) + Fraction(float(lo[i, k]))
            assert abs(got - x ** (k + 1)) <= Fraction(1, 2**100) * x ** (k + 1)
        root = Fraction(float(hi[i, 4])) + Fraction(float(lo[i, 4]))
        assert abs(root**2 - x) <= Fraction(1, 2**100) * x


def test_a_category_times_a_decimal() -> None:
    table = {"x": np.array(X, dtype=float), "g": np.array(["a", "b"] * 4), "y": np.ones(len(X))}
    hi, lo = blocks("y ~ g:x", table)
    for i, text in enumerate(X):
        got = [Fraction(float(h)) + Fraction(float(low)) for h, low in zip(hi[i], lo[i], strict=True)]
        assert got[1 - i % 2] == 0
        assert abs(got[i % 2] - Fraction(text)) <= 4 * U * U * abs(Fraction(text))


def test_functions_see_rounded_numbers_and_the_notes_say_so() -> None:
    table = {"x": np.abs(np.array(X, dtype=float)), "y": np.array(Z, dtype=float)}
    fit = gm.fit("y ~ I(log(x))", table)
    assert any("log saw the decimals rounded to float64" in note for note in fit.notes)
    np.testing.assert_array_equal(blocks("y ~ I(log(x))", table)[0][:, 0], np.log(table["x"]))


def test_the_errors_of_a_formula_are_the_same() -> None:
    with pytest.raises(gm.DataError, match=r"\(1 / x\).*row 1"):
        gm.fit("y ~ I(1/x)", {"x": [0.5, 0.0, 0.25], "y": [0.1, 0.2, 0.3]})


# ---- what a formula loses


def as_bounded(text: str) -> tuple[Bounded, Fraction]:
    x = np.array([float(text)])
    return Bounded(Double(x, np.array([low_part(float(text))])), np.abs(x)), Fraction(text)


OPERATIONS = {
    "+": (bounded.add, lambda a, b: a + b),
    "-": (lambda a, b: bounded.add(a, -b), lambda a, b: a - b),
    "*": (bounded.multiply, lambda a, b: a * b),
    "/": (bounded.divide, lambda a, b: a / b),
}
leaves = st.builds(lambda number, places: f"{number}e{places}", st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-16, 5))
steps = st.lists(st.tuples(st.sampled_from("+-*/"), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=12)


@given(st.lists(leaves, min_size=2, max_size=4), steps)
def test_no_value_is_farther_off_than_its_bound(texts: list[str], steps: list[tuple[str, int, int]]) -> None:
    # Every step takes any two values made so far, so that differences of nearly equal ones are common.
    made = [as_bounded(text) for text in texts]
    for name, i, j in steps:
        (a, x), (b, y) = made[-1 - i % len(made)], made[-1 - j % len(made)]
        ours, exactly = OPERATIONS[name]
        if name == "/" and not y:
            continue
        with np.errstate(all="ignore"):
            found, true = ours(a, b), exactly(x, y)
        hi, lo, error = float(found.value.hi[0]), float(found.value.lo[0]), float(found.error[0])
        if not np.isfinite([hi, lo, error]).all() or abs(hi) > 1e250:
            continue
        assert abs(Fraction(hi) + Fraction(lo) - true) <= Fraction(UNIT) * Fraction(error)
        assert abs(lo) <= np.spacing(abs(hi)) / 2
        made.append((found, true))


@given(leaves, st.integers(-9, 9))
def test_powers_and_roots_are_within_their_bounds(text: str, exponent: int) -> None:
    a, x = as_bounded(text)
    if not x:
        return
    found = bounded.power(a, exponent)
    value = Fraction(float(found.value.hi[0])) + Fraction(float(found.value.lo[0]))
    assert abs(value - x**exponent) <= Fraction(UNIT) * Fraction(float(found.error[0]))
    assert found.error[0] <= 100 * abs(found.value.hi[0]) + 1e-250
    a, x = bounded.multiply(a, a), x * x
    found = bounded.square_root(a)
    value = Fraction(float(found.value.hi[0])) + Fraction(float(found.value.lo[0]))
    assert abs(value - abs(Fraction(text))) <= Fraction(UNIT) * Fraction(float(found.error[0]))


CANCELLING = {
    "I((x + 1e6)**4 - 1e24 - 4e18*x - 6e12*x**2 - 4e6*x**3)": lambda x: x**4,
    "I((x + 1e8)**4 - 1e32 - 4e24*x - 6e16*x**2)": lambda x: (x + 10**8) ** 4 - 10**32 - 4 * 10**24 * x - 6 * 10**16 * x * x,
    "I((x + 1e8)**3 - 1e24 - 3e16*x)": lambda x: (x + 10**8) ** 3 - 10**24 - 3 * 10**16 * x,
    "I((x/3 + 1e20) - 1e20)": lambda x: x / 3,
    "I((x/3 + 1e25) - 1e25)": lambda x: x / 3,
    "I((x/3 + 1e31) - 1e31)": lambda x: x / 3,
    "I(x/3 + 1e16*x/7 - 1e16*(x/7))": lambda x: x / 3,
    "I(1/(x/7 + 1e12 - 1e12))": lambda x: 7 / x,
    "center(I(x/3 + 1e12))": lambda x: x / 3,
}


@pytest.mark.parametrize("expression", CANCELLING)
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("entries", [400_000, 0])
def test_no_claim_is_broken_where_a_formula_cancels(
    expression: str, side: str, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", entries)
    rng = np.random.default_rng(0)
    x = np.array([float(f"{v:.6g}") for v in rng.standard_normal(30)])
    z = np.round(rng.standard_normal(30), 3)
    made = CANCELLING[expression]
    formula = f"z ~ {expression}" if side == "right" else f"{expression.replace('center', 'I')} ~ z"
    fit = gm.fit(formula, {"x": x, "z": z}, decimal=True, accuracy="exact")
    a, b = [made(Fraction(repr(float(v)))) for v in x], [Fraction(repr(float(v))) for v in z]
    want = solve([a], b, True) if side == "right" else solve([b], [v + 10**12 for v in a] if "center" in expression else a, True)
    bounds = [fit.certificate.intercept_bound[0], fit.certificate.forward_bound[0, 0]]
    assert fit.certificate.written
    for j, (got, true, bound) in enumerate(zip(fit.coef, want.coef, bounds, strict=True)):
        # The intercept beside center() depends on the mean that it takes, a float64.
        if np.isfinite(bound) and (j == 1 or side == "left" or not expression.startswith("center")):
            assert abs(Fraction(float(got)) - true) <= Fraction(1.001) * Fraction(float(bound))


def test_digits_that_a_formula_loses_are_no_longer_claimed() -> None:
    x = np.array([float(f"{v:.6g}") for v in np.random.default_rng(0).standard_normal(30)])
    table = {"x": x, "y": np.round(np.sin(np.arange(30)), 3)}
    fits = [gm.fit(f"y ~ I((x/3 + 1e{size}) - 1e{size})", table) for size in (5, 23, 26, 28)]
    lost = [fit.certificate.digits.min() for fit in fits]
    assert lost[0] >= 15.9
    assert 15.9 > lost[1] > lost[2] > lost[3]


def test_a_column_that_loses_everything_is_not_taken_for_the_one_that_was_written() -> None:
    x = np.array([float(f"{v:.6g}") for v in np.random.default_rng(0).standard_normal(30)])
    fit = gm.fit("y ~ I((x/3 + 1e60) - 1e60)", {"x": x, "y": np.round(np.sin(np.arange(30)), 3)})
    assert fit.dropped
    assert not fit.certificate.written


CONSTANTS = {
    "1/3": Fraction(1, 3),
    "(0.1 + 0.2)*10": Fraction(3),
    "-2.33/96200050000.0": -Fraction("2.33") / 96200050000,
    "(1e20 + 0.3) - 1e20": Fraction("0.3"),
    "2**-3/0.7": Fraction(10, 56),
    "sqrt(2.25)/0.3": Fraction(5),
}


@pytest.mark.parametrize("text", CONSTANTS)
def test_constants_are_joined_as_decimals(text: str) -> None:
    x = np.array([0.1, 0.7, 1.9, -3.3, 5.1])
    fit = gm.fit(f"I(x*({text})) ~ x", {"x": x})
    bound = Fraction(float(fit.certificate.forward_bound[0, 0]))
    assert abs(Fraction(float(fit.coef[1])) - CONSTANTS[text]) <= Fraction(1.001) * bound


# ---- fits


def rows(seed: int, m: int = 40) -> tuple[list[str], list[str], list[str]]:
    rng = np.random.default_rng(seed)
    made = (np.round(rng.uniform(-5, 5, m), 3), np.round(rng.uniform(0, 9, m), 1), np.round(rng.uniform(10, 30, m), 2))
    x, z, y = (list(map(str, column.tolist())) for column in made)
    return x, z, y


def truth(x: list[str], z: list[str], y: list[str]) -> Solved:
    a, b, c = (list(map(Fraction, column)) for column in (x, z, y))
    return solve([a, b, [v * w for v, w in zip(a, b, strict=True)], [v**3 for v in a]], c, True)


FORMULA = "y ~ x + z + I(x*z) + I(x**3)"


def assert_exact(fit: gm.Fit, want: Solved) -> None:
    assert min(map(digits, fit.coef, want.coef)) >= 15.6
    assert min(map(digits, fit.se, want.se)) >= 15.3
    assert min(digits(fit.sigma, want.sigma), digits(fit.rsquared, want.rsquared), digits(fit.fvalue, want.fvalue)) >= 15.3
    for got, exact, claimed in zip(fit.coef, want.coef, fit.digits, strict=True):
        assert abs(Fraction(float(got)) - exact) <= Fraction(10.0 ** -float(claimed) * 1.001) * abs(exact)


@pytest.mark.parametrize("kind", ["csv", "tsv", "dict", "pandas", "arrow"])
def test_every_source_of_printed_numbers_gives_the_fit_of_the_decimals(kind: str, tmp_path: Path) -> None:
    x, z, y = rows(1)
    table = {name: np.array(column, dtype=float) for name, column in zip("xzy", (x, z, y), strict=True)}
    data: object = table
    if kind in ("csv", "tsv"):
        mark = "," if kind == "csv" else "\t"
        data = tmp_path / f"data.{kind}"
        lines = [mark.join("xzy"), *(mark.join(row) for row in zip(x, z, y, strict=True))]
        data.write_text("\n".join(lines) + "\n")
    elif kind == "pandas":
        data = pd.DataFrame(table)
    elif kind == "arrow":
        import pyarrow as pa

        data = pa.table(table)
    fit = gm.fit(FORMULA, data)
    assert_exact(fit, truth(x, z, y))
    assert fit.certificate.written
    assert "the numbers as written" in fit.certificate.sentence()
    assert sum("decimals that they were written as" in note for note in fit.notes) == 1


def test_rows_that_miss_a_value_leave_the_others_as_they_are(tmp_path: Path) -> None:
    x, z, y = rows(2)
    lines = ["x,z,y", "0.1,,3.3", *(",".join(row) for row in zip(x, z, y, strict=True)), ",0.2,1.1"]
    path = tmp_path / "gaps.csv"
    path.write_text("\n".join(lines) + "\n")
    fit = gm.fit(FORMULA, path)
    assert fit.missing == 2
    assert_exact(fit, truth(x, z, y))


def test_weights_and_offset(tmp_path: Path) -> None:
    x, z, y = rows(3)
    w = [str(1 + i % 4) for i in range(len(x))]
    path = tmp_path / "weighted.csv"
    path.write_text("\n".join(["x,z,y,w", *(",".join(row) for row in zip(x, z, y, w, strict=True))]) + "\n")
    fit = gm.fit("y ~ x", path, freq_weights="w", offset="z")
    repeated = [i for i, count in enumerate(w) for _ in range(int(count))]
    want = solve([[Fraction(x[i]) for i in repeated]], [Fraction(y[i]) - Fraction(z[i]) for i in repeated], True)
    assert_exact(fit, want)


def test_false_takes_the_float64_numbers() -> None:
    x, z, y = rows(4)
    table = {name: np.array(column, dtype=float) for name, column in zip("xzy", (x, z, y), strict=True)}
    fit = gm.fit("y ~ x + z", table, decimal=False)
    columns = [list(map(Fraction, map(float, column))) for column in (x, z, y)]
    want = solve(columns[:2], columns[2], True)
    assert min(map(digits, fit.coef, want.coef)) >= 15.6
    assert min(map(digits, fit.se, want.se)) >= 15.3
    assert not fit.certificate.written
    assert not any("decimal" in note for note in fit.notes)


def test_computed_numbers_are_literal_unless_asked() -> None:
    rng = np.random.default_rng(5)
    table = {"x": rng.standard_normal(30), "y": rng.standard_normal(30)}
    assert not gm.fit("y ~ x", table).certificate.written
    asked = gm.fit("y ~ x", table, decimal=True)
    columns = [[Fraction(repr(float(v))) for v in table[name]] for name in "xy"]
    want = solve(columns[:1], columns[1], True)
    assert asked.certificate.written
    assert min(map(digits, asked.coef, want.coef)) >= 15.6


def test_large_tables_are_literal_unless_asked() -> None:
    rng = np.random.default_rng(6)
    table = {"x": np.round(rng.standard_normal(500_000), 2), "y": np.round(rng.standard_normal(500_000), 2)}
    assert not gm.fit("y ~ x", table).certificate.written
    asked = gm.fit("y ~ x", table, decimal=True)
    assert asked.certificate.written
    # Hundredths are whole numbers of hundredths, and sums of these are exact in integers.
    x, y = (np.rint(table[name] * 100).astype(np.int64).tolist() for name in "xy")
    m, sx, sy = len(x), sum(x), sum(y)
    sxx, sxy = (sum(a * b for a, b in zip(x, other, strict=True)) for other in (x, y))
    slope = Fraction(m * sxy - sx * sy, m * sxx - sx * sx)
    assert digits(asked.coef[1], slope) >= 15.6
    assert digits(asked.coef[0], (Fraction(sy, 100) - slope * Fraction(sx, 100)) / m) >= 15.6


@pytest.mark.parametrize("entries", [400_000, 0])
def test_columns_far_from_zero_beside_uneven_weights(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # The float64 numbers have another mean than the decimals, by a thousandth of the spread.
    monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", entries)
    rng = np.random.default_rng(181)
    m = 40
    u = np.round(rng.standard_normal(m), 3)
    x = np.array([float(f"{v:.15g}") for v in 1e8 + u * 1e-5])
    y, w = np.round(u + rng.standard_normal(m), 2), np.array([float(f"{v:.3g}") for v in 10.0 ** rng.uniform(-6, 6, m)])
    z = np.round(rng.standard_normal(m), 3)
    fit = gm.fit("y ~ x + z", {"x": x, "z": z, "y": y, "w": w}, weights="w", decimal=True)
    a, b, c = ([Fraction(repr(float(v))) for v in column] for column in (x, z, y))
    s = [Fraction(float(v)) for v in w]
    means = [sum(p * q for p, q in zip(s, column, strict=True)) / sum(s) for column in (a, b, c)]
    a, b, c = ([v - mean for v in column] for column, mean in zip((a, b, c), means, strict=True))

    def inner(left: list[Fraction], right: list[Fraction]) -> Fraction:
        return sum((k * p * q for k, p, q in zip(s, left, right, strict=True)), Fraction(0))

    determinant = inner(a, a) * inner(b, b) - inner(a, b) ** 2
    slope = (inner(a, c) * inner(b, b) - inner(b, c) * inner(a, b)) / determinant
    assert digits(fit.coef[1], slope) >= 14.5
    assert abs(Fraction(float(fit.coef[1])) - slope) <= Fraction(float(fit.certificate.forward_bound[0, 0])) * Fraction(1.001)
    assert fit.digits.min() >= 14.0


def test_float32_columns_are_what_they_are() -> None:
    x, z, y = rows(7)
    table = {name: np.array(column, dtype=np.float32) for name, column in zip("xzy", (x, z, y), strict=True)}
    fit = gm.fit("y ~ x + z", table)
    columns = [list(map(Fraction, map(float, table[name]))) for name in "xzy"]
    want = solve(columns[:2], columns[2], True)
    assert min(map(digits, fit.coef, want.coef)) >= 15.6
    assert not fit.certificate.written


def test_lstsq_takes_arrays_literally_unless_asked() -> None:
    x, z, y = rows(8)
    X = np.column_stack([np.array(x, dtype=float), np.array(z, dtype=float)])
    target = np.array(y, dtype=float)
    exact = [list(map(Fraction, column)) for column in (x, z, y)]
    literal = [list(map(Fraction, map(float, column))) for column in (x, z, y)]
    for decimal, columns in ((False, literal), (True, exact)):
        found = gm.lstsq(X, target, decimal=decimal)
        want = solve(columns[:2], columns[2], False)
        assert min(map(digits, found.coef, want.coef)) >= 15.6
        assert found.certificate.written is decimal
    assert not np.shares_memory(X, found.coef)


def test_wide_integers_of_arrays_keep_their_last_digits() -> None:
    X = np.array([[1, 2**60 + 1], [2, 2**60 + 5], [3, 2**60 + 2], [4, 2**60 + 11]], dtype=np.int64)
    y = np.array([2**61 + 7, 2**61 + 1, 2**61 - 5, 2**61 + 100], dtype=np.int64)
    found = gm.lstsq(X, y, decimal=True)
    want = solve([[Fraction(int(v)) for v in column] for column in X.T], [Fraction(int(v)) for v in y], False)
    assert min(map(digits, found.coef, want.coef)) >= 15.6
    with pytest.raises(gm.DataError, match="decimal=True keeps their last digits"):
        gm.lstsq(X, y)


def test_a_perfect_fit_of_decimals_is_perfect(tmp_path: Path) -> None:
    # 0.1 x + 0.3 holds for decimals; the float64 numbers are off by roundings.
    path = tmp_path / "line.csv"
    path.write_text("x,y\n" + "\n".join(f"{i / 10},{(i + 30) / 100}" for i in range(1, 30)) + "\n")
    fit = gm.fit("y ~ x", path)
    np.testing.assert_array_equal(fit.coef, [0.3, 0.1])
    assert fit.sigma < 1e-22
    assert gm.fit("y ~ x", path, decimal=False).sigma > 1e-19


def test_robust_errors_and_predictions_go_on_working(tmp_path: Path) -> None:
    x, z, y = rows(9)
    table = {name: np.array(column, dtype=float) for name, column in zip("xzy", (x, z, y), strict=True)}
    decimal, literal = gm.fit(FORMULA, table, cov="HC3"), gm.fit(FORMULA, table, cov="HC3", decimal=False)
    np.testing.assert_allclose(decimal.se, literal.se, rtol=1e-12)
    np.testing.assert_allclose(decimal.predict(table), literal.predict(table), rtol=1e-13)
    decimal.save(tmp_path / "model.json")
    loaded = gm.load(tmp_path / "model.json")
    assert isinstance(loaded, gm.Fit)
    assert loaded.certificate.written
    classical = gm.fit(FORMULA, table)
    classical.save(tmp_path / "classical.json")
    np.testing.assert_array_equal(gm.load(tmp_path / "classical.json").se, classical.se)
    np.testing.assert_array_equal(gm.load(tmp_path / "classical.json").rsquared, classical.rsquared)


def test_what_cannot_take_decimals_says_so() -> None:
    table = {"x": [0.1, 0.2, 0.4], "y": [1.0, 2.5, 3.1]}
    with pytest.raises(ArgumentError, match=r"method='adam' cannot take decimal=True\nMethods that can: .*qr"):
        gm.fit("y ~ x", table, method="adam", decimal=True)
    with pytest.raises(ArgumentError, match=r"method='lsmr' cannot take accuracy=\"exact\""):
        gm.lstsq(np.eye(3), np.ones(3), method="lsmr", accuracy="exact")
    with pytest.raises(ArgumentError, match="decimal is 1"):
        gm.fit("y ~ x", table, decimal=1)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="family='poisson'"):
        gm.fit("y ~ x", table, family="poisson", decimal=True)
    with pytest.raises(gm.NeedsData, match='accuracy="exact"'):
        gm.fit("y ~ x", gm.moments("y ~ x", table), accuracy="exact")


def test_rows_that_can_be_read_once_have_no_exact_fit() -> None:
    import pyarrow as pa

    table = pa.table({"x": [0.1, 0.2, 0.4], "y": [1.0, 2.5, 3.1]})
    with pytest.raises(gm.SourceError, match=r"once only, and accuracy=\"exact\""):
        gm.fit("y ~ x", pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), accuracy="exact")
