"""Interleaved timing: every rival once a round, so that what else the machine does falls on all alike."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

REST = 0.25
"""Seconds between two calls: threads of OpenBLAS spin for 0.03 s after a product, and the next rival would pay for them."""
RESULTS = Path(__file__).parent / "results"


class Clock:
    """Medians of several rounds, by rival; a slow rival runs in the first `few` rounds only."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.answers: dict[str, Any] = {}

    def rounds(
        self, rivals: Mapping[str, Callable[[], Any]], rounds: int, slow: Mapping[str, int] | None = None
    ) -> None:
        """One untimed call of each quick rival, then `rounds` rounds; `slow` says how often at most a rival runs."""
        slow = slow or {}
        for name, call in rivals.items():
            if slow.get(name, rounds) >= rounds:
                call()
        for i in range(rounds):
            for name, call in rivals.items():
                if i < slow.get(name, rounds):
                    time.sleep(REST)
                    started = time.perf_counter()
                    self.answers[name] = call()
                    self.seconds.setdefault(name, []).append(time.perf_counter() - started)

    def median(self, name: str) -> float:
        return median(self.seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """The median over rounds of the ratio within a round, so that a slow round counts once and for both."""
        return median(a / b for a, b in zip(self.seconds[name], self.seconds[base], strict=False))

    def lines(self, base: str, checks: Mapping[str, str] | None = None) -> list[str]:
        checks = checks or {}
        return [
            f"  {name:<38}{self.median(name):9.3f} s {self.ratio(name, base):8.2f} x  {checks.get(name, '')}".rstrip()
            for name in self.seconds
        ]


def in_a_row(call: Callable[[], Any], about: float) -> float:
    """The median of calls that follow each other, as in a loop over folds: caches and clock are warm, for rivals and us alike."""
    seconds: list[float] = []
    for _ in range(min(max(int(0.2 / about), 3), 100)):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def machine() -> str:
    """The machine in words: processors, BLAS and versions; no name, no path."""
    import numpy as np
    import pyarrow as pa
    import scipy

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}, pyarrow {pa.__version__}, BLAS {blas['name']} {blas['version']}"
    )


def write(study: str, lines: list[str], short: bool = False) -> None:
    """Print the table and keep it, dated; a short run is printed only."""
    text = "\n".join([f"{study}{', short' if short else ''}, {date.today().isoformat()}", machine(), "", *lines, ""])
    print(text, flush=True)
    if not short:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{date.today().isoformat()}-{study}.txt").write_text(text)
