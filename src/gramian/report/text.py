"""A summary as plain text, no line wider than asked, from 40 columns on."""

from __future__ import annotations

from collections.abc import Sequence

from gramian.report.content import Content, Fact, Panel, chosen, left_out
from gramian.report.labels import NARROWEST, TIGHTEST, apart, columns_of, room_for, shortened, visible, wrapped
from gramian.report.numbers import aligned, cells

Columns = list[tuple[str, list[str]]]


def render(content: Content, width: int = 80, rows: int | None = 60) -> str:
    """At most `rows` coefficients of each target, all for None."""
    several = len(content.panels) > 1
    sections = ["\n".join(wrapped(visible(content.title), width, "    "))]
    if several:
        sections.append("\n".join(_grid(_halves(content.facts), width)))
    for panel in content.panels:
        sides = _halves(panel.facts) if several else [content.facts, panel.facts]
        head = wrapped(f"== {visible(panel.target)} ==", width, "   ") if several else []
        sections.append("\n".join([*head, *_grid(sides, width)]))
        sections.append("\n".join(_table(content, panel, width, rows)))
    footer = [line for fact in content.footer for line in _footnote(fact, width)]
    return "\n\n".join([*sections, *(["\n".join(footer)] if footer else [])])


def _table(content: Content, panel: Panel, width: int, rows: int | None) -> list[str]:
    first, skipped, last = chosen(panel.rows, rows)
    shown = (*first, *last)
    found = cells(shown)
    lows, highs = aligned([c.low for c in found]), aligned([c.high for c in found])
    full: Columns = [
        ("coef", aligned([c.coef for c in found])),
        ("std err", aligned([c.se for c in found])),
        (content.statistic, aligned([c.t for c in found])),
        ("p", [c.p for c in found]),
        (content.interval, [f"{low}  {high}" for low, high in zip(lows, highs, strict=True)]),
        ("digits", aligned([c.digits for c in found])),
    ]
    full = [column for column in full if any(text.strip() for text in column[1])]
    names = [visible(row.name) for row in shown]
    columns = _fitting(full, names, width)
    lines = _drawn(shortened(names, max(width - _width(columns), TIGHTEST)), columns, len(first), skipped, width)
    gone = [head for head, _ in full if head not in [kept for kept, _ in columns]]
    if gone:
        gone = [f"{head}s" if head == content.interval else head for head in reversed(gone)]
        hidden = f"{' and '.join([', '.join(gone[:-1]), gone[-1]] if gone[1:] else gone)}"
        lines += wrapped(f"{hidden} take a wider page: summary.text(width=120), or --width 120", width)
    return lines


def _fitting(full: Columns, names: Sequence[str], width: int) -> Columns:
    """The columns that leave names the room in which they stay distinct with levels whole, or at least NARROWEST."""
    longest = max(map(columns_of, names), default=0)
    # Very long levels are cut before columns of numbers are left out.
    wanted = min(max(map(room_for, names), default=0), max(width // 3, NARROWEST))
    heads = [head for head, _ in full if head not in ("coef", "digits")]
    spare = sorted(heads, key=lambda head: (head == "std err", " int" not in head))
    kept = [[column for column in full if column[0] not in spare[:gone]] for gone in range(len(spare) + 1)]
    rooms = [(columns, width - _width(columns)) for columns in kept]
    modest = rooms[: len(heads) + ("std err" not in heads)]
    fits = [columns for columns, room in modest if room >= wanted and apart(names, room)]
    narrow = [columns for columns, room in modest if room >= min(longest, NARROWEST)]
    # Errors go only where not even the end of a name would stand beside them.
    tight = [columns for columns, room in rooms[len(modest) - 1 :] if room >= min(longest, TIGHTEST)]
    return [*fits[:1], *narrow[:1], *tight[:1], kept[-1]][0]


def _width(columns: Columns) -> int:
    return sum(2 + max([len(head), *map(len, texts)]) for head, texts in columns)


def _drawn(names: list[str], columns: Columns, first: int, skipped: int, width: int) -> list[str]:
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
        body[first:first] = wrapped(left_out(skipped), width, "    ")
    return [header.rstrip(), rule, *(line.rstrip() for line in body), rule]


def _grid(sides: Sequence[Sequence[Fact]], width: int) -> list[str]:
    """Two columns of facts side by side, or one under the other, all values in line, where they do not fit."""
    left, right = (_facts(side) for side in sides)
    gutter = max(map(columns_of, left), default=0) + 4
    if gutter + max(map(columns_of, right), default=0) > width or not left:
        hang = " " * (_side([*sides[0], *sides[1]]) + 2)
        return [line for text in _facts([*sides[0], *sides[1]]) for line in wrapped(text, width, hang)]
    rows = max(len(left), len(right))
    left, right = left + [""] * (rows - len(left)), right + [""] * (rows - len(right))
    return [(a + " " * (gutter - columns_of(a)) + b).rstrip() for a, b in zip(left, right, strict=True)]


def _halves(facts: Sequence[Fact]) -> list[Sequence[Fact]]:
    middle = (len(facts) + 1) // 2
    return [facts[:middle], facts[middle:]]


def _facts(facts: Sequence[Fact]) -> list[str]:
    side = _side(facts)
    return [f"{fact.label:<{side}}  {visible(fact.value)}" for fact in facts]


def _side(facts: Sequence[Fact]) -> int:
    return max((len(fact.label) for fact in facts), default=0)


def _footnote(fact: Fact, width: int) -> list[str]:
    return wrapped(f"{fact.label + ':':<8}{visible(fact.value)}", width, " " * 8)
