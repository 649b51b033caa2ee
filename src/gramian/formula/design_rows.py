"""Tables become blocks: the loop that a pass runs, and the one for predictions.

A block is made in one new array of shape (n, rows): plain columns are copied there straight from the table, the rest is
computed into its rows. Its transpose, Fortran-contiguous, is X.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gramian.data.blocks import Block, BlockPart, block_rows
from gramian.data.describe import Described, described_source
from gramian.data.source import Part, Source, Table
from gramian.formula import double_double as doubled
from gramian.formula import evaluate
from gramian.formula.coding import Layout, fill
from gramian.formula.frame import Frame, Reading, read_frame
from gramian.formula.nodes import Column
from gramian.formula.parser import FormulaFactor
from gramian.formula.states import States
from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.bounded import COVER, add, certain
from gramian.kernels.norms import column_norms


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
    targets: tuple[FormulaFactor, ...]
    centred: bool
    states: States
    shifts: bool = True  # the offset is taken off y, as least squares wants it; other losses add it to eta

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
    def sparse(self) -> bool:
        return False

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

    @property
    def described(self) -> Described:
        read, total = len(self.reading.columns), len(self.source.schema.fields)
        return described_source(self.source, self.name, self.in_memory, read, total)

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
        made = _Arrays(rows.layout.plain, rows.n, rows.targets)
        frame = read_frame(table, self.part, rows.reading, made.homes)
        _fill_plain(frame, rows.layout.plain, made.X)
        if rows.reading.decimals is not None:
            return self._doubled(table, frame, made)
        fill(rows.layout, frame, rows.states, made.X)
        for at, target in enumerate(rows.targets):
            _put(evaluate.number(target.node, frame, rows.states), made.y[at])
        if frame.offset is not None and rows.shifts:
            made.y -= frame.offset
        return Block(
            table.start, made.X.T, made.y.T, frame.w, frame.cluster, table.rows, frame.kept, True, frame.idle, frame.offset
        )

    def _doubled(self, table: Table, frame: Frame, made: _Arrays) -> Block:
        """The block in double-double: X and y hold the float64 nearest to each value, the low parts the rest."""
        rows = self.made_of
        low, y_low = np.zeros_like(made.X), np.zeros_like(made.y)
        off, y_off = np.zeros_like(made.X), np.zeros_like(made.y)
        for name, at in rows.layout.plain.items():
            low[at] = frame.low.get(name, 0.0)
        fill(rows.layout, frame, rows.states, made.X, (low, off))
        for at, target in enumerate(rows.targets):
            found = doubled.number(target.node, frame, rows.states)
            if frame.offset is not None and rows.shifts:
                column = rows.reading.offset.column if rows.reading.offset is not None else None
                rest = frame.low.get(column or "")
                taken = certain(frame.offset) if rest is None else doubled.read(frame.offset, rest)
                found = add(found, -taken)
            (made.y[at], y_low[at]), y_off[at] = found
        block = Block(table.start, made.X.T, made.y.T, frame.w, frame.cluster, table.rows, frame.kept, True)
        lost = _lost(np.concatenate([off, y_off]), frame.w)
        return replace(block, idle=frame.idle, offset=frame.offset, X_lo=low.T, y_lo=y_low.T, lost=lost)


def _lost(units: Floats, w: Floats | None) -> Floats:
    """Weighted norms (p,) of the errors of rows that are made in double-double, (p, rows)."""
    found = np.zeros(units.shape[0])
    largest = np.max(units, axis=1, initial=0.0)
    made = np.flatnonzero((largest > 0) & np.isfinite(largest))
    root = np.ones(units.shape[1]) if w is None else np.sqrt(w)
    found[made] = COVER * column_norms((units[made] * root).T)
    found[~np.isfinite(largest)] = np.inf
    return found


@dataclass(slots=True, eq=False)
class _Arrays:
    """X' (n, rows) and y' (k, rows) of a block, made anew when it is known how many rows remain."""

    plain: Mapping[str, int]
    n: int
    targets: Sequence[FormulaFactor]
    X: Floats = field(init=False)
    y: Floats = field(init=False)

    def homes(self, rows: int) -> dict[str, Floats]:
        """Where columns go that enter X or y as they are; a column that does both goes to y, and is copied to X."""
        self.X, self.y = np.empty((self.n, rows)), np.empty((len(self.targets), rows))
        homes = {name: self.X[at] for name, at in self.plain.items()}
        for at, target in enumerate(self.targets):
            if isinstance(target.node, Column):
                homes[target.node.name] = self.y[at]
        return homes


def _fill_plain(frame: Frame, plain: Mapping[str, int], X: Floats) -> None:
    """Plain columns that were not read into X itself; raises where one turns out to be text."""
    for name, at in plain.items():
        _put(frame.number(name), X[at])


def _put(values: Floats, home: Floats) -> None:
    """Copies the values, unless they were computed in place."""
    if not np.may_share_memory(values, home):
        home[:] = values


def predicted(source: Source, reading: Reading, layout: Layout, states: States) -> Iterator[Predicted]:
    """X of every table in order, with the rows that miss a value as NaN."""
    start = 0
    for part in source.parts(reading.columns, block_rows(len(layout.names) + 1)):
        for table in part.tables():
            made = _Arrays(layout.plain, len(layout.names), ())
            frame = read_frame(table, part, reading, made.homes)
            missing = np.zeros(table.rows, dtype=bool)
            for values in frame.numbers.values():
                missing |= np.isnan(values)
            for coded in frame.coded.values():
                missing |= coded.codes < 0
            _fill_plain(frame, layout.plain, made.X)
            fill(layout, frame, states, made.X)
            places = np.flatnonzero(missing)
            made.X[:, places] = np.nan
            yield Predicted(start, made.X.T, places, frame.offset)
            start += table.rows
