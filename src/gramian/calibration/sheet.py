"""What has been measured: the least of a few timings, as units a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gramian.calibration import sizes
from gramian.data.blocks import Rows
from gramian.execution.runner import Runner
from gramian.execution.threads import Threads
from gramian.planning.estimate import ALONE
from gramian.solvers.cost import Kind


def best(call: Callable[[], object], repeats: int | None = None) -> float:
    """Seconds of the quickest of several calls, after one that is not counted."""
    call()
    found, begun, times = np.inf, time.perf_counter(), 0
    repeats = sizes.REPEATS if repeats is None else min(repeats, sizes.REPEATS)
    while times < repeats or (time.perf_counter() - begun < sizes.LEAST and times < 50):
        started = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - started)
        times += 1
    return max(found, 1e-9)


@dataclass(slots=True)
class Measurements:
    """What has been measured: units a second of one worker, by kind and width, and the gain of all threads."""

    threads: int
    rates: dict[Kind, dict[float, float]] = field(default_factory=dict[Kind, dict[float, float]])
    gains: dict[Kind, list[float]] = field(default_factory=dict[Kind, list[float]])

    def put(self, kind: Kind, width: float, count: float, seconds: float) -> None:
        self.rates.setdefault(kind, {})[width] = count / max(seconds, 1e-9)

    def cost(self, kind: Kind) -> float:
        """Seconds of one unit at the least width."""
        return 1.0 / min(self.rates[kind].items())[1]

    def fold(self, kind: Kind, width: float, count: float, rows: Rows, call: Callable[[Runner], object]) -> None:
        """A pass with one worker and with all; what its begin and its blocks cost is taken off."""
        begun = self.cost("fold") + len(rows.parts()) * self.cost("block")
        alone = best(lambda: call(Threads(1)))
        self.put(kind, width, count, max(alone - begun, 0.2 * alone))
        enough = len(rows.parts()) >= max(2, self.threads)
        if self.threads > 1 and enough and (width == 1 or width in sizes.SHARED) and width > ALONE.get(kind, 0):
            self.gains.setdefault(kind, []).append(alone / best(lambda: call(Threads(self.threads))))
