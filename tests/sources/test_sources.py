"""The same rows through every kind of source give the same tables, bit for bit."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramian.errors import DataError, SourceError
from gramian.sources.open import as_source
from source_table import EXPECTED, ROWS, TABLE, M, contents, pandas_nullable


class Capsule:
    """Any object that gives Arrow streams, as often as asked."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class OneShotCapsule(Capsule):
    def __arrow_c_stream__(self, requested_schema=None):
        table, self.table = self.table, None
        if table is None:
            raise RuntimeError("released")
        return table.__arrow_c_stream__(requested_schema)


def pandas_objects():
    frame = TABLE.to_pandas()
    frame["t"] = np.array(TABLE.column("t").to_pylist(), dtype=object)
    frame["n"] = np.array(TABLE.column("n").to_pylist(), dtype=object)
    frame["b"] = frame["b"].astype(object)
    return frame


def duckdb_relation():
    return duckdb.connect().from_arrow(TABLE)


IN_MEMORY = {
    "dict of arrays": lambda: {
        name: TABLE.column(name).to_numpy() if name != "n" else TABLE.column(name).to_pylist() for name in "xinbt"
    },
    "dict of lists": lambda: TABLE.to_pydict(),
    "dict of polars": lambda: {name: pl.from_arrow(TABLE)[name] for name in "xinbt"},
    "dict of pandas": lambda: dict(pandas_nullable().items()),
    "dict of arrow": lambda: {name: TABLE.column(name) for name in "xinbt"},
    "pandas nullable": pandas_nullable,
    "pandas objects": pandas_objects,
    "pandas arrow": lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.from_arrow(TABLE),
    "polars chunked": lambda: pl.concat(
        [pl.from_arrow(TABLE.slice(0, 333)), pl.from_arrow(TABLE.slice(333))], rechunk=False
    ),
    "arrow": lambda: TABLE,
    "arrow chunked": lambda: pa.Table.from_batches(TABLE.to_batches(max_chunksize=77)),
    "arrow dictionary": lambda: TABLE.set_column(4, "t", TABLE.column("t").dictionary_encode()),
    "record batch": lambda: TABLE.combine_chunks().to_batches()[0],
}
STREAMS = {
    "polars lazy": lambda: pl.from_arrow(TABLE).lazy(),
    "reader": lambda: TABLE.to_reader(max_chunksize=100),
    "dataset": lambda: ds.dataset(TABLE),
    "filtered dataset": lambda: ds.dataset(TABLE).filter(ds.field("i") > -(10**15)),
    "duckdb": duckdb_relation,
    "capsule": lambda: Capsule(TABLE),
    "one-shot capsule": lambda: OneShotCapsule(TABLE),
}


def test_the_table_of_reference():
    assert [first for first, _, _ in EXPECTED] == list(range(0, M, ROWS))
    assert sum(rows for _, rows, _ in EXPECTED) == M
    first = EXPECTED[0][2]
    assert first["x"][0] == "float64"
    assert first["i"][0] == "int64"
    assert first["n"][0] == "float64"
    assert first["b"][0] == "bool"
    codes, levels = first["t"]
    words = [levels[code] if code >= 0 else None for code in codes]
    assert words == TABLE.column("t").slice(0, ROWS).to_pylist()
    assert np.frombuffer(first["n"][1])[:4].tolist()[:3] == [0.0, 1.0, 2.0]
    assert np.isnan(np.frombuffer(first["n"][1])[3])


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_tables_in_memory(kind):
    source = as_source(IN_MEMORY[kind]())
    assert source.in_memory
    assert source.rereadable
    assert source.rows == M
    assert contents(source) == EXPECTED
    assert contents(source) == EXPECTED
    assert [field.kind for field in source.schema.fields] == ["float", "integer", "integer", "boolean", "text"]


@pytest.mark.parametrize("kind", STREAMS)
def test_streams(kind):
    source = as_source(STREAMS[kind]())
    assert not source.in_memory
    assert [field.kind for field in source.schema.fields] == ["float", "integer", "integer", "boolean", "text"]
    assert contents(source) == EXPECTED
    if source.rereadable:
        assert contents(source, ["t", "x"]) == [(a, b, {"t": c["t"], "x": c["x"]}) for a, b, c in EXPECTED]


@pytest.mark.parametrize("kind", ["reader", "one-shot capsule"])
def test_one_shot_streams_say_so(kind):
    source = as_source(STREAMS[kind]())
    assert not source.rereadable
    contents(source)
    with pytest.raises(SourceError, match=r"(?s)one-shot stream and has been read already.*Hint: read it into a table"):
        source.parts(["x"], ROWS)


def test_a_stream_that_shrinks_between_passes():
    class Shrinking(Capsule):
        def __arrow_c_stream__(self, requested_schema=None):
            stream = self.table.__arrow_c_stream__(requested_schema)
            self.table = self.table.slice(0, self.table.num_rows - 1)
            return stream

    source = as_source(Shrinking(TABLE))
    contents(source)
    with pytest.raises(SourceError, match=r"the Shrinking changed while it was being read: 1,000 rows .* 999"):
        contents(source)


def test_parquet_dataset_has_a_part_for_each_row_group(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet", row_group_size=2 * ROWS)
    source = as_source(ds.dataset(tmp_path))
    parts = source.parts(["x"], ROWS)
    assert [part.first for part in parts] == [0, 256, 512, 768]
    assert source.rows == M
    assert contents(source) == EXPECTED
    wider = ds.dataset(tmp_path, schema=TABLE.schema.set(1, pa.field("i", pa.float64())))
    assert contents(as_source(wider), ["i"])[0][2]["i"][0] == "float64"


def test_a_partitioned_dataset(tmp_path):
    ds.write_dataset(
        TABLE.append_column("k", pa.array(np.arange(M) % 2)),
        tmp_path,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("k", pa.int64())]), flavor="hive"),
    )
    source = as_source(ds.dataset(tmp_path, partitioning="hive"))
    assert source.rows == M
    half = contents(source, ["k"], M)
    assert [np.unique(np.frombuffer(values["k"][1], values["k"][0])).tolist() for _, _, values in half] == [[0], [1]]


def test_narrow_numbers_keep_their_type_and_memory():
    values = {"f": np.arange(5, dtype=np.float32), "h": np.arange(5, dtype=np.float16), "u": np.arange(5, dtype=">u2")}
    source = as_source(values | {"reversed": np.arange(10)[::-2]})
    table = next(iter(source.parts(["f", "h", "u", "reversed"], 3)[0].tables()))
    for name, array in values.items():
        assert table.columns[name].dtype == array.dtype
        assert np.shares_memory(table.columns[name], array)
    assert table.columns["reversed"].tolist() == [9, 7, 5]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "arrow"])
def test_floats_of_frames_are_not_copied(make):
    x = np.arange(100, dtype=np.float64)
    frame = make({"x": x})
    inside = frame["x"].to_numpy()
    table = next(iter(as_source(frame).parts(["x"], 10)[0].tables()))
    assert np.shares_memory(table.columns["x"], inside)


def test_float32_with_missing_values_stays_float32():
    for frame in (
        pl.DataFrame({"x": pl.Series([1.5, None], dtype=pl.Float32)}),
        pa.table({"x": pa.array([1.5, None], pa.float32())}),
    ):
        column = next(iter(as_source(frame).parts(["x"], 10)[0].tables())).columns["x"]
        assert column.dtype == np.float32
        assert column[0] == 1.5
        assert np.isnan(column[1])


def test_declared_levels():
    order = ["low", "mid", "high"]
    values = ["high", "low", None]
    pandas = as_source(pd.DataFrame({"t": pd.Categorical(values, categories=order)}))
    polars = as_source(pl.DataFrame({"t": pl.Series(values, dtype=pl.Enum(order))}))
    lazy = as_source(pl.DataFrame({"t": pl.Series(values, dtype=pl.Enum(order))}).lazy())
    ordered = pa.DictionaryArray.from_arrays(pa.array([2, 0, None], pa.int8()), pa.array(order), ordered=True)
    arrow = as_source(pa.table({"t": ordered}))
    loose = as_source(pa.table({"t": pa.array(values).dictionary_encode()}))
    for source in (pandas, polars, lazy, arrow):
        assert source.schema.field("t").levels == tuple(order)
        assert contents(source)[0][2]["t"] == ([0, 1, -1], ("high", "low"))
    assert loose.schema.field("t").levels is None
    assert as_source(pl.DataFrame({"t": pl.Series(values, dtype=pl.Categorical)})).schema.field("t").levels is None


def test_categories_that_are_not_text():
    cut = pd.cut(pd.Series([0.5, 1.5, np.nan]), [0, 1, 2])
    source = as_source(pd.DataFrame({"bin": cut, "year": pd.Categorical([2001, 2000, 2001])}))
    first = contents(source)[0][2]
    assert first["bin"] == ([0, 1, -1], ("(0, 1]", "(1, 2]"))
    assert first["year"] == ([1, 0, 1], ("2000", "2001"))
    assert source.schema.field("bin").levels == ("(0, 1]", "(1, 2]")


def test_decimals_sparse_null_and_structured():
    from decimal import Decimal

    source = as_source(pa.table({"d": pa.array([Decimal("1.25"), None]), "none": pa.nulls(2)}))
    first = contents(source)[0][2]
    assert source.schema.field("d").kind == source.schema.field("none").kind == "float"
    assert np.array_equal(np.frombuffer(first["d"][1]), [1.25, np.nan], equal_nan=True)
    assert np.isnan(np.frombuffer(first["none"][1])).all()
    thin = as_source(pd.DataFrame({"s": pd.arrays.SparseArray([0.0, 0.0, 2.0])}))
    assert np.frombuffer(contents(thin)[0][2]["s"][1]).tolist() == [0.0, 0.0, 2.0]
    records = np.array([(1.5, 2), (2.5, 3)], dtype=[("a", "f8"), ("b", "i4")])
    assert as_source(records).schema.names == ("a", "b")
    assert np.frombuffer(contents(as_source(records))[0][2]["a"][1]).tolist() == [1.5, 2.5]


def test_dates_and_lists_cost_nothing_until_used():
    frame = pl.DataFrame({"y": [1.0], "when": ["2020-01-01"], "many": [[1, 2]]}).with_columns(
        pl.col("when").str.to_date()
    )
    for data in (frame, frame.to_arrow(), frame.lazy(), frame.to_pandas()):
        source = as_source(data)
        assert source.schema.field("when").kind == source.schema.field("many").kind == "other"
        assert len(contents(source, ["y"])) == 1
        with pytest.raises(DataError, match=r"(?s)column 'many' of .* holds .*Allowed in a model: numbers.*Hint: "):
            source.parts(["many"], ROWS)


def test_a_source_passes_through():
    source = as_source(TABLE)
    assert as_source(source) is source


def test_names_that_are_not_text():
    assert as_source(pd.DataFrame({0: [1.0], 1: [2.0]})).schema.names == ("0", "1")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True),
            st.none() | st.integers(-(2**53), 2**53),
            st.none() | st.text("ab\"',\n é;", max_size=5).filter(lambda t: t not in ("",)),
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 12),
)
def test_any_values_in_any_source(tmp_path_factory, values, rows):
    x, i, t = zip(*values, strict=True)
    table = pa.table({"x": pa.array(x, pa.float64()), "i": pa.array(i, pa.int64()), "t": pa.array(t, pa.string())})
    expected = contents(as_source(table), rows=rows)
    folder = tmp_path_factory.mktemp("any")
    pq.write_table(table, folder / "t.parquet")
    pyarrow.feather.write_feather(table, str(folder / "t.feather"))
    for data in (pl.from_arrow(table), {"x": x, "i": i, "t": t}, folder / "t.parquet", folder / "t.feather"):
        if any(value is not None for value in i) and any(value is not None for value in t):
            assert contents(as_source(data), rows=rows) == expected
