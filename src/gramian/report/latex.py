"""A summary as a LaTeX table; needs the booktabs package and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gramian.report.content import Content, Fact, Panel, chosen, left_out
from gramian.report.labels import visible
from gramian.report.numbers import cells

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}",
}  # fmt: skip
_EXPONENT = re.compile(r"e([+-])0*(\d+)$")


def render(content: Content, rows: int | None = None) -> str:
    """At most `rows` coefficients of each target, all for None."""
    several = len(content.panels) > 1
    parts = ["% \\usepackage{booktabs}", "\\begin{table}", "\\centering", f"\\caption{{{safe(content.title)}}}"]
    for panel in content.panels:
        if several:
            parts.append(f"\\par\\medskip\\textbf{{{safe(panel.target)}}}\\par\\smallskip")
        parts += _table(content, panel, rows)
        parts.append(_line([*panel.facts]))
    parts.append(_line([*content.facts]))
    parts += [f"\\par\\smallskip{{\\small {safe(fact.label)}: {safe(fact.value)}}}" for fact in content.footer]
    return "\n".join([*parts, "\\end{table}"])


def safe(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_SPECIAL.get(c, c) for c in visible(text)).replace("--", "-{}-")


def number(text: str) -> str:
    """A formatted number in mathematics: a true minus sign, powers of ten."""
    if not text or text == "dropped":
        return text
    found = _EXPONENT.search(text)
    if found is None:
        return f"${text}$"
    sign = "-" if found.group(1) == "-" else ""
    return f"${text[: found.start()]}\\times 10^{{{sign}{found.group(2)}}}$"


def _table(content: Content, panel: Panel, rows: int | None) -> list[str]:
    first, skipped, last = chosen(panel.rows, rows)
    with_digits = any(row.digits == row.digits for row in panel.rows)
    heads = ["coef", "std err", "$t$", "$p$"]
    span = f"\\multicolumn{{2}}{{c}}{{{safe(content.interval)}}}"
    header = " & ".join(["", *heads, span, *(["digits"] if with_digits else [])])
    body: list[str] = []
    shown = (*first, *last)
    for row, c in zip(shown, cells(shown), strict=True):
        texts = [c.coef, c.se, c.t, c.p, c.low, c.high, *([c.digits] if with_digits else [])]
        body.append(" & ".join([safe(row.name), *map(number, texts)]) + r" \\")
    if skipped:
        body.insert(len(first), f"\\multicolumn{{{7 + with_digits}}}{{l}}{{\\emph{{{safe(left_out(skipped))}}}}} \\\\")
    return [
        f"\\begin{{tabular}}{{l{'r' * (6 + with_digits)}}}", "\\toprule", header + r" \\", "\\midrule",
        *body, "\\bottomrule", "\\end{tabular}",
    ]  # fmt: skip


def _line(facts: Sequence[Fact]) -> str:
    line = "; ".join(f"{safe(fact.label)} {safe(fact.value)}" for fact in facts)
    return f"\\par\\smallskip{{\\small {line}}}"
