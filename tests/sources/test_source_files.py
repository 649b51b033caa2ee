"""The same rows in files of every format, named in every way, give the same tables as in memory."""

import io
import os
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from gramian.sources.open import as_source
from source_table import EXPECTED, ROWS, TABLE, M, contents, pandas_nullable

FILES = {
    "csv": lambda path: as_csv(path / "t.csv"),
    "tsv": lambda path: as_csv(path / "t.tsv", "\t"),
    "semicolons": lambda path: as_csv(path / "t.csv", ";"),
    "gzip": lambda path: as_csv(path / "t.csv.gz"),
    "parquet": lambda path: pq.write_table(TABLE, path / "t.parquet", row_group_size=2 * ROWS) or path / "t.parquet",
    "feather": lambda path: (
        pyarrow.feather.write_feather(TABLE, str(path / "t.feather"), chunksize=2 * ROWS) or path / "t.feather"
    ),
    "ipc": lambda path: (
        pl.from_arrow(TABLE).write_ipc(path / "t.arrow", record_batch_size=2 * ROWS) or path / "t.arrow"
    ),
}


def as_csv(path, separator=","):
    TABLE.to_pandas().assign(n=pandas_nullable()["n"]).to_csv(path, sep=separator, index=False, na_rep="NA")
    return path


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("way", ["str", "Path", "file URL", "folder", "glob", "list", "memory URL"])
def test_files(kind, way, tmp_path):
    path = Path(FILES[kind](tmp_path))
    named = {
        "str": str(path),
        "Path": path,
        "file URL": path.as_uri(),
        "folder": tmp_path,
        "glob": str(tmp_path / "t.*"),
        "list": [path],
        "memory URL": "memory://gramian-tests/" + path.name,
    }[way]
    if way == "memory URL":
        fsspec.filesystem("memory").pipe("/gramian-tests/" + path.name, path.read_bytes())
    source = as_source(named)
    assert [field.kind for field in source.schema.fields] == ["float", "integer", "integer", "boolean", "text"]
    assert source.rows == M
    assert source.rereadable
    assert contents(source) == EXPECTED
    assert contents(source, ["b", "t"]) == [(a, b, {"b": c["b"], "t": c["t"]}) for a, b, c in EXPECTED]


def test_standard_input_can_be_read_again(tmp_path, monkeypatch):
    data = as_csv(tmp_path / "t.csv").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    source = as_source("-")
    assert source.name == "standard input"
    assert contents(source) == EXPECTED
    assert contents(source) == EXPECTED


def test_parts_of_a_file_can_be_read_in_any_order_and_again(tmp_path):
    pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=ROWS)
    parts = as_source(tmp_path).parts(["i"], ROWS)
    last = [next(iter(part.tables())).columns["i"].tolist() for part in reversed(parts)]
    again = [next(iter(part.tables())).columns["i"].tolist() for part in parts]
    assert last[::-1] == again
    assert [value for part in again for value in part] == TABLE.column("i").to_pylist()


def test_folders_that_name_values(tmp_path):
    for year, half in ((2001, TABLE.slice(0, 512)), (2002, TABLE.slice(512))):
        folder = tmp_path / f"year={year}" / "place=Aix%20en"
        os.makedirs(folder)
        pq.write_table(half, folder / "p.parquet")
    source = as_source(tmp_path)
    assert source.schema.names == (*TABLE.column_names, "year", "place")
    assert source.schema.field("year").kind == "integer"
    seen = contents(source, ["year", "place", "i"], rows=512)
    assert seen[0][2]["year"] == ("int64", np.full(512, 2001).tobytes())
    assert seen[1][2]["place"] == ([0] * 488, ("Aix en",))
    assert [one[0] for one in seen] == [0, 512]
