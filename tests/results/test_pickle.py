"""A fit goes through pickle with its rows, so that it can be made by another process; rows that cannot go are named."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
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


# ---- rows that cannot travel


class Streamed:
    """A caller's own object, which no pickle can hold."""

    def __init__(self, table):
        self.start = lambda schema: table.__arrow_c_stream__(schema)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.start(requested_schema)


def filtered(table, tmp_path):
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    return pyarrow.dataset.dataset(tmp_path / "t.parquet").filter(pyarrow.dataset.field("x") > -9.0)


QUERIES = {
    "the LazyFrame": lambda table, _: pl.from_arrow(table).lazy(),
    "the DuckDB relation": lambda table, _: duckdb.from_arrow(table),
    "the Streamed": lambda table, _: Streamed(table),
    "the filtered Dataset": filtered,
}


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
@pytest.mark.parametrize("name", QUERIES)
def test_a_query_stays_behind_and_all_else_travels(name, family, tmp_path):
    table = pa.table({**columns(), "y": (columns()["y"] > 0).astype(float)})
    fit = gm.fit("y ~ x + g", QUERIES[name](table, tmp_path), family=family, cov="HC1")
    loaded = again(fit)
    assert str(loaded) == str(fit)
    assert_array_equal(loaded.predict(table), fit.predict(table))
    assert_array_equal(loaded.cov(), fit.cov())
    assert_array_equal(loaded.cov("classical"), fit.cov("classical"))
    for call in (lambda: loaded.cov("HC0"), loaded.residuals, loaded.influence):
        with pytest.raises(gm.NeedsData, match=f"the rows of {name} are not at hand: they were not pickled") as caught:
            call()
        assert "Hint: ask for what needs rows before pickling" in str(caught.value)
    assert_array_equal(copy.deepcopy(fit).cov("HC0"), fit.cov("HC0"))


def test_a_dataset_of_files_travels(tmp_path):
    pa.parquet.write_table(pa.table(columns()), tmp_path / "t.parquet")
    fit = gm.fit("y ~ x + g", pyarrow.dataset.dataset(tmp_path / "t.parquet"))
    assert_array_equal(again(fit).cov("HC3"), fit.cov("HC3"))


STANDARD_INPUT = """
import copy, pickle
import gramian as gm
fit = gm.fit("y ~ x", "-")
loaded = pickle.loads(pickle.dumps(fit))
del loaded
loaded, copied = pickle.loads(pickle.dumps(fit)), copy.deepcopy(fit)
assert (copied.cov("HC3") == fit.cov("HC3")).all()
assert (loaded.coef == fit.coef).all()
loaded.cov("HC3")
"""


def test_standard_input_stays_behind():
    text = pd.DataFrame({name: columns()[name] for name in "xy"}).to_csv(index=False)
    ran = subprocess.run([sys.executable, "-c", STANDARD_INPUT], input=text, capture_output=True, text=True, timeout=120)
    assert "NeedsData: the rows of standard input are not at hand: they were not pickled" in ran.stderr


# ---- results of every call


def results():
    found = columns()
    X = np.column_stack([found["x"], np.ones(M)])
    fit = gm.fit("y ~ x + g", found, clusters="g")
    yield from (fit, fit.with_cov("HC3"), fit.summary(), fit.certificate, fit.influence(), fit.test_terms(), fit.plan)
    yield fit.covariance.kind
    yield from (gm.explain("y ~ x + g", found), gm.race("y ~ x", found, methods="qr,lsmr", budget=2.0))
    yield gm.lstsq(X, found["y"], "lsmr", callback=lambda seen: None, path=True)
    yield gm.minimize(lambda x: float(np.sum((x - 1.0) ** 2)), np.zeros(2), callback=lambda seen: None)
    yield gm.root(lambda x: x**2 - 2.0, 1.0)


def test_results_of_every_call():
    for value in results():
        assert type(again(value)) is type(value)


# ---- functions of a script, by value

SCRIPT = """
import sys
try:
    import cloudpickle  # joblib needs it
except ImportError:
    from joblib.externals import cloudpickle  # older ones bring their own
import gramian as gm

def work(x, y):
    fit = gm.fit("y ~ x", {"x": x, "y": y}, cov=gm.cov.HC(3))
    return fit, gm.lstsq([[v] for v in x], y).coef

sys.stdout.buffer.write(cloudpickle.dumps(work))
"""


def test_cloudpickle_of_a_function_of_a_script_that_uses_gm():
    sent = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, timeout=120).stdout
    receive = (
        "import pickle, sys\n"
        "work = pickle.loads(sys.stdin.buffer.read())\n"
        "fit, coef = work([1.0, 2.0, 3.0, 5.0], [1.0, 2.0, 4.0, 4.0])\n"
        "print(fit.covariance.label, *fit.coef, *coef)\n"
    )
    ran = subprocess.run([sys.executable, "-c", receive], input=sent, capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr.decode()
    x, y = np.array([1.0, 2.0, 3.0, 5.0]), np.array([1.0, 2.0, 4.0, 4.0])
    expected = [*np.linalg.lstsq(np.column_stack([np.ones(4), x]), y)[0], x @ y / (x @ x)]
    label, *numbers = ran.stdout.decode().split()
    assert label == "HC3"
    assert np.allclose([float(number) for number in numbers], expected, rtol=1e-14)
