"""A plan as HTML: the parts of the path with estimate and actual, and the other solvers. No scripts, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gramian.planning.plan import Plan
from gramian.planning.text import rows_of, shown_seconds, title

STYLE = (
    "<style>.gramian-plan{font:14px/1.45 system-ui,sans-serif;max-width:60em}.gramian-plan table{border-collapse:collapse;"
    "margin:.6em 0}.gramian-plan th,.gramian-plan td{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}"
    ".gramian-plan th{border-bottom:1px solid;font-weight:600}.gramian-plan .n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}.gramian-plan .r{opacity:.65}.gramian-plan p{margin:.3em 0}</style>"
)


def render(plan: Plan) -> str:
    """One <div>, to be put in a notebook or a page."""
    if not plan.candidates:
        return f'{STYLE}<div class="gramian-plan"><p>No solver is left.</p></div>'
    shown = rows_of(plan)
    heads = ["part", "what", "estimate", *(["took"] if plan.steps else [])]
    parts = [
        [line.what, line.detail, _seconds(line.estimate), *([_seconds(line.actual)] if plan.steps else [])] for line in shown
    ]
    others = [
        [c.name, "" if c.refused else shown_seconds(c.seconds), "" if c.refused else f"{c.passes:,.0f}", c.refused]
        for c in plan.others
    ]
    columns = ["other methods", "estimate", "passes", *(["refused because"] if any(row[3] for row in others) else [])]
    notes = [*plan.notes, *([plan.machine.note] if plan.machine.note else []), f"Prices: {plan.machine.provenance}"]
    body = [
        f"<p><b>Plan: {escape(title(plan))}</b></p>",
        f"<p>{escape(plan.reason)}</p>",
        _table(heads, parts, {2, 3}),
        _table(columns, [row[: len(columns)] for row in others], {1, 2}) if others else "",
        *(f'<p class="r">{escape(note)}</p>' for note in notes),
    ]
    return f'{STYLE}<div class="gramian-plan">' + "\n".join(body) + "</div>"


def _seconds(value: float | None) -> str:
    return "" if value is None else shown_seconds(value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> str:
    def cells(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="n">{escape(text)}</{tag}>' if i in numbers else f"<{tag}>{escape(text)}</{tag}>"
            for i, text in enumerate(texts)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', heads)}</tr></thead><tbody>{body}</tbody></table>"
