"""What a race finds: a lane for each method with its trace, and the race as text, dictionary, picture and page."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gramian.racing.text import render
from gramian.racing.verdict import alike, verdict

End: TypeAlias = Literal["reached", "short", "out of time", "stalled", "diverged", "max_iter", "refused", "failed"]
"""How a method ended. short: finished, with fewer digits than were asked for."""
Axis: TypeAlias = Literal["seconds", "iterations", "passes"]
AXES: tuple[Axis, ...] = ("seconds", "iterations", "passes")


@dataclass(frozen=True, slots=True)
class TracePoint:
    """Where a method stood: error is ||D (b - b*)|| / ||D b*||, D the norms of the columns; left the share of the possible
    fall of J that it had not made, (J - J*) / (J_0 - J*).
    """

    iterations: int
    passes: float
    seconds: float
    error: float
    left: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One method's run; `trace` in order of time, empty where it did not run. `why` says how it ended, in a sentence;
    `work` is the largest part of a direct method by the plan's counts, in words.
    """

    name: str
    direct: bool
    end: End
    why: str
    trace: tuple[TracePoint, ...] = ()
    work: str = ""

    @property
    def ran(self) -> bool:
        return bool(self.trace)

    @property
    def last(self) -> TracePoint:
        return self.trace[-1]

    @property
    def digits(self) -> float:
        """Of the coefficients at the end: -log10 of the error; nan where it did not run."""
        return digits_of(self.last.error) if self.trace else math.nan

    def seconds_to(self, digits: float) -> float:
        """When the error was first at most 10^-digits; infinite where it never was."""
        return next((p.seconds for p in self.trace if digits_of(p.error) >= digits), math.inf)


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
    def winner(self) -> Lane | None:
        """The first to reach the accuracy asked; None where no method did."""
        return self.first_to(self.accuracy)

    def first_to(self, digits: float) -> Lane | None:
        """The method that had so many digits first."""
        able = [lane for lane in self.lanes if math.isfinite(lane.seconds_to(digits))]
        return min(able, key=lambda lane: lane.seconds_to(digits), default=None)

    @property
    def tied(self) -> tuple[Lane, ...]:
        """The winner, and those so close behind it that another run might turn them round; empty where none won."""
        first = self.winner
        if first is None:
            return ()
        close = alike(first.seconds_to(self.accuracy))
        return tuple(lane for lane in self.lanes if lane.seconds_to(self.accuracy) <= close)

    @property
    def sentence(self) -> str:
        """Who won, or who tied, and why."""
        return verdict(self)

    # ---- as text, data, picture, page

    def __str__(self) -> str:
        return render(self)

    def __repr__(self) -> str:
        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not known is None."""
        lanes: list[dict[str, Any]] = []
        for lane in self.lanes:
            seconds = lane.seconds_to(self.accuracy)
            found = {"method": lane.name, "direct": lane.direct, "end": lane.end, "why": lane.why}
            found |= {"seconds_to_accuracy": seconds, "digits": lane.digits}
            found |= {key: getattr(lane.last, key) if lane.ran else None for key in ("seconds", "iterations", "passes", "left")}
            lanes.append({**found, "trace": [asdict(point) for point in lane.trace]})
        names = (
            "title", "family", "rows", "columns", "targets", "sparse", "accuracy", "budget", "reference",
            "reference_digits", "machine", "date",
        )  # fmt: skip
        told = {name: getattr(self, name) for name in names}
        first = self.winner
        told |= {"winner": first.name if first else None, "tied": [lane.name for lane in self.tied]}
        told |= {"sentence": self.sentence, "notes": list(self.notes)}
        return _plain({**told, "lanes": lanes})

    def plot(self, x: Axis = "seconds", y: Literal["left", "error"] = "left") -> Any:
        """The traces as a matplotlib Figure; needs the extra `plot`."""
        from gramian.plots.traces import plot_traces

        return plot_traces(self, x, y)

    def save(self, path: str | Path) -> None:
        """Write a page (.html), a picture (.png, .svg, .pdf) or the data (.json); whole or not at all."""
        from gramian.racing.saving import save

        save(self, path)

    def _repr_html_(self) -> str:
        from gramian.racing.page import body

        return body(self)


def digits_of(error: float) -> float:
    """-log10 of an error, at most 16, at least 0; 0 where it is not finite."""
    if not math.isfinite(error):
        return 0.0
    return min(16.0, max(0.0, -math.log10(error))) if error > 0 else 16.0


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
