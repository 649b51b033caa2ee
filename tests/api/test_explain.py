"""gm.explain and `gramian explain`: the plan of a fit without its data; with analyze, beside what was done."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse as sp

import gramian as gm
from command import run
from gramian.sources.files import Files

RNG = np.random.default_rng(11)


def columns(m: int) -> dict[str, Any]:
    x = RNG.standard_normal(m)
    city = np.array(["Rome", "Oslo", "Lima"])[np.arange(m) % 3]
    return {"y": x + RNG.standard_normal(m), "x": x, "z": RNG.standard_normal(m), "city": city, "unused": np.ones(m)}


def parquet(folder: Path, m: int = 3000) -> Path:
    path = folder / "trips.parquet"
    pa.parquet.write_table(pa.table(columns(m)), path, row_group_size=1000)
    return path


def csv(folder: Path, m: int = 3000) -> Path:
    path = folder / "trips.csv"
    pd.DataFrame(columns(m)).to_csv(path, index=False)
    return path


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that refuse to be read."""

    def parts(*arguments: object) -> Iterator[object]:
        raise AssertionError("the rows were read")

    monkeypatch.setattr(Files, "parts", parts)


@pytest.mark.usefixtures("unread")
def test_parquet_is_explained_from_its_metadata(tmp_path: Path) -> None:
    plan = gm.explain("y ~ x + z", parquet(tmp_path))
    assert (plan.facts.rows, plan.facts.n) == (3000, 2)
    assert not plan.facts.guessed
    assert (plan.facts.where.form, plan.facts.where.columns, plan.facts.where.total) == ("parquet", 3, 5)
    assert not plan.steps
    assert "3,000 x 2 columns, trips.parquet, 3 of 5 columns" in " ".join(str(plan).split())


@pytest.mark.usefixtures("unread")
def test_levels_that_were_not_read_are_told_and_cost_a_pass(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    plan, plain = gm.explain("y ~ x + city", path), gm.explain("y ~ x + z", path)
    assert plan.facts.learns == 1
    assert plan.facts.n == 1 + 19
    text = " ".join(str(plan).split())
    assert "note: city: learned of all rows, by 1 pass more; the columns are an estimate, 20 levels assumed" in text
    assert "rows 3,000 x about 20 columns" in text
    assert plan.candidates[0].steps[0].what == "learn"
    assert plan.seconds > plain.seconds
    assert gm.explain("y ~ scale(center(x)) + z", path).facts.learns == 2


def test_levels_of_a_table_in_memory_come_from_its_first_rows() -> None:
    plan = gm.explain("y ~ x + city", columns(500))
    assert plan.facts.n == 3
    assert "as the first rows have them" in " ".join(str(plan).split())


def test_the_rows_of_text_are_estimated_from_its_size(tmp_path: Path) -> None:
    path = csv(tmp_path, 60_000)
    plan = gm.explain("y ~ x + city", path)
    assert plan.facts.guessed
    assert plan.facts.rows == pytest.approx(60_000, rel=0.05)
    assert plan.facts.n == 3
    assert "the rows are an estimate" in " ".join(str(plan).split())
    few = gm.explain("y ~ x", csv(tmp_path, 50))
    assert (few.facts.rows, few.facts.guessed) == (50, False)
    with gzip.open(tmp_path / "packed.csv.gz", "wb") as file:
        file.write(path.read_bytes())
    assert gm.explain("y ~ x", tmp_path / "packed.csv.gz").facts.where.form == "csv"


def test_a_folder_of_text_is_the_sum_of_its_files(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        os.rename(csv(tmp_path, 20_000), tmp_path / f"{name}.csv")
    assert gm.explain("y ~ x", tmp_path).facts.rows == pytest.approx(60_000, rel=0.05)


def test_streams_say_that_their_rows_are_not_known() -> None:
    made = pa.table(columns(100))
    plan = gm.explain("y ~ x", pa.RecordBatchReader.from_batches(made.schema, made.to_batches()))
    assert plan.facts.guessed
    assert "does not tell its rows" in " ".join(str(plan).split())
    assert not plan.facts.rereadable


@pytest.mark.parametrize("accuracy", [None, "data", 3])
def test_the_plan_is_that_of_the_fit(accuracy: Any, tmp_path: Path) -> None:
    for data in (columns(2000), parquet(tmp_path), parquet(tmp_path, 90_000)):
        plan = gm.explain("y ~ x + z", data, accuracy=accuracy)
        done = gm.fit("y ~ x + z", data, accuracy=accuracy)
        assert isinstance(done.plan, gm.Plan)
        assert plan.method == done.plan.method
        assert plan.candidates[0].passes == done.stats.passes
        assert plan.seconds == pytest.approx(done.plan.seconds, rel=1e-12)


def test_arrays_are_explained_as_lstsq_takes_them() -> None:
    X, y = RNG.standard_normal((5000, 6)), RNG.standard_normal(5000)
    plan = gm.explain(X, y)
    assert (plan.facts.rows, plan.facts.n) == (5000, 6)
    assert plan.method == gm.lstsq(X, y).method
    sparse = gm.explain(sp.random(5000, 300, 0.01, "csr", rng=1), y)
    assert sparse.facts.nnz == 15_000
    assert "15,000 stored values" in str(sparse)
    done = gm.explain(X, y, analyze=True, ridge=1.0)
    assert done.steps
    assert done.facts.ridge


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_families_are_priced_among_the_methods_that_fit_them(family: Any) -> None:
    data = columns(400) | {"y": np.arange(400) % 2 + (family == "gamma")}
    plan = gm.explain("y ~ x", data, family=family)
    assert plan.order[0].solver.traits.losses
    assert family in plan.reason


def test_analyze_shows_what_each_part_took() -> None:
    plan = gm.explain("y ~ x + z", columns(3000), analyze=True)
    assert plan.steps
    assert "took" in str(plan)
    assert all(step["actual"] is not None for step in plan.to_dict()["steps"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gm.explain("y ~ x", columns(9), method="qrr"), ("method is 'qrr'", "did you mean 'qr'?")),
        (lambda: gm.explain("y ~ nope", columns(9)), ("nope",)),
        (lambda: gm.explain("y ~ x", columns(9), family="normal"), ("family is 'normal'", "gaussian")),
        (lambda: gm.explain("y ~ x", columns(9), cov="HC9"), ("HC9",)),
        (lambda: gm.explain("y ~ x", columns(9), ridge="a"), ("ridge is 'a'",)),
        (lambda: gm.explain(np.ones((5, 2)), np.ones(5), family="poisson"), ("family was given with arrays", "gm.lstsq")),
        (lambda: gm.explain(np.ones((5, 2)), np.ones(5), offset=np.ones(5)), ("offset was given with arrays",)),
        (lambda: gm.explain(np.ones((5, 2)), np.ones(4)), ("4",)),
        (lambda: gm.explain("y ~ x", gm.moments("y ~ x", columns(9))), ("gm.explain",)),
        (lambda: gm.explain("y ~ x", "no/such/file.csv"), ("no/such/file.csv",)),
    ],
)
def test_bad_input_is_told_as_a_fit_tells_it(call: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(gm.GramianError) as caught:
        call()
    assert all(word in str(caught.value) for word in words)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    status, out, _ = run("explain", path, "y ~ x + z", "--width", "80")
    assert status == 0
    assert out.startswith("plan: ")
    assert "took" not in out
    assert max(map(len, out.splitlines())) <= 80
    status, out, _ = run("explain", path, "y ~ x", "--json")
    assert json.loads(out)["rows"] == 3000
    status, out, _ = run("explain", path, "y ~ x", "--analyze", "-o", tmp_path / "plan.html")
    assert status == 0
    assert "took" in out
    page = (tmp_path / "plan.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<title>y ~ x</title>" in page
    run("explain", path, "y ~ x", "-o", tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text())["method"]


def test_the_command_tells_bad_input(tmp_path: Path) -> None:
    path = csv(tmp_path)
    for arguments, words in (
        (("y ~ x", "-o", tmp_path / "plan.pdf"), ".html, .json, .txt"),
        (("y ~ nope",), "nope"),
        (("y ~ x", "--method", "qrr"), "did you mean 'qr'?"),
        (("y ~ x", "--accuracy", "all"), "accuracy is 'all'"),
    ):
        status, out, err = run("explain", path, *arguments)
        assert status == 2
        assert words in err
        assert "Hint" in err or "Allowed" in err
        assert not out


def test_a_header_alone_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hdr.csv"
    path.write_text("y,x\n")
    with pytest.raises(gm.DataError, match=r"^hdr\.csv has no rows"):
        gm.explain("y ~ x", str(path))


def test_the_rows_of_parquet_are_exact_where_its_columns_are_not(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"y": np.arange(50.0), "g": ["a", "b"] * 25}), tmp_path / "t.parquet")
    told = str(gm.explain("y ~ g", str(tmp_path / "t.parquet")))
    assert "50 x about " in told
    assert "about 50" not in told
