"""A sheet as plain text, no line wider than asked where words and columns allow it."""

from __future__ import annotations

import textwrap

from gramian.report.sheet import Sheet, SheetBlock, SheetLine, SheetNote, SheetTable

INDENT = "  "
APART = "  "
NARROWEST = 20
"""Columns of a terminal that a wrapped column keeps, however wide the others are."""


def render(sheet: Sheet, width: int = 80) -> str:
    first, *rest = sheet.sections
    sections = [(sheet.title, *first), *rest]
    return "\n\n".join("\n".join(line for block in section for line in _lines(block, width)) for section in sections)


def _lines(block: SheetBlock, width: int) -> list[str]:
    if isinstance(block, SheetNote):
        return wrapped(str(block), width, INDENT if block.label else "")
    return _table(block, width) if isinstance(block, SheetTable) else []


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most `width` columns, broken at spaces, all but the first indented; one empty line for an empty text."""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _table(table: SheetTable, width: int) -> list[str]:
    """Columns two spaces apart; a table without heads stands indented under the line before it."""
    heads = [SheetLine(tuple(column.head for column in table.columns))] if table.headed else []
    lines = [*heads, *table.lines]
    indent = "" if table.headed else INDENT
    widths = [max((len(line.cells[j]) for line in lines), default=0) for j in range(len(table.columns))]
    fill = next((j for j, column in enumerate(table.columns) if column.align == "fill"), None)
    if fill is not None:
        taken = len(indent) + sum(widths) - widths[fill] + len(APART) * (len(widths) - 1)
        widths[fill] = max(width - taken, NARROWEST)
    return [text for line in lines for text in _row(table, line, widths, fill, indent)]


def _row(table: SheetTable, line: SheetLine, widths: list[int], fill: int | None, indent: str) -> list[str]:
    cells, more = list(line.cells), list[str]()
    if fill is not None:
        cells[fill], *more = wrapped(cells[fill], widths[fill])
    placed = [
        text.rjust(width) if column.align == "right" else text.ljust(width)
        for column, text, width in zip(table.columns, cells, widths, strict=True)
    ]
    before = len(indent) + sum(width + len(APART) for width in widths[:fill])
    return [(indent + APART.join(placed)).rstrip(), *(" " * before + part for part in more)]
