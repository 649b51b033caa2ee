"""What a race finds, as text, dictionary, picture and page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gramian.racing.lane import Lane, Standings
from gramian.racing.text import COLUMNS, cells, duration, legend
from gramian.racing.verdict import verdict
from gramian.report import sheet_html, sheet_text
from gramian.report.numbers import certified
from gramian.report.sheet import Sheet, SheetBlock, SheetColumn, SheetLine, SheetNote, SheetTable

Axis: TypeAlias = Literal["seconds", "iterations", "passes"]


@dataclass(frozen=True, slots=True)
class Race:
    """Methods raced on one problem. `lanes` by time to the accuracy asked, those that missed it by digits, then the rest.

    rows, columns, targets: of the problem; accuracy: digits that ended a run; budget: seconds for all methods together;
    reference: the method whose certified answer counts as the truth, and reference_digits its digits, above which none can
    be seen; machine: where it was run; notes: what a reader should know.
    """

    title: str
    family: str
    rows: int
    columns: int
    targets: int
    sparse: bool
    accuracy: float
    budget: float
    reference: str
    reference_digits: float
    lanes: tuple[Lane, ...]
    machine: str
    date: str
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Lane:
        """The lane of a method, by name. Raises KeyError."""
        for lane in self.lanes:
            if lane.name == name:
                return lane
        raise KeyError(name)

    @property
    def standings(self) -> Standings:
        """The lanes, and who won."""
        return Standings(self.lanes, self.accuracy)

    @property
    def winner(self) -> Lane | None:
        """The first to reach the accuracy asked; None where no method did."""
        return self.standings.winner

    def first_to(self, digits: float) -> Lane | None:
        """The method that had so many digits first."""
        return self.standings.first_to(digits)

    @property
    def tied(self) -> tuple[Lane, ...]:
        """The winner, and those so close behind it that another run might reverse their order; empty where none won."""
        return self.standings.tied

    @property
    def sentence(self) -> str:
        """Who won, or who tied, and why."""
        return verdict(self.standings)

    # ---- as a sheet: text, page

    @property
    def heading(self) -> str:
        """The sizes, and what was asked."""
        size = f"{self.rows:,} x {self.columns:,}{' sparse' if self.sparse else ''}"
        targets = f", {self.targets} targets" if self.targets > 1 else ""
        family = "" if self.family == "gaussian" else f", {self.family}"
        return f"{size}{targets}{family}; to {self.accuracy:g} digits, {self.budget:g} s for all methods together"

    def sheet(self, brief: bool = False) -> Sheet:
        """What the race prints. brief: for a terminal; else for a page, with the traces as a picture."""
        return self._brief_sheet() if brief else self._full_sheet()

    def _brief_sheet(self) -> Sheet:
        """The table of those that ran, why others did not, the winner, and the notes."""
        ran = SheetTable(COLUMNS, tuple(SheetLine(cells(lane)) for lane in self.lanes if lane.ran))
        refused = [SheetNote(lane.why, f"{lane.name} {lane.end}") for lane in self.lanes if not lane.ran]
        notes = [SheetNote(note, "note") for note in self.notes]
        sections: tuple[tuple[SheetBlock, ...], ...] = (
            (SheetNote(self.heading),),
            (ran,),
            (SheetNote(legend(self.family)),),
            (*refused, SheetNote(self.sentence), *notes),
        )
        return Sheet("race", SheetNote(self.title), sections)

    def _full_sheet(self) -> Sheet:
        """The winner first, the traces, and all methods in the table."""
        from gramian.racing.page import figure

        columns = (*COLUMNS[:1], SheetColumn(f"to {self.accuracy:g} digits", "right"), *COLUMNS[1:])
        table = SheetTable(columns, tuple(self._line(lane) for lane in self.lanes))
        truth = (
            f"Errors are measured, outside the clock, against the answer of {self.reference}, good to "
            f"{certified(self.reference_digits)} digits. Compilation is not timed. {legend(self.family)}"
        )
        notes = (truth, *(f"Note: {note}." for note in self.notes), f"Run on {self.date}: {self.machine}.")
        head = (SheetNote(self.heading, kind="what"), SheetNote(self.sentence, kind="won"), figure(self.standings), table)
        return Sheet("race", SheetNote(self.title), ((*head, *(SheetNote(note, kind="note") for note in notes)),))

    def _line(self, lane: Lane) -> SheetLine:
        if not lane.ran:
            return SheetLine((lane.name, f"{lane.end}: {lane.why}"), "out")
        first, *rest = cells(lane)
        seconds = lane.seconds_to(self.accuracy)
        reached = duration(seconds) if math.isfinite(seconds) else ""
        return SheetLine((first, reached, *rest), "best" if lane in self.tied else "", lane.why)

    def __str__(self) -> str:
        return sheet_text.render(self.sheet(brief=True))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from gramian.racing.assets import STYLE

        return sheet_html.render(self.sheet(), STYLE)

    def page(self) -> str:
        """A whole HTML document that needs nothing else."""
        from gramian.racing.page import page

        return page(f"Race: {self.title}", self._repr_html_())

    # ---- as data, picture, file

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not known is None."""
        names = (
            "title", "family", "rows", "columns", "targets", "sparse", "accuracy", "budget", "reference",
            "reference_digits", "machine", "date",
        )  # fmt: skip
        found = {name: getattr(self, name) for name in names}
        first = self.winner
        found |= {"winner": first.name if first else None, "tied": [lane.name for lane in self.tied]}
        found |= {"sentence": self.sentence, "notes": list(self.notes)}
        return _plain({**found, "lanes": [lane.to_dict(self.accuracy) for lane in self.lanes]})

    def plot(self, x: Axis = "seconds", y: Literal["left", "error"] = "left") -> Any:
        """The traces as a matplotlib Figure; needs the extra `plot`."""
        from gramian.plots.traces import plot_traces

        return plot_traces(self, x, y)

    def save(self, path: str | Path) -> None:
        """Write a page (.html), a picture (.png, .svg, .pdf) or the data (.json); whole or not at all."""
        from gramian.racing.saving import save

        save(self, path)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
