"""What a summary says, as plain values; the renderers decide only how it looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One coefficient; NaN where a number is not defined. `digits`: certified decimal digits of coef."""

    name: str
    coef: float
    se: float
    t: float
    p: float
    low: float
    high: float
    digits: float

    @property
    def dropped(self) -> bool:
        return self.coef != self.coef


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with its value, ready to print: ("R-squared", "0.9136")."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One target: its coefficients and the figures of its fit."""

    target: str
    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A whole summary. `facts` are those of all targets; `method`, `certificate` and `notes` are sentences, "" if none."""

    title: str
    facts: tuple[Fact, ...]
    panels: tuple[Panel, ...]
    level: float
    method: str
    certificate: str
    notes: tuple[str, ...]
    statistic: str = "t"  # or z, where the dispersion is known

    @property
    def footer(self) -> tuple[Fact, ...]:
        """What follows the tables, each with its label."""
        lines = [Fact("Method", self.method), Fact("Digits", self.certificate)]
        return (*(line for line in lines if line.value), *(Fact("Note", note) for note in self.notes))

    @property
    def interval(self) -> str:
        """The heading of the limits: "95% interval"."""
        return f"{100 * self.level:.6g}% interval"


def chosen(rows: tuple[Row, ...], most: int | None) -> tuple[tuple[Row, ...], int, tuple[Row, ...]]:
    """The first rows, how many are left out, and the last rows, so that no more than `most` are shown."""
    if most is None or len(rows) <= most:
        return rows, 0, ()
    tail = max(most // 4, 0)
    return rows[: most - tail], len(rows) - most, rows[len(rows) - tail :]


def left_out(count: int) -> str:
    """The line that stands for the rows not shown."""
    return f"... {count:,} more; all in fit.table() or summary.text(rows=None)"
