"""The words of a race: its table, how J is read, and times."""

from __future__ import annotations

from gramian.families import FAMILIES
from gramian.racing.lane import Lane
from gramian.report.numbers import certified
from gramian.report.sheet import SheetColumn

COLUMNS = (
    SheetColumn("method"),
    *(SheetColumn(head, "right") for head in ("time", "iterations", "passes", "digits", "left of J")),
    SheetColumn("end"),
)


def legend(family: str) -> str:
    """What J is, and what is left of it."""
    loss = "squared residuals" if FAMILIES[family].quadratic else f"negative log-likelihood of the {family} family"
    return f"J: the loss that is minimised, the {loss}. Left of J: the share of its possible fall that is still to come."


def cells(lane: Lane) -> tuple[str, ...]:
    """The row of a method that ran, a cell for each of COLUMNS."""
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
