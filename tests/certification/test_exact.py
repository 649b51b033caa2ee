"""accuracy="exact": compiled double-double loses nothing, its bounds hold, and the inverse of X'X has all its digits."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from bench.stress import CaseRows, Exact, Found, Route, judge, make
from bench.truth import exact
from gramian.data.arrays import ArrayRows
from gramian.errors import GramianError
from gramian.execution.threads import Threads
from gramian.kernels.exact import exactly
from gramian.problem.penalties import RidgePenalty
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.reductions import exact_gradient as view
from gramian.reductions.exact_inner import inner
from gramian.reductions.gradient import Point
from gramian.solving import solve as solving

U = 2.0**-53


def as_fraction(hi: float, lo: float) -> Fraction:
    return Fraction(float(hi)) + Fraction(float(lo))


def test_compiled_transforms_are_free_of_error() -> None:
    # A compiler that contracts or reorders makes the errors zero.
    from gramian.kernels import exact_rows as kernel

    rng = np.random.default_rng(0)
    for a, b in rng.standard_normal((200, 2)) * 10.0 ** rng.integers(-12, 12, (200, 2)):
        a, b = float(a), float(b)
        p, e = kernel.two_prod(a, b)
        s, f = kernel.two_sum(a, b)
        assert as_fraction(p, e) == Fraction(a) * Fraction(b)
        assert as_fraction(s, f) == Fraction(a) + Fraction(b)


@pytest.mark.parametrize("m", [1, 15, 16, 17, 100])
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("low", [False, True])
def test_the_compiled_pass_is_that_of_numpy(m: int, k: int, weighted: bool, low: bool) -> None:
    rng = np.random.default_rng(m + k)
    n = 3
    X = np.round(rng.standard_normal((m, n)) * [1.0, 1e6, 1e-3], 5)
    y = np.round(rng.standard_normal((m, k)), 3)
    rows = ArrayRows.of(X, y, weights=rng.random(m) + 0.1 if weighted else None, centred=True, decimal=low)
    at = Point(X.mean(axis=0), y.mean(axis=0), rng.standard_normal((n, k)), np.full(k, 1e-20), np.full((n, k), 1e-19))
    norms = np.linalg.norm(X, axis=0)
    raw = np.concatenate([norms, np.linalg.norm(y, axis=0)])
    found = []
    for entries in (view.ENTRIES, 0):
        with patch.object(view, "ENTRIES", entries):
            found.append(view.exact_gradient(rows, Threads(1), at, norms, raw))
    numpy, compiled = found
    bound = norms[:, None] * (numpy.sum_error + numpy.residual_error + compiled.sum_error + compiled.residual_error)
    assert np.all(np.abs((numpy.g - compiled.g) + (numpy.g_lo - compiled.g_lo)) <= bound)
    np.testing.assert_allclose(numpy.s, compiled.s, rtol=4 * U, atol=1e-24 * np.max(raw))
    for name in ("rss", "yty"):
        np.testing.assert_allclose(getattr(numpy, name), getattr(compiled, name), rtol=4 * U)
    assert numpy.low is compiled.low is low


@pytest.mark.parametrize("seed", range(40))
def test_no_claim_of_the_compiled_path_is_broken(seed: int) -> None:
    case = make(seed)
    with patch.object(view, "ENTRIES", 0):
        try:
            found = solving.solve(Problem(CaseRows(case), Wanted(RidgePenalty(case.ridge), "drop")), "qr", "exact", Threads(1))
        except GramianError:
            return
    assert found.exact
    assert found.solution.factor is not None
    intercept = found.solution.intercept if case.centred else None
    claims = Found(found.solution.coef, intercept, tuple(sorted(found.solution.factor.kept)), found.certificate)
    verdict = judge(case, Route("qr"), Exact(case), claims)
    assert not verdict.broken, verdict.broken


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e11])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_the_inverse_of_the_gram_matrix_has_all_its_digits(condition: float, weighted: bool, centred: bool) -> None:
    rng = np.random.default_rng(3)
    m, n = 40, 4
    left, right = (np.linalg.qr(rng.standard_normal((rows, n)))[0] for rows in (m, n))
    X = (left * np.geomspace(1.0, 1.0 / condition, n)) @ right.T * [1.0, 1e-6, 1e5, 1.0] + centred * 3.0
    y = rng.standard_normal(m)
    w = rng.uniform(0.1, 9.0, m) if weighted else None
    rows = ArrayRows.of(X, y, weights=w, centred=centred)
    found = solving.solve(Problem(rows, Wanted(RidgePenalty(0.0), "error", errors=True)), "qr", "data", Threads(1))
    assert found.inverse is not None
    truth = exact(X, y[:, None], w, centred=centred, inverse=True)
    got = [*found.inverse.diagonal, *([found.inverse.constant] if centred else [])]
    for value, true in zip(got, truth.inverse_diagonal, strict=True):
        assert abs(Fraction(float(value)) - true) <= Fraction(6 * U) * true
    factor = found.solution.factor
    assert factor is not None
    np.testing.assert_allclose(factor.inverse_diagonal(), found.inverse.diagonal, rtol=1e-14)


@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
@pytest.mark.parametrize("length", [1.0, 3.0, 1e4, 1e9])
@pytest.mark.parametrize("centred", [False, True])
def test_the_defect_is_known_to_its_bound(condition: float, length: float, centred: bool) -> None:
    # Columns of X W that are longer than 1, and a centre that is far from the mean, are what a W that is no factor yet brings.
    rng = np.random.default_rng(7)
    m, n = 30, 3
    left, right = (np.linalg.qr(rng.standard_normal((rows, n)))[0] for rows in (m, n))
    X = (left * np.geomspace(1.0, 1.0 / condition, n)) @ right.T + 0.3 * centred
    W = np.linalg.inv(np.linalg.qr(X, mode="r")) * [1.0, length, length]
    norms = np.linalg.norm(X, axis=0)
    found = inner(ArrayRows.of(X, X[:, 0], centred=centred), Threads(1), exactly(np.zeros(n)), W, norms, norms)
    A, B = ([[Fraction(float(v)) for v in row] for row in matrix] for matrix in (X, W))
    V = [[sum((a * b[c] for a, b in zip(row, B, strict=True)), Fraction(0)) for c in range(n)] for row in A]
    means = [sum((row[j] for row in V), Fraction(0)) / m * centred for j in range(n)]
    for i in range(n):
        for j in range(n):
            true = sum(((v[i] - means[i]) * (v[j] - means[j]) for v in V), Fraction(0)) - (i == j)
            assert abs(Fraction(float(found.E[i, j])) - true) <= Fraction(found.error)
    assert found.error < 1e-13 * max(length, 10.0 * centred) ** 2
    assert length > 1 or centred or found.error < 1e-16


def test_large_arrays_when_asked() -> None:
    # More rows than one block; the answer is an integer combination, so that the exact solution is known.
    rng = np.random.default_rng(11)
    X = np.round(rng.standard_normal((60_000, 8)) * 1000) + 1e7
    b = np.arange(1.0, 9.0)
    one, two = (gm.lstsq(X, X @ b, accuracy="exact", threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.coef, b)
    np.testing.assert_array_equal(one.coef, two.coef)
    assert one.certificate.digits_each.min() >= 15.9
    assert one.rss == two.rss


def test_sparse_rows_are_exact_too() -> None:
    rng = np.random.default_rng(12)
    dense = rng.standard_normal((50_000, 12)) * (rng.random((50_000, 12)) < 0.2)
    y = rng.standard_normal(50_000)
    a, b = gm.lstsq(dense, y, accuracy="exact"), gm.lstsq(sp.csr_array(dense), y, accuracy="exact")
    np.testing.assert_array_equal(a.coef, b.coef)
    assert min(a.certificate.digits_each.min(), b.certificate.digits_each.min()) >= 15.9


def test_float32_is_certified_against_itself() -> None:
    rng = np.random.default_rng(13)
    X = rng.standard_normal((40, 3)).astype(np.float32)
    y = (X @ np.array([1, 2, 3], dtype=np.float32) + rng.standard_normal(40).astype(np.float32)).astype(np.float32)
    truth = exact(X.astype(float), y.astype(float)[:, None], centred=False)
    found = gm.lstsq(X, y)
    for got, true in zip(found.coef, truth.coef[0], strict=True):
        assert abs(Fraction(float(got)) - true) <= Fraction(1.2 * U) * abs(true)


@pytest.mark.parametrize("source", ["pandas", "polars", "parquet", "feather"])
def test_float32_tables_are_certified_against_themselves(source: str, tmp_path) -> None:
    import pandas as pd
    import polars as pl

    rng = np.random.default_rng(14)
    columns = {name: rng.standard_normal(50).astype(np.float32) for name in ("x", "z", "y")}
    data: object = pd.DataFrame(columns) if source == "pandas" else pl.DataFrame(columns)
    if source == "parquet":
        pl.DataFrame(columns).write_parquet(data := tmp_path / "data.parquet")
    elif source == "feather":
        pl.DataFrame(columns).write_ipc(data := tmp_path / "data.feather")
    fit = gm.fit("y ~ x + z", data)
    X = np.column_stack([columns["x"], columns["z"]]).astype(float)
    truth = exact(X, columns["y"].astype(float)[:, None], centred=True)
    for got, true, claimed in zip(fit.coef, (truth.intercept[0], *truth.coef[0]), fit.digits, strict=True):
        assert abs(Fraction(float(got)) - true) <= Fraction(10.0 ** -float(claimed) * 1.001) * abs(true)
        assert claimed >= 15.5
    assert not fit.certificate.written


def test_small_fits_of_decimals_import_no_compiler() -> None:
    code = (
        "import sys, gramian as gm\n"
        "fit = gm.fit('y ~ x + I(x**2)', {'x': [0.1, 0.2, 0.4, 0.7, 0.9], 'y': [1.5, 2.25, 3.1, 4.7, 5.2]})\n"
        "assert fit.certificate.written and fit.se.size == 3\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_methods_that_iterate_refuse_it_whoever_asks() -> None:
    rows = ArrayRows.of(np.eye(4), np.ones(4))
    with pytest.raises(gm.errors.ArgumentError, match=r"method='cg' cannot take accuracy=\"exact\"\nMethods that can: "):
        solving.solve(Problem(rows, Wanted(RidgePenalty(0.0), "drop")), "cg", "exact", Threads(1))


def test_the_command_line_takes_both(tmp_path) -> None:
    from typer.testing import CliRunner

    from gramian.cli.app import app

    path = tmp_path / "data.csv"
    path.write_text("x,y\n0.1,1.2\n0.2,1.9\n0.4,3.3\n0.7,5.1\n")
    for arguments in (["--accuracy", "exact"], ["--decimal"], []):
        out = CliRunner().invoke(app, ["fit", str(path), "y ~ x", *arguments])
        assert out.exit_code == 0, out.output
        assert "the numbers as written" in " ".join(out.output.split())
    out = CliRunner().invoke(app, ["fit", str(path), "y ~ x", "--no-decimal", "--accuracy", "exact"])
    assert "a pass over the data" in " ".join(out.output.split())


def test_the_inverse_of_a_graded_triangle_is_a_right_inverse() -> None:
    # LAPACK's dtrtri leaves R W off the identity by hundreds here, W R by 1e-8: a factor made so proves what is not true.
    from gramian.kernels.lapack import inverse_upper

    rng = np.random.default_rng(0)
    for _ in range(50):
        x = np.round(rng.uniform(90, 106, 9), 10)
        near = x + np.round(rng.uniform(-1, 1, 9) * 1e-7, 10)
        X = np.column_stack([x, near, x**2, x * near])
        R = np.linalg.qr(X / np.linalg.norm(X, axis=0), mode="r")
        W = inverse_upper(R)
        assert np.all(np.abs(R @ W - np.eye(4)) <= 10 * U * (np.abs(R) @ np.abs(W)))
        assert not np.any(np.tril(W, -1))
