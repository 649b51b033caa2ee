"""Who reads the rows: the only door to work on several parts at once.

A block is a fixed range of rows of the source and is reduced on single-threaded BLAS; partial results merge in a tree that
depends on the order of parts and blocks alone (see `execution.reduction`). So every runner gives the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gramian.data.blocks import Block, BlockPart, PartRun, Rows
from gramian.execution.reduction import Item, Origin, P, Reduction, RowMap, S, TablePart, Tables, V
from gramian.kernels.array_types import Floats

T = TypeVar("T")


class Progress(Protocol):
    """Told of every block that is done; must be quick and safe to call from any thread."""

    def started(self, what: str, rows: int | None) -> None: ...
    def advanced(self, rows: int) -> None: ...


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


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a runner has: workers at most, bytes of memory free for each place they run in, and what their bits depend on."""

    workers: int
    memory: float
    numpy: str
    blas: tuple[str, ...]


class Runner(ABC):
    """Reduces the parts of a source. Each call waits for its workers, and raises the error of the earliest part that has one."""

    clock: Clock

    @property
    @abstractmethod
    def workers(self) -> int:
        """Parts that are worked on at once, at most."""

    @abstractmethod
    def fold(self, rows: Rows, reduction: Reduction[Block, Any, Any, V]) -> V | None:
        """What all blocks of the rows come to; None where there is nothing."""

    @abstractmethod
    def learn(self, tables: Tables[Item], reduction: Reduction[Item, Any, Any, V]) -> V | None:
        """The same of the tables of a source, for what a formula learns of all its rows. Reports no progress."""

    @abstractmethod
    def map_rows(self, rows: Rows, mapped: RowMap[P], vectors: Sequence[Floats]) -> P | None:
        """Runs a RowMap over `vectors`, each (m, q) for the m rows, which are overwritten; None where there is no block."""

    @abstractmethod
    def capacity(self) -> Capacity: ...

    @abstractmethod
    def at_most(self, workers: int) -> Runner:
        """The same with no more than so many workers."""

    @abstractmethod
    def reporting(self, progress: Progress | None) -> Runner:
        """The same with a clock of its own, which tells `progress` of every block; None: nobody."""


# ---- what runners share ----------------------------------------------------------------------------------------------


def blocks_of(part: BlockPart) -> Iterator[tuple[Block, BlockPart]]:
    """The blocks of a part, each with the part of the source that it comes from."""
    for one in part.parts if isinstance(part, PartRun) else (part,):
        for block in one.blocks():
            yield block, one


def items_of(part: TablePart[T]) -> Iterator[tuple[T, TablePart[T]]]:
    """The items of a part of a source's tables, each with the part."""
    for item in part.items():
        yield item, part


def reduced(reduction: Reduction[Item, S, P, Any], items: Iterator[tuple[Item, Origin]]) -> P | None:
    """What the items of one part come to, on this thread."""
    state = reduction.init()
    for item, origin in items:
        state = reduction.step(state, item, origin)
    return reduction.close(state)


def segments_of(block: Block, vectors: Sequence[Floats]) -> list[Floats]:
    """Views of the rows of a block."""
    here = slice(block.start, block.start + block.rows)
    return [vector[here] for vector in vectors]
