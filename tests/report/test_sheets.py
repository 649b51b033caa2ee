"""Sheets: one value, drawn as text, HTML, LaTeX, Markdown and data."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from gramian.report import sheet_html, sheet_markup, sheet_text
from gramian.report.sheet import Sheet, SheetColumn, SheetLine, SheetNote, SheetPicture, SheetTable, sheet_data

LONG = "words that go on and on until they have to be wrapped"
HEADED = SheetTable(
    (SheetColumn("name"), SheetColumn("seconds", "right"), SheetColumn("end")),
    (SheetLine(("a_b", "1.5", "x < y"), "best", 'said "so"'), SheetLine(("c", "refused | for & nothing"), "out")),
)
FILLED = SheetTable(
    (SheetColumn(), SheetColumn(align="fill"), SheetColumn(align="right")),
    (SheetLine(("rows", LONG, "")), SheetLine(("solve", "qr", "est 1 s"))),
)
SHEET = Sheet(
    "plan",
    SheetNote("50% of <it>", "plan"),
    ((HEADED,), (SheetNote(LONG, "why"), SheetPicture("<svg></svg>"), SheetNote("\u202eend", kind="r"))),
)


def test_text_wraps_the_column_that_fills_and_hangs_labelled_notes() -> None:
    sheet = Sheet("plan", SheetNote("t"), ((FILLED, SheetNote(LONG, "why")),))
    assert sheet_text.render(sheet, 44).splitlines() == [
        "t",
        "  rows   words that go on and on",
        "         until they have to be",
        "         wrapped",
        "  solve  qr                          est 1 s",
        "why: words that go on and on until they have",
        "  to be wrapped",
    ]


def test_text_aligns_columns_under_their_heads_and_sections_stand_apart() -> None:
    table = SheetTable(HEADED.columns, (SheetLine(("a_b", "1.5", "x < y")), SheetLine(("c", "10.25", ""))))
    assert sheet_text.render(Sheet("race", SheetNote("t"), ((), (table,)))).splitlines() == [
        "t",
        "",
        "name  seconds  end",
        "a_b       1.5  x < y",
        "c       10.25",
    ]


class _Balanced(HTMLParser):
    """Every tag that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_escapes_spans_and_names_the_looks() -> None:
    page = sheet_html.render(SHEET, ".gramian-plan{}")
    reader = _Balanced()
    reader.feed(page)
    assert not reader.open
    assert "<h1>plan: 50% of &lt;it&gt;</h1>" in page
    assert '<tr class="best" title="said &quot;so&quot;"><th>a_b</th><td class="n">1.5</td>' in page
    assert '<tr class="out"><th>c</th><td colspan="2">refused | for &amp; nothing</td></tr>' in page
    assert '<p class="r">\\u202eend</p>' in page
    assert "<svg></svg>" in page


def test_latex_and_markdown_keep_what_is_said_and_leave_pictures_out() -> None:
    tex, marked = sheet_markup.latex(SHEET), sheet_markup.markdown(SHEET)
    assert r"\caption{plan: 50\% of \textless{}it\textgreater{}}" in tex
    assert r"\begin{tabular}{lrl}" in tex
    assert r"a\_b & 1.5 & x \textless{} y \\" in tex
    assert r"c & \multicolumn{2}{l}{refused \textbar{} for \& nothing} \\" in tex
    assert marked.splitlines()[:5] == [
        r"### plan: 50% of \<it\>",
        "",
        "| name | seconds | end |",
        "| --- | ---: | --- |",
        r"| a\_b | 1.5 | x \< y |",
    ]
    assert r"| c | refused \| for & nothing |  |" in marked
    assert "svg" not in tex + marked


def test_data_are_plain_json() -> None:
    data = json.loads(json.dumps(sheet_data(SHEET)))
    assert data["title"] == "plan: 50% of <it>"
    assert [sorted(block) for block in data["blocks"]] == [["columns", "lines"], *[["kind", "label", "text"]] * 2]


@pytest.mark.parametrize("width", [30, 60, 100])
def test_no_line_is_wider_than_asked(width: int) -> None:
    sheet = Sheet("plan", SHEET.title, ((FILLED, SheetNote(LONG, "why")),))
    least = 38  # the narrowest wrapped column, and what stands beside it
    assert max(map(len, sheet_text.render(sheet, width).splitlines())) <= max(width, least)
