"""Sparse matrices whose index arrays are wrong: an error that says where, in any format, before scipy follows them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm

GOOD = np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 5], [0, 6, 7]])
Y = np.array([1.0, 2, 3, 4])


def made(kind: str) -> Any:
    return sp.csr_array(GOOD).asformat(kind)


@pytest.mark.parametrize(
    ("kind", "name", "place", "value", "words"),
    [
        ("csr", "indices", 1, 3, r"X.indices holds 3 at place 1\nAllowed: 0 to 2\nHint: "),
        ("csr", "indices", 4, -1, "X.indices holds -1 at place 4"),
        ("csr", "indices", 0, 2**30, "holds 1073741824 at place 0"),
        ("csr", "indptr", 0, 1, "X.indptr begins with 1\nAllowed: 5 places that begin with 0, never fall, and end within the 7"),
        ("csr", "indptr", 2, 1, "X.indptr falls from 2 to 1 at place 2"),
        ("csr", "indptr", 1, -5, "X.indptr falls from 0 to -5 at place 1"),
        ("csr", "indptr", 4, 8, "X.indptr ends with 8"),
        ("csc", "indices", 1, 4, r"X.indices holds 4 at place 1\nAllowed: 0 to 3"),
        ("csc", "indptr", 3, 1000, "X.indptr ends with 1000"),
        ("bsr", "indices", 0, 9, "X.indices holds 9 at place 0"),
        ("bsr", "indptr", 0, -1, "X.indptr begins with -1"),
    ],
)
@pytest.mark.parametrize("call", [gm.lstsq, lambda X, y: gm.LinearRegression(fit_intercept=False).fit(X, y)])
def test_compressed_formats(call: Any, kind: str, name: str, place: int, value: int, words: str) -> None:
    X = made(kind)
    getattr(X, name)[place] = value
    with pytest.raises(gm.DataError, match=words):
        call(X, Y)


def test_shapes_of_pointers_and_coordinates() -> None:
    X = made("csr")
    X.indptr = X.indptr[:-1]
    with pytest.raises(gm.DataError, match=r"X.indptr has shape \(4,\)"):
        gm.lstsq(X, Y)
    X = made("csr")
    X.data = X.data[:-2]
    with pytest.raises(gm.DataError, match=r"X.indptr ends with 7"):
        gm.lstsq(X, Y)
    X = made("csr")
    X.indices = X.indices.astype(float)
    with pytest.raises(gm.DataError, match=r"X.indices is of type float64\nAllowed: whole numbers"):
        gm.lstsq(X, Y)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("value", [-1, 4, 1000])
def test_coordinates(axis: int, value: int) -> None:
    X = made("coo")
    X.coords[axis][2] = value
    with pytest.raises(gm.DataError, match=rf"X.coords\[{axis}\] holds {value} at place 2"):
        gm.lstsq(X, Y)


def test_lists_and_keys() -> None:
    X = made("lil")
    X.rows[2][1] = 7
    with pytest.raises(gm.DataError, match=r"X.rows\[2\] holds 7 at place 1"):
        gm.lstsq(X, Y)
    X = made("lil")
    X.data[1].append(1.0)
    with pytest.raises(gm.DataError, match=r"X.rows\[1\] has 1 indices for 2 values"):
        gm.lstsq(X, Y)
    X = made("dok")
    X._dict[(1, 9)] = 1.0
    with pytest.raises(gm.DataError, match="holds 9"):
        gm.lstsq(X, Y)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_right_ones_pass(kind: str) -> None:
    want = gm.lstsq(GOOD, Y).coef
    np.testing.assert_allclose(gm.lstsq(made(kind), Y).coef, want, rtol=1e-12)


def test_many_more_columns_than_rows_without_a_warning() -> None:
    X = sp.random_array((3, 100_000), density=1e-3, rng=np.random.default_rng(0), format="csr")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gm.lstsq(X, np.array([1.0, 2, 3]))
    np.testing.assert_allclose(X @ found.coef, [1, 2, 3], rtol=1e-6)
    assert np.all(found.certificate.digits == 0)


@pytest.mark.parametrize("power", [20, 400, 5000])
def test_integers_beyond_every_float_are_named(power: int) -> None:
    large = 10**power
    for X, y, w in [([[large, 1], [2, 3]], [1, 2], None), ([[1, 1], [2, 3]], [1, large], None), ([[1], [2]], [1, 2], [1, large])]:
        with pytest.raises(gm.DataError, match=r"holds the integer .* at row .*\nAllowed: integers between"):
            gm.lstsq(X, y, weights=w)
    with pytest.raises(gm.DataError, match="column 'x' of the dict holds the integer"):
        gm.fit("y ~ x", {"x": [1, 2, large], "y": [1, 2, 3]})
    with pytest.raises(gm.DataError, match="column 'x'"):
        gm.fit("y ~ x", {"x": [1, 2, 3.5], "y": [1, 2, 3]}).predict({"x": [large]})


def test_a_saved_model_with_a_number_beyond_every_float(tmp_path: Any) -> None:
    from gramian.results.model_file import MODEL
    from gramian.storage import json_file

    gm.fit("y ~ x", {"x": [1.0, 2, 4], "y": [1.0, 2, 3]}).save(tmp_path / "m.json")
    for part, name in [("estimate", "nobs"), ("estimate", "rank"), ("covariance", "df"), ("story", "missing")]:
        content = json_file.read(tmp_path / "m.json", (MODEL,), 1)[1]
        content[part][name] = 10**400
        json_file.write(tmp_path / "large.json", MODEL, 1, content)
        with pytest.raises(gm.ModelError, match=r"large.json is damaged: .*\nHint: "):
            gm.load(tmp_path / "large.json")
