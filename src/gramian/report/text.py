"""A summary as plain text, 80 columns wide when the names allow it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from gramian.report.content import Content, Fact, Panel, chosen, left_out
from gramian.report.numbers import aligned, cells

_NARROWEST = 14
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def render(content: Content, width: int = 80, rows: int | None = 60) -> str:
    """At most `rows` coefficients of each target, all for None."""
    several = len(content.panels) > 1
    sections = ["\n".join(_wrapped(visible(content.title), width, "    "))]
    if several:
        sections.append("\n".join(_grid(_halves(content.facts), width)))
    for panel in content.panels:
        sides = _halves(panel.facts) if several else [content.facts, panel.facts]
        head = [f"== {visible(panel.target)} =="] if several else []
        sections.append("\n".join([*head, *_grid(sides, width)]))
        sections.append("\n".join(_table(content, panel, width, rows)))
    footer = [line for fact in content.footer for line in _footnote(fact, width)]
    return "\n\n".join([*sections, *(["\n".join(footer)] if footer else [])])


def visible(name: str) -> str:
    """The name with control and direction characters spelled out, so that it can neither hide nor move anything."""
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _HIDDEN else c for c in name)


def columns_of(text: str) -> int:
    """Terminal columns that the text takes: wide characters two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def shortened(names: Sequence[str], width: int) -> list[str]:
    """Names cut in the middle to `width` columns, or to the least width above it that keeps them apart."""
    longest = max(map(columns_of, names), default=0)
    apart = len(set(names))
    while width < longest:
        cut = [_cut(name, width) for name in names]
        if len(set(cut)) == apart:
            return cut
        width += 4
    return list(names)


def _cut(name: str, width: int) -> str:
    if columns_of(name) <= width:
        return name
    left, right = (width - 3 + 1) // 2, (width - 3) // 2
    head, tail = name, name
    while columns_of(head) > left:
        head = head[:-1]
    while columns_of(tail) > right:
        tail = tail[1:]
    return f"{head}...{tail}"


def _table(content: Content, panel: Panel, width: int, rows: int | None) -> list[str]:
    first, skipped, last = chosen(panel.rows, rows)
    shown = (*first, *last)
    found = cells(shown)
    columns: list[tuple[str, list[str]]] = [
        ("coef", aligned([c.coef for c in found])),
        ("std err", aligned([c.se for c in found])),
        (content.statistic, aligned([c.t for c in found])),
        ("p", [c.p for c in found]),
    ]
    digits = aligned([c.digits for c in found])
    lows, highs = aligned([c.low for c in found]), aligned([c.high for c in found])
    interval = [f"{low}  {high}" for low, high in zip(lows, highs, strict=True)]
    tail = [("digits", digits)] if any(c.digits for c in found) else []
    names = [visible(row.name) for row in shown]
    longest = max(map(columns_of, names), default=0)
    full = [*columns, (content.interval, interval), *tail]
    # The interval is what a reader can do without when the rest would not fit.
    fits = min(longest, _NARROWEST) + _width(full) <= width
    columns = full if fits else [*columns, *tail]
    columns = [column for column in columns if any(text.strip() for text in column[1])]
    lines = _drawn(shortened(names, max(width - _width(columns), _NARROWEST)), columns, len(first), skipped)
    if not fits and any(c.low for c in found):
        lines += _wrapped(f"{content.interval}s take a wider page: summary.text(width=120), or --width 120", width, "")
    return lines


def _width(columns: Sequence[tuple[str, list[str]]]) -> int:
    return sum(2 + max([len(head), *map(len, texts)]) for head, texts in columns)


def _drawn(names: list[str], columns: list[tuple[str, list[str]]], first: int, skipped: int) -> list[str]:
    side = max(map(columns_of, names), default=0)
    widths = [max([len(head), *map(len, texts)]) for head, texts in columns]
    heads = [head.center(w) if " int" in head else head.rjust(w) for (head, _), w in zip(columns, widths, strict=True)]
    header = " " * side + "".join(f"  {head}" for head in heads)
    rule = "-" * (side + sum(widths) + 2 * len(widths))
    body: list[str] = []
    for i, name in enumerate(names):
        values = "".join(f"  {texts[i]:>{w}}" for (_, texts), w in zip(columns, widths, strict=True))
        body.append(name + " " * (side - columns_of(name)) + values)
    if skipped:
        body.insert(first, left_out(skipped))
    return [header.rstrip(), rule, *(line.rstrip() for line in body), rule]


def _grid(sides: Sequence[Sequence[Fact]], width: int) -> list[str]:
    """Two columns of facts side by side, or one under the other where they do not fit."""
    left, right = (_facts(side) for side in sides)
    gutter = max(map(columns_of, left), default=0) + 4
    if gutter + max(map(columns_of, right), default=0) > width or not left:
        return [*left, *right]
    rows = max(len(left), len(right))
    left, right = left + [""] * (rows - len(left)), right + [""] * (rows - len(right))
    return [(a + " " * (gutter - columns_of(a)) + b).rstrip() for a, b in zip(left, right, strict=True)]


def _halves(facts: Sequence[Fact]) -> list[Sequence[Fact]]:
    middle = (len(facts) + 1) // 2
    return [facts[:middle], facts[middle:]]


def _facts(facts: Sequence[Fact]) -> list[str]:
    side = max((len(fact.label) for fact in facts), default=0)
    return [f"{fact.label:<{side}}  {visible(fact.value)}" for fact in facts]


def _footnote(fact: Fact, width: int) -> list[str]:
    return _wrapped(f"{fact.label + ':':<8}{visible(fact.value)}", width, " " * 8)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
