"""Columns become X: names and values as formulaic's, state from all rows, missing rows, weights, clear errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from design_support import Memory
from gramian.data.blocks import Block
from gramian.data.source import CodedColumn
from gramian.errors import ArgumentError, DataError, FormulaError, GramianError, NeedsData, SourceError
from gramian.execution.threads import Threads
from gramian.formula import learn as learning
from gramian.formula import saved as designs
from gramian.formula.design import Design
from gramian.formula.quantiles import quantiles
from gramian.formula.values import Gathered


def table(rows: int = 397, missing: bool = True) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "y": random.normal(size=rows),
            "x": random.normal(size=rows) + 3,
            "z": random.exponential(size=rows) + 0.1,
            "c": random.choice(list("bcad"), rows),
            "g": random.choice(["u", "v"], rows),
            "k": random.choice([1, 2, 10], rows),
            "my col": random.random(rows),
        }
    )
    if missing:
        frame.loc[[5, 300], "x"] = np.nan
        frame.loc[7, "c"] = None
        frame.loc[390, "y"] = np.nan
    return frame


def blocks(design: Design, source: Any) -> list[Block]:
    return [block for part in design.rows(source).parts() for block in part.blocks()]


def labels(block: Block) -> list[Any]:
    cluster = block.cluster
    return [cluster.levels[code] for code in cluster.codes] if isinstance(cluster, CodedColumn) else list(cluster)


def built(formula: str, data: Any, parts_of: int | None = None, most: int | None = None, **options: Any) -> Any:
    source = Memory(data, parts_of, most)
    design = Design.of(formula, source.schema, **options).learned(source)
    made = blocks(design, source)
    return design, np.vstack([b.X for b in made]), np.vstack([b.y for b in made]), made


AGREEING = [
    "y ~ x",
    "y ~ x + z",
    "y ~ c",
    "y ~ c - 1",
    "y ~ c*g",
    "y ~ c:g",
    "y ~ 0 + c:g",
    "y ~ x:c + g",
    "y ~ C(c, Treatment('b'))",
    "y ~ C(c, Treatment(reference='c')) - 1",
    "y ~ C(k)",
    "y ~ C(k)*c",
    "y ~ 0 + C(k) + c",
    "y ~ C(c, levels=['d', 'c', 'b', 'a'])*x",
    "y ~ bs(x, df=5)",
    "y ~ bs(x, df=5, include_intercept=True)",
    "y ~ bs(x, df=5, include_intercept=True) - 1",
    "y ~ bs(x, df=5, include_intercept=True):c",
    "y ~ bs(x, knots=[2.5, 3.5], degree=2)",
    "y ~ bs(x, df=6, lower_bound=1, upper_bound=4, extrapolation='clip')",
    "y ~ cr(z, df=4)",
    "y ~ cr(z, df=4, constraints='center')",
    "y ~ poly(x, 3)",
    "y ~ poly(log(z), 2):c",
    "y ~ (x + c + g)^2",
    "y ~ (x + c + g + C(k))**3",
    "y ~ x/c",
    "y ~ x %in% c",
    "y ~ {x+1}",
    "y ~ center(x) + scale(z)",
    "y ~ scale(center(x)*z):c",
    "y ~ scale(x, center=False) + standardize(z)",
    "log(z) ~ I(x>2) + C(x>2)",
    "y ~ np.log(z) + `my col`:c + I(`my col`**2)",
    "y ~ c + c:x + g:x",
    "y ~ g:c:C(k)",
    "y ~ 0 + x:c + z:c",
    "y ~ I(x // 2 + z % 1 - -x)",
    "y ~ x*z*c*g",
    "y ~ .",
]


@pytest.mark.parametrize("formula", AGREEING)
def test_names_and_values_are_those_of_formulaic(formula: str) -> None:
    from formulaic import model_matrix

    data = table()
    design, X, y, _ = built(formula, data, parts_of=200, most=64)
    complete = data.dropna(subset=list(design.columns))
    matrices = model_matrix(formula, complete)
    names = [name for name in matrices.rhs.columns if name != "Intercept"]
    assert list(design.names) == names
    expected = matrices.rhs[names].to_numpy(dtype=float)
    # A recurrence of degree d, or a basis in h, loses a few digits a step; everything else is exact.
    assert np.abs(X - expected).max() <= 1e-13 * max(1.0, np.abs(expected).max())
    assert np.abs(y - matrices.lhs.to_numpy(dtype=float)).max() <= 1e-15


@pytest.mark.parametrize("formula", AGREEING)
def test_json_keeps_every_bit_and_predicts_the_same_columns(formula: str) -> None:
    data = table(120, missing=False)
    source = Memory(data, most=50)
    design, X, _, _ = built(formula, data)
    again = designs.from_json(json.loads(json.dumps(designs.to_json(design))))
    assert again.names == design.names
    assert again.terms == design.terms
    assert again.states == design.states
    predicted = list(again.predict_rows(source))
    assert np.array_equal(np.vstack([each.X for each in predicted]), X)
    assert [each.start for each in predicted] == [0, 50, 100]


def test_raw_powers() -> None:
    design, X, _, _ = built("y ~ poly(x, 3, raw=True)", {"y": [1.0, 2], "x": [2.0, 3]})
    assert design.names == tuple(f"poly(x, 3, raw=True)[{k}]" for k in (1, 2, 3))
    assert X.tolist() == [[2, 4, 8], [3, 9, 27]]


def test_booleans_are_categories_named_as_in_patsy() -> None:
    data = {"y": [1.0, 2, 3], "f": [True, False, True]}
    assert built("y ~ f", data)[0].names == ("f[T.True]",)
    assert built("y ~ f - 1", data)[0].names == ("f[False]", "f[True]")
    assert built("f ~ y", data)[2].ravel().tolist() == [1, 0, 1]


def test_plain_columns_of_any_type_fill_x_in_fortran_order() -> None:
    data = {
        "y": np.arange(5, dtype=np.int8),
        "a": np.arange(5, dtype=np.float32) / 3,
        "b": np.arange(10)[::2],
        "c": np.array([1, 2, 3, 4, 2**40], dtype=np.uint64),
        "d": np.asfortranarray(np.random.default_rng(0).random((5, 3)))[:, 1],
    }
    for value in data.values():
        value.setflags(write=False)
    _, X, y, made = built("y ~ a + b + c + d", data)
    assert np.array_equal(X, np.column_stack([np.asarray(data[n], dtype=float) for n in "abcd"]))
    assert np.array_equal(y[:, 0], np.arange(5.0))
    assert made[0].X.flags.f_contiguous
    assert made[0].owned
    assert made[0].kept is None


def test_levels_in_order_numbers_without_a_point_declared_order_kept() -> None:
    data = {
        "y": np.arange(4.0),
        "k": np.array([10.0, 9, np.nan, 1.5]),
        "s": ["10", "9", "9", "b"],
        "p": pd.Series(pd.Categorical(["lo", "hi", "lo", "hi"], categories=["lo", "mid", "hi"])),
    }
    assert built("y ~ C(k) - 1", data)[0].names == ("C(k)[1.5]", "C(k)[9]", "C(k)[10]")
    assert built("y ~ s", data)[0].names == ("s[T.9]", "s[T.b]")
    design = built("y ~ p - 1", data)[0]
    assert design.names == ("p[lo]", "p[hi]")
    assert design.notes == ("levels of p that occur in no row make no column: mid",)


def test_one_level_beside_the_intercept_makes_no_column_and_says_so() -> None:
    design, X, _, _ = built("y ~ x + s", {"y": [1.0, 2], "x": [1.0, 3], "s": ["a", "a"]})
    assert design.names == ("x",)
    assert design.terms[1].columns == ()
    assert design.notes == ("s has the one level 'a' in all rows",)
    assert X.shape == (2, 1)


def test_levels_of_dropped_rows_make_no_column() -> None:
    data = {"y": [1.0, np.nan, 3], "s": ["a", "b", "c"], "w": [1.0, 1, 0]}
    assert built("y ~ s", data)[0].names == ("s[T.c]",)
    assert built("y ~ s - 1", data, weights="w")[0].names == ("s[a]",)


def test_terms_say_which_columns_are_theirs() -> None:
    design, X, _, _ = built("y ~ x + c + x:c", table())
    assert [(t.name, t.columns) for t in design.terms] == [("x", (0,)), ("c", (1, 2, 3)), ("x:c", (4, 5, 6))]
    assert design.terms[2].factors == ("x", "c")
    assert X.shape[1] == 7
    assert design.intercept


def test_a_mean_alone_and_several_targets() -> None:
    data = table(50, missing=False)
    design, X, y, _ = built("y ~ 1", data)
    assert (design.names, X.shape, y.shape) == ((), (50, 0), (50, 1))
    design, _, y, made = built("y + log(z) ~ x", data)
    assert design.targets == ("y", "log(z)")
    assert np.array_equal(y, np.column_stack([data["y"], np.log(data["z"])]))
    assert made[0].y.flags.f_contiguous


# ---- state from all rows ---------------------------------------------------------------------------------------------

LEARNED = "y ~ c + C(k) + poly(x, 2) + bs(z, df=5) + scale(center(x)*z)"


def test_state_comes_from_all_rows_not_from_the_first_block() -> None:
    data = pd.DataFrame({"y": np.zeros(300), "x": np.arange(300.0), "s": ["a"] * 299 + ["late"]})
    design, X, _, _ = built("y ~ s + center(x)", data, parts_of=100, most=10)
    assert design.names == ("s[T.late]", "center(x)")
    assert abs(X[:, 1].mean()) < 1e-12


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_state_does_not_depend_on_threads(threads: int) -> None:
    source = Memory(table(), parts_of=50, most=16)
    one = Design.of(LEARNED, source.schema).learned(source, Threads(1))
    assert Design.of(LEARNED, source.schema).learned(source, Threads(threads)).states == one.states


def test_passes_are_made_only_when_needed() -> None:
    source = Memory(table())
    assert Design.of("y ~ x + log(z) + poly(x, 2, raw=True)", source.schema).learned(source).names
    assert source.passes == 0
    Design.of("y ~ c + poly(x, 3) + bs(x, df=6)", source.schema).learned(source)
    assert source.passes == 1
    Design.of("y ~ scale(center(x)*z)", source.schema).learned(source)
    assert source.passes == 3


def test_values_too_many_to_gather_are_read_again_with_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = "y ~ poly(x, 3) + bs(x, df=6) + cr(z, df=5, constraints='center')"
    source = Memory(table(), parts_of=100, most=32)
    gathered = Design.of(formula, source.schema).learned(source)
    monkeypatch.setattr(learning, "GATHERED", 50)
    before = source.passes
    streamed = Design.of(formula, source.schema).learned(source)
    assert source.passes > before + 5
    assert streamed.states == gathered.states


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_quantiles_are_exact(values: list[float], at: list[float], pieces: int) -> None:
    array = np.array(values) / 2
    found = quantiles(Gathered(np.array_split(array, pieces)), array.size, at)
    expected = np.quantile(array, at)
    assert np.allclose(found, expected, rtol=1e-15, atol=5e-324)


def test_a_stream_that_is_read_once_says_what_to_do() -> None:
    source = Memory(table(), rereadable=False)
    assert Design.of("y ~ x", source.schema).learned(source).names == ("x",)
    with pytest.raises(SourceError) as caught:
        Design.of("y ~ c", source.schema).learned(source)
    assert "houses.csv can be read once only, and c takes an extra pass" in str(caught.value)
    assert "Hint: collect the stream into a table" in str(caught.value)
    assert source.passes == 0


def test_names_before_learning() -> None:
    source = Memory(table())
    with pytest.raises(NeedsData, match=r"through c, poly\(x, 2\)\n.*\nHint: use design.learned"):
        _ = Design.of("y ~ c + poly(x, 2)", source.schema).names


# ---- missing rows, weights, offset, clusters -------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 17), st.randoms(use_true_random=False))
def test_rows_stay_aligned_whatever_the_parts(rows: int, parts_of: int, most: int, random: Any) -> None:
    def some(value: Any, none: Any) -> Any:
        return none if random.random() < 0.2 else value

    data = pd.DataFrame(
        {
            "id": np.arange(rows, dtype=float),
            "x": [some(float(i), np.nan) for i in range(rows)],
            "s": pd.Series([some("ab"[i % 2], None) for i in range(rows)], dtype=object),
            "firm": pd.Series([some(f"f{i % 3}", None) for i in range(rows)], dtype=object),
            "w": [some(float(i % 4), np.nan) for i in range(rows)],
        }
    )
    source = Memory(data, parts_of, most)
    design = Design.of("id ~ x + s", source.schema, weights="w", clusters="firm").learned(source)
    complete = data[data.notna().all(axis=1) & (data["w"] > 0)]
    made = blocks(design, source)
    ids = np.concatenate([block.y[:, 0] for block in made])
    assert ids.tolist() == complete["id"].tolist()
    assert np.concatenate([block.w for block in made]).tolist() == complete["w"].tolist()
    assert [each for block in made for each in labels(block)] == complete["firm"].tolist()
    assert np.concatenate([block.X[:, 0] for block in made]).tolist() == complete["id"].tolist()
    assert sum(block.read for block in made) == rows
    kept = [part.first + block.start + np.arange(block.read)[slice(None) if block.kept is None else block.kept]
            for part in design.rows(source).parts() for block in part.blocks()]
    assert np.concatenate(kept).tolist() == complete.index.tolist()


def test_arrays_beside_the_rows_are_aligned_by_source_row() -> None:
    data = table(30, missing=False)
    data.loc[4, "x"] = np.nan
    w, offset, firm = np.arange(1.0, 31), np.arange(30.0) * 2, [f"f{i % 4}" for i in range(30)]
    _, _, y, made = built("y ~ x", data, 11, 4, weights=w, offset=offset, clusters=firm)
    keep = np.delete(np.arange(30), 4)
    assert np.concatenate([b.w for b in made]).tolist() == w[keep].tolist()
    assert [each for b in made for each in labels(b)] == [firm[i] for i in keep]
    assert np.array_equal(y[:, 0], data["y"].to_numpy()[keep] - offset[keep])


def test_columns_beside_the_rows_may_be_predictors_too_and_survive_a_reader_that_overwrites() -> None:
    data = {"y": np.arange(4.0), "x": np.arange(1.0, 5)}
    source = Memory(data)
    design = Design.of("y ~ x", source.schema, freq_weights="x", offset="x", clusters="x").learned(source)
    block = blocks(design, source)[0]
    block.X[:] = -1
    assert block.w is not None
    assert block.cluster is not None
    assert block.w.tolist() == block.cluster.tolist() == [1, 2, 3, 4]
    assert block.y.ravel().tolist() == [-1, -1, -1, -1]
    assert design.rows(source).weighted
    assert data["x"].tolist() == [1, 2, 3, 4]


def test_integer_clusters_are_integers_in_every_block() -> None:
    firm = np.array([1.0, 2, np.nan, 3])
    source = Memory({"y": np.arange(4.0), "x": np.arange(4.0), "firm": np.array([1, 2, 3, 4])}, most=2)
    assert {b.cluster.dtype for b in blocks(Design.of("y ~ x", source.schema, clusters="firm"), source)} == {
        np.dtype(np.int64)
    }
    source = Memory({"y": np.arange(4.0), "x": np.arange(4.0), "firm": firm}, most=2)
    assert [b.cluster.tolist() for b in blocks(Design.of("y ~ x", source.schema, clusters="firm"), source)] == [
        [1, 2],
        [3],
    ]


# ---- errors ----------------------------------------------------------------------------------------------------------

DATA = {
    "y": [1.0, 2, 3, 4],
    "x": [1.0, 2, np.nan, 4],
    "bad": [1.0, np.inf, 3, 4],
    "neg": [1.0, 2, -3, 0],
    "n": ["1", "2", "n/a", "4"],
    "t": np.array(["2020-01-01"] * 4, dtype="M8[s]"),
    "w": [1.0, -2, 0, 1],
    "h": [1.0, 0.5, 1, 1],
    "zero": [0.0, 0, 0, 0],
}

MESSAGES: list[tuple[str, dict[str, Any], type[GramianError], str, str]] = [
    ("y ~ bad", {}, DataError, "column 'bad' is inf at row 1 (counted from 0)", "write the value as missing (NaN)"),
    ("y ~ x", {"missing": "error"}, DataError, "column 'x' has no value at row 2 (counted from 0)", 'missing="drop"'),
    ("y ~ I(n * 2)", {}, DataError, "column 'n' is used as a number, and holds the text 'n/a' at row 2", "write C(n)"),
    ("n ~ y", {}, DataError, "column 'n' is used as a number, and holds the text 'n/a' at row 2", "repair that value"),
    ("y ~ log(neg)", {}, DataError, "log(neg) is nan at row 2 (counted from 0), where neg = -3", "leave such rows out"),
    ("log(neg) ~ y", {}, DataError, "log(neg) is nan at row 2 (counted from 0), where neg = -3", "leave such rows out"),
    ("y ~ I(1/zero)", {}, DataError, "(1 / zero) is inf at row 0 (counted from 0), where zero = 0", "change the expr"),
    ("y ~ t", {}, DataError, "column 't' of the data holds datetime64[s]", "'. - t'"),
    ("y ~ . + t", {}, DataError, "column 't' of the data holds datetime64[s]", "'. - t'"),
    ("C(n) ~ y", {}, FormulaError, "C(n) cannot be a target", "use a column of 0 and 1"),
    ("poly(y, 2) ~ x", {}, FormulaError, "poly(y, 2) cannot be a target", "use a column of 0 and 1"),
    ("y ~ C(n, levels=['1', '2'])", {}, DataError, "meets the level 'n/a' at row 2", "add it to levels=[...]"),
    ("y ~ C(n, Treatment('7'))", {}, DataError, "C(n, Treatment('7')): the base '7' occurs in no row", "choose one"),
    ("y ~ poly(h, 2)", {}, DataError, "poly(h, 2): the column has 2 distinct values", "a degree below 2"),
    ("y ~ scale(zero)", {}, DataError, "scale(zero): the column is constant", "leave it out"),
    ("y ~ bs(zero, df=4)", {}, DataError, "bs(zero, df=4): its bounds are 0 and 0", "two distinct values"),
    ("y ~ bs(h, knots=[7])", {}, DataError, "bs(h, knots=[7]): a knot is outside 0.5 to 1", "inside the data"),
    ("y ~ bs(h, upper_bound=0.7)", {}, DataError, "bs(h, upper_bound=0.7) meets 1 at row 0", "extrapolation='clip'"),
    ("y ~ cr(h, df=4, upper_bound=0.7, lower_bound=0)", {}, DataError, "the column has 1 distinct values", "lower df"),
    ("y ~ poly(I(neg*1e80), 3)", {}, DataError, "its powers overflow", "poly(scale(x), 2)"),
    ("y ~ h", {"weights": "w"}, DataError, "weights is -2.0 at row 1 (counted from 0)", "weight zero leave the fit"),
    ("y ~ h", {"freq_weights": "h"}, DataError, "freq_weights is 0.5 at row 1", "weight zero leave"),
    ("y ~ h", {"weights": [1, 2, np.nan, 1]}, DataError, "weights is nan at row 2", "weight zero leave"),
    ("y ~ h", {"weights": [0, 0, 0, 0]}, DataError, "weights is zero in every row", "check the column"),
    ("y ~ h", {"weights": [1, 2]}, DataError, "weights has 2 values, and houses.csv has 4 rows", "name of a column"),
    ("y ~ h", {"weights": "wt"}, DataError, "column 'wt' is not in the data, for weights", "did you mean 'w'?"),
    ("y ~ h", {"weights": [["a"]]}, ArgumentError, "weights is 'an array of <U1'", ""),
    ("y ~ h", {"offset": np.ones((2, 2))}, ArgumentError, "offset is 'an array of shape (2, 2)'", ""),
    ("y ~ h", {"offset": [1, np.inf, 0, 0]}, DataError, "column 'offset' is inf at row 1", "remove that row"),
    ("y ~ h", {"clusters": ["a", None, "b", "b"]}, DataError, "clusters has no label at row 1", "in a column"),
    ("y ~ h", {"weights": "w", "freq_weights": "h"}, ArgumentError, "weights and freq_weights is 'both'", "multiply"),
    ("y ~ h", {"missing": "dorp"}, ArgumentError, "missing is 'dorp'", "did you mean 'drop'?"),
    ("y ~ h", {"offset": "t"}, DataError, "column 't' of the data holds datetime64[s]", ""),
]


@pytest.mark.parametrize(("formula", "options", "kind", "got", "hint"), MESSAGES)
def test_bad_input_says_what_was_got_and_what_to_do(
    formula: str, options: dict[str, Any], kind: type[GramianError], got: str, hint: str
) -> None:
    source = Memory(DATA)
    with pytest.raises(kind) as caught:
        blocks(Design.of(formula, source.schema, **options).learned(source), source)
    text = str(caught.value)
    assert got in text.split("\n")[0]
    assert hint in text
    assert "Hint: " in text or not hint


def test_rows_of_a_part_whose_place_is_unknown_are_counted_in_it() -> None:
    source = Memory(DATA, parts_of=2, numbered=False)
    with pytest.raises(DataError, match=r"log\(neg\) is nan at row 0 of part-1\.csv \(counted from 0\)"):
        blocks(Design.of("y ~ log(neg)", source.schema), source)
    with pytest.raises(DataError, match=r"weights is an array, and the rows of part-0\.csv cannot be numbered"):
        blocks(Design.of("y ~ h", source.schema, weights=[1, 1, 1, 1]), source)


@pytest.mark.parametrize("size", [3, 5])
def test_arrays_of_another_length_are_found_even_when_the_rows_were_not_known(size: int) -> None:
    class Unknown(Memory):
        def parts(self, columns: Any, rows: int) -> Any:
            self.rows = 4
            try:
                return list(super().parts(columns, rows))
            finally:
                self.rows = None

    late = Unknown(DATA)
    late.rows = None
    with pytest.raises(DataError, match=f"weights has {size} values"):
        blocks(Design.of("y ~ h", late.schema, weights=np.ones(size)), late)


def test_one_bad_number_among_many_is_not_a_category() -> None:
    values = [str(i) for i in range(50)]
    values[31] = "n/a"
    data = {"y": np.arange(50.0), "x": values}
    with pytest.raises(DataError, match="column 'x' is used as a number, and holds the text 'n/a' at row 31"):
        built("y ~ x", data)
    assert len(built("y ~ C(x)", data)[0].names) == 49


@pytest.mark.parametrize("factor", ["poly(x, 2)", "bs(x, df=4)", "scale(x)"])
def test_nothing_to_learn_from(factor: str) -> None:
    with pytest.raises(DataError) as caught:
        built(f"y ~ {factor}", {"y": [1.0, 2], "x": [np.nan, np.nan]})
    assert str(caught.value).startswith(f"{factor}: no complete row is left to learn it from\nHint: see which columns")


def test_a_category_without_any_row_makes_no_column() -> None:
    design, X, _, made = built("y ~ s + center(x)", {"y": [1.0], "s": np.array([None], dtype=object), "x": [2.0]})
    assert design.names == ("center(x)",)
    assert X.shape == (0, 1)
    assert made[0].missing == 1


def test_an_identifier_as_a_category_is_refused() -> None:
    data = {"y": np.arange(30_000.0), "id": np.arange(30_000)}
    with pytest.raises(DataError, match=r"the formula makes 29,999 columns, 29,999 of them from C\(id\)"):
        built("y ~ C(id)", data)


def test_two_columns_of_one_name() -> None:
    with pytest.raises(FormulaError, match="two columns of X would be called 'a:b'"):
        built("y ~ a:b + `a:b`", {"y": [1.0], "a": [1.0], "b": [1.0], "a:b": [2.0]})


# ---- predictions -----------------------------------------------------------------------------------------------------


def fitted(formula: str = "y ~ x + c", **options: Any) -> Design:
    source = Memory(table())
    return Design.of(formula, source.schema, **options).learned(source)


def test_predicting_needs_no_target_and_reports_rows_that_miss_a_value() -> None:
    new = {"c": ["a", None, "d", "b"], "x": [1.0, 2, np.nan, 4]}
    first, second = fitted().predict_rows(Memory(new, most=3))
    assert first.missing.tolist() == [1, 2]
    assert np.isnan(first.X[1:]).all()
    assert first.X[0].tolist() == [1, 0, 0, 0]
    assert (second.start, second.X.tolist()) == (3, [[4, 1, 0, 0]])


def test_predicting_with_splines_and_nan() -> None:
    design = fitted("y ~ bs(x, df=4, extrapolation='clip') + cr(z, df=3) + poly(x, 2)")
    (block,) = design.predict_rows(Memory({"x": [3.0, np.nan, 90], "z": [1.0, 1, 1]}))
    assert block.missing.tolist() == [1]
    assert np.isfinite(block.X[[0, 2]]).all()


def test_predicting_uses_the_column_of_the_offset() -> None:
    design = fitted(offset="z")
    (block,) = design.predict_rows(Memory({"x": [1.0], "c": ["a"], "z": [7.0]}))
    assert block.offset is not None
    assert block.offset.tolist() == [7]
    (block,) = design.predict_rows(Memory({"x": [1.0], "c": ["a"]}), offset=[3.0])
    assert block.offset is not None
    assert block.offset.tolist() == [3]
    (block,) = fitted().predict_rows(Memory({"x": [1.0], "c": ["a"]}))
    assert block.offset is None


@pytest.mark.parametrize(
    ("formula", "new", "got", "hint"),
    [
        ("y ~ x + c", {"x": [1.0], "C": ["a"]}, "column 'c' is not in houses.csv", "did you mean 'C'?"),
        ("y ~ x + c", {"x": [1.0, 2], "c": ["a", "e"]}, "column 'c' is 'e' at row 1", "fit again with rows of that"),
        ("y ~ C(k)", {"k": [1, 3]}, "column 'k' is '3' at row 1 (counted from 0), a level that the fit", "leave such"),
        ("y ~ c", {"c": [1, 3]}, "column 'c' holds numbers, and held text when the model was fitted", "convert"),
        ("y ~ C(k)", {"k": ["1", "2"]}, "column 'k' holds text, and held numbers", "convert"),
        ("y ~ x", {"x": ["a", "b"]}, "column 'x' is used as a number, and holds the text 'a' at row 0", "repair"),
        ("y ~ bs(x, df=4)", {"x": [99.0]}, "bs(x, df=4) meets 99 at row 0", "extrapolation='clip'"),
        ("y ~ log(z)", {"z": [1.0, -1]}, "log(z) is nan at row 1", "leave such rows out"),
        ("y ~ x", {"x": np.array(["2020"], dtype="M8[D]")}, "column 'x' of houses.csv holds datetime64[D]", "make a number"),
    ],
)
def test_new_rows_that_cannot_be_predicted(formula: str, new: Any, got: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        list(fitted(formula).predict_rows(Memory(new)))
    assert got in str(caught.value).split("\n")[0]
    assert hint in str(caught.value)


def test_a_saved_design_keeps_columns_that_its_formula_takes_away() -> None:
    data = {"y": [1.0, 2], "a": [1.0, 2], "b": [3.0, 4], "w": [1.0, 1]}
    source = Memory(data)
    design = Design.of("y ~ . - b", source.schema, weights="w")
    again = designs.from_json(json.loads(json.dumps(designs.to_json(design))))
    assert again.names == design.names == ("a",)
    assert again.predictors == ("a",)
    assert again.columns == ("y", "a", "w")
