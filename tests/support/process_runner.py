"""A runner whose workers are other processes: what a cluster does, on one machine, and less kind.

The work of each part is pickled with the part, parts are handed out in an order that chance chose, and so is the order in
which the nodes of the tree are merged; whatever a part came to is pickled on its way back and again before each merge.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from gramian.execution.blas import blas_versions, single_threaded_blas
from gramian.execution.memory import free_memory
from gramian.execution.reduction import Reduction, RowMap
from gramian.execution.runner import Capacity, Clock, Runner, blocks_of, items_of, reduced, segments_of
from gramian.execution.tree import Carry


def pool() -> ProcessPoolExecutor:
    """Two fresh interpreters."""
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


class Processes(Runner):
    """`sent` counts what was pickled to other processes, by the name of the reduction."""

    def __init__(self, executor: Executor, seed: int = 0, workers: int = 2) -> None:
        self.executor, self._workers = executor, workers
        self.chance = random.Random(seed)
        self.sent: dict[str, int] = {}
        self.clock = Clock()

    @property
    def workers(self) -> int:
        return self._workers

    def at_most(self, workers: int) -> Processes:
        fewer = self.reporting(None)
        fewer._workers, fewer.clock = min(workers, self._workers), self.clock
        return fewer

    def reporting(self, progress: object) -> Processes:
        same = Processes(self.executor, 0, self._workers)
        same.chance, same.sent = self.chance, self.sent
        return same

    def capacity(self) -> Capacity:
        return Capacity(self._workers, free_memory(), np.__version__, blas_versions())

    def fold(self, rows: Any, reduction: Any) -> Any:
        return self._finished(reduction, self._run(_folded, reduction, [(part,) for part in rows.parts()]))

    def learn(self, tables: Any, reduction: Any) -> Any:
        return self._finished(reduction, self._run(_learned, reduction, [(part,) for part in tables.parts()]))

    def map_rows(self, rows: Any, mapped: RowMap[Any], vectors: Sequence[np.ndarray]) -> Any:
        given = [np.array(vector) for vector in vectors]
        found = self._run(_mapped, mapped, [(part, given) for part in rows.parts()])
        for _, segments in found:
            for start, changed in segments:
                for vector, segment in zip(vectors, changed, strict=True):
                    vector[start : start + len(segment)] = segment
        return self._merged(mapped, [partial for partial, _ in found])

    def _run(self, work: Callable[..., Any], reduction: Any, parts: list[tuple[Any, ...]]) -> list[Any]:
        """What each part came to, in their order; raises the error of the earliest that has one."""
        name = type(reduction).__name__
        order = list(range(len(parts)))
        self.chance.shuffle(order)
        futures = {}
        for at in order:
            futures[at] = self.executor.submit(_unpacked, pickle.dumps((work, reduction, *parts[at])))
            self.sent[name] = self.sent.get(name, 0) + 1
        results = {at: futures[at].exception() or futures[at].result() for at in order}
        for at in range(len(parts)):
            if isinstance(results[at], BaseException):
                raise results[at]
        return [pickle.loads(results[at]) for at in range(len(parts))]

    def _finished(self, reduction: Reduction[Any, Any, Any, Any], partials: list[Any]) -> Any:
        with single_threaded_blas():
            if not isinstance(reduction.tree(), Carry):
                tree = reduction.tree()
                for partial in partials:
                    if partial is not None:
                        tree.push(_copied(partial))
                total = tree.total()
            else:
                total = self._merged(reduction, partials)
            return None if total is None else reduction.finish(total)

    def _merged(self, reduction: Any, partials: list[Any]) -> Any:
        """Node i of level l is that of the nodes 2 i and 2 i + 1 below; what is left over merges from the right."""
        level = [partial for partial in partials if partial is not None]
        left: list[Any] = []
        with single_threaded_blas():
            while level:
                if len(level) % 2:
                    left.append(level.pop())
                nodes: list[Any] = [None] * (len(level) // 2)
                order = list(range(len(nodes)))
                self.chance.shuffle(order)
                for i in order:
                    nodes[i] = reduction.merge(_copied(level[2 * i]), _copied(level[2 * i + 1]))
                level = nodes
            if not left:
                return None
            total = left[0]
            for one in left[1:]:
                total = reduction.merge(_copied(one), total)
            return total


def _copied(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def _unpacked(payload: bytes) -> bytes:
    work, reduction, *part = pickle.loads(payload)
    with single_threaded_blas():
        return pickle.dumps(work(reduction, *part))


def _folded(reduction: Any, part: Any) -> Any:
    return reduced(reduction, blocks_of(part))


def _learned(reduction: Any, part: Any) -> Any:
    return reduced(reduction, items_of(part))


def _mapped(mapped: RowMap[Any], part: Any, vectors: list[np.ndarray]) -> Any:
    tree: Carry[Any] = Carry(mapped.merge)
    changed = []
    for block, _ in blocks_of(part):
        segments = segments_of(block, vectors)
        tree.push(mapped.of_block(block, segments))
        changed.append((block.start, [np.array(segment) for segment in segments]))
    return tree.total(), changed
