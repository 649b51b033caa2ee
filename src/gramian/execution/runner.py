"""The fold under every view: blocks are reduced one by one, partial results merged in a fixed binary tree.

A piece sees one block and runs on single-threaded BLAS; the tree depends on the order of parts and blocks alone. So one
thread, two threads and any order of completion give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from gramian.data.blocks import Block, BlockPart, Rows
from gramian.execution.tree import Merge

T = TypeVar("T")
Piece = Callable[[BlockPart, Block], T]


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

