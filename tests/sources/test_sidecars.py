"""Arrays beside the rows: which are refused, what a saved model says of them, and what a prediction asks for."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gramian as gm
from design_support import Memory
from gramian.data.source import CodedColumn
from gramian.formula import saved
from gramian.formula.design import Design
from gramian.sources.clusters import labels_of

N = 12
DATA = {"y": np.arange(float(N)) ** 2, "x": np.arange(float(N)), "z": np.full(N, 7.0)}


def message_of(action: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        action()
    return str(caught.value)


# ---- masks and labels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["weights", "freq_weights", "offset", "clusters"])
def test_masked_arrays_are_refused(what: str) -> None:
    masked = np.ma.masked_array(np.ones(N), mask=[True] + [False] * (N - 1))
    got = message_of(lambda: Design.of("y ~ x", Memory(DATA).schema, **{what: masked}), gm.DataError)
    assert got.startswith(f"{what} is a masked array\nAllowed: plain arrays\nHint: ")


@pytest.mark.parametrize("none", [None, np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("other", ["a", 1])
def test_a_missing_label_in_an_array_is_named(none: Any, other: Any) -> None:
    labels = np.array([other, other, none] + [other] * (N - 3), dtype=object)
    got = message_of(lambda: gm.fit("y ~ x", DATA, cov="cluster", clusters=labels), gm.DataError)
    assert got.startswith("clusters has no label at row 2 (counted from 0)\nAllowed in an array")
    assert "put the labels in a column" in got


def test_a_missing_label_in_a_column_drops_its_row() -> None:
    for none, others in ((None, list("abcabcabcab")), (np.nan, [1.0, 2, 3] * 3 + [1, 2])):
        data = {**DATA, "firm": np.array([none, *others], dtype=object if none is None else float)}
        fit = gm.fit("y ~ x", data, cov="cluster", clusters="firm")
        assert fit.nobs == N - 1


@pytest.mark.parametrize("labels", [["a", 1], [1, "a"], [1.5, "a"], [b"a", "a"]])
def test_labels_of_mixed_kinds_are_refused(labels: list[Any]) -> None:
    given = np.array(labels * (N // 2), dtype=object)
    got = message_of(lambda: gm.fit("y ~ x", DATA, cov="cluster", clusters=given), gm.DataError)
    first, other = (f"{each!r} ({type(each).__name__})" for each in labels)
    assert got.startswith(f"clusters holds {first} and, at row 1 (counted from 0), {other}\nAllowed: labels of one kind")
    assert got.endswith("Hint: write all of them as text: clusters=[str(label) for label in labels]")


def test_labels_of_one_kind_are_grouped() -> None:
    day = datetime.date(2020, 1, 1)
    for given in (
        np.array(["a", "b", "a"]),
        np.array(["a", "b", "a"], dtype=object),
        np.array([day, day.replace(day=2), day], dtype=object),
    ):
        found = labels_of(given)
        assert isinstance(found, CodedColumn)
        assert found.codes.tolist() == [0, 1, 0]
    for given in (
        np.array([5, 6, 5], dtype=object),
        np.array([5.0, 6, 5]),
        np.array([5, 6.0, 5], dtype=object),
        np.array(["2020-01-01", "2020-01-02", "2020-01-01"], dtype="M8[D]"),
        np.asarray(pd.Series([5, 6, 5], dtype="Int64")),
    ):
        found = labels_of(given)
        assert isinstance(found, np.ndarray)
        assert found.dtype.kind in "if"
        assert np.unique(found, return_inverse=True)[1].tolist() == [0, 1, 0]


def test_what_is_no_array_is_refused() -> None:
    got = message_of(lambda: Design.of("y ~ x", Memory(DATA).schema, weights=[[1.0], [1.0, 2.0]]), gm.ArgumentError)
    assert got.startswith("weights is 'a list that is no array")
    assert "Allowed: the name of a column, or one value for each row" in got


# ---- arrays belong to the rows of the fit ----------------------------------------------------------------------------


def test_a_design_names_what_was_given_as_arrays() -> None:
    schema = Memory(DATA).schema
    assert Design.of("y ~ x", schema).array_sidecars == ()
    assert Design.of("y ~ x", schema, weights="z", offset="z", clusters="z").array_sidecars == ()
    ones = np.ones(N)
    assert Design.of("y ~ x", schema, freq_weights=ones, offset="z", clusters=ones).array_sidecars == (
        "freq_weights",
        "clusters",
    )
    assert Design.of("y ~ x", schema, offset=ones).array_sidecars == ("offset",)


@pytest.mark.parametrize("what", ["weights", "freq_weights", "offset", "clusters"])
def test_a_loaded_design_says_that_the_array_was_not_saved(what: str) -> None:
    source = Memory(DATA)
    design = saved.from_json(saved.to_json(Design.of("y ~ x", source.schema, **{what: np.ones(N)})))
    assert design.array_sidecars == (what,)
    got = message_of(lambda: design.rows(source), gm.DataError)
    assert got.startswith(f"{what} was an array beside the rows of the fit, and a saved model does not hold it\n")
    assert got.endswith(f"Hint: put the values in a column, and fit again with {what} as its name")


# ---- offset of a prediction ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", [False, True])
def test_predicting_asks_for_the_offset_that_was_an_array(load: bool, tmp_path: Any) -> None:
    shift = np.arange(N) * 3.0
    fit = gm.fit("y ~ x", {**DATA, "y": 1 + 2 * DATA["x"] + shift}, offset=shift)
    if load:
        fit.save(tmp_path / "model.json")
        fit = gm.load(tmp_path / "model.json")
    new = {"x": np.array([1.0, 2.0])}
    got = message_of(lambda: fit.predict(new), gm.ArgumentError)
    assert got.startswith("the model was fitted with an array as offset")
    assert got.endswith("Hint: pass offset=values; offset=0 predicts without it")
    assert np.allclose(fit.predict(new, offset=0), [3, 5])
    assert np.allclose(fit.predict(new, offset=np.array([10.0, 20])), [13, 25])
    assert np.allclose(fit.predict({**new, "shift": np.array([1.0, 2])}, offset="shift"), [4, 7])


def test_an_offset_of_zero_leaves_a_column_out() -> None:
    fit = gm.fit("y ~ x", {**DATA, "y": 1 + 2 * DATA["x"] + 7}, offset="z")
    new = {"x": np.array([1.0]), "z": np.array([100.0])}
    assert np.allclose(fit.predict(new), [103])
    for zero in (0, 0.0, np.float64(0)):
        assert np.allclose(fit.predict({"x": np.array([1.0])}, offset=zero), [3])
    got = message_of(lambda: fit.predict(new, offset=2.0), gm.ArgumentError)
    assert got.startswith("offset is 'an array of shape ()'\nAllowed: the name of a column, or one value for each row")
