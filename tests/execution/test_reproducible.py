"""The same bits whatever the engine: threads, sources and files give one answer where the blocks are the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import gramian as gm

pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")

ROWS = 70_003  # blocks of few columns are 16,384 rows: five of them, the last one short
BLOCK = 16_384
FORMULA = "y ~ a + b + C(city) + a:b"


def columns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20)
    a = rng.standard_normal(ROWS) + 100.0
    b = rng.uniform(0, 1, ROWS)
    city = np.array(["Ayr", "Bergen", "Cork", "Delft, NL"])[rng.integers(0, 4, ROWS)]
    y = 3 * a - 2 * b + 0.5 * (city == "Cork") + rng.standard_normal(ROWS)
    a[::1000] = np.nan  # rows that are dropped
    return {"y": y, "a": a, "b": b, "city": city}


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return columns()


@pytest.fixture(scope="module")
def arrow(data: dict[str, np.ndarray]) -> Any:
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in data.items()})


def bits(fit: gm.Fit) -> dict[str, bytes]:
    c = fit.certificate
    parts = {
        "coef": fit.coef,
        "se": fit.se,
        "rss": fit.rss,
        "digits": c.digits,
        "digits_each": c.digits_each,
        "digits_intercept": c.digits_intercept,
        "forward_bound": c.forward_bound,
        "backward_error": c.backward_error,
        "condition": c.condition,
    }
    return {name: np.asarray(value, dtype=float).tobytes() for name, value in parts.items()}


def csv_text(data: dict[str, np.ndarray], delimiter: str) -> str:
    out = io.StringIO()
    out.write(delimiter.join(data) + "\n")
    for row in zip(*(values.tolist() for values in data.values()), strict=True):
        cells = ["" if v != v else f'"{v}"' if isinstance(v, str) else repr(v) for v in row]
        out.write(delimiter.join(cells) + "\n")
    return out.getvalue()


def _csv(table: Any, data: dict[str, np.ndarray], folder: Path) -> Path:
    (folder / "rows.csv").write_text(csv_text(data, ","))
    return folder / "rows.csv"


def _tsv(table: Any, data: dict[str, np.ndarray], folder: Path) -> Path:
    (folder / "rows.tsv").write_text(csv_text(data, "\t"))
    return folder / "rows.tsv"


def _parquet(table: Any, data: dict[str, np.ndarray], folder: Path) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(table, folder / "rows.parquet", row_group_size=4 * BLOCK)
    return folder / "rows.parquet"


def _feather(table: Any, data: dict[str, np.ndarray], folder: Path) -> Path:
    import pyarrow.feather as feather

    feather.write_feather(table, str(folder / "rows.feather"), chunksize=4 * BLOCK)
    return folder / "rows.feather"


def _dataset(table: Any, data: dict[str, np.ndarray], folder: Path) -> Any:
    import pyarrow.dataset as ds

    return ds.dataset(_parquet(table, data, folder))


def _duckdb(table: Any, data: dict[str, np.ndarray], folder: Path) -> Any:
    duckdb = pytest.importorskip("duckdb")
    # One thread keeps the rows in the order of the table.
    connection = duckdb.connect(config={"threads": 1})
    return connection.from_arrow(table)


Maker = Callable[[Any, dict[str, np.ndarray], Path], Any]

SOURCES: dict[str, Maker] = {
    "pandas": lambda table, data, folder: pd.DataFrame(data),
    "pandas categorical": lambda table, data, folder: pd.DataFrame(data).astype({"city": "category"}),
    "polars": lambda table, data, folder: pl.from_arrow(table),
    "polars lazy": lambda table, data, folder: pl.from_arrow(table).lazy(),
    "arrow": lambda table, data, folder: table,
    "arrow in chunks": lambda table, data, folder: pa.Table.from_batches(table.to_batches(max_chunksize=9_999)),
    "dataset": _dataset,
    "duckdb": _duckdb,
    "csv": _csv,
    "tsv": _tsv,
    "parquet": _parquet,
    "feather": _feather,
}

ONE_SHOT: dict[str, Maker] = {
    "arrow reader": lambda table, data, folder: table.to_reader(max_chunksize=10_000),
}


@pytest.fixture(scope="module")
def expected(data: dict[str, np.ndarray]) -> dict[str, bytes]:
    return bits(gm.fit(FORMULA, data, accuracy="data"))


@pytest.mark.parametrize("kind", list(SOURCES))
def test_every_source_gives_the_same_bits(
    kind: str, data: dict[str, np.ndarray], arrow: Any, expected: dict[str, bytes], tmp_path: Path
) -> None:
    assert bits(gm.fit(FORMULA, SOURCES[kind](arrow, data, tmp_path), accuracy="data")) == expected


@pytest.mark.parametrize("kind", list(ONE_SHOT))
def test_a_stream_gives_the_bits_of_one_pass(
    kind: str, data: dict[str, np.ndarray], arrow: Any, tmp_path: Path
) -> None:
    plain = "y ~ a + b + a:b"  # without levels, which would take a pass of their own
    streamed = gm.fit(plain, ONE_SHOT[kind](arrow, data, tmp_path))
    assert streamed.certificate.evidence == "moments"
    again = gm.fit(plain, ONE_SHOT[kind](arrow, data, tmp_path), threads=1)
    assert bits(streamed) == bits(again)
    np.testing.assert_allclose(streamed.coef, gm.fit(plain, data).coef, rtol=1e-9)


@pytest.mark.parametrize("method", ["cholesky", "qr", "svd"])
@pytest.mark.parametrize("cov", ["classical", "HC3"])
def test_threads_do_not_change_a_bit(method: str, cov: str, data: dict[str, np.ndarray]) -> None:
    one, two, four = (bits(gm.fit(FORMULA, data, method=method, cov=cov, threads=t)) for t in (1, 2, 4))
    assert one == two == four


def test_threads_do_not_change_a_bit_from_many_row_groups(arrow: Any, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for i in range(3):
        pq.write_table(arrow.slice(i * 20_000, 20_000), tmp_path / f"{i}.parquet", row_group_size=5_000)
    one, two, four = (bits(gm.fit(FORMULA, tmp_path, threads=t)) for t in (1, 2, 4))
    assert one == two == four


def test_threads_do_not_change_a_bit_of_arrays() -> None:
    rng = np.random.default_rng(21)
    X, y = rng.standard_normal((150_000, 7)), rng.standard_normal(150_000)
    for method in ("auto", "cholesky", "qr"):
        one, two, four = (gm.lstsq(X, y, method, threads=t) for t in (1, 2, 4))
        for other in (two, four):
            assert one.coef.tobytes() == other.coef.tobytes()
            assert one.certificate.digits_each.tobytes() == other.certificate.digits_each.tobytes()
            assert one.rss == other.rss


@pytest.mark.parametrize(("n", "threads"), [(300, 1), (300, 2), (1010, 1)])
def test_threads_of_blas_change_no_bit_where_they_may_not(n: int, threads: int) -> None:
    """Below 1,000 columns never; from there on not with one thread."""
    rng = np.random.default_rng(23)
    X, y = rng.standard_normal((2 * n, n)), rng.standard_normal(2 * n)
    one, other = [], []
    for limit, found in ((1, one), (None, other)):
        with threadpool_limits(limit, user_api="blas"):
            for method in ("cholesky", "qr"):
                sol = gm.lstsq(X, y, method, threads=threads, accuracy=6)
                found.append((sol.coef.tobytes(), sol.certificate.digits_each.tobytes()))
    assert one == other


@pytest.mark.parametrize("layout", ["fortran", "strided", "read-only"])
def test_the_layout_of_an_array_changes_no_more_than_certified(layout: str) -> None:
    rng = np.random.default_rng(22)
    X, y = rng.standard_normal((40_000, 5)), rng.standard_normal(40_000)
    wide = np.zeros((40_000, 10))
    wide[:, ::2] = X
    other = {"fortran": np.asfortranarray(X), "strided": wide[:, ::2], "read-only": X.copy()}[layout]
    other.flags.writeable = layout != "read-only"
    plain, same = gm.lstsq(X, y), gm.lstsq(other, y)
    bound = plain.certificate.forward_bound[:, 0] + same.certificate.forward_bound[:, 0]
    assert np.all(np.abs(plain.coef - same.coef) <= bound)
    np.testing.assert_array_equal(other, X)


def test_a_second_run_gives_the_same_bits(data: dict[str, np.ndarray]) -> None:
    assert bits(gm.fit(FORMULA, data)) == bits(gm.fit(FORMULA, data))
