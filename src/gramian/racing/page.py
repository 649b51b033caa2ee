"""The page of a race: the document around its sheet, and the traces as an SVG with a little script of its own.

The script draws the lines over the axis that is chosen and shows the values of the point under the mouse; the table does
without it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from gramian.plots.traces import FLOOR, pens
from gramian.racing.assets import SCRIPT
from gramian.racing.lane import Standings
from gramian.report.sheet import SheetPicture
from gramian.report.sheet_html import safe

WIDTH, HEIGHT = 860, 430


def page(title: str, body: str) -> str:
    """A whole document."""
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{safe(title)}</title>"
    )
    inside = f'<body class="gramian-page">\n{body}\n</body>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n{inside}\n</html>'


def figure(race: Standings) -> SheetPicture:
    """The traces, their legend, and the buttons that choose the axes."""
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
    return SheetPicture(
        f'<div class="choices"><span>across</span>{buttons}<span>up</span>{choices}</div>\n'
        f'<div class="plot"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Convergence of each method"></svg>'
        '<div class="tip" hidden></div></div>\n<div class="legend"></div>\n'
        f'<script type="application/json">{data}</script>\n<script>{SCRIPT}</script>'
    )


def _data(race: Standings) -> dict[str, Any]:
    lanes: list[dict[str, Any]] = []
    for lane in race.lanes:
        if not lane.ran:
            continue
        colour, dashes = pens(lane.name)
        points = [
            [p.seconds, p.passes, p.iterations, max(p.left, FLOOR), max(p.error, FLOOR)]
            for p in lane.trace
            if math.isfinite(p.left) and math.isfinite(p.error)
        ]
        lanes.append({"name": lane.name, "direct": lane.direct, "colour": colour, "dashes": dashes, "points": points})
    return {"lanes": lanes, "accuracy": race.accuracy, "width": WIDTH, "height": HEIGHT}
