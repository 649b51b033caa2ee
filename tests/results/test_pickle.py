"""A fit goes through pickle with its rows, so that it can be made by another process."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

import gramian as gm

M = 60


def columns():
    rng = np.random.default_rng(6)
    return {"x": rng.normal(size=M), "y": rng.normal(size=M), "g": [f"g{i % 4}" for i in range(M)]}


def pandas_of_every_kind():
    frame = pd.DataFrame(columns())
    frame["c"] = frame["g"].astype("category")
    frame["i"] = pd.array([1, 2, None] * (M // 3), dtype="Int64")
    frame["o"] = np.array([True, False, None] * (M // 3), dtype=object)
    frame["s"] = pd.arrays.SparseArray([0.0, 0.0, 1.5] * (M // 3))
    return frame


def structured():
    found = columns()
    return np.rec.fromarrays([found["x"], found["y"], np.array(found["g"])], names="x,y,g")


TABLES = {
    "dict": columns,
    "structured": structured,
    "pandas": pandas_of_every_kind,
    "polars": lambda: pl.DataFrame(columns()),
    "arrow": lambda: pa.table(columns()),
}


def again(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("kind", TABLES)
def test_a_fit_and_its_rows(kind):
    data = TABLES[kind]()
    fit = gm.fit("y ~ x + g", data)
    loaded = again(fit)
    assert str(loaded) == str(fit)
    assert_array_equal(loaded.cov("HC3"), fit.cov("HC3"))
    assert_array_equal(loaded.predict(data), fit.predict(data))


def test_columns_of_pandas_that_are_converted_later():
    fit = gm.fit("y ~ x + c + i + o + s", pandas_of_every_kind())
    assert_array_equal(again(fit).residuals(), fit.residuals())


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_fit_of_a_file(tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    frame = pd.DataFrame(columns())
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    fit = gm.fit("y ~ x + g", str(path))
    assert_array_equal(again(fit).cov("HC3"), fit.cov("HC3"))


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_families(family):
    found = columns()
    found["y"] = (found["y"] > 0) if family == "binomial" else np.round(np.exp(found["y"])) + 1
    fit = gm.fit("y ~ x", found, family=family)
    loaded = again(fit)
    assert str(loaded) == str(fit)
    assert_array_equal(loaded.cov("HC1"), fit.cov("HC1"))


def test_moments_and_arrays():
    found = columns()
    moments = gm.moments("y ~ x", found)
    assert_array_equal(gm.fit("y ~ x", again(moments)).coef, gm.fit("y ~ x", moments).coef)
    result = gm.lstsq(np.column_stack([found["x"], np.ones(M)]), found["y"])
    assert_array_equal(again(result).coef, result.coef)
