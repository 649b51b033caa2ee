"""The fold under every view: blocks are reduced one by one, partial results merged in a fixed binary tree.

A piece sees one block and runs on single-threaded BLAS; the tree depends on the order of parts and blocks alone. So one
thread, two threads and any order of completion give the same bits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Generic, Protocol, TypeVar

from threadpoolctl import ThreadpoolController

from gramian.data.blocks import Block, BlockPart, Rows

T = TypeVar("T")
Piece = Callable[[BlockPart, Block], T]
Merge = Callable[[T, T], T]


class Progress(Protocol):
    """Told of every block that is done; must be quick and safe to call from any thread."""

    def started(self, what: str, rows: int | None) -> None: ...
    def advanced(self, rows: int) -> None: ...


class Runner(Protocol):
    """Folds the blocks of all parts; returns None when there is no block."""

    def fold(self, rows: Rows, what: str, piece: Piece[T], merge: Merge[T]) -> T | None: ...


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


@contextmanager
def single_threaded_blas() -> Generator[None]:
    """Inside, BLAS calls use the calling thread only."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


def available_threads() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Threads:
    """Runs parts on a pool of threads; BLAS and decoders release the interpreter lock."""

    def __init__(self, threads: int | None = None, progress: Progress | None = None) -> None:
        self.threads = threads or available_threads()
        self.progress = progress

    def fold(self, rows: Rows, what: str, piece: Piece[T], merge: Merge[T]) -> T | None:
        parts = rows.parts()
        if self.progress is not None:
            self.progress.started(what, rows.rows)
        with single_threaded_blas():
            if self.threads == 1 or len(parts) == 1:
                carry = Carry(merge)
                for part in parts:
                    _push(carry, self._part(part, piece, merge, None))
                return carry.total()
            return self._pooled(parts, piece, merge)

    def _pooled(self, parts: Sequence[BlockPart], piece: Piece[T], merge: Merge[T]) -> T | None:
        stop = threading.Event()
        carry: Carry[T] = Carry(merge)
        window = 2 * self.threads
        pending: list[Future[T | None]] = []
        pool = ThreadPoolExecutor(self.threads)
        try:
            for part in parts:
                if len(pending) == window:
                    _push(carry, pending.pop(0).result())
                pending.append(pool.submit(self._part, part, piece, merge, stop))
            for future in pending:
                _push(carry, future.result())
        finally:
            # Also on Ctrl-C and on an error in one part: the other workers leave at their next block.
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
        return carry.total()

    def _part(self, part: BlockPart, piece: Piece[T], merge: Merge[T], stop: threading.Event | None) -> T | None:
        carry: Carry[T] = Carry(merge)
        for block in part.blocks():
            if stop is not None and stop.is_set():
                break
            carry.push(piece(part, block))
            if self.progress is not None:
                self.progress.advanced(block.read)
        return carry.total()


def _push(carry: Carry[T], value: T | None) -> None:
    if value is not None:
        carry.push(value)
