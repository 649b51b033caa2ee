"""A race as one page that needs nothing else: the table, the winner, and the traces as an SVG with a little script of its own.

The script draws the lines over the axis that is chosen and tells of the point under the mouse; the table stands without it.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from gramian.plots.traces import FLOOR, pens
from gramian.racing.assets import SCRIPT, STYLE
from gramian.racing.text import HEAD, cells, duration, heading, legend
from gramian.report.labels import visible
from gramian.report.numbers import certified

if TYPE_CHECKING:
    from gramian.racing.outcome import Lane, Race

WIDTH, HEIGHT = 860, 430


def page(race: Race) -> str:
    """The whole document."""
    title = _safe(f"Race: {race.title}")
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>"
    )
    inside = f'<body class="gramian-page">\n{body(race)}\n</body>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n{inside}\n</html>'


def body(race: Race) -> str:
    """The part between the tags of the body: what a notebook shows."""
    return "\n".join([
        f"<style>{STYLE}</style>",
        '<main class="gramian-race">',
        f"<h1>{_safe(race.title)}</h1>",
        f'<p class="what">{_safe(heading(race))}</p>',
        f'<p class="won">{_safe(race.sentence)}</p>',
        _figure(race),
        _table(race),
        _notes(race),
        "</main>",
    ])  # fmt: skip


def _figure(race: Race) -> str:
    axes = {"seconds": "time", "passes": "passes over the rows", "iterations": "iterations"}
    buttons = "".join(
        f'<button type="button" data-x="{key}"{" aria-pressed=true" if key == "seconds" else ""}>{name}</button>'
        for key, name in axes.items()
    )
    sides = {"left": "left of J", "error": "error of the coefficients"}
    choices = "".join(
        f'<button type="button" data-y="{key}"{" aria-pressed=true" if key == "left" else ""}>{name}</button>'
        for key, name in sides.items()
    )
    data = json.dumps(_data(race), separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return (
        f'<div class="choices"><span>across</span>{buttons}<span>up</span>{choices}</div>\n'
        f'<div class="plot"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Convergence of each method"></svg>'
        '<div class="tip" hidden></div></div>\n<div class="legend"></div>\n'
        f'<script type="application/json">{data}</script>\n<script>{SCRIPT}</script>'
    )


def _data(race: Race) -> dict[str, Any]:
    lanes: list[dict[str, Any]] = []
    for lane in race.lanes:
        if not lane.ran:
            continue
        colour, dashes = pens(lane.name)
        points = [
            [p.seconds, p.passes, p.iterations, max(p.left, FLOOR), max(p.error, FLOOR)]
            for p in lane.trace
            if p.left < float("inf") and p.error < float("inf")
        ]
        lanes.append({"name": lane.name, "direct": lane.direct, "colour": colour, "dashes": dashes, "points": points})
    return {"lanes": lanes, "accuracy": race.accuracy, "width": WIDTH, "height": HEIGHT}


def _table(race: Race) -> str:
    head = "".join(f"<th>{_safe(name)}</th>" for name in (*HEAD[:1], f"to {race.accuracy:g} digits", *HEAD[1:]))
    rows = "".join(_row(race, lane) for lane in race.lanes)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(race: Race, lane: Lane) -> str:
    if not lane.ran:
        told = f'<td colspan="7" class="why">{_safe(f"{lane.end}: {lane.why}")}</td>'
        return f'<tr class="out"><th>{_safe(lane.name)}</th>{told}</tr>'
    first, *rest = cells(lane)
    seconds = lane.seconds_to(race.accuracy)
    reached = duration(seconds) if seconds < float("inf") else ""
    best = ' class="best"' if lane in race.tied else ""
    values = "".join(f"<td>{_safe(text)}</td>" for text in (reached, *rest[:-1]))
    return f'<tr{best} title="{_safe(lane.why)}"><th>{_safe(first)}</th>{values}<td class="why">{_safe(rest[-1])}</td></tr>'


def _notes(race: Race) -> str:
    told = [
        f"Errors are measured, outside the clock, against the answer of {race.reference}, good to "
        f"{certified(race.reference_digits)} digits. Compilation is not timed. {legend(race)}",
        *(f"Note: {note}." for note in race.notes),
        f"Run on {race.date}: {race.machine}.",
    ]
    return "".join(f'<p class="note">{_safe(line)}</p>' for line in told)


def _safe(text: str) -> str:
    return escape(visible(text), quote=True)
