"""One solver as a plan has it, and one part of what was done."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from gramian.planning.estimate import CostEstimate
from gramian.solvers.base import Solver
from gramian.solvers.cost import Cost


@dataclass(frozen=True, slots=True)
class Candidate:
    """One solver for this problem: its counted work, its seconds, part by part, or why it is refused.

    price: what candidates are ordered by: the seconds with as many workers as the machine has, compiled loops yet to be
    loaded, so that the order, and with it the last bits of an answer, depends neither on the threads asked for nor on what
    ran before. workers: as many as the free memory allows; a method is refused only where not even one fits.
    """

    name: str
    solver: Solver[Any]
    cost: Cost
    seconds: float
    steps: tuple[CostEstimate, ...] = ()
    refused: str = ""
    price: float = 0.0
    workers: int = 1

    @property
    def passes(self) -> float:
        """Passes over the rows, including those of the certificate."""
        return self.cost.passes

    @property
    def peak(self) -> float:
        """Bytes of memory that it needs."""
        return self.cost.peak(self.workers)

    def to_dict(self) -> dict[str, Any]:
        """method, seconds, passes, memory (bytes), refused ("" or the reason); None where a number is not finite."""
        numbers = {"seconds": self.seconds, "passes": self.passes, "memory": self.peak}
        return {
            "method": self.name,
            **{name: finite(value) for name, value in numbers.items()},
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the path: what, its seconds (None where it is still to be done), and its estimate (None where there is none).

    passes: those over the rows, of a part that is done in several steps.
    """

    what: str
    detail: str
    seconds: float | None
    estimate: float | None = None
    passes: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """what, detail, estimate and actual (seconds); None where a number is not known."""
        return {
            "what": self.what,
            "detail": self.detail,
            "estimate": finite(self.estimate),
            "actual": finite(self.seconds),
        }


def finite(value: float | None) -> float | None:
    """The number; None where JSON has none for it."""
    return None if value is None or not math.isfinite(value) else float(value)
