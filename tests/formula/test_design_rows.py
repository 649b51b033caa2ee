"""What a block holds: columns that stand twice in a formula, rows that fall out, names in any spelling, blocks by place."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pytest

import gramian as gm
from design_support import Memory
from gramian.data.arrays import ArrayRows
from gramian.data.blocks import block_rows
from gramian.data.source import CodedColumn
from gramian.errors import tables as faults
from gramian.execution.threads import Threads
from gramian.formula.design import Design
from gramian.inference.influence import influence
from gramian.reductions.sandwich import Projection


def blocks(formula: str, data: Any, most: int = 7, **options: Any) -> Any:
    source = Memory(data, None, most)
    design = Design.of(formula, source.schema, **options).learned(source)
    return [block for part in design.rows(source).parts() for block in part.blocks()]


def table(missing: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    data = {name: rng.normal(size=31) for name in ("x", "y", "z")}
    if missing:
        data["z"][[2, 9, 30]] = np.nan
    return data


# ---- a column that stands twice --------------------------------------------------------------------------------------

TWICE = [
    ("z ~ x + I(x)", ["x", "x"], ["z"]),
    ("z ~ I(x) + x", ["x", "x"], ["z"]),
    ("z ~ x + I(x) + y", ["x", "x", "y"], ["z"]),
    ("y + I(y) ~ x + z", ["x", "z"], ["y", "y"]),
    ("I(y) + z + y ~ x", ["x"], ["y", "z", "y"]),
    ("y + z ~ x + I(y)", ["x", "y"], ["y", "z"]),
]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize(("formula", "right", "left"), TWICE)
def test_a_column_that_stands_twice_is_filled_twice(formula: str, right: list[str], left: list[str], missing: bool):
    data = table(missing)
    whole = ~np.isnan(data["z"])
    for filler in (np.nan, 1e300):
        # What memory holds before a block is made must never show.
        made = blocks_over(filler, formula, data)
        assert np.array_equal(np.vstack([b.X for b in made]), np.column_stack([data[name][whole] for name in right]))
        assert np.array_equal(np.vstack([b.y for b in made]), np.column_stack([data[name][whole] for name in left]))


def blocks_over(filler: float, formula: str, data: Any) -> Any:
    empty = np.empty
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gramian.formula.design_rows.np.empty", lambda shape, *rest, **named: np.full(shape, filler))
        made = blocks(formula, data)
    assert np.empty is empty
    return made


def test_predicting_fills_a_column_that_stands_twice() -> None:
    data = table(False)
    source = Memory(data)
    design = Design.of("y ~ x + I(x)", source.schema)
    (block,) = design.predict_rows(Memory({"x": np.array([1.0, np.nan, 3.0])}))
    assert block.missing.tolist() == [1]
    assert block.X[[0, 2]].tolist() == [[1, 1], [3, 3]]


def test_rows_that_fall_out_leave_every_kind_of_column_aligned() -> None:
    rng = np.random.default_rng(1)
    m = 200
    data = {"id": np.arange(float(m)), "x": np.arange(m), "s": np.array(list("abcd") * 50, dtype=object)}
    data["x"] = data["x"].astype(float)
    data["x"][rng.integers(0, m, 20)] = np.nan
    data["w"] = (data["id"] % 3).copy()
    made = blocks("id ~ x + s + I(x**2)", data, 16, weights="w", offset="id", clusters="s")
    kept = np.flatnonzero(~np.isnan(data["x"]) & (data["w"] > 0))
    X = np.vstack([b.X for b in made])
    x = data["x"][kept]
    expected = np.column_stack([x, *[data["s"][kept] == level for level in "bcd"], x**2])
    assert np.array_equal(X, expected)
    assert np.concatenate([b.w for b in made]).tolist() == data["w"][kept].tolist()
    assert np.concatenate([b.offset for b in made]).tolist() == kept.tolist()
    assert not np.concatenate([b.y for b in made]).any()
    labels = [b.cluster.levels[code] for b in made for code in b.cluster.codes]
    assert labels == data["s"][kept].tolist()
    assert all(b.X.flags.f_contiguous for b in made)


# ---- names ---------------------------------------------------------------------------------------------------------

MICRO, MU = "\u00b5", "\u03bc"


@pytest.mark.parametrize("column", [MICRO, MU])
@pytest.mark.parametrize("written", [MICRO, MU])
@pytest.mark.parametrize("form", ["{}", "log({})", "`{}`", "exp(`{}`)", "I({} * 2)"])
def test_a_name_is_found_in_any_spelling_that_python_takes_for_the_same(column: str, written: str, form: str) -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    made = blocks(f"y ~ {form.format(written)}", {"y": np.arange(4.0), column: values})
    function = {"l": np.log, "e": np.exp, "I": lambda x: 2 * x}.get(form[0], lambda x: x)
    assert np.allclose(np.concatenate([b.X[:, 0] for b in made]), function(values), rtol=1e-15)


def test_a_name_as_it_is_written_comes_before_others_of_the_same_normal_form() -> None:
    data = {"y": np.arange(3.0), MICRO: np.array([1.0, 2, 3]), MU: np.array([5.0, 6, 8])}
    for name in (MICRO, MU):
        for form in ("{}", "I(-{})", "`{}`"):
            (block,) = blocks(f"y ~ {form.format(name)}", data)
            assert np.abs(block.X[:, 0]).tolist() == data[name].tolist()
    design = Design.of(f"y ~ log({MICRO})", Memory(data).schema)
    assert design.names == (f"log({MICRO})",)


@pytest.mark.parametrize("form", ["{}", "log({})"])
def test_a_name_that_may_be_two_columns_is_refused(form: str) -> None:
    data = {"y": np.arange(3.0), "\u2124": np.ones(3), "\uff3a": np.ones(3)}
    with pytest.raises(gm.DataError) as caught:
        blocks(f"y ~ {form.format('Z')}", data)
    got, allowed, hint = str(caught.value).split("\n")
    assert got.startswith("'Z' may be any of 2 columns of the data")
    assert allowed == "Columns: '\\u2124', '\\uff3a'"
    assert hint.startswith("Hint: copy the name")


# ---- places --------------------------------------------------------------------------------------------------------


def test_rows_of_arrays_keep_their_places_in_influence() -> None:
    m = 40_000
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    rows = ArrayRows.of(X, X.sum(axis=1) + np.arange(m), centred=True)
    assert len(rows.parts()) == -(-m // block_rows(4)) > 2
    root = np.linalg.inv(np.linalg.cholesky(X.T @ X)).T
    projection = Projection(np.ones((3, 1)), root, np.zeros(1), np.zeros(3), True, float(m))
    found = influence(rows, Threads(2), projection, sigma=np.ones(1), df=m - 4.0, rank=4).squeezed()
    assert found.residuals.shape == (m,)
    assert np.allclose(found.residuals, np.arange(m), atol=1e-10)
    starts = [part.first + block.start for part in rows.parts() for block in part.blocks()]
    assert starts == list(range(0, m, block_rows(4)))


# ---- threads -------------------------------------------------------------------------------------------------------


def test_an_error_while_levels_are_learned_does_not_wait_for_whole_parts() -> None:
    class Endless(Memory):
        def parts(self, columns: Any, rows: int) -> Any:
            return [_Failing(part, at) for at, part in enumerate(super().parts(columns, rows))]

    data = {"y": np.arange(40.0), "c": np.array(list("ab") * 20, dtype=object)}
    source = Endless(data, 10, 10)
    started = time.perf_counter()
    with pytest.raises(gm.SourceError, match="the disk is gone"):
        Design.of("y ~ c", source.schema).learned(source, Threads(2))
    assert time.perf_counter() - started < 15.0  # of 20


class _Failing:
    def __init__(self, part: Any, at: int) -> None:
        self.part, self.at, self.label, self.first = part, at, part.label, part.first

    def tables(self) -> Any:
        (one,) = self.part.tables()
        for _ in range(2_000):
            yield one
            time.sleep(0.01)
            if self.at == 0:
                raise faults.unreadable(self.label, "the disk is gone")


# ---- text clusters and values out of range -------------------------------------------------------------------------


def test_text_clusters_are_codes_and_give_the_errors_of_whole_numbers() -> None:
    rng = np.random.default_rng(5)
    m = 30_000
    firm = rng.integers(0, 500, m)
    data = {"x": rng.normal(size=m), "firm": firm, "name": np.array([f"f{i}" for i in firm], dtype=object)}
    data["y"] = data["x"] + rng.normal(size=m)
    fits = [gm.fit("y ~ x", data, cov="cluster", clusters=by) for by in ("firm", "name")]
    fits += [gm.fit("y ~ x", data, cov="cluster", clusters=data[by]) for by in ("firm", "name")]
    for fit in fits[1:]:
        assert np.allclose(fit.se, fits[0].se, rtol=1e-12)
    source = Memory(data)
    rows = Design.of("y ~ x", source.schema, clusters="name").rows(source)
    assert all(isinstance(block.cluster, CodedColumn) for part in rows.parts() for block in part.blocks())


@pytest.mark.parametrize(("scale", "how"), [(1e200, "too large"), (1e-200, "too small")])
def test_values_that_a_method_cannot_square_are_named_with_their_size(scale: float, how: str) -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    y = X.sum(axis=1)
    X[:, 1] *= scale
    size = f"{np.abs(X[:, 1]).max():.3g}"
    got = rf"^the sum of squares of column 1 of X is {how} for a float64: its values reach {re.escape(size)} in size\n"
    with pytest.raises(gm.DataError, match=got + r"Allowed: .*\nHint: divide or multiply the column"):
        gm.lstsq(X, y, "lsmr")
    with pytest.raises(gm.DataError, match=rf"^the sum of squares of b is {how} for a float64\nAllowed"):
        gm.fit("y ~ a + b", {"y": y, "a": X[:, 0], "b": X[:, 1]}, method="lsmr")


def test_weights_that_are_to_blame_are_named() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    y, w = X.sum(axis=1), np.full(30, 1e260)
    got = r"^the weighted sum of squares of column 0 of X, .* too large .*, and the weights 1e\+260\n.*\nHint: .*weights"
    with pytest.raises(gm.DataError, match=got):
        gm.lstsq(X, y, "lsmr", weights=w)
    with pytest.raises(gm.DataError, match=r"^the weighted sum of squares of a, y is too large"):
        gm.fit("y ~ a", {"y": y, "a": X[:, 0]}, weights=w, method="lsmr")
