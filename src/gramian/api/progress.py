"""The bar that a long fit draws on a terminal: rows, rows a second, and the time left where the rows are counted.

It is told of every block by the workers; drawing starts when the fit has taken longer than `DELAY`, and rich is imported
only then, so that a quick fit pays nothing.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO, TypeAlias

from gramian.errors import bad_argument
from gramian.execution.runner import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

DELAY = 1.0
"""Seconds before a bar is drawn."""
INTERVAL = 0.1
"""Seconds between two updates of it."""

ProgressSetting: TypeAlias = bool | Progress | None


def progress_for(setting: ProgressSetting) -> AbstractContextManager[Progress | None]:
    """What a fit reports to while it runs.

    None: a bar where standard error is a terminal, after a second. True: a bar from the first block on, terminal or not.
    False: nothing. An object with `started(what, rows)` and `advanced(rows)` is used as it is.
    """
    if setting is None:
        return ProgressBar() if sys.stderr is not None and sys.stderr.isatty() else nullcontext(None)
    if setting is True:
        return ProgressBar(delay=0.0)
    if setting is False:
        return nullcontext(None)
    if not (callable(getattr(setting, "started", None)) and callable(getattr(setting, "advanced", None))):
        raise bad_argument("progress", setting, "None, True, False, or an object with started() and advanced()")
    return nullcontext(setting)


class ProgressBar:
    """A context manager to be told of passes and blocks, from any thread. Leaves nothing behind on the terminal."""

    def __init__(self, delay: float = DELAY, stream: TextIO | None = None) -> None:
        self._delay = delay
        self._stream = stream
        self._lock = threading.Lock()
        self._begun = self._pass_begun = self._drawn_at = time.perf_counter()
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def started(self, what: str, rows: int | None) -> None:
        """A pass over so many rows begins; None where only the pass could tell."""
        with self._lock:
            self._what, self._total, self._done = what, rows, 0
            self._pass_begun = time.perf_counter()
            if self._bar is not None:
                self._bar.reset(self._bar.task_ids[0], description=what, total=rows, detail="")

    def advanced(self, rows: int) -> None:
        """So many rows more are done."""
        with self._lock:
            self._done += rows
            now = time.perf_counter()
            if now - self._begun < self._delay or (self._bar is not None and now - self._drawn_at < INTERVAL):
                return
            self._drawn_at = now
            detail = describe(self._done, self._total, now - self._pass_begun)
            if self._bar is None:
                self._bar = _rich_bar(self._stream, self._what, self._total, self._done, detail)
            self._bar.update(self._bar.task_ids[0], completed=self._done, detail=detail)


def describe(done: int, total: int | None, seconds: float) -> str:
    """As "1,200,000 of 8,000,000 rows, 2.4 million rows/s, 3 s left"; no time left where the total is unknown."""
    rate = done / seconds if seconds > 0 else 0.0
    speed = f"{rate / 1e6:.1f} million rows/s" if rate >= 1e6 else f"{rate:,.0f} rows/s"
    if total is None:
        return f"{done:,} rows, {speed}"
    left = f", {_duration((total - done) / rate)} left" if rate > 0 and done <= total else ""
    return f"{done:,} of {total:,} rows, {speed}{left}"


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _rich_bar(stream: TextIO | None, what: str, total: int | None, done: int, detail: str) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True) if stream is None else Console(file=stream, force_terminal=True, width=100)
    # Without markup, since a pass may one day be named after a column.
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[detail]}", markup=False),
    )
    bar = RichProgress(*columns, console=console, transient=True, redirect_stdout=False)
    bar.add_task(what, total=total, completed=done, detail=detail)
    bar.start()
    return bar
