"""A sheet in markup: LaTeX, which needs the booktabs package, and the Markdown of GitHub and notebooks. Pictures are left out."""

from __future__ import annotations

from gramian.report import latex as summary_latex
from gramian.report.labels import visible
from gramian.report.sheet import Sheet, SheetBlock, SheetLine, SheetNote, SheetTable


def latex(sheet: Sheet) -> str:
    """A table environment with the title as its caption."""
    parts = ["% \\usepackage{booktabs}", "\\begin{table}", "\\centering", f"\\caption{{{_tex(str(sheet.title))}}}"]
    for block in sheet.blocks:
        parts += _latex_table(block) if isinstance(block, SheetTable) else []
        parts += [f"\\par\\smallskip{{\\small {_tex(str(block))}}}"] if isinstance(block, SheetNote) else []
    return "\n".join([*parts, "\\end{table}"])


def _latex_table(table: SheetTable) -> list[str]:
    sides = "".join("r" if column.align == "right" else "l" for column in table.columns)
    heads = [" & ".join(_tex(column.head) for column in table.columns) + r" \\", "\\midrule"] if table.headed else []
    body = [_latex_row(line, len(table.columns)) for line in table.lines]
    return [f"\\begin{{tabular}}{{{sides}}}", "\\toprule", *heads, *body, "\\bottomrule", "\\end{tabular}"]


def _latex_row(line: SheetLine, columns: int) -> str:
    cells = [_tex(text) for text in line.cells]
    if len(cells) < columns:
        cells[-1] = f"\\multicolumn{{{columns - len(cells) + 1}}}{{l}}{{{cells[-1]}}}"
    return " & ".join(cells) + r" \\"


def _tex(text: str) -> str:
    return summary_latex.safe(text)


def markdown(sheet: Sheet) -> str:
    """The title as a heading, paragraphs and tables with a blank line between."""
    blocks = [_markdown_block(block) for block in sheet.blocks]
    return "\n\n".join([f"### {_plain(str(sheet.title))}", *filter(None, blocks)])


def _markdown_block(block: SheetBlock) -> str:
    if isinstance(block, SheetNote):
        return _plain(str(block))
    return _markdown_table(block) if isinstance(block, SheetTable) else ""


def _markdown_table(table: SheetTable) -> str:
    rule = ["---:" if column.align == "right" else "---" for column in table.columns]
    rows = [[column.head for column in table.columns], *(list(line.cells) for line in table.lines)]
    texts = [[_plain(cell) for cell in row] + [""] * (len(rule) - len(row)) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [texts[0], rule, *texts[1:]])


def _plain(text: str) -> str:
    """Text in which Markdown finds no markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~$" else c for c in visible(text))
