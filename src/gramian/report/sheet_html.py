"""A sheet as one piece of HTML, for notebooks and pages: nothing is fetched, and texts are escaped."""

from __future__ import annotations

from html import escape

from gramian.report.labels import visible
from gramian.report.sheet import Sheet, SheetBlock, SheetColumn, SheetLine, SheetNote, SheetTable


def render(sheet: Sheet, style: str) -> str:
    """A <div> of the class gramian-KIND, to be put in a notebook or a page. `style`: the rules of that class."""
    body = [f"<h1>{safe(str(sheet.title))}</h1>", *map(_block, sheet.blocks)]
    return f'<style>{style}</style>\n<div class="gramian-{sheet.kind}">\n' + "\n".join(body) + "\n</div>"


def safe(text: str) -> str:
    """Escaped, control and direction characters spelled out."""
    return escape(visible(text), quote=True)


def _block(block: SheetBlock) -> str:
    if isinstance(block, SheetNote):
        return f"<p{_class(block.kind)}>{safe(str(block))}</p>"
    return _table(block) if isinstance(block, SheetTable) else block.html


def _table(table: SheetTable) -> str:
    heads = "".join(f"<th{_of_column(column)}>{safe(column.head)}</th>" for column in table.columns)
    rows = "".join(_row(table.columns, line) for line in table.lines)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(columns: tuple[SheetColumn, ...], line: SheetLine) -> str:
    first, *rest = line.cells
    cells = [f"<td{_of_column(column)}>{safe(text)}</td>" for column, text in zip(columns[1:], rest, strict=False)]
    if len(line.cells) < len(columns):
        cells[-1] = f'<td colspan="{len(columns) - len(rest)}">{safe(rest[-1])}</td>'
    hint = f' title="{safe(line.hint)}"' if line.hint else ""
    return f"<tr{_class(line.kind)}{hint}><th>{safe(first)}</th>{''.join(cells)}</tr>"


def _of_column(column: SheetColumn) -> str:
    return _class("n" if column.align == "right" else "")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
