"""Columns of dates: they name clusters, whatever table they come in, and '.' leaves them out and says so."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

import gramian as gm

M = 120


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=M), "y": rng.normal(size=M)})
    frame["when"] = pd.date_range("2020-01-01", periods=M // 4).repeat(4)
    frame.loc[7, "when"] = pd.NaT
    return frame


def zoned(frame):
    return frame.assign(when=frame["when"].dt.tz_localize("UTC"))


def objects(frame):
    return frame.assign(when=[None if pd.isna(value) else value.date() for value in frame["when"]])


def as_file(ending):
    def written(frame, folder):
        path = folder / f"t.{ending}"
        getattr(frame, f"to_{ending}")(path, **({"index": False} if ending == "csv" else {}))
        return str(path)

    return written


TABLES = {
    "pandas": lambda frame, folder: frame,
    "pandas, with a zone": lambda frame, folder: zoned(frame),
    "pandas, of objects": lambda frame, folder: objects(frame),
    "dict": lambda frame, folder: {name: frame[name].to_numpy() for name in frame},
    "polars": lambda frame, folder: pl.from_pandas(frame),
    "lazy": lambda frame, folder: pl.from_pandas(frame).lazy(),
    "arrow": lambda frame, folder: pa.Table.from_pandas(frame),
    "duckdb": lambda frame, folder: duckdb.from_df(frame),
    "csv": as_file("csv"),
    "parquet": as_file("parquet"),
    "feather": as_file("feather"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_dates_name_clusters(kind, tmp_path):
    frame = rows()
    complete = frame.dropna()
    expected = gm.fit("y ~ x", complete, cov="cluster", clusters=complete["when"].dt.day_of_year.to_numpy())
    fit = gm.fit("y ~ x", TABLES[kind](frame, tmp_path), cov="cluster", clusters="when")
    assert fit.missing == 1
    assert fit.covariance.clusters == expected.covariance.clusters == 30
    assert_allclose(fit.se, expected.se, rtol=1e-12)


@pytest.mark.parametrize("kind", TABLES)
def test_the_dot_leaves_dates_out_and_says_so(kind, tmp_path):
    data = TABLES[kind](rows(), tmp_path)
    fit = gm.fit("y ~ .", data)
    assert fit.names == ("Intercept", "x")
    assert fit.missing == 0
    assert any("'.' leaves out dates, when: make numbers" in note for note in fit.notes)


def test_no_note_where_dates_are_spoken_of():
    frame = rows()
    assert gm.fit("y ~ x", frame).notes == ()
    assert gm.fit("y ~ . - when", frame).notes == ()
    assert gm.fit("y ~ .", frame, cov="cluster", clusters="when").notes == ()


@pytest.mark.parametrize("formula", ["y ~ when", "y ~ . + when", "y ~ C(when)", "when ~ x", "y ~ I(when * 2)"])
def test_dates_are_no_numbers(formula):
    with pytest.raises(gm.DataError, match=r"(?s)column 'when' of the data holds datetime.*Hint: make a number of it"):
        gm.fit(formula, rows())
    with pytest.raises(gm.DataError, match="column 'when' of the data holds datetime"):
        gm.fit("y ~ x", rows(), weights="when")
