"""The default runner: threads that share the parts of one pass."""

from __future__ import annotations

import copy
import threading
from time import perf_counter

from gramian.data.blocks import BlockPart, Rows
from gramian.execution.blas import single_threaded_blas
from gramian.execution.crew import share
from gramian.execution.pooling import available_threads
from gramian.execution.runner import Piece, Progress, Runner, T
from gramian.execution.tree import Carry, Merge

NARROW, NARROW_PASS, NARROW_QR = 24, 40, 256
"""Columns up to which two workers are no quicker than one, and take up to 1.4 times as long (measured): they wait for each
other's locks, those of the interpreter in products and passes over X, those of LAPACK's short calls in QR.
"""


def for_calls(rows: Rows, runner: Runner, narrow: int = NARROW) -> Runner:
    """The runner for pieces that are calls of numpy: one worker up to so many columns, where calls are too short."""
    return runner.at_most(1) if rows.in_memory and not rows.sparse and rows.n + rows.k <= narrow else runner


class Clock:
    """Seconds of all workers together: waiting for their next block, and in all."""

    def __init__(self) -> None:
        self._parts: list[tuple[float, float]] = []

    def add(self, reading: float, total: float) -> None:
        """Of one part; from any thread."""
        self._parts.append((reading, total))

    def share(self) -> float:
        """Of the time since the last call that went to reading."""
        parts, self._parts = self._parts, []
        total = sum(part[1] for part in parts)
        return min(sum(part[0] for part in parts) / total, 1.0) if total > 0 else 0.0


class Threads:
    """Runs parts on a pool of threads; BLAS and decoders release the interpreter lock."""

    def __init__(self, threads: int | None = None, progress: Progress | None = None) -> None:
        self.threads = threads or available_threads()
        self.progress = progress
        self.clock = Clock()

    def at_most(self, workers: int) -> Threads:
        if workers >= self.threads:
            return self
        fewer = copy.copy(self)
        fewer.threads = workers
        return fewer

    def fold(self, rows: Rows, what: str, piece: Piece[T], merge: Merge[T]) -> T | None:
        parts = rows.parts()
        if self.progress is not None:
            self.progress.started(what, rows.rows)
        with single_threaded_blas():
            stop = threading.Event()
            carry: Carry[T] = Carry(merge)

            def work(part: BlockPart) -> T | None:
                return self._part(part, piece, merge, stop)

            share(parts, work, lambda value: _push(carry, value), self.threads, stop)
            return carry.total()

    def _part(self, part: BlockPart, piece: Piece[T], merge: Merge[T], stop: threading.Event) -> T | None:
        carry: Carry[T] = Carry(merge)
        reading, began, blocks = 0.0, perf_counter(), part.blocks()
        while True:
            asked = perf_counter()
            block = next(blocks, None)
            reading += perf_counter() - asked
            if block is None or stop.is_set():
                break
            carry.push(piece(part, block))
            if self.progress is not None:
                self.progress.advanced(block.read)
        self.clock.add(reading, perf_counter() - began)
        return carry.total()


def _push(carry: Carry[T], value: T | None) -> None:
    if value is not None:
        carry.push(value)
