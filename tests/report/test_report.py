"""The printed answer: what it says, that columns line up, that no name can break or hide anything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from estimates import fitted
from gramian.errors import ArgumentError
from gramian.inference.estimate import Dropped
from gramian.inference.statistics import Inference
from gramian.report import as_frame, summarise, table
from gramian.report import latex as latex_report
from gramian.report.content import Row
from gramian.report.labels import columns_of, shortened, visible
from gramian.report.numbers import aligned, cells, certified, p_value, plain, share, short

STACKLOSS = np.array(
    [
        [42, 80, 27, 89], [37, 80, 27, 88], [37, 75, 25, 90], [28, 62, 24, 87], [18, 62, 22, 87], [18, 62, 23, 87],
        [19, 62, 24, 93], [20, 62, 24, 93], [15, 58, 23, 87], [14, 58, 18, 80], [14, 58, 18, 89], [13, 58, 17, 88],
        [11, 58, 18, 82], [12, 58, 19, 93], [8, 50, 18, 89], [7, 50, 18, 86], [8, 50, 19, 72], [8, 50, 19, 79],
        [9, 50, 20, 80], [15, 56, 20, 82], [15, 70, 20, 91],
    ],
    dtype=float,
)  # fmt: skip


def stackloss(**options):
    names = ["airflow", "watertemp", "acidconc"]
    return Inference.classical(fitted(STACKLOSS[:, 1:], STACKLOSS[:, 0], names=names, **options).estimate)


def made(names, k=1, m=300, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, len(names))) * np.logspace(-3, 3, len(names))
    return Inference.classical(fitted(X, rng.normal(size=(m, k)), names=names, **options).estimate)


@pytest.fixture(scope="module")
def summary():
    return summarise(
        stackloss(),
        title="stackloss ~ airflow + watertemp + acidconc",
        digits=np.array([[13.44], [13.99], [13.1], [np.nan]]),
        method="qr, 2 passes; chosen because 21 rows fit in memory",
        certificate="at least 13.1 in every coefficient (certified from the data)",
        missing=2,
        notes=["level 'x' of 'city' occurs in no row"],
    )


def test_the_text_says_what_r_says(summary):
    text = str(summary)
    assert text == repr(summary)
    assert text.startswith(
        "stackloss ~ airflow + watertemp + acidconc\n\nRows          21           R-squared  0.9136\n"
    )
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert lines["Intercept"] == ["-39.9197", "11.8960", "-3.36", "0.0038", "-65.018", "-14.821", "13.4"]
    assert lines["airflow"] == ["0.7156", "0.1349", "5.31", "5.8e-05", "0.431", "1.000", "13.9"]
    assert lines["acidconc"] == ["-0.1521", "0.1563", "-0.97", "0.3440", "-0.482", "0.178"]
    assert "F          59.90 on 3 and 17 df, p = 3.0e-09" in text
    assert "Sigma      3.243" in text
    assert "95% interval" in text
    assert text.endswith(
        "Method: qr, 2 passes; chosen because 21 rows fit in memory\n"
        "Digits: at least 13.1 in every coefficient (certified from the data)\n"
        "Note:   2 rows with missing values dropped\n"
        "Note:   level 'x' of 'city' occurs in no row"
    )


def test_the_text_fits_80_columns_and_lines_up(summary):
    lines = str(summary).splitlines()
    assert max(map(len, lines)) <= 80
    body = [line for line in lines if line.startswith(("Intercept", "airflow", "watertemp", "acidconc"))]
    for column in (1, 2, 3, 5, 6):
        points = set()
        for line in body:
            words = line.split()
            start = -1
            for word in words[: column + 1]:
                start = line.index(word, start + 1)
            points.add(start + words[column].index("."))
        assert len(points) == 1


def test_the_level_is_in_the_heading_and_in_the_limits():
    text = str(summarise(stackloss(), title="y ~ .", level=0.99))
    assert "99% interval" in text
    assert "-74.397" in text
    with pytest.raises(ArgumentError, match="level is 99"):
        summarise(stackloss(), title="y ~ .", level=99)


def test_dropped_columns_have_their_equation_and_no_numbers():
    X = STACKLOSS[:, 1:]
    total = X[:, 0] + 2 * X[:, 1]
    fit = fitted(
        np.column_stack([X, total]), STACKLOSS[:, 0], names=["a", "b", "c", "total"],
        dropped=[Dropped("total", ("a", "b"), (1.0, 2.0))],
    )  # fmt: skip
    text = str(summarise(Inference.classical(fit.estimate), title="y ~ a + b + c + total"))
    assert [line.split() for line in text.splitlines() if line.startswith("total")] == [["total", "dropped"]]
    assert "Coefficients  4 (1 dropped)" in text
    assert "Note:   dropped total = a + 2 * b" in text


def test_ridge_prints_coefficients_and_the_reason():
    inference = stackloss()
    shrunk = Inference.classical(replace(inference.estimate, penalty="ridge=0.5"))
    s = summarise(shrunk, title="y ~ .")
    for text in (s.text(), s.html(), s.latex()):
        assert "shrinks the coefficients" in text
        assert "0.71564" in text
        assert "0.1349" not in text
        assert "nan" not in text.lower()
    assert "std err" not in s.text() + s.html()


def test_degenerate_fits_print():
    flat = Inference.classical(fitted(STACKLOSS[:, 1:], np.full(21, 2.0)).estimate)
    assert "R-squared  undefined" in str(summarise(flat, title="y ~ ."))
    square = Inference.classical(fitted(STACKLOSS[:4, 1:] ** [1, 2, 3], STACKLOSS[:4, 0]).estimate)
    assert "none is left to estimate sigma from" in str(summarise(square, title="y ~ .")).replace("\n        ", " ")
    empty = Inference.classical(fitted(np.zeros((21, 0)), STACKLOSS[:, 0]).estimate)
    assert "Intercept  17.524    2.220  7.89" in str(summarise(empty, title="y ~ 1"))


def test_each_target_has_its_block():
    s = summarise(made(["a", "b"], k=3), title="y0 + y1 + y2 ~ a + b")
    text, page, tex = s.text(), s.html(), s.latex()
    assert [line for line in text.splitlines() if line.startswith("==")] == ["== y0 ==", "== y1 ==", "== y2 =="]
    assert text.count("std err") == 3
    assert page.count("<table>") == page.count("<h4>") == 3
    assert tex.count(r"\begin{tabular}") == 3


# ---- names


NASTY = [
    "<script>alert(1)</script>",
    "a & b_%$#{}~^\\",
    "col\x1b[31mred\nnext",
    "evil\u202etxt",
    '"quoted" `tick`',
    "--",
]


def test_no_name_can_put_markup_into_the_page():
    s = summarise(made(NASTY), title="<b>y</b> ~ .", notes=["<i>note</i>"], method="<u>m</u>")

    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: set[str] = set()
            self.open: list[str] = []

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    reader = Tags()
    reader.feed(s._repr_html_())
    assert not reader.open
    assert not reader.tags & {"script", "b", "i", "u", "a", "img", "link"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in s.html()


def test_no_name_can_move_or_hide_text():
    text = summarise(made(NASTY), title="y\x07 ~ .").text(width=120)
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert r"col\x1b[31mred\nnext" in text
    assert r"evil\u202etxt" in text


def test_latex_prints_names_as_they_are():
    tex = summarise(made(NASTY), title="y_1 ~ .").latex()
    assert r"\caption{y\_1 \textasciitilde{} .}" in tex
    assert r"a \& b\_\%\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{} & " in tex
    assert "-{}- & " in tex
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    rows = [line for line in tex.splitlines() if line.endswith(r" \\")]
    assert {line.count("&") - line.count(r"\&") for line in rows[1:]} == {6}
    assert latex_report.number("-1.5e-07") == r"$-1.5\times 10^{-7}$"
    assert latex_report.number("<2e-16") == r"$<2\times 10^{-16}$"


def test_long_names_are_cut_in_the_middle_and_stay_apart():
    names = [f"C(neighbourhood_of_the_building)[T.{i:02d} of a very long list]" for i in range(20)]
    text = summarise(made(names), title="y ~ .").text()
    cut = [line.split("  ")[0] for line in text.splitlines() if line.startswith("C(")]
    assert len(set(cut)) == 20
    assert all("..." in name for name in cut)
    assert shortened(["abcdefghijklmnop"], 9) == ["abc...nop"]
    assert shortened(["ab"], 14) == ["ab"]


LEVELS = ["INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN"]


@pytest.mark.parametrize("width", [80, 60, 40])
def test_no_line_is_wider_than_the_page_and_levels_stay(width):
    names = ["median_income", "housing_median_age", *(f"C(ocean_proximity)[T.{level}]" for level in LEVELS)]
    title = "median_house_value ~ median_income + " + "a" * 90
    notes = ["東京都" * 20, "words " * 30]
    several = [f"value_of_the_house_in_the_{i}_century" * 3 for i in range(2)]
    for k in (1, 2):
        inference = made(names, k=k)
        if k == 2:
            inference = Inference.classical(replace(inference.estimate, targets=tuple(several)))
        s = summarise(inference, title=title, notes=notes, weights="w" * 70, digits=np.full((7, k), 12.0))
        lines = s.text(width=width).splitlines()
        assert max(map(columns_of, lines)) <= width
        for level in LEVELS if width > 40 else []:
            assert sum(f"{level}]  " in line for line in lines) == k
        assert "".join(line.strip() for line in lines).count("a" * 90) == 1


def test_levels_outlive_their_variable():
    name = "C(ocean_proximity)[T.NEAR BAY]"
    expected = [name, "C(ocean_...)[T.NEAR BAY]", "C(o...)[T.NEAR BAY]", "...[T.NEAR BAY]", "...NEAR BAY]"]
    assert [shortened([name], width)[0] for width in (30, 24, 19, 15, 12)] == expected
    both = "C(ocean_proximity)[T.INLAND]:C(income_category)[T.high]"
    assert shortened([both], 36) == ["C(oc...)[T.INLAND]:C(in...)[T.high]"]
    many = [f"{'x' * 30}{i:03d}{'y' * 30}" for i in range(120)]
    found = shortened(many, 14)
    assert len(set(found)) == 120
    assert max(map(len, found)) <= 14
    assert found[6].endswith("#7")


@pytest.mark.parametrize("width", [60, 80])
def test_values_of_the_head_line_up(width):
    lines = summarise(made(["a"]), title="y ~ a", weights="w").text(width).split("\n\n")[1].splitlines()
    if width == 60:
        assert {re.match(r"(\S+ )+ +", line).end() for line in lines} == {len("Coefficients  ")}
    assert len(lines) == (5 if width == 80 else 10)


def test_wide_characters_take_two_columns():
    names = ["東京都", "Å", "e\u0301"]
    lines = summarise(made(names), title="y ~ .").text().splitlines()
    body = [line for line in lines if line.startswith(tuple(names))]
    assert [columns_of(name) for name in names] == [6, 1, 1]
    assert len(body) == 3
    assert len({columns_of(line.partition(".")[0]) for line in body}) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6, unique=True))
def test_any_names_give_one_line_each(names):
    shown = [visible(name) for name in names]
    assert all(name.isprintable() or not set(name) & set("\n\r\t\x1b") for name in shown)
    s = summarise(made(names, m=30), title="y ~ .")
    text = s.text(width=100)
    start, end = (i for i, line in enumerate(text.split("\n")) if line and not line.strip("-") and len(line) > 20)
    assert end - start == len(names) + 2
    assert "<script" not in s.html()


# ---- many rows


def test_many_coefficients_are_cut_with_a_count():
    s = summarise(made([f"x{i}" for i in range(1200)], m=1500), title="y ~ .")
    text = s.text()
    assert len(text.splitlines()) < 80
    assert "... 1,141 more; all in fit.table() or summary.text(rows=None)" in text
    assert "x1199 " in text
    assert "x600 " not in text
    assert "x600 " in s.text(rows=None)
    assert "1,001 more" in s.html()
    assert s.latex().count("x600 ") == 1
    assert s.text(rows=1).count(" more; all in") == 1


def test_the_interval_is_left_out_where_it_would_not_fit_and_that_is_said():
    s = summarise(made(["a", "b", "c"]), title="y ~ .", digits=np.full((4, 1), 9.0))
    narrow, wide = s.text(width=60), s.text(width=120)
    assert "95% interval  " in wide
    assert "95% intervals take a wider page:" in narrow
    assert max(len(line) for line in narrow.splitlines() if line.startswith(("a", "b", "c"))) <= 60


# ---- numbers


def row(coef, se=np.nan):
    return Row("x", coef, se, coef / se, 0.5, coef - 2 * se, coef + 2 * se, np.nan)


@pytest.mark.parametrize(
    ("coef", "se", "shown"),
    [
        (-39.9197, 11.896, ("-39.92", "11.90")),
        (-3482258.63, 890420.38, ("-3482259", "890420")),
        (1.2345678901234, 1e-12, ("1.2345678901234", "1.000e-12")),
        (1.5e-9, 2e-10, ("1.5000e-09", "2.000e-10")),
        (2e12, 1e3, ("2.000000000000e+12", "1,000")),
        (-0.00001, 1.0, ("0.000", "1.000")),
        (0.1, 0.0, ("0.1", "0")),
        (0.0, 0.0, ("0", "0")),
        (np.nan, np.nan, ("dropped", "")),
    ],
)
def test_coefficients_are_shown_as_far_as_their_errors_reach(coef, se, shown):
    with np.errstate(all="ignore"):
        (c,) = cells([row(np.float64(coef), np.float64(se))])
    assert (c.coef, c.se) == shown


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        (p_value(0.34404), "0.3440"), (p_value(5.8e-5), "5.8e-05"), (p_value(1e-300), "<2e-16"), (p_value(1.0), "1.0000"),
        (p_value(np.nan), ""), (certified(12.39), "12.3"), (certified(13.0), "13.0"), (certified(np.nan), ""),
        (share(0.99999999), "1 - 1.0e-08"), (share(1.0), "1.0000"), (share(np.nan), "undefined"), (share(-0.2), "-0.2000"),
        (short(3.24336), "3.243"), (short(49677.1), "49,677"), (short(1.5e-9), "1.500e-09"), (short(np.inf), "inf"),
        (plain(np.inf, 4), "inf"), (plain(123456789.4, 6), "123456789"),
    ],
)  # fmt: skip
def test_numbers_read_well(got, shown):
    assert got == shown


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: f"{v:.{abs(int(v)) % 5}f}"), min_size=1))
def test_decimals_line_up(texts):
    lined = aligned(texts)
    assert len(set(map(len, lined))) == 1
    ends = [(line + " ").index(text) + len(text.partition(".")[0]) for line, text in zip(lined, texts, strict=True)]
    assert all(a == b for a, b in pairwise(ends))


# ---- as data


def test_the_summary_as_json(summary):
    data = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    assert data["title"] == "stackloss ~ airflow + watertemp + acidconc"
    assert data["panels"][0]["rows"][0]["coef"] == stackloss().coef[0, 0]
    assert data["panels"][0]["rows"][3]["digits"] is None


def test_the_table_as_columns():
    inference = made(["a", "b"], k=2)
    columns = table(inference, digits=np.full((3, 2), 11.0), level=0.9)
    assert list(columns) == ["target", "name", "coef", "se", "t", "p", "low", "high", "digits"]
    assert columns["name"] == ["Intercept", "a", "b"] * 2
    assert columns["target"] == ["y0"] * 3 + ["y1"] * 3
    assert_array_equal(columns["coef"], inference.coef.T.ravel())
    assert_array_equal(columns["low"], inference.conf_int(0.9)[0].T.ravel())
    assert "target" not in table(stackloss())
    assert np.isnan(table(stackloss())["digits"]).all()


@pytest.mark.parametrize("like", ["pandas", "polars", "arrow", "dict"])
def test_the_table_in_the_callers_own_kind_of_frame(like):
    columns = table(stackloss())
    frame = as_frame(columns, like)
    module = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow", "dict": "builtins"}[like]
    assert type(frame).__module__.split(".")[0] == module
    assert [*(frame.column_names if like == "arrow" else dict(frame) if like == "dict" else frame.columns)] == list(
        columns
    )
    assert_array_equal(np.asarray(frame["coef"]), columns["coef"])


def test_an_unknown_kind_of_frame():
    with pytest.raises(ArgumentError, match=r"like is 'panda'\nAllowed: .*\nHint: did you mean 'pandas'\?"):
        as_frame(table(stackloss()), "panda")
