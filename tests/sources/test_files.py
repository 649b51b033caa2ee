"""Files: column types of CSV are those of the whole file, oddities of the format, files that go together."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramian.data.source import CodedColumn
from gramian.sources.open import as_source


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def columns(data, names=None, rows=1000):
    """Each column as one list, missing as None; numbers as Python numbers."""
    source = as_source(data)
    names = names or [field.name for field in source.schema.fields if field.kind != "other"]
    out = {name: [] for name in names}
    for part in source.parts(names, rows):
        for table in part.tables():
            for name in names:
                column = table.columns[name]
                if isinstance(column, CodedColumn):
                    out[name] += [column.levels[code] if code >= 0 else None for code in column.codes]
                else:
                    out[name] += [None if value != value else value for value in column.tolist()]
    return out


def kinds(data):
    return {field.name: field.kind for field in as_source(data).schema.fields}


def test_types_of_a_small_file(tmp_path):
    path = write(
        tmp_path / "t.csv",
        'i,x,b,t,none,day,stamp\n1,1.5,true,"a, b",,2020-01-01,2020-01-01 10:00:00\n-2,1e3,False,NA,NA,2020-02-01,\n',
    )
    assert kinds(path) == {
        "i": "integer", "x": "float", "b": "boolean", "t": "text", "none": "float", "day": "other", "stamp": "other"
    }  # fmt: skip
    assert columns(path) == {
        "i": [1, -2], "x": [1.5, 1000.0], "b": [True, False], "t": ["a, b", None], "none": [None, None]
    }  # fmt: skip


# What comes after two megabytes of the first value, and the kind that the whole column has then.
LATE = [
    ("1", "2.5", "float"),
    ("1", "word", "text"),
    ("1", "NA", "integer"),
    ("1.5", "word", "text"),
    ("1.5", "7", "float"),
    ("true", "7", "text"),
    ("true", "1", "boolean"),
    ("1", "true", "boolean"),
    ("3", "true", "text"),
    ("", "7", "integer"),
    ("", "7.5", "float"),
    ("NA", "word", "text"),
    ("", "2020-01-01", "other"),
    ("2020-01-01", "word", "text"),
    ("", "true", "boolean"),
    ("word", "7", "text"),
    ("1", "12345678901234567890", "other"),
    ("12345678901234567890", "1", "other"),
    ("12345678901234567890", "1.5", "float"),
]


@pytest.mark.parametrize(("early", "late", "kind"), LATE)
def test_types_are_those_of_the_whole_file(early, late, kind, tmp_path):
    filler = "x" * 100
    lines = ["a,fill,k"] + [f"{early},{filler},{i}" for i in range(20_000)] + [f"{late},{filler},20000"]
    path = write(tmp_path / "t.csv", "\n".join(lines) + "\n")
    assert path.stat().st_size > 2 << 20
    assert kinds(path)["a"] == kind
    if kind != "other":
        got = columns(path, ["a", "k"])
        assert got["k"] == list(range(20_001))
        spelled = {"text": str, "float": float, "integer": int, "boolean": lambda v: v in ("1", "true")}[kind]
        expected = [None if value in ("", "NA") else spelled(value) for value in (early, late)]
        assert [got["a"][0], got["a"][-1]] == expected


def test_many_columns_that_begin_empty(tmp_path):
    width = 3000
    empty = "," * (width - 1)
    full = ",".join(str(i) if i % 2 else f"{i}.5" for i in range(width))
    path = write(tmp_path / "t.csv", "\n".join([",".join(f"c{i}" for i in range(width)), *[empty] * 400, full]) + "\n")
    got = columns(path)
    assert got["c7"] == [None] * 400 + [7.0]
    assert got["c8"] == [None] * 400 + [8.5]
    assert kinds(path)["c7"] == "integer"


NUMBERS = [
    " 1",
    "1 ",
    "+1",
    "-1",
    "0x1F",
    "1.",
    ".5",
    "1d5",
    "1_000",
    "-",
    "inf",
    "-inf",
    "1e5",
    "1E-3",
    "007",
    "1,5",
    "٣",
    "1e400",
]


@pytest.mark.parametrize("value", NUMBERS)
def test_a_late_value_is_read_as_an_early_one(value, tmp_path):
    """The typing of a contradicted file agrees with that of the reader, for every spelling."""
    early = write(tmp_path / "early.csv", f'a,b\n"{value}",1\n')
    late = write(tmp_path / "late.csv", "a,b\n" + f",{'1' * 15}\n" * 100_000 + f'"{value}",word\n')
    assert kinds(late)["a"] == kinds(early)["a"]
    assert columns(late, ["a"])["a"][-1] == columns(early, ["a"])["a"][0]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["ends", "does not end"])
def test_line_ends_and_byte_order_mark(end, last, tmp_path):
    text = "\ufeff" + end.join(["a,b", "1,x", '2,"y""z"', "3,é"]) + (end if last else "")
    path = write(tmp_path / "t.csv", text)
    assert columns(path) == {"a": [1, 2, 3], "b": ["x", 'y"z', "é"]}


def test_quoted_line_breaks_and_delimiters(tmp_path):
    path = write(tmp_path / "t.csv", '"a\nb","c,d"\n"1","x\ny, z"\n"2",""\n')
    assert columns(path) == {"a\nb": [1, 2], "c,d": ["x\ny, z", None]}


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiter_is_found_in_the_header(sign, tmp_path):
    for name in ("t.csv", "t.txt"):
        path = write(tmp_path / name, sign.join(["a", "b", "c"]) + "\n" + sign.join(["1", "2", "x"]) + "\n")
        assert columns(path) == {"a": [1], "b": [2], "c": ["x"]}


def test_one_column_needs_no_delimiter(tmp_path):
    assert columns(write(tmp_path / "t.csv", "a\n1\n2\n")) == {"a": [1, 2]}


def test_long_lines(tmp_path):
    long = "w" * (3 << 20)
    path = write(tmp_path / "t.csv", f"a,b\n1,short\n2,{long}\n3,end\n")
    assert columns(path) == {"a": [1, 2, 3], "b": ["short", long, "end"]}


def test_large_files_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("gramian.sources.delimited.KEEP", 10)
    path = write(tmp_path / "t.csv", "a,b\n" + "1,2.5\n" * 5000)
    source = as_source(path)
    for _ in range(2):
        sizes = [table.rows for part in source.parts(["b"], 300) for table in part.tables()]
        assert sizes == [300] * 16 + [200]
    assert columns(path)["b"] == [2.5] * 5000


def test_files_that_go_together_have_common_types(tmp_path):
    write(tmp_path / "a.csv", "x,t,n\n1,1,\n2,2,\n")
    write(tmp_path / "b.csv", "n,t,x\n5,word,2.5\n")
    assert kinds(tmp_path) == {"x": "float", "t": "text", "n": "integer"}
    assert columns(tmp_path) == {"x": [1.0, 2.0, 2.5], "t": ["1", "2", "word"], "n": [None, None, 5]}
    assert [part.first for part in as_source(tmp_path).parts(["x"], 10)] == [0, 2]


def test_one_file_of_several_may_be_empty(tmp_path):
    write(tmp_path / "a.csv", "x,y\n")
    write(tmp_path / "b.csv", "x,y\n1,2\n")
    assert columns(tmp_path) == {"x": [1], "y": [2]}


def test_parquet_files_may_differ_in_width_of_numbers(tmp_path):
    pq.write_table(pa.table({"x": pa.array([1, 2], pa.int32()), "n": pa.nulls(2)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": pa.array([0.5]), "n": pa.array(["t"])}), tmp_path / "b.parquet")
    assert kinds(tmp_path) == {"x": "float", "n": "text"}
    assert columns(tmp_path, ["x"]) == {"x": [1, 2, 0.5]}


def test_hidden_and_unfinished_files_are_skipped(tmp_path):
    write(tmp_path / "a.csv", "x\n1\n")
    write(tmp_path / "_b.csv", "y\n1\n")
    write(tmp_path / ".c.csv", "z\n1\n")
    write(tmp_path / "README.md", "notes")
    os.mkdir(tmp_path / "below")
    write(tmp_path / "below" / "d.csv", "x\n2\n")
    assert columns(tmp_path) == {"x": [1, 2]}
    assert columns(str(tmp_path / "**" / "[!_]*.csv")) == {"x": [1, 2]}


def test_names_with_dots_and_odd_signs(tmp_path):
    table = pa.table({"a.b": [1.0], "c d": [2.0], "é`": [3.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert columns(tmp_path / "t.parquet") == {"a.b": [1.0], "c d": [2.0], "é`": [3.0]}
    pyarrow.feather.write_feather(table, str(tmp_path / "t.feather"))
    assert columns(tmp_path / "t.feather", ["é`", "a.b"]) == {"a.b": [1.0], "é`": [3.0]}


def test_a_file_named_like_a_glob(tmp_path):
    path = write(tmp_path / "t[1].csv", "x\n1\n")
    assert columns(path) == {"x": [1]}


def test_inputs_are_only_read(tmp_path):
    path = write(tmp_path / "t.csv", "x\n1\n")
    before = path.read_bytes(), path.stat().st_mtime_ns
    columns(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_importing_the_door_imports_no_reader():
    code = "import sys, gramian.sources.open; print([m for m in ('pyarrow', 'pandas', 'polars', 'fsspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CELLS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "NA", "true", "false", "0", "1", "2020-01-01", "a b", 'q"t', "x,y", "two\nlines", "é"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, st.just("z")), min_size=1, max_size=8), st.integers(1, 9))
def test_any_table_of_text(tmp_path_factory, cells, rows):
    """The kind follows from the set of values alone, and every value comes back."""
    import csv

    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerows([("a", "b", "z"), *cells])
    got = columns(path, [name for name, kind in kinds(path).items() if kind != "other"], rows)
    for at, name in ((0, "a"), (1, "b")):
        words = [row[at] for row in cells]
        present = [word for word in words if word not in ("", "NA")]
        kind = kinds(path)[name]
        if kind == "text":
            assert got[name] == [word if word in present else None for word in words]
        elif kind != "other":
            read = {"true": 1.0, "false": 0.0}
            values = [read[word] if word in read else float(word) for word in present]
            assert [value for value in got[name] if value is not None] == values
        if present and all(word.lstrip("-").isdigit() for word in present):
            assert kind == "integer"


def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Decoding 40 MB of one row group at a time holds far less than the file."""
    rng = np.random.default_rng(0)
    table = pa.table({f"x{i}": rng.standard_normal(500_000) for i in range(10)})
    pq.write_table(table, tmp_path / "t.parquet")
    del table
    before = pa.total_allocated_bytes()
    peak = 0
    for part in as_source(tmp_path).parts([f"x{i}" for i in range(10)], 16_384):
        for _ in part.tables():
            peak = max(peak, pa.total_allocated_bytes() - before)
    # Pages of 1 MB for each of ten columns, compressed and not, and the batch of 1.3 MB itself.
    assert peak < 32 << 20


# ---- small text files are parsed once --------------------------------------------------------------------------------


def parses(monkeypatch):
    """A list that grows by one each time Arrow's CSV reader is started."""
    import pyarrow.csv as text

    started, original = [], text.open_csv
    monkeypatch.setattr(text, "open_csv", lambda *given, **named: started.append(1) or original(*given, **named))
    return started


def test_a_small_file_is_parsed_once(tmp_path, monkeypatch):
    path = tmp_path / "small.csv"
    path.write_text("y,x,c,empty\n" + "".join(f"{i},{i % 7}.5,{'ab'[i % 2]},\n" for i in range(200)))
    started = parses(monkeypatch)
    source = as_source(path)
    for _ in range(2):
        columns = [table.columns["x"] for part in source.parts(["x", "c"], 64) for table in part.tables()]
        assert np.concatenate(columns).tolist() == [i % 7 + 0.5 for i in range(200)]
    assert len(started) == 1
    assert source.schema.field("empty").kind == "float"


def test_columns_that_begin_empty_are_read_again_as_text_and_typed(tmp_path, monkeypatch):
    path = tmp_path / "late.csv"
    head = "".join(f"{i},,{'z' * 40}\n" for i in range(40_000))
    path.write_text("y,x,c\n" + head + "1,2.5,z\n2,3,z\n")
    started = parses(monkeypatch)
    source = as_source(path)
    assert len(started) == 2
    assert [field.kind for field in source.schema.fields] == ["integer", "float", "text"]
    (part,) = source.parts(["x"], 1 << 16)
    (table,) = part.tables()
    assert table.columns["x"][-2:].tolist() == [2.5, 3.0]
    assert np.isnan(table.columns["x"][:-2]).all()


def test_files_are_kept_as_far_as_room_goes_in_all(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("y,x\n" + "1,2\n3,4\n" * 50)
    size = (tmp_path / "a.csv").stat().st_size
    monkeypatch.setattr("gramian.sources.delimited.KEEP", 2 * size + 1)
    started = parses(monkeypatch)
    source = as_source(tmp_path)
    assert len(started) == 3
    for passes in (1, 2):
        assert sum(table.rows for part in source.parts(["x"], 64) for table in part.tables()) == 300
        assert len(started) == 3 + passes
