"""Tables become blocks: the loop that a view drives, and the one for predictions.

A block is made in one new array of shape (n, rows): plain columns are copied there straight from the table, the rest is
computed into its rows. Its transpose, Fortran-contiguous, is X.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gramian.arraytypes import Floats, Ints
from gramian.data import evaluate
from gramian.data.blocks import Block, BlockPart, block_rows
from gramian.data.coding import Layout, fill
from gramian.data.formula import Factor
from gramian.data.frame import Frame, Reading, read_frame
from gramian.data.nodes import Column
from gramian.data.source import Part, Source, Table
from gramian.data.states import States


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """X (rows, n) of consecutive new rows from `start` on; rows at `missing` are NaN; offset (rows,) or None."""

    start: int
    X: Floats
    missing: Ints
    offset: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class DesignRows:
    """The rows of a source through a design, as blocks."""

    source: Source
    reading: Reading
    layout: Layout
    targets: tuple[Factor, ...]
    centred: bool
    states: States
    sparse: bool = False

    @property
    def n(self) -> int:
        return len(self.layout.names)

    @property
    def k(self) -> int:
        return len(self.targets)

    @property
    def rows(self) -> int | None:
        return self.source.rows

    @property
    def weighted(self) -> bool:
        return self.reading.weights is not None

    @property
    def rereadable(self) -> bool:
        return self.source.rereadable

    @property
    def in_memory(self) -> bool:
        return self.source.in_memory

    @property
    def name(self) -> str:
        return self.source.name

    def parts(self) -> Sequence[BlockPart]:
        parts = self.source.parts(self.reading.columns, block_rows(self.n + self.k))
        return [DesignPart(self, part, at == len(parts) - 1) for at, part in enumerate(parts)]


@dataclass(frozen=True, slots=True, eq=False)
class DesignPart:
    """One part of the source; its blocks are its tables."""

    made_of: DesignRows
    part: Part
    last: bool

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def first(self) -> int | None:
        return self.part.first

    def blocks(self) -> Iterator[Block]:
        rows = 0
        for table in self.part.tables():
            rows = table.start + table.rows
            if table.rows:
                yield self._block(table)
        if self.last and self.part.first is not None:
            # Only now is the number of rows certain for a source that did not know it.
            self.made_of.reading.check_rows(self.part.first + rows, self.made_of.name)

    def _block(self, table: Table) -> Block:
        rows = self.made_of
        buffer = np.empty((rows.n, table.rows))
        targets = np.empty((rows.k, table.rows))
        direct = {name: buffer[at] for name, at in rows.layout.plain.items()}
        for at, target in enumerate(rows.targets):
            if isinstance(target.node, Column):
                direct[target.node.name] = targets[at]
        frame = read_frame(table, self.part, rows.reading, direct)
        X, y = self._filled(frame, buffer, targets)
        if frame.offset is not None:
            y -= frame.offset
        return Block(table.start, X.T, y.T, frame.w, frame.cluster, table.rows, frame.kept, True, frame.idle, frame.offset)

    def _filled(self, frame: Frame, buffer: Floats, targets: Floats) -> tuple[Floats, Floats]:
        rows = self.made_of
        plain = rows.layout.plain
        if frame.kept is not None:
            buffer, targets = np.empty((rows.n, frame.rows)), np.empty((rows.k, frame.rows))
        _fill_plain(frame, plain, buffer)
        fill(rows.layout.pieces, frame, rows.states, buffer)
        for at, target in enumerate(rows.targets):
            values = evaluate.number(target.node, frame, rows.states)
            if frame.kept is not None or not isinstance(target.node, Column):
                targets[at] = values
        return buffer, targets


def _fill_plain(frame: Frame, plain: Mapping[str, int], buffer: Floats) -> None:
    """Plain columns that were not read into the buffer itself; raises where one turns out to be text."""
    for name, at in plain.items():
        values = frame.number(name)
        if not np.may_share_memory(values, buffer):
            buffer[at] = values


def predicted(source: Source, reading: Reading, layout: Layout, states: States) -> Iterator[Predicted]:
    """X of every table in order, with the rows that miss a value as NaN."""
    start = 0
    for part in source.parts(reading.columns, block_rows(len(layout.names) + 1)):
        for table in part.tables():
            buffer = np.empty((len(layout.names), table.rows))
            frame = read_frame(table, part, reading, {name: buffer[at] for name, at in layout.plain.items()})
            missing = np.zeros(table.rows, dtype=bool)
            for values in frame.numbers.values():
                missing |= np.isnan(values)
            for coded in frame.coded.values():
                missing |= coded.codes < 0
            _fill_plain(frame, layout.plain, buffer)
            fill(layout.pieces, frame, states, buffer)
            places = np.flatnonzero(missing)
            buffer[:, places] = np.nan
            yield Predicted(start, buffer.T, places, frame.offset)
            start += table.rows
