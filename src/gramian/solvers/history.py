"""What a run leaves behind: a thin history, snapshots for callbacks, and the path of iterates when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats

ENTRIES = 256
"""Most records that a history keeps; a longer run keeps every 2nd, 4th, 8th ... iteration."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a run stood: passes and seconds since its start, J, the norm of the gradient, the step that led here."""

    iteration: int
    passes: float
    seconds: float
    value: float
    gradient: float
    step: float


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What the callback receives after every iteration: a record, and the iterate x. Returning True stops the run.

    seconds do not count the callback's own. level (k,) is the surface at the means, beside an intercept.
    """

    iteration: int
    passes: float
    seconds: float
    value: float
    gradient: float
    step: float
    x: Floats
    level: Floats | None = None


class History:
    """Keeps at most ENTRIES records at even distances, and always the last one."""

    def __init__(self) -> None:
        self._kept: list[Record] = []
        self._stride = 1
        self._last: Record | None = None

    def add(self, record: Record) -> None:
        self._last = record
        if record.iteration % self._stride:
            return
        self._kept.append(record)
        if len(self._kept) == ENTRIES:
            self._stride *= 2
            self._kept = [kept for kept in self._kept if kept.iteration % self._stride == 0]

    def records(self) -> tuple[Record, ...]:
        if self._last is None or (self._kept and self._kept[-1] is self._last):
            return tuple(self._kept)
        return (*self._kept, self._last)


class Path:
    """Every iterate, copied; nothing where it was not asked for."""

    def __init__(self, wanted: bool) -> None:
        self._points: list[Floats] | None = [] if wanted else None

    def add(self, theta: Floats) -> None:
        if self._points is not None:
            self._points.append(theta.copy())

    def array(self) -> Floats | None:
        """(iterations + 1, p, k)."""
        return None if self._points is None else np.stack(self._points)
