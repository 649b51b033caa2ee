"""One pass over all rows teaches what factors need: levels, means and scales, the values that knots come from.

Parts are merged one after the other in their order, whoever reads them, so that no runner changes a bit. Values for
polynomials and knots are gathered up to GATHERED; beyond that they are read again, as often as their method needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

import numpy as np

from gramian.data.source import Schema, Source
from gramian.errors import DataError, cannot_learn
from gramian.execution.reduction import Origin, TableReduction
from gramian.execution.runner import Runner
from gramian.formula.evaluate import number
from gramian.formula.frame import Frame, Reading
from gramian.formula.knots import learn_knots, learn_recurrence
from gramian.formula.levels import SeenLevels
from gramian.formula.nodes import COMPARISONS, WIDE, Apply, Category, Column, Learned, Node
from gramian.formula.reading import SourceFrames
from gramian.formula.states import LevelKind, Shift, State, States
from gramian.formula.values import Gathered, ReadAgain
from gramian.kernels.array_types import Floats

GATHERED = 1 << 22


@dataclass(slots=True)
class SeenMoments:
    """Count, mean and sum of squares about it, merged by Chan's update."""

    node: Learned
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, frame: Frame, states: States) -> None:
        values = number(self.node.arg, frame, states)
        if values.size:
            mean = float(np.mean(values))
            mean += float(np.mean(values - mean))  # the rounding of the first sum
            more = SeenMoments(self.node, values.size, mean, float(np.sum((values - mean) ** 2)))
            joined = self.merge(more)
            self.count, self.mean, self.squares = joined.count, joined.mean, joined.squares

    def merge(self, other: SeenMoments) -> SeenMoments:
        count = self.count + other.count
        if not self.count or not other.count:
            return self if self.count else other
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / count)
        squares = self.squares + other.squares + step * step * (self.count * other.count / count)
        return SeenMoments(self.node, count, mean, squares)

    def finish(self) -> tuple[Shift, list[str]]:
        node = self.node
        center = self.mean if node.function == "center" or node.option("center") is True else 0.0
        if node.function == "center":
            return Shift(center, 1.0), []
        if node.option("scale" if node.function == "scale" else "rescale") is not True:
            return Shift(center, 1.0), []
        ddof = node.option("ddof")
        assert isinstance(ddof, float)
        squares = self.squares + (0.0 if center or not self.mean else self.count * self.mean * self.mean)
        spread = float(np.sqrt(squares / max(self.count - ddof, 1e-300)))
        if not self.count:
            raise _no_rows(node)
        if self.count <= ddof or not spread > 1e-14 * abs(self.mean):
            raise cannot_learn(node.text, "the column is constant, so that it has no scale", "leave it out")
        return Shift(center, spread), []


@dataclass(slots=True)
class SeenValues:
    """Values gathered while they are few; past GATHERED only their count and range are kept."""

    node: Learned
    count: int = 0
    low: float = np.inf
    high: float = -np.inf
    chunks: list[Floats] | None = field(default_factory=list)

    def add(self, frame: Frame, states: States) -> None:
        values = number(self.node.arg, frame, states)
        if values.size:
            kept = [np.array(values)]
            joined = self.merge(SeenValues(self.node, values.size, float(values.min()), float(values.max()), kept))
            self.count, self.low, self.high, self.chunks = joined.count, joined.low, joined.high, joined.chunks

    def merge(self, other: SeenValues) -> SeenValues:
        count = self.count + other.count
        few = self.chunks is not None and other.chunks is not None and count <= GATHERED
        chunks = [*(self.chunks or []), *(other.chunks or [])] if few else None
        return SeenValues(self.node, count, min(self.low, other.low), max(self.high, other.high), chunks)


Seen: TypeAlias = SeenLevels | SeenMoments | SeenValues


def needs_learning(node: Node) -> bool:
    """Whether the node's columns depend on rows other than their own."""
    return isinstance(node, Category) or (isinstance(node, Learned) and not raw(node))


def raw(node: Learned) -> bool:
    return node.function == "poly" and node.option("raw") is True


def learn(
    nodes: Sequence[Category | Learned], source: Source, reading: Reading, states: States, runner: Runner
) -> tuple[dict[str, State], list[str]]:
    """States of nodes whose arguments need none but `states`. One pass, and more for what is too large to gather."""
    frames, seeing = SourceFrames(source, reading), SeenNodes(tuple(nodes), reading.schema, states)
    total = runner.learn(frames, seeing)
    learned: dict[str, State] = {}
    notes: list[str] = []
    for each in seeing.init() if total is None else total:
        if isinstance(each, SeenValues):
            learned[each.node.text] = _from_values(each, ReadAgain(runner, frames, each.node.arg, states))
        else:
            learned[each.node.text], more = each.finish()
            notes += more
    return learned, notes


@dataclass(frozen=True, slots=True, eq=False)
class SeenNodes(TableReduction[Frame, list[Seen], list[Seen]]):
    """What was seen of each node, in their order."""

    label: ClassVar[str] = "levels, means and knots"

    nodes: tuple[Category | Learned, ...]
    schema: Schema
    states: States

    def init(self) -> list[Seen]:
        return [_empty(node, self.schema) for node in self.nodes]

    def step(self, state: list[Seen], item: Frame, origin: Origin) -> list[Seen]:
        for each in state:
            each.add(item, self.states)
        return state

    def merge(self, a: list[Seen], b: list[Seen]) -> list[Seen]:
        return [_merged(left, right) for left, right in zip(a, b, strict=True)]

    def finish(self, total: list[Seen]) -> list[Seen]:
        return total


def _empty(node: Category | Learned, schema: Schema) -> Seen:
    if isinstance(node, Learned):
        return SeenValues(node) if node.function in WIDE else SeenMoments(node)
    kind: LevelKind = "boolean" if is_boolean(node.arg, schema) else "number"
    declared: tuple[str, ...] | None = None
    if isinstance(node.arg, Column) and schema.field(node.arg.name).kind == "text":
        kind, declared = "text", schema.field(node.arg.name).levels
    return SeenLevels(node, kind, declared)


def is_boolean(node: Node, schema: Schema) -> bool:
    if isinstance(node, Column):
        return schema.field(node.name).kind == "boolean"
    return isinstance(node, Apply) and node.function in COMPARISONS


def _merged(left: Seen, right: Seen) -> Seen:
    if isinstance(left, SeenLevels) and isinstance(right, SeenLevels):
        return left.merge(right)
    if isinstance(left, SeenMoments) and isinstance(right, SeenMoments):
        return left.merge(right)
    assert isinstance(left, SeenValues)
    assert isinstance(right, SeenValues)
    return left.merge(right)


def _from_values(seen: SeenValues, again: ReadAgain) -> State:
    if seen.count == 0:
        raise _no_rows(seen.node)
    values = again if seen.chunks is None else Gathered(seen.chunks)
    if seen.node.function == "poly":
        return learn_recurrence(seen.node, values)
    return learn_knots(seen.node, values, seen.low, seen.high)


def _no_rows(node: Learned) -> DataError:
    return cannot_learn(node.text, "no complete row is left to learn it from", "see which columns have missing values")
