"""A race as text at 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gramian.families import FAMILIES
from gramian.report.numbers import certified

if TYPE_CHECKING:
    from gramian.racing.outcome import Lane, Race

WIDTH = 80
HEAD = ("method", "time", "iterations", "passes", "digits", "left of J", "end")


def render(race: Race) -> str:
    """Title, the table, why some did not finish, the winner, and the notes."""
    lines = [*_wrapped(race.title), *_wrapped(heading(race)), ""]
    table = [HEAD, *(cells(lane) for lane in race.lanes if lane.ran)]
    widths = [max(len(row[j]) for row in table) for j in range(len(HEAD))]
    for row in table:
        first, *rest, last = (text.ljust(w) if j in (0, len(HEAD) - 1) else text.rjust(w)
                              for j, (text, w) in enumerate(zip(row, widths, strict=True)))
        lines.append("  ".join([first, *rest, last]).rstrip())
    lines += ["", *_wrapped(legend(race)), ""]
    lines += [line for lane in race.lanes if not lane.ran for line in _wrapped(f"{lane.name} {lane.end}: {lane.why}", "  ")]
    lines += _wrapped(race.sentence)
    lines += [line for note in race.notes for line in _wrapped(f"note: {note}", "  ")]
    return "\n".join(lines)


def heading(race: Race) -> str:
    """The sizes, and what was asked."""
    size = f"{race.rows:,} x {race.columns:,}{' sparse' if race.sparse else ''}"
    targets = f", {race.targets} targets" if race.targets > 1 else ""
    family = "" if FAMILIES[race.family].quadratic else f", {race.family}"
    return f"{size}{targets}{family}; to {race.accuracy:g} digits, {race.budget:g} s for all methods together"


def legend(race: Race) -> str:
    """What J is, and what is left of it."""
    loss = "squared residuals" if FAMILIES[race.family].quadratic else f"negative log-likelihood of the {race.family} family"
    return f"J: the loss that is minimised, the {loss}. Left of J: the share of its possible fall that is still to come."


def cells(lane: Lane) -> tuple[str, ...]:
    """The row of a method that ran."""
    at = lane.last
    iterations = "" if lane.direct else f"{at.iterations:,}"
    return (
        lane.name, duration(at.seconds), iterations, f"{at.passes:,.4g}", certified(lane.digits), share(at.left), lane.end,
    )  # fmt: skip


def share(left: float) -> str:
    """A share of what J can fall; below the rounding of a double it is nothing."""
    return "0" if left < 1e-32 else f"{left:.0e}"


def duration(seconds: float) -> str:
    """As "31 us", "4.2 ms", "1.30 s"."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def _wrapped(text: str, hang: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False) or [""]
