"""`gramian fit` as a user meets it: what is printed, in which form, and with which status."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gramian as gm
from command import process, run, write_table
from gramian.report import terminal_width
from gramian.report.numbers import certified
from gramian.solvers import SOLVERS
from shared_data import table as real_table

KEYS = [
    *("formula", "targets", "names", "coef", "se", "t", "p", "digits", "conf_int", "level"),
    *("nobs", "df_model", "df_resid", "rss", "sigma", "rsquared", "rsquared_adj", "fvalue", "f_pvalue"),
    *("loglik", "aic", "bic", "cov", "family", "deviance", "null_deviance", "dispersion", "dropped", "missing_rows"),
    *("method", "reason", "trusted", "certificate", "notes"),
]


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path)


def test_fit_prints_the_summary(table):
    status, out, err = run("fit", table, "y ~ x + C(group)")
    assert status == 0
    assert err == ""
    assert out == f"{gm.fit('y ~ x + C(group)', str(table)).summary().text(terminal_width(), rows=None)}\n"
    assert "C(group)[T.b]" in out
    assert "1 row with missing values dropped" in out


def test_json_has_the_documented_keys_and_the_same_numbers(table):
    status, out, _ = run("fit", table, "y ~ x + C(group)", "--json", "--cov", "HC3", "--level", "0.9")
    found = json.loads(out)
    fit = gm.fit("y ~ x + C(group)", str(table), cov="HC3")
    assert status == 0
    assert list(found) == KEYS
    assert found["names"] == list(fit.names)
    for key, value in (("coef", fit.coef), ("se", fit.se), ("t", fit.tvalues), ("p", fit.pvalues)):
        assert np.array_equal(found[key], value)
    assert np.array_equal(found["conf_int"], fit.conf_int(0.9))
    assert found["aic"] == fit.aic
    assert found["missing_rows"] == 1
    assert found["trusted"] is True
    assert set(found["certificate"]) == {"evidence", "condition", "digits", "backward_error", "gradient", "ceiling"}


def test_json_writes_null_for_what_is_not_defined(table):
    _, out, _ = run("fit", table, "y ~ x + I(2 * x)", "--json", "--plan")
    found = json.loads(out)
    assert found["coef"][2] is None
    assert found["dropped"] == ["I(2 * x) = 2 * x"]
    assert found["plan"].startswith("plan: ")
    _, out, _ = run("fit", table, "y ~ x", "--ridge", "1", "--json")
    assert json.loads(out)["se"] == [None, None]


def test_json_of_several_targets_has_a_number_for_each(table):
    _, out, _ = run("fit", table, "y + w ~ x", "--json")
    found = json.loads(out)
    assert found["targets"] == ["y", "w"]
    assert np.shape(found["coef"]) == (2, 2)
    assert np.shape(found["rsquared"]) == np.shape(found["certificate"]["digits"]) == (2,)


def test_options_reach_the_fit(table):
    for arguments, options in (
        (["--weights", "w"], {"weights": "w"}),
        (["--freq-weights", "w"], {"freq_weights": "w"}),
        (["--offset", "w"], {"offset": "w"}),
        (["--clusters", "group"], {"clusters": "group", "cov": "cluster"}),
        (["--ridge", "2.5"], {"ridge": 2.5}),
        (["--method", "cholesky", "--threads", "1"], {"method": "cholesky", "threads": 1}),
        (["--runner", "threads"], {"runner": "threads"}),
        (["--accuracy", "data"], {"accuracy": "data"}),
        (["--accuracy", "12"], {"accuracy": 12.0}),
        (["--rank", "min-norm", "--tol", "1e-9"], {"rank": "min-norm", "tol": 1e-9}),
    ):
        status, out, err = run("fit", table, "y ~ x", "--json", "-q", *arguments)
        assert (status, err) == (0, "")
        found, fit = json.loads(out), gm.fit("y ~ x", str(table), **options)
        assert found["coef"] == fit.coef.tolist()
        assert found["cov"] == fit.covariance.label
        assert found["method"] == fit.method


def test_plan_latex_and_html(table, tmp_path):
    _, out, _ = run("fit", table, "y ~ x", "--plan")
    assert "\nplan: " in out
    page = tmp_path / "page.html"
    status, out, _ = run("fit", table, "y ~ x", "--latex", "--html", page)
    assert status == 0
    assert r"\begin{tabular}" in out
    assert page.read_text().startswith("<!doctype html>")


def test_names_are_printed_as_they_are(tmp_path):
    """No markup, no terminal codes, no HTML from a column's name."""
    path, page = tmp_path / "odd.csv", tmp_path / "odd.html"
    path.write_text("y,[bold red]<b>x\n1,2\n2,3\n3,5\n5,6\n")
    status, out, _ = run("fit", path, "y ~ `[bold red]<b>x`", "--html", page)
    assert status == 0
    assert "[bold red]<b>x" in out
    assert "\x1b" not in out
    assert "<b>x" not in page.read_text()


def test_standard_input(table):
    status, out, err = run("fit", table, "y ~ x", "--json")
    with table.open() as file:
        piped = process("fit", "-", "y ~ x", "--json", stdin=file)
    assert (status, err, piped.returncode, piped.stderr) == (0, "", 0, "")
    assert json.loads(piped.stdout)["coef"] == json.loads(out)["coef"]


def test_status_1_says_what_is_not_trusted(tmp_path, monkeypatch):
    # As for rows that no pass in double-double can help.
    monkeypatch.setattr("gramian.reductions.exact_gradient.ENTRIES", 0)
    monkeypatch.setattr("gramian.solving.refining.KNOWN", -1.0)
    rng = np.random.default_rng(1)
    a, e = rng.normal(size=(2, 50))
    b = a + 1e-9 * rng.normal(size=50)
    path = tmp_path / "near.csv"
    path.write_text("y,a,b\n" + "".join(f"{p + r},{p},{q}\n" for p, q, r in zip(a, b, e, strict=True)))
    status, out, err = run("fit", path, "y ~ a + b", "--accuracy", "15")
    assert status == 1
    assert "\na  " in out
    assert err.startswith("not trusted: ")
    assert "15 were expected\nHint: " in err
    status, out, err = run("fit", path, "y ~ a + b", "--accuracy", "15", "--json")
    assert json.loads(out)["trusted"] is False


def test_a_constant_target_is_trusted(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("y,a\n" + "".join(f"0.1,{i * i}\n" for i in range(20)))
    status, _, _ = run("fit", path, "y ~ a")
    assert status == 0


@pytest.mark.parametrize(
    ("file", "formula", "rows"),
    [
        ("diamonds.csv", "log(price) ~ log(carat) + C(cut) + C(color)", 53_940),
        ("california_housing.csv", "median_house_value ~ . - ocean_proximity", None),
        ("nycflights13_sample100k.parquet", "arr_delay ~ dep_delay + distance + C(carrier)", None),
        ("winequality-red.csv", "quality ~ .", 1_599),
    ],
)
def test_real_tables(file, formula, rows):
    status, out, err = run("fit", real_table(file), formula, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert None not in found["se"]
    assert rows is None or found["nobs"] == rows


# ---- what a reader meets once, whole and in the width


@pytest.mark.parametrize("width", [60, 80])
def test_methods_are_listed_in_the_width(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    status, out, _ = run("methods")
    lines = out.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= width
    heads = [line for line in lines if not line.startswith(" ")]
    assert [head.split()[0] for head in heads] == list(SOLVERS)
    side = max(map(len, SOLVERS)) + 2
    assert all(head[side - 1 : side + 1].strip() == head[side] for head in heads)


def test_help_is_whole_in_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in run("--help")[1].partition("Commands:")[2]
    assert run("calibrate", "--help")[1].split("\n\n")[2].rstrip().endswith("folder.")


def test_a_run_that_stopped_early_says_so_once_and_rounds_down(tmp_path):
    path = tmp_path / "noisy.csv"
    rng = np.random.default_rng(5)
    path.write_text("y,a\n" + "".join(f"{2 * a + e:.6f},{a:.6f}\n" for a, e in rng.normal(size=(400, 2))))
    asked = ("fit", path, "y ~ a", "--method", "sgd", "--accuracy", "12", "--max-iter", "3")
    status, out, err = run(*asked, "--width", "120")
    assert status == 1
    assert out.count("max_iter was reached") == 1
    assert "; asked for by name\n" in out
    digits = json.loads(run(*asked, "--json")[1])["certificate"]["digits"]
    assert f"not trusted: {certified(digits)} digits" in err
    assert f"Digits: {certified(digits)} overall" in out


def test_a_method_that_gave_up_is_told_once():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    plan = gm.lstsq(X, X[:, 0], "auto").plan.moved_on("it could not").moved_on("nor this one")
    assert plan.reason == f"next in line after {plan.gone[0].name} and {plan.gone[1].name}"
    text = str(plan).replace("\n  ", " ")
    assert text.count("it could not") == text.count("nor this one") == 1
