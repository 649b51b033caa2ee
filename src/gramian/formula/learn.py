"""One pass over all rows teaches what factors need: levels, means and scales, the values that knots come from.

Parts are read by several threads and merged in their order, so that the number of threads changes no bit. Values for
polynomials and knots are gathered up to GATHERED; beyond that they are read again, as often as their method needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import TypeAlias

import numpy as np

from gramian.data.source import Part, Schema, Source
from gramian.errors import DataError, cannot_learn
from gramian.execution.pooling import in_order
from gramian.formula.evaluate import number
from gramian.formula.frame import Frame, Reading, read_frame
from gramian.formula.knots import learn_knots, learn_recurrence
from gramian.formula.levels import SeenLevels
from gramian.formula.nodes import COMPARISONS, WIDE, Apply, Category, Column, Learned, Node
from gramian.formula.states import LevelKind, Shift, State, States
from gramian.kernels.array_types import Floats

GATHERED = 1 << 22
ROWS = 1 << 16


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
    nodes: Sequence[Category | Learned], source: Source, reading: Reading, states: States, threads: int
) -> tuple[dict[str, State], list[str]]:
    """States of nodes whose arguments need none but `states`. One pass, and more for what is too large to gather."""
    parts = source.parts(reading.columns, ROWS)
    stop = Event()

    def of_part(part: Part) -> list[Seen]:
        seen = [_empty(node, reading.schema) for node in nodes]
        for table in part.tables():
            if stop.is_set():
                break
            frame = read_frame(table, part, reading)
            for each in seen if frame.rows else []:
                each.add(frame, states)
        return seen

    total = [_empty(node, reading.schema) for node in nodes]
    with closing(in_order(parts, of_part, threads, stop)) as found:
        for seen in found:
            total = [_merged(left, right) for left, right in zip(total, seen, strict=True)]
    learned: dict[str, State] = {}
    notes: list[str] = []
    for each in total:
        if isinstance(each, SeenValues):
            learned[each.node.text] = _from_values(each, source, reading, states)
        else:
            learned[each.node.text], more = each.finish()
            notes += more
    return learned, notes


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


def _from_values(seen: SeenValues, source: Source, reading: Reading, states: States) -> State:
    def again() -> Iterator[Floats]:
        for part in source.parts(reading.columns, ROWS):
            for table in part.tables():
                frame = read_frame(table, part, reading)
                if frame.rows:
                    yield number(seen.node.arg, frame, states)

    gathered = seen.chunks
    if seen.count == 0:
        raise _no_rows(seen.node)
    chunks = again if gathered is None else lambda: gathered
    if seen.node.function == "poly":
        return learn_recurrence(seen.node, chunks)
    return learn_knots(seen.node, chunks, seen.low, seen.high)


def _no_rows(node: Learned) -> DataError:
    return cannot_learn(node.text, "no complete row is left to learn it from", "see which columns have missing values")
