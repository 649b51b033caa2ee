"""One method's run in a race, and how the runs stand to one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

SHARE, LEAST = 0.1, 2e-4
"""Times that differ by less than this share of the shorter one, or by fewer seconds than these, are a tie."""
End: TypeAlias = Literal["reached", "short", "out of time", "stalled", "diverged", "max_iter", "refused", "failed"]
"""How a method ended. short: finished, with fewer digits than were asked for."""


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

    def to_dict(self, accuracy: float) -> dict[str, Any]:
        """Plain data; `accuracy`: digits of which the first time is given."""
        last = {key: getattr(self.last, key) if self.ran else None for key in ("seconds", "iterations", "passes", "left")}
        found = {"method": self.name, "direct": self.direct, "end": self.end, "why": self.why}
        found |= {"seconds_to_accuracy": self.seconds_to(accuracy), "digits": self.digits}
        return {**found, **last, "trace": [asdict(point) for point in self.trace]}


@dataclass(frozen=True, slots=True)
class Standings:
    """Lanes in their order, and the digits that they were asked for."""

    lanes: Sequence[Lane]
    accuracy: float

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
        """The winner, and those so close behind it that another run might reverse their order; empty where none won."""
        first = self.winner
        if first is None:
            return ()
        close = tie_until(first.seconds_to(self.accuracy))
        return tuple(lane for lane in self.lanes if lane.seconds_to(self.accuracy) <= close)


def tie_until(seconds: float) -> float:
    """The longest time that is a tie with this one."""
    return max(seconds * (1.0 + SHARE), seconds + LEAST)


def digits_of(error: float) -> float:
    """-log10 of an error, at most 16, at least 0; 0 where it is not finite."""
    if not math.isfinite(error):
        return 0.0
    return min(16.0, max(0.0, -math.log10(error))) if error > 0 else 16.0
