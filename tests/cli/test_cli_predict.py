"""`gramian predict`: rows to standard output or to a file that is whole or not there."""

from __future__ import annotations

import numpy as np
import pytest

import gramian as gm
from command import process, refused, run, write_table


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path)


@pytest.fixture
def model(table, tmp_path):
    path = tmp_path / "model.json"
    assert run("fit", table, "y ~ x + C(group)", "--save", path)[0] == 0
    return path


def test_predictions_go_to_standard_output(model, table):
    result = process("predict", model, table)
    assert (result.returncode, result.stderr) == (0, "")
    head, *values = result.stdout.splitlines()
    expected = gm.load(model).predict(str(table))
    assert head == "fit"
    assert np.array_equal(np.array(values, dtype=float), expected, equal_nan=True)
    assert values[3] == "nan"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("interval", ["confidence", "prediction", None])
def test_predictions_go_to_a_file(model, table, tmp_path, suffix, interval):
    pa_csv = pytest.importorskip("pyarrow.csv")
    import pyarrow.parquet as pq

    path = tmp_path / f"out{suffix}"
    extra = [] if interval is None else ["--interval", interval, "--level", "0.8"]
    status, out, err = run("predict", model, table, "-o", path, *extra)
    assert (status, out, err) == (0, "", "")
    parse = pa_csv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ",")
    found = pq.read_table(path) if suffix == ".parquet" else pa_csv.read_csv(path, parse_options=parse)
    fit = gm.load(model)
    assert found.num_rows == 200
    columns = {name: np.array(found[name].to_pylist(), dtype=float) for name in found.column_names}
    np.testing.assert_array_equal(columns["fit"], fit.predict(str(table)))
    if interval is None:
        assert list(columns) == ["fit"]
    else:
        assert list(columns) == ["fit", "se", "lower", "upper"]
        np.testing.assert_array_equal(columns["upper"], fit.intervals(str(table), interval, 0.8).upper[:, 0])


def test_several_targets_have_a_column_each(table, tmp_path):
    model, out = tmp_path / "two.json", tmp_path / "two.csv"
    run("fit", table, "y + I(w * 2) ~ x", "--save", model)
    assert run("predict", model, table, "-o", out)[0] == 0
    assert out.read_text().splitlines()[0] == "fit y,fit I(w * 2)"


def test_a_failed_prediction_leaves_nothing_behind(model, tmp_path):
    new, out = tmp_path / "new.csv", tmp_path / "out.csv"
    new.write_text("x,group\n1,a\n2,odd\n")
    out.write_text("as it was\n")
    status, _, err = run("predict", model, new, "-o", out)
    assert status == 2
    assert "a level that the fit never saw" in err
    assert out.read_text() == "as it was\n"
    assert not list(tmp_path.glob(".*"))


def test_predict_refuses_bad_models_and_outputs(model, table, tmp_path):
    assert "there is no file" in refused("predict", tmp_path / "no.json", table)
    assert "ModelError" in refused("predict", table, table)
    assert "interval is 'wide'\nAllowed: confidence or prediction" in refused(
        "predict", model, table, "--interval", "wide"
    )
    err = refused("predict", model, table, "-o", tmp_path / "out.xlsx")
    assert "Allowed: names that end in .csv, .tsv, .parquet\nHint: " in err
    err = refused("predict", model, table, "-o", tmp_path / "no" / "out.csv")
    assert "cannot write" in err
    assert "Hint: " in err


def test_predict_refuses_moments(table, tmp_path):
    path = tmp_path / "moments.json"
    gm.moments("y ~ x", str(table)).save(path)
    assert "holds moments, not a fitted model" in refused("predict", path, table)
