"""Sources that cannot be used: each has its own message with what was got, what is allowed and a hint."""

import gzip
import os
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from gramian.errors import DataError, SourceError
from gramian.sources.open import as_source

BIG = 2**53 + 1


def drain(data, columns=None):
    source = as_source(data)
    for part in source.parts(list(columns or source.schema.names), 100):
        for _ in part.tables():
            pass


def refused(data, *pieces, error=DataError, columns=None):
    """The message of the error, which holds these pieces in this order."""
    with pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, pieces))) as caught:
        drain(data, columns)
    return str(caught.value)


# ---- tables in memory ------------------------------------------------------------------------------------------------

OBJECTS = [
    ({"a": 1.0}, ["column 'a' of the dict is a single value", "Hint: repeat the value once for each row"]),
    ({"a": None}, ["column 'a' of the dict is a single value"]),
    ({"a": "text"}, ["column 'a' of the dict is a single value"]),
    ({"a": np.ones(())}, ["column 'a' of the dict is a single value"]),
    ({"a": np.ones((3, 2))}, ["an array of shape (3, 2)", "Allowed: 1-D columns", "gm.lstsq(X, y)"]),
    ({"a": np.ones((3, 1))}, ["an array of shape (3, 1)", "Hint: flatten it with .ravel()"]),
    ({"a": [[1, 2], [3, 4]]}, ["an array of shape (2, 2)"]),
    ({"a": [[1, 2], [3]]}, ["column 'a' of the dict is an array of shape (2, 2)"]),
    ({"a": np.ones(3), "b": np.ones(2)}, ["columns of the dict differ in length: 'a' 3, 'b' 2", "Hint: "]),
    ({"a": np.ones(2) + 1j}, ["column 'a' of the dict holds complex128", "Hint: use the real and the imaginary part"]),
    ({"a": [1.0, 2j]}, ["column 'a' of the dict holds complex", "Hint: use the real"]),
    ({"a": np.array([1, None, "x"], object)}, ["object column with 'x' (str) in row 2", "Allowed: one kind", "Hint: "]),
    ({"a": [1, "x"]}, ["object column with 'x' (str) in row 1"]),
    ({"a": [True, 2]}, ["object column with 2 (int) in row 1"]),
    ({"a": [object()]}, ["object column with <object object", "(object) in row 0"]),
    ({"a": {1, 2}}, ["column 'a' of the dict is a set", "Allowed: 1-D arrays, lists or Series"]),
    ({"a": np.ma.masked_array([1.0, 2.0], [0, 1])}, ["column 'a' of the dict is a masked array", "filled(np.nan)"]),
    (
        {"a": np.array([1, BIG])},
        [f"column 'a' of the dict holds the integer {BIG} in row 1", "Allowed: integers", "2**53"],
    ),
    ({"a": np.array([1, -BIG])}, [f"the integer {-BIG} in row 1"]),
    ({"a": np.array([1, 2**64 - 1], np.uint64)}, [f"the integer {2**64 - 1} in row 1"]),
    ({"a": [1, 2**70]}, [f"the integer {2**70} in row 1"]),
    ({"a": [1, None, BIG]}, [f"the integer {BIG} in row 2"]),
    ({"a": np.array([5], "timedelta64[D]")}, ["column 'a' of the dict holds timedelta64[D]", "Hint: "]),
    ({"a": np.ones(2, np.longdouble)}, ["column 'a' of the dict holds float128", "Hint: convert"]),
    ({}, ["the dict has no columns", "Hint: "]),
    ({"a": []}, ["the dict has no rows", "Hint: "]),
    ({1: [1.0], "1": [2.0]}, ["column names that are the same once written as text: 1, '1'", "Hint: rename"]),
]


@pytest.mark.parametrize(("data", "pieces"), OBJECTS, ids=[str(i) for i in range(len(OBJECTS))])
def test_dicts(data, pieces):
    refused(data, *pieces)


def test_the_row_of_an_integer_that_is_too_large_is_that_of_the_source():
    values = np.zeros(1000, np.int64)
    values[777] = BIG
    for data in ({"a": values}, pd.DataFrame({"a": values}), pl.DataFrame({"a": values}), pa.table({"a": values})):
        refused(data, f"holds the integer {BIG} in row 777 (counted from 0)", "Hint: subtract a constant first")
    wide = pa.table({"a": pa.array([0] * 500 + [BIG]).cast(pa.decimal128(38, 0))})
    refused(wide, f"holds the integer {BIG} in row 500")
    as_source({"a": np.array([2**53, -(2**53)])}).parts(["a"], 10)[0].tables().__next__()


def test_frames():
    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    refused(twice, "the DataFrame has more than one column named 'a'", "Hint: rename the columns")
    refused(pd.DataFrame([[1.0, 2.0]], columns=[1, "1"]), "the same once written as text: 1, '1'")
    refused(pa.table([[1.0], [2.0]], names=["a", "a"]), "the Table has more than one column named 'a'")
    refused(pd.DataFrame({"a": []}), "the DataFrame has no rows")
    refused(pl.DataFrame({"a": []}), "the DataFrame has no rows")
    refused(pl.DataFrame(), "the DataFrame has no columns")
    refused(pd.DataFrame({"a": [1, "x"]}), "column 'a' of the DataFrame holds object")
    refused(pd.DataFrame({"a": [1 + 2j]}), "column 'a' of the DataFrame holds complex128", "imaginary")
    refused(pa.table({"a": pa.array([], pa.float64())}).to_reader(), "the RecordBatchReader has no rows")


def test_unknown_columns_have_a_nearest_name():
    refused({"price": [1.0]}, "column 'prcie' is not in the dict", "Hint: did you mean 'price'?", columns=["prcie"])


@pytest.mark.parametrize(
    "data",
    [np.ones((3, 2)), np.ones(3), 3.5, None, pd.Series([1.0]), pl.Series([1.0]), [1.0, 2.0], [], object(), b"x.csv"],
    ids=lambda data: type(data).__name__,
)
def test_what_holds_no_rows(data):
    text = refused(data, "cannot read rows from a", "Allowed: pandas, Polars", error=SourceError)
    if isinstance(data, np.ndarray):
        assert f"ndarray of shape {data.shape}" in text
        assert "Hint: use gm.lstsq(X, y)" in text


def test_a_structured_array_of_two_axes():
    refused(np.zeros((2, 2), dtype=[("a", "f8")]), "cannot read rows from a ndarray of shape (2, 2)", error=SourceError)


# ---- paths -----------------------------------------------------------------------------------------------------------


def test_paths_that_lead_nowhere(tmp_path):
    (tmp_path / "houses.csv").write_text("a\n1\n")
    refused(tmp_path / "house.csv", "house.csv' does not exist", "Hint: did you mean 'houses.csv'?", error=SourceError)
    refused(tmp_path / "no" / "where.csv", "where.csv' does not exist", "Hint: check the path", error=SourceError)
    refused(str(tmp_path / "*.parquet"), "no file matches", "Hint: use **", error=SourceError)
    refused("memory://nothing/here.csv", "'memory://nothing/here.csv' does not exist", error=SourceError)
    refused("nosuch://bucket/t.csv", "cannot read nosuch://bucket/t.csv: Protocol not known", error=SourceError)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("s3://b/t.csv", "pip install s3fs, or"),
        ("https://b/t.csv", "pip install aiohttp requests, or"),
        ("odd://b/t.csv", "install the package that reads odd:// for fsspec, or"),
    ],
)
def test_a_url_whose_package_is_missing(monkeypatch, url, hint):
    def fail(url):
        raise ImportError("it is not installed")

    monkeypatch.setattr("fsspec.core.url_to_fs", fail)
    refused(url, f"cannot open '{url}': it is not installed", f"Hint: {hint} download the file first", error=SourceError)


def test_folders_without_data(tmp_path):
    refused(tmp_path, "no data files in", "it is empty", "Allowed: .csv", error=SourceError)
    (tmp_path / "notes.md").write_text("x")
    refused(tmp_path, "no data files in", "only notes.md", "Hint: point to the folder", error=SourceError)


def test_formats(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04")
    refused(tmp_path / "t.xlsx", "cannot tell from its name", "'t.xlsx'", "Allowed: .csv", "Hint: ", error=SourceError)
    (tmp_path / "a.csv").write_text("a\n1\n")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "b.parquet")
    refused(tmp_path, "'a.csv' and 'b.parquet' are files of different formats", "Hint: ", error=SourceError)


# ---- files -----------------------------------------------------------------------------------------------------------

CONTENTS = [
    ("t.csv", b"", ["'t.csv' is empty (0 bytes of text)"]),
    ("t.csv", b" \n\n", ["'t.csv' is empty"]),
    ("t.csv", b"a,b\n", ["t.csv has no rows"]),
    ("t.csv", b"a,b", ["t.csv has no rows"]),
    ("t.csv", b"\x89PNG\r\n\x1a\n\0\0", ["'t.csv' is not a text file: it looks like a PNG image", "Hint: "]),
    ("t.csv", b"PAR1\0\0", ["it looks like a Parquet file"]),
    ("t.csv", b"a,b\n1,\0\n", ["'t.csv' is not a text file: it looks like binary data"]),
    ("t.csv", gzip.compress(b"a\n1\n"), ["it looks like gzip-compressed data"]),
    ("t.csv.gz", b"a\n1\n", ["cannot read t.csv.gz: "]),
    ("t.csv.gz", gzip.compress(b"a\n" + os.urandom(9999).hex().encode())[:-2000], ["cannot read t.csv.gz: "]),
    (
        "t.csv",
        "a,b\n1,2\n".encode("utf-16"),
        ["'t.csv' is not UTF-8 text", "UTF-16", "Hint: convert", "iconv -f UTF-16"],
    ),
    ("t.csv", "a,b\n1,é\n".encode("latin1"), ["'t.csv' is not UTF-8 text: column 'b'", "Allowed: UTF-8"]),
    ("t.csv", "é,b\n1,2\n".encode("latin1"), ["'t.csv' is not UTF-8 text: the header reads"]),
    ("t.csv", b"a,b\n" + b"1,x\n" * 400_000 + b"1,\xe9\n", ["'t.csv' is not UTF-8 text", "column #1"]),
    ("t.csv", b"a,b,a\n1,2,3\n", ["'t.csv' has more than one column named 'a'"]),
    ("t.csv", b"a,b\n1,2\n3\n", ["line 3 of 't.csv' has 1 column: '3'", "Expected: 2 columns", "Hint: quote values"]),
    ("t.csv", b'a,b\n"x\ny",2\n\n1,2,3\n', ["line 5 of 't.csv' has 3 columns: '1,2,3'", "Expected: 2 columns"]),
    ("t.csv", b"a,b\n" + b"1,2\n" * 500_000 + b"1,2,3\n", ["line 500002 of 't.csv' has 3 columns"]),
    ("t.csv", b'a,b\n1,2\n"x,3\n4,5\n', ["a quote opened in line 3 of 't.csv' is never closed", "Hint: "]),
    ("t.parquet", b"a,b\n1,2\n", ["'t.parquet' is not a Parquet file: it looks like text"]),
    ("t.parquet", b"", ["'t.parquet' is empty"]),
    ("t.parquet", b"PAR1 and then nothing more of it", ["cannot read t.parquet: "]),
    ("t.feather", b"a,b\n1,2\n", ["'t.feather' is not an Arrow IPC (Feather) file: it looks like text"]),
    ("t.feather", b"FEA1xxxx", ["it looks like a Feather file of version 1"]),
    ("t.feather", b"ARROW1\0\0 and then nothing", ["cannot read t.feather: "]),
]


@pytest.mark.parametrize(("name", "content", "pieces"), CONTENTS, ids=[str(i) for i in range(len(CONTENTS))])
def test_contents(name, content, pieces, tmp_path):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, *pieces)


@pytest.mark.parametrize("after", [3, 2_000_000], ids=["short", "long"])
@pytest.mark.parametrize("most", [1 << 22, 1 << 26])
def test_a_quote_left_open_does_not_swallow_the_rows_after_it(after, most, tmp_path, monkeypatch):
    monkeypatch.setattr("gramian.sources.textfile.MOST", most)
    (tmp_path / "t.csv").write_bytes(b'a,b\n1,2\n1,"2\n' + b"1,2\n" * after)
    refused(tmp_path / "t.csv", "a quote opened in line 3 of 't.csv' is never closed", error=SourceError)


def test_a_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("gramian.sources.textfile.MOST", 1 << 20)
    (tmp_path / "t.csv").write_bytes(b"a,b\n1," + b"x" * (1 << 21) + b"\n")
    refused(tmp_path / "t.csv", "cannot read t.csv: a line is longer than 64 MB", error=SourceError)


def test_tables_without_rows_in_files(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), tmp_path / "t.parquet")
    refused(tmp_path / "t.parquet", "t.parquet has no rows")
    pyarrow.feather.write_feather(pa.table({"a": pa.array([], pa.float64())}), str(tmp_path / "t.feather"))
    refused(tmp_path / "t.feather", "t.feather has no rows")


def test_integers_of_a_csv_that_are_too_large(tmp_path):
    (tmp_path / "t.csv").write_text(f"a,b\n1,1\n{BIG},{10**20}\n")
    refused(tmp_path / "t.csv", f"column 'a' of t.csv holds the integer {BIG} in row 1", columns=["a"])
    refused(
        tmp_path / "t.csv", "column 'b' of t.csv holds integers beyond 64 bits", "text if it is a label", columns=["b"]
    )


def test_a_corrupt_page(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.random.default_rng(0).standard_normal(10_000)}), path, compression="snappy")
    raw = bytearray(path.read_bytes())
    raw[4:400] = b"\xff" * 396
    path.write_bytes(raw)
    refused(path, "cannot read t.parquet: ", "Hint: check that the file is complete", error=SourceError)


def test_files_that_do_not_go_together(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": [1], "c": [1]}), tmp_path / "2.parquet")
    refused(tmp_path, "'2.parquet' has not the columns of '1.parquet': it lacks 'b' and adds 'c'", error=SourceError)
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "2.parquet")
    refused(tmp_path, "column 'b' is string in '2.parquet' but int64 in '1.parquet'", "Hint: ", error=SourceError)
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a\n1\n")
    refused(str(tmp_path / "*.csv"), "'2.csv' has not the columns of '1.csv': it lacks 'b'", error=SourceError)
    (tmp_path / "2.csv").write_text("a,b\ntrue,1\n")
    refused(str(tmp_path / "*.csv"), "column 'a' is bool in '2.csv' but int64 in '1.csv'", error=SourceError)


def test_folders_with_different_keys(tmp_path):
    for folder in ("year=1", "month=1"):
        os.mkdir(tmp_path / folder)
        pq.write_table(pa.table({"a": [1]}), tmp_path / folder / "t.parquet")
    refused(tmp_path, "has not the columns of", "it lacks 'month' and adds 'year'", error=SourceError)
