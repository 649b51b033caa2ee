"""The default runner: threads that share the parts of one pass."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from gramian.data.blocks import Block, BlockPart, Rows
from gramian.execution.blas import blas_versions, limited_by_thread, single_threaded_blas
from gramian.execution.crew import share
from gramian.execution.memory import free_memory
from gramian.execution.pooling import available_threads
from gramian.execution.reduction import Item, Origin, P, Reduction, RowMap, S, TablePart, Tables, V
from gramian.execution.runner import Capacity, Clock, Progress, Runner, T, blocks_of, items_of, segments_of
from gramian.execution.tree import Carry, Tree
from gramian.kernels.array_types import Floats


class Threads(Runner):
    """Runs parts on threads, which BLAS, compiled loops and decoders leave free to run at once. None: one a processor."""

    def __init__(self, threads: int | None = None, progress: Progress | None = None) -> None:
        self.threads = threads or available_threads()
        self.progress = progress
        self.clock = Clock()

    @property
    def workers(self) -> int:
        return self.threads

    def at_most(self, workers: int) -> Threads:
        if workers >= self.threads:
            return self
        fewer = copy.copy(self)
        fewer.threads = workers
        return fewer

    def reporting(self, progress: Progress | None) -> Threads:
        return Threads(self.threads, progress)

    def capacity(self) -> Capacity:
        return Capacity(self.threads, free_memory(), np.__version__, blas_versions())

    def fold(self, rows: Rows, reduction: Reduction[Block, Any, Any, V]) -> V | None:
        self._begin(reduction.title, rows)
        short = rows.in_memory and not rows.sparse and rows.n + rows.k <= reduction.narrow

        def work(part: BlockPart, stop: threading.Event) -> Any:
            return reduction.close(self._read(part, reduction.init(), reduction.step, stop))

        total = _shared(rows.parts(), work, reduction.tree(), 1 if short else self.threads)
        return None if total is None else reduction.finish(total)

    def map_rows(self, rows: Rows, mapped: RowMap[P], vectors: Sequence[Floats]) -> P | None:
        self._begin(mapped.label, rows)

        def step(state: Carry[P], block: Block, origin: Origin) -> Carry[P]:
            state.push(mapped.of_block(block, segments_of(block, vectors)))
            return state

        def work(part: BlockPart, stop: threading.Event) -> P | None:
            return self._read(part, Carry(mapped.merge), step, stop).total()

        return _shared(rows.parts(), work, Carry(mapped.merge), self.threads)

    def learn(self, tables: Tables[Item], reduction: Reduction[Item, Any, Any, V]) -> V | None:
        def work(part: TablePart[Item], stop: threading.Event) -> Any:
            return reduction.close(_stepped(items_of(part), reduction.init(), reduction.step, stop))

        total = _shared(tables.parts(), work, reduction.tree(), self.threads)
        return None if total is None else reduction.finish(total)

    def _begin(self, label: str, rows: Rows) -> None:
        if self.progress is not None:
            self.progress.started(label, rows.rows)

    def _read(
        self, part: BlockPart, state: S, step: Callable[[S, Block, Origin], S], stop: threading.Event
    ) -> S:
        """The state of a part once all its blocks are in, on the clock."""
        reading, began, blocks = 0.0, perf_counter(), blocks_of(part)
        while True:
            asked = perf_counter()
            found = next(blocks, None)
            reading += perf_counter() - asked
            if found is None or stop.is_set():
                break
            state = step(state, *found)
            if self.progress is not None:
                self.progress.advanced(found[0].read)
        self.clock.add(reading, perf_counter() - began)
        return state


def _stepped(
    items: Iterator[tuple[Item, Origin]], state: S, step: Callable[[S, Item, Origin], S], stop: threading.Event
) -> S:
    for item, origin in items:
        if stop.is_set():
            break
        state = step(state, item, origin)
    return state


def _shared(
    parts: Sequence[T], work: Callable[[T, threading.Event], P | None], tree: Tree[P], threads: int
) -> P | None:
    """The total of what `work` returns for every part, merged in the order of the parts."""
    stop = threading.Event()

    def of_part(part: T) -> P | None:
        return work(part, stop)

    def limited(part: T) -> P | None:
        with single_threaded_blas():
            return work(part, stop)

    def take(value: P | None) -> None:
        if value is not None:
            tree.push(value)

    with single_threaded_blas():
        share(parts, limited if limited_by_thread() else of_part, take, threads, stop)
        return tree.total()
