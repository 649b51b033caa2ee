"""Text where numbers are meant: the value and its row are named, however far down it stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gramian as gm
from gramian.formula.notation import notation

FAR = 200_000


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A CSV of so many values that they would be too many levels, with one text in the last row."""
    path = tmp_path_factory.mktemp("long") / "long.csv"
    values = np.random.default_rng(0).permutation(FAR).astype(str)
    path.write_text("y,x\n" + "".join(f"{i % 7},{value}\n" for i, value in enumerate(values)) + "1,oops\n")
    return str(path)


@pytest.mark.parametrize("formula", ["y ~ x", "x ~ y", "y ~ log(x + 1)", "y ~ scale(x)"])
def test_one_text_in_a_long_column(long, formula):
    with pytest.raises(gm.DataError) as caught:
        gm.fit(formula, long)
    assert str(caught.value) == (
        f"column 'x' is used as a number, and holds the text 'oops' at row {FAR} (counted from 0)\n"
        "Allowed: numbers, booleans, missing values\n"
        "Hint: repair that value, or write C(x) to use the column as a category"
    )


def test_one_text_among_the_weights_and_in_new_rows(long):
    with pytest.raises(gm.DataError, match="'x' is used as a number, and holds the text 'oops' at row"):
        gm.fit("y ~ 1", long, weights="x")
    fit = gm.fit("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(gm.DataError, match="'x' is used as a number, and holds the text 'oops' at row"):
        fit.predict(long)


def test_identifiers_are_still_too_many_levels():
    rows = 70_000
    data = {"y": np.ones(rows), "x": [f"id{i}" for i in range(rows)]}
    with pytest.raises(gm.DataError, match=r"(?s)the formula makes .* columns.*is x an identifier\?"):
        gm.fit("y ~ x", data)
    data["x"] = [str(i) for i in range(rows)]
    with pytest.raises(gm.DataError, match=r"column 'x' holds numbers as text, such as '.*would be a category of 70,000 levels"):
        gm.fit("y ~ x", data)


def test_too_many_levels_in_several_parts(tmp_path):
    """Parts that are read side by side: numbers as text, one of the last of them a word."""
    values = [str(i) for i in range(100_000)]
    values[-2] = "1,000 or so"
    table = pa.table({"y": np.arange(100_000.0) % 5, "x": values})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=20_000)
    with pytest.raises(gm.DataError, match="holds the text '1,000 or so' at row 99998"):
        gm.fit("y ~ x", str(tmp_path / "t.parquet"))


def test_numbers_that_are_all_text():
    with pytest.raises(gm.DataError) as caught:
        gm.fit("x ~ y", {"y": [1.0, 2.0, 4.0], "x": ["1", "2", "3"]})
    assert str(caught.value) == (
        "column 'x' is used as a number, and holds its numbers as text, such as '1'\n"
        "Allowed: numbers, booleans, missing values\n"
        "Hint: convert it to numbers first, or write C(x) to use it as a category"
    )


def few(*values: Any) -> gm.Fit:
    y = np.random.default_rng(1).normal(size=4 * len(values))
    return gm.fit("y ~ g", pd.DataFrame({"y": y, "g": [*values] * 4}))


def test_numbers_and_text_with_few_levels_are_a_category_with_a_note():
    fit = few("1", "2", "x", "1,000")
    assert fit.names == ("Intercept", "g[T.1,000]", "g[T.2]", "g[T.x]")
    assert fit.notes[:1] == (
        "column 'g' holds numbers and text, as 'x' at row 2 (counted from 0), and is taken as a category: repair the text "
        "if numbers are meant; C(g) says that a category is",
    )
    assert "column 'g' holds numbers and text" in str(fit)


@pytest.mark.parametrize("values", [("a", "b", "c"), ("01", "02", "10")], ids=["words", "codes"])
def test_no_note_where_the_levels_are_words_or_codes(values):
    assert few(*values).notes == ()


def test_no_note_where_the_category_was_asked_for():
    y = np.random.default_rng(1).normal(size=12)
    values = ["1", "2", "x"] * 4
    assert gm.fit("y ~ C(g)", pd.DataFrame({"y": y, "g": values})).notes == ()
    declared = pd.Categorical(values, categories=["1", "2", "x"])
    assert gm.fit("y ~ g", pd.DataFrame({"y": y, "g": declared})).notes == ()


NOTATIONS = {
    "plain": (("1", "2.5", "-3e2"), "convert it to numbers"),
    "decimal commas": (("1", "2,5", "1.000,25"), "put points for the decimal commas"),
    "thousands separators": (("1,000", "2,000.5", "3"), "take out the thousands separators"),
    "spaces": (("1 000", "2 000", "30"), "take out the thousands separators"),
    "currency": (("$1,000", "-$2.50", "3 €"), "take out the currency or percent signs"),
    "percent": (("10%", "2.5 %", "3%"), "take out the currency or percent signs"),
}


@pytest.mark.parametrize("name", NOTATIONS)
def test_few_numbers_in_any_notation_are_a_category_with_a_note(name: str) -> None:
    values, repair = NOTATIONS[name]
    (note,) = few(*values).notes
    assert note.startswith("column 'g' holds its numbers as text, such as ")
    assert "is taken as a category of 3 levels" in note
    assert repair in note
    assert note.endswith("C(g) says that a category is")


@pytest.mark.parametrize("name", NOTATIONS)
def test_numbers_in_any_notation_as_many_as_rows_are_refused(name: str) -> None:
    values, repair = NOTATIONS[name]
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0], "g": [*values]})
    with pytest.raises(gm.DataError) as caught:
        gm.fit("y ~ g", data)
    said = str(caught.value)
    assert said.startswith("column 'g' holds numbers as text, such as ")
    assert "would be a category of 3 levels" in said
    assert "Allowed: numbers, or text that is a category" in said
    assert repair in said
    assert "or write C(g) to use it as a category" in said
    assert gm.fit("y ~ C(g)", data).estimate.df_resid == 0


def test_many_numbers_as_text_are_refused_however_many_rows() -> None:
    y, values = np.arange(420.0) % 7, [f"{i},5" for i in range(21)] * 20
    with pytest.raises(gm.DataError, match=r"such as '0,5' at row 0 .counted from 0., and would be a category of 21 levels"):
        gm.fit("y ~ g", {"y": y, "g": values})
    assert len(gm.fit("y ~ g", {"y": y, "g": [f"{i % 20},5" for i in range(420)]}).coef) == 20


def test_a_file_with_decimal_commas_says_so(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y;x\n1;2,5\n2;3,5\n4;5,1\n")
    with pytest.raises(gm.DataError, match=r"(?s)such as '2,5' at row 0.*put points for the decimal commas"):
        gm.fit("y ~ x", str(path))
    with pytest.raises(gm.DataError, match=r"(?s)holds the text '2,5' at row 0.*put points for the decimal commas"):
        gm.fit("y ~ log(x)", str(path))


@pytest.mark.parametrize("text", ["", "a", "1,2,3x", "12-05", "1.2.3", "N/A", "$", "%", "007", "1,00,000x"])
def test_what_is_no_number_in_any_notation(text: str) -> None:
    assert notation(text) is None
