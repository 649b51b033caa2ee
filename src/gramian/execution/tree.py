"""The fixed trees in which partial results merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")

Merge = Callable[[T, T], T]


class Tree(Protocol[T]):
    """Takes partial results in the order of the rows; the total is None where there was none."""

    def push(self, value: T) -> None: ...
    def total(self) -> T | None: ...


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


class Chain(Generic[T]):
    """Partial results merged one after the other: the total so far with the next."""

    def __init__(self, merge: Merge[T]) -> None:
        self._merge = merge
        self._total: T | None = None

    def push(self, value: T) -> None:
        self._total = value if self._total is None else self._merge(self._total, value)

    def total(self) -> T | None:
        return self._total
