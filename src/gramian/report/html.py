"""A summary as one self-contained piece of HTML, for notebooks and pages, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gramian.report.content import Content, Fact, Panel, chosen, left_out
from gramian.report.labels import visible
from gramian.report.numbers import aligned, cells

# Figure space and punctuation space: as wide as a digit and as a point, so that decimals line up in any font.
_DIGIT, _POINT = "\u2007", "\u2008"

_STYLE = """<style>
.gramian{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
 font-size:14px;line-height:1.45;color:inherit;margin:.6em 0}
.gramian h3{font-size:1.1em;font-weight:600;margin:0 0 .5em;overflow-wrap:anywhere}
.gramian h4{font-size:1em;font-weight:600;margin:1.2em 0 .4em;overflow-wrap:anywhere}
.gramian .facts{display:flex;flex-wrap:wrap;align-items:start;gap:0 3em;margin:0 0 .7em}
.gramian dl{display:grid;grid-template-columns:auto auto;justify-content:start;gap:.05em 1em;margin:0}
.gramian dt{opacity:.65;font-weight:400}
.gramian dd{margin:0;font-variant-numeric:tabular-nums}
.gramian .scroll{overflow-x:auto}
.gramian table{border-collapse:collapse;border:0;font-variant-numeric:tabular-nums;margin:0}
.gramian th,.gramian td{padding:.22em .75em;text-align:right;white-space:nowrap;border:0;background:none}
.gramian thead th{font-weight:600;border-bottom:1.5px solid currentColor}
.gramian tbody tr:last-child>*{border-bottom:1.5px solid currentColor}
.gramian tbody tr+tr>*{border-top:1px solid rgba(128,128,128,.22)}
.gramian tbody th{font-weight:400;text-align:left;min-width:8em;max-width:26em;white-space:normal;overflow-wrap:anywhere}
.gramian thead th:first-child{text-align:left}
.gramian .low{padding-right:.3em}.gramian .high{padding-left:.3em}
.gramian .interval{text-align:center}
.gramian .digits{font-weight:600}
.gramian .cut{text-align:left;opacity:.65;font-style:italic}
.gramian .foot{margin:.7em 0 0;max-width:60em;opacity:.85;grid-template-columns:max-content minmax(0,1fr)}
</style>"""


def render(content: Content, rows: int | None = 200) -> str:
    """At most `rows` coefficients of each target, all for None."""
    several = len(content.panels) > 1
    parts = [_STYLE, f"<h3>{_safe(content.title)}</h3>"]
    if several:
        parts.append(_facts(content.facts))
    for panel in content.panels:
        if several:
            parts.append(f"<h4>{_safe(panel.target)}</h4>{_facts(panel.facts)}")
        else:
            parts.append(_facts(content.facts, panel.facts))
        parts.append(_table(content, panel, rows))
    if content.footer:
        parts.append(_list(content.footer, ' class="foot"'))
    return f'<div class="gramian">{"".join(parts)}</div>'


def _safe(text: str) -> str:
    return escape(visible(text), quote=True)


def _facts(*sides: Sequence[Fact]) -> str:
    return f'<div class="facts">{"".join(_list(side) for side in sides if side)}</div>'


def _list(facts: Sequence[Fact], attributes: str = "") -> str:
    items = "".join(f"<dt>{_safe(fact.label)}</dt><dd>{_safe(fact.value)}</dd>" for fact in facts)
    return f"<dl{attributes}>{items}</dl>"


def _table(content: Content, panel: Panel, rows: int | None) -> str:
    first, skipped, last = chosen(panel.rows, rows)
    shown = (*first, *last)
    found = cells(shown)
    columns: list[tuple[str, str, list[str]]] = [
        ("coef", "", _aligned([c.coef for c in found])),
        ("std err", "", _aligned([c.se for c in found])),
        (content.statistic, "", _aligned([c.t for c in found])),
        ("p", "", [c.p for c in found]),
        ("low", "low", _aligned([c.low for c in found])),
        ("high", "high", _aligned([c.high for c in found])),
        ("digits", "digits", _aligned([c.digits for c in found])),
    ]
    columns = [column for column in columns if any(text.strip() for text in column[2])]
    head = "".join(_heading(name, content.interval) for name, _, _ in columns)
    body = [f"<tr><th>{_safe(row.name)}</th>{_cells(columns, i)}</tr>" for i, row in enumerate(shown)]
    if skipped:
        cut = f'<tr><td class="cut" colspan="{len(columns) + 1}">{_safe(left_out(skipped))}</td></tr>'
        body.insert(len(first), cut)
    return (
        f'<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _heading(name: str, interval: str) -> str:
    if name == "high":
        return ""
    return f'<th class="interval" colspan="2">{_safe(interval)}</th>' if name == "low" else f"<th>{name}</th>"


def _cells(columns: Sequence[tuple[str, str, list[str]]], i: int) -> str:
    return "".join(
        f'<td class="{kind}">{_safe(texts[i])}</td>' if kind else f"<td>{_safe(texts[i])}</td>"
        for _, kind, texts in columns
    )


def _aligned(texts: Sequence[str]) -> list[str]:
    return aligned(texts, _DIGIT, _POINT)
