"""The fold under every view: blocks are reduced one by one, partial results merged in a fixed binary tree.

A piece sees one block and runs on single-threaded BLAS; the tree depends on the order of parts and blocks alone. So one
thread, two threads and any order of completion give the same bits.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from threadpoolctl import ThreadpoolController

from gramian.crew import share
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.pooling import available_threads

T = TypeVar("T")
Piece = Callable[[BlockPart, Block], T]
Merge = Callable[[T, T], T]

NARROW, NARROW_PASS, NARROW_QR = 24, 40, 256
"""Columns up to which two workers are no quicker than one, and take up to 1.4 times as long (measured): they wait for each
other's locks, those of the interpreter in products and passes over X, those of LAPACK's short calls in QR.
"""
THREADED = 1000
"""Columns from which factorisations may use several threads. Smaller ones gain nothing from them, and with one thread they
give the same bits on any number of cores."""


class Progress(Protocol):
    """Told of every block that is done; must be quick and safe to call from any thread."""

    def started(self, what: str, rows: int | None) -> None: ...
    def advanced(self, rows: int) -> None: ...


class Runner(Protocol):
    """Folds the blocks of all parts; returns None when there is no block."""

    def fold(self, rows: Rows, what: str, piece: Piece[T], merge: Merge[T]) -> T | None: ...
    def at_most(self, workers: int) -> Runner:
        """The same with no more than so many workers."""
        ...


def for_calls(rows: Rows, runner: Runner, narrow: int = NARROW) -> Runner:
    """The runner for pieces that are calls of numpy: one worker up to so many columns, where calls are too short."""
    return runner.at_most(1) if rows.in_memory and not rows.sparse and rows.n + rows.k <= narrow else runner


class Carry(Generic[T]):
    """A binary counter of partial results: value i of level l covers 2^l neighbours, as a carry merges two of a level."""

    def __init__(self, merge: Merge[T]) -> None:
        self._merge = merge
        self._stack: list[tuple[int, T]] = []

    def push(self, value: T) -> None:
        level = 0
        while self._stack and self._stack[-1][0] == level:
            value = self._merge(self._stack.pop()[1], value)
            level += 1
        self._stack.append((level, value))

    def total(self) -> T | None:
        if not self._stack:
            return None
        value = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            value = self._merge(left, value)
        return value


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


class _Limit:
    """The limit is one for the process: the first to ask sets it, the last to leave takes it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limiter = _blas().limit(limits=1, user_api="blas")
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def single_threaded_blas() -> Generator[None]:
    """Inside, BLAS calls use the calling thread only, in this thread and in all others."""
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


def factorising(columns: int, threads: int) -> AbstractContextManager[None]:
    """LAPACK takes one thread, but for factorisations from THREADED columns on where the caller may use several."""
    return nullcontext() if columns >= THREADED and threads > 1 else single_threaded_blas()


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
