"""The values of one factor over all rows, to be reduced as often as wanted: held in memory, or read again each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gramian.execution.reduction import Origin, S, TableReduction, V
from gramian.execution.runner import Runner
from gramian.formula.evaluate import number
from gramian.formula.frame import Frame
from gramian.formula.nodes import Node
from gramian.formula.reading import SourceFrames
from gramian.formula.states import States
from gramian.kernels.array_types import Floats


class Values(Protocol):
    """Values in arrays (rows,), in the order of the rows."""

    def fold(self, reduction: TableReduction[Floats, S, V]) -> V: ...


@dataclass(frozen=True, slots=True)
class _Nowhere:
    label: str = ""
    first: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Values in memory."""

    chunks: Sequence[Floats]

    def fold(self, reduction: TableReduction[Floats, S, V]) -> V:
        state = reduction.init()
        for chunk in self.chunks:
            state = reduction.step(state, chunk, _Nowhere())
        return reduction.finish(reduction.close(state))


@dataclass(frozen=True, slots=True, eq=False)
class ReadAgain:
    """Values of a node, too many to hold: one pass over the source each time."""

    runner: Runner
    frames: SourceFrames
    node: Node
    states: States

    def fold(self, reduction: TableReduction[Floats, S, V]) -> V:
        found = self.runner.learn(self.frames, OfNode(self.node, self.states, reduction))
        return reduction.finish(reduction.init()) if found is None else found


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """The values from `lower` to `upper`."""

    of: Values
    lower: float
    upper: float

    def fold(self, reduction: TableReduction[Floats, S, V]) -> V:
        return self.of.fold(WithinBounds(self.lower, self.upper, reduction))


@dataclass(frozen=True, slots=True, eq=False)
class OfNode(TableReduction[Frame, S, V]):
    """A reduction of values, of those that a node has in frames."""

    label: ClassVar[str] = "values"

    node: Node
    states: States
    of: TableReduction[Floats, S, V]

    def init(self) -> S:
        return self.of.init()

    def step(self, state: S, item: Frame, origin: Origin) -> S:
        return self.of.step(state, number(self.node, item, self.states), origin)

    def merge(self, a: S, b: S) -> S:
        return self.of.merge(a, b)

    def finish(self, total: S) -> V:
        return self.of.finish(total)


@dataclass(frozen=True, slots=True, eq=False)
class WithinBounds(TableReduction[Floats, S, V]):
    """A reduction of values, of those from `lower` to `upper`."""

    label: ClassVar[str] = "values"

    lower: float
    upper: float
    of: TableReduction[Floats, S, V]

    def init(self) -> S:
        return self.of.init()

    def step(self, state: S, item: Floats, origin: Origin) -> S:
        return self.of.step(state, item[(self.lower <= item) & (item <= self.upper)], origin)

    def merge(self, a: S, b: S) -> S:
        return self.of.merge(a, b)

    def finish(self, total: S) -> V:
        return self.of.finish(total)


@dataclass(frozen=True, slots=True)
class CountOfValues(TableReduction[Floats, int, int]):
    """How many values there are."""

    label: ClassVar[str] = "values"

    def init(self) -> int:
        return 0

    def step(self, state: int, item: Floats, origin: Origin) -> int:
        return state + item.size

    def merge(self, a: int, b: int) -> int:
        return a + b

    def finish(self, total: int) -> int:
        return total
