"""What a summary says in words, and in which order: short, the weighty first, nothing that looks like a number and is none."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

import gramian as gm
from command import refused, run, write_table
from estimates import fitted
from gramian.errors import ArgumentError, FormulaError, ModelError
from gramian.inference.estimate import Dropped
from gramian.inference.statistics import Inference
from gramian.report import summarise
from gramian.report.numbers import share
from gramian.storage import json_file as jsonfile

# ---- dropped columns -------------------------------------------------------------------------------------------------


def test_an_equation_is_cut_after_six_terms():
    others = tuple(f"x{i}" for i in range(9))
    column = Dropped("z", others, (1.0, 0.0, -2.0, *[1.0] * 6), 5.0)
    assert column.brief() == "z = x0 - 2 * x2 + x3 + x4 + x5 + x6 and 2 more terms"
    assert column.brief(7) == "z = x0 - 2 * x2 + x3 + x4 + x5 + x6 + x7 and 1 more term"
    assert column.brief(8) == str(column) == "z = x0 - 2 * x2 + x3 + x4 + x5 + x6 + x7 + x8 + 5"


def wide(columns, kept):
    """More columns than rows, so that all beyond the first are equations in many others."""
    X = np.random.default_rng(2).normal(size=(kept + 1, columns))
    return {"y": X @ np.ones(columns), **{f"x{j}": X[:, j] for j in range(columns)}}


def test_twenty_dropped_columns_are_told_and_the_rest_counted():
    data = wide(120, 60)
    data["x3"][5] = np.nan
    fit = gm.fit("y ~ .", data)
    assert len(fit.dropped) == 61
    assert max(len(equation) for equation in fit.dropped) > 1000
    summary = fit.summary()
    notes = summary.content.notes
    assert notes[0] == "1 row with missing values dropped"
    assert notes[1] == "60 coefficients for 60 rows: none is left to estimate sigma from"
    assert notes[-1] == "dropped 41 more columns; all in fit.dropped, or under 'dropped' with --json"
    told = [note for note in notes[:-1] if note.startswith("dropped x")]
    assert len(told) == 20
    assert all("more terms" in note and len(note) < 200 for note in told)
    for text in (summary.text(), summary.html(), summary.latex()):
        assert text.count("more terms") == 20
        assert "41 more columns" in text


def test_the_text_of_many_dropped_columns_is_made_fast():
    others = tuple(f"x{i}" for i in range(500))
    weights = tuple(np.linspace(1, 2, 500))
    base = fitted(np.arange(30.0)[:, None], np.arange(30.0) ** 2).estimate
    many = replace(base, dropped=tuple(Dropped(f"z{i}", others, weights) for i in range(20_000)))
    began = time.perf_counter()
    text = summarise(Inference.classical(many), title="y ~ .").text()
    assert time.perf_counter() - began < 2.0
    assert "19,980 more columns" in text
    assert len(text) < 10_000


def test_a_test_of_a_dropped_column_is_refused_briefly():
    X = np.random.default_rng(2).normal(size=(60, 30))
    data = {"y": X[:, 0] + np.arange(60.0) % 3, **{f"x{j}": X[:, j] for j in range(30)}, "z": X @ np.arange(1.0, 31.0)}
    fit = gm.fit("y ~ .", data)
    name = fit.dropped[0].split(" = ")[0]
    with pytest.raises(ArgumentError, match=r"was dropped: .* more terms") as caught:
        fit.test(f"{name} = 0")
    assert len(str(caught.value)) < 400


# ---- clusters --------------------------------------------------------------------------------------------------------


def clustered(count, m=80, slopes=3):
    rng = np.random.default_rng(3)
    data = {f"x{j}": rng.normal(size=m) for j in range(slopes)}
    return gm.fit("y ~ .", {**data, "y": rng.normal(size=m), "g": np.arange(m) % count}, cov="cluster", clusters="g")


def test_few_clusters_are_told():
    told = "5 clusters are few: their standard errors tend to be too small; 20 or more to trust them"
    assert clustered(5).inference.notes == (told,)
    assert clustered(20).inference.notes == ()
    assert clustered(19).inference.notes[0].startswith("19 clusters are few")


def test_why_there_is_no_f():
    fit = clustered(3)
    assert np.isnan(fit.fvalue)
    assert fit.inference.notes[0] == "no F of all 3 coefficients: 3 clusters allow a joint test of at most 2"
    assert np.isfinite(clustered(4).fvalue)


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_a_tiny_p_is_told_as_in_the_summary():
    x = np.random.default_rng(5).normal(size=100)
    fit = gm.fit("y ~ x", {"x": x, "y": x + 1e-9 * np.arange(100) ** 0.5})
    assert "p <2e-16" in repr(fit.test("x = 0"))
    assert "p = 0" not in repr(fit.test("x = 0"))
    assert repr(fit.test_terms()).splitlines()[1].endswith("    <2e-16")
    other = gm.fit("y ~ x", {"x": x, "y": np.sin(1e3 * x)})
    assert "df, p = 0." in repr(other.test("x = 0"))


def test_a_share_is_never_minus_zero():
    assert share(-1e-17) == "0.0000"
    assert share(-0.25) == "-0.2500"


def test_counts_of_one():
    fit = gm.fit("y ~ 1", {"y": [2.0]})
    assert "1 coefficient for 1 row: none is left to estimate sigma from" in fit.inference.notes
    assert repr(gm.moments("y ~ x", {"y": [1.0, 2.0], "x": [0.0, 3.0]})).endswith("2 rows, 1 column, 1 target)")


@pytest.mark.parametrize("value", [0.0, 0.1, 3.0, 1e10 + 0.3])
def test_a_constant_target_has_no_t(value):
    fit = gm.fit("y ~ x", {"x": np.arange(30.0) ** 2, "y": np.full(30, value)})
    assert np.isnan([*fit.tvalues, *fit.pvalues, fit.rsquared, fit.fvalue]).all()
    assert "inf" not in str(fit)
    assert "<2e-16" not in str(fit)
    assert fit.inference.notes == ("target 'y' is constant: R-squared, t, p and F are undefined",)


# ---- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "hint"), [(1.5, ""), (0.0, ""), (49, ""), (95, "0.95"), (99.9, "0.999"), (100, "")])
def test_levels(level, hint):
    fit = gm.fit("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    with pytest.raises(ArgumentError, match="Allowed: a number between 0 and 1") as caught:
        fit.conf_int(level)
    assert str(caught.value).partition("Hint: ")[2] == (f"did you mean {hint}?" if hint else "")


@pytest.mark.parametrize("level", ["a", None, True])
def test_levels_that_are_no_numbers(level):
    fit = gm.fit("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    with pytest.raises(ArgumentError, match=f"level is {level!r}"):
        fit.summary(level=level)


def test_an_equals_sign_apart_from_another():
    fit = gm.fit("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    assert fit.test("x == 2").statistic == fit.test("x = 2").statistic
    with pytest.raises(FormulaError, match="a coefficient or a number is expected here"):
        fit.test("x = = 2")


@pytest.mark.parametrize("path", [None, "", 7])
def test_places_that_are_none(path):
    fit = gm.fit("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    with pytest.raises(ArgumentError, match=r"(?s)the file to write is .*Allowed: a path"):
        fit.save(path)
    if path != "":
        with pytest.raises(ArgumentError, match="the path of a model is"):
            gm.load(path)


def test_moments_that_lack_a_part_are_damaged(tmp_path, monkeypatch):
    path = tmp_path / "m.json"
    held = gm.moments("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    write = jsonfile.write

    def partly(path, kind, version, content):
        write(path, kind, version, {key: value for key, value in content.items() if key != "mean_chain"})

    monkeypatch.setattr(jsonfile, "write", partly)
    held.save(path)
    with pytest.raises(ModelError, match=r"(?s)m.json is damaged: it has no 'mean_chain'.*Hint: copy the file again, or fit"):
        gm.load(path)


@pytest.mark.parametrize("text", ["x,y\n1,2\n", "[1, 2]", "%PDF-1.4", ""])
def test_a_file_that_is_no_model(tmp_path, text):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"(?s)m.json is not a saved model.*Allowed: files that fit.save.*Hint: "):
        gm.load(path)
    path.write_text('{"format": "gramian mod')
    with pytest.raises(ModelError, match=r"m\.json is damaged"):
        gm.load(path)
    path.write_text('{"format": "other"}')
    with pytest.raises(ModelError, match=r"m\.json is not a saved model"):
        gm.load(path)
    with pytest.raises(ModelError, match="cannot read"):
        gm.load(tmp_path)


def test_the_command_tells_the_same(tmp_path):
    table = write_table(tmp_path)
    assert "few: their standard errors" in run("fit", table, "y ~ x", "--clusters", "group")[1]
    assert "is not a saved model" in refused("predict", table, table)
