"""One table read for a design: each column used as float64 or codes, rows with missing values taken out.

A column that goes to X as it is has a home there, its row of X': it is read straight into it, or, where rows fall out,
compressed straight into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian.data.decimals import low_parts
from gramian.data.source import CodedColumn, ColumnValues, Part, Schema, Table
from gramian.errors import missing_value, numbers_as_text, text_as_number, value_not_finite
from gramian.errors.tables import column_of_kind
from gramian.formula.notation import advice_for, is_number
from gramian.kernels.array_types import Floats, Ints
from gramian.sources.sidecar import Sidecar, check_numbers

Missing: TypeAlias = Literal["drop", "error", "keep"]
Homes: TypeAlias = Callable[[int], Mapping[str, Floats]]
"""For a number of rows, new arrays (rows,) that the columns of these names are to be made in."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a pass asks of the source, and what it does with incomplete rows ("keep" for predictions)."""

    columns: tuple[str, ...]
    schema: Schema
    weights: Sidecar | None = None
    offset: Sidecar | None = None
    clusters: Sidecar | None = None
    missing: Missing = "drop"
    decimals: frozenset[str] | None = None  # columns taken as decimals; None: double-double is not asked for

    def check_rows(self, rows: int | None, source: str) -> None:
        """Raises where an array beside the rows is not as long as they are many; None: not known yet."""
        for side in (self.weights, self.offset, self.clusters):
            if side is not None:
                side.check_rows(rows, source)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The complete rows of one table; `kept` are their places in it, None meaning all."""

    rows: int
    kept: Ints | None
    numbers: dict[str, Floats]
    coded: dict[str, CodedColumn]
    w: Floats | None
    offset: Floats | None
    cluster: NDArray[Any] | CodedColumn | None
    label: str
    first: int | None  # row number of this table's first row: in the source, or in its part where that is unknown
    within: bool = field(default=False)  # `first` counts from the part's start
    idle: int = 0  # complete rows left out because their weight is zero
    low: dict[str, Floats] = field(default_factory=dict[str, Floats])  # decimal - float64, where it is not zero

    def row(self, at: int) -> str:
        """The name of complete row `at`, for messages; rows count from 0."""
        return row_name(self.label, self.first, self.within, at if self.kept is None else int(self.kept[at]))

    def number(self, name: str) -> Floats:
        """The column as numbers. Raises DataError at the first text that is none."""
        if name in self.numbers:
            return self.numbers[name]
        coded = self.coded[name]
        present = np.flatnonzero(coded.codes >= 0)
        if not present.size:
            return np.full(self.rows, np.nan)
        odd = np.array([not is_number(level) for level in coded.levels], dtype=bool)[coded.codes[present]]
        at = int(present[np.argmax(odd)])
        if not odd.any():
            raise numbers_as_text(name, coded.levels[int(coded.codes[at])])
        value = coded.levels[int(coded.codes[at])]
        raise text_as_number(name, value, self.row(at), advice_for(value))


def row_name(label: str, first: int | None, within: bool, at: int) -> str:
    """Rows count from 0; in the whole source, or in a part whose place in it is not known."""
    return f"row {(first or 0) + at}{f' of {label}' if within else ''} (counted from 0)"


def _nowhere(rows: int) -> Mapping[str, Floats]:
    return {}


def read_frame(table: Table, part: Part, reading: Reading, homes: Homes = _nowhere) -> Frame:
    """The complete rows of `table`. `homes` is asked once, and again for fewer rows where some fall out."""
    first = (part.first or 0) + table.start
    direct = homes(table.rows)
    frame = Frame(table.rows, None, {}, {}, None, None, None, part.label, first, part.first is None)
    incomplete: dict[str, NDArray[np.bool_]] = {}
    for name in reading.columns:
        values = table.columns[name]
        if isinstance(values, CodedColumn):
            frame.coded[name] = values
            missing = values.codes < 0 if values.codes.size and values.codes.min() < 0 else None
        else:
            frame.numbers[name] = _as_floats(name, values, direct.get(name))
            missing = _missing(name, frame)
            low = low_parts(values, any_digits=True) if reading.decimals and name in reading.decimals else None
            if low is not None and low.any():
                frame.low[name] = low
        if missing is not None:
            incomplete[name] = missing
    frame = _with_sidecars(frame, table, part, reading, direct)
    if incomplete and reading.missing == "error":
        name = min(incomplete, key=lambda each: int(np.argmax(incomplete[each])))
        raise missing_value(name, frame.row(int(np.argmax(incomplete[name]))))
    if reading.missing == "keep":
        return frame
    drop, idle = _drop(incomplete, frame)
    return frame if drop is None else _compressed(frame, np.flatnonzero(~drop), idle, homes)


def _as_floats(name: str, values: ColumnValues, out: Floats | None) -> Floats:
    assert isinstance(values, np.ndarray)
    if values.dtype.kind not in "fiub":
        raise column_of_kind(name, str(values.dtype))
    if out is None:
        return np.ascontiguousarray(values, dtype=np.float64)
    np.copyto(out, values, casting="same_kind")
    return out


def _missing(name: str, frame: Frame) -> NDArray[np.bool_] | None:
    """Where the column is NaN, None for nowhere. One sum decides it: it is finite where every value is."""
    values = frame.numbers[name]
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.add.reduce(values)):
            return None
    infinite = np.isinf(values)
    if infinite.any():
        at = int(np.argmax(infinite))
        raise value_not_finite(name, float(values[at]), frame.row(at))
    missing = np.isnan(values)
    return missing if missing.any() else None


def _with_sidecars(
    frame: Frame, table: Table, part: Part, reading: Reading, direct: Mapping[str, Floats]
) -> Frame:
    """Weights, offset and clusters of every row read; where incomplete, values of rows that will be dropped."""

    def numbers(side: Sidecar | None) -> Floats | None:
        if side is None:
            return None
        if side.column is None:
            return side.part(table, part)
        values = frame.number(side.column)
        return values.copy() if side.column in direct else values  # a reader may overwrite X

    w, offset = numbers(reading.weights), numbers(reading.offset)
    if reading.weights is not None and reading.weights.column is not None and w is not None:
        check_numbers(reading.weights.what, np.where(np.isnan(w), 0.0, w), frame.row)
    cluster: NDArray[Any] | CodedColumn | None = None
    if reading.clusters is not None:
        column = reading.clusters.column
        cluster = reading.clusters.labels(table, part) if column is None else _labels(frame, column, reading.schema)
    return replace(frame, w=w, offset=offset, cluster=cluster)


def _labels(frame: Frame, column: str, schema: Schema) -> NDArray[Any] | CodedColumn:
    if column in frame.coded:
        return frame.coded[column]
    values = frame.numbers[column]
    if schema.field(column).kind in ("integer", "boolean"):
        return np.where(np.isnan(values), 0.0, values).astype(np.int64)
    return values.copy()


def _drop(incomplete: Mapping[str, NDArray[np.bool_]], frame: Frame) -> tuple[NDArray[np.bool_] | None, int]:
    """The rows to leave out, None for none, and how many of them have all values but no weight."""
    masks = list(incomplete.values())
    drop = np.logical_or.reduce(masks) if masks else np.zeros(frame.rows, dtype=np.bool_)
    idle = 0
    if frame.w is not None:
        weightless = frame.w == 0
        idle = int(np.count_nonzero(weightless & ~drop))
        drop = drop | weightless
    return (drop, idle) if drop.any() else (None, 0)


def _compressed(frame: Frame, kept: Ints, idle: int, homes: Homes) -> Frame:
    direct = homes(kept.size)
    return replace(
        frame,
        rows=kept.size,
        kept=kept,
        numbers={name: _taken(values, kept, direct.get(name)) for name, values in frame.numbers.items()},
        coded={name: _recoded(coded, kept) for name, coded in frame.coded.items()},
        low={name: low[kept] for name, low in frame.low.items()},
        w=None if frame.w is None else _taken(frame.w, kept),
        offset=None if frame.offset is None else _taken(frame.offset, kept),
        cluster=None if frame.cluster is None else _chosen(frame.cluster, kept),
        idle=idle,
    )


def _taken(values: Floats, kept: Ints, out: Floats | None = None) -> Floats:
    # Every place is inside, so "clip" changes none; the default would buffer `out`.
    return np.take(values, kept, out=out, mode="clip")


def _recoded(coded: CodedColumn, kept: Ints) -> CodedColumn:
    return CodedColumn(coded.codes[kept], coded.levels)


def _chosen(labels: NDArray[Any] | CodedColumn, kept: Ints) -> NDArray[Any] | CodedColumn:
    return _recoded(labels, kept) if isinstance(labels, CodedColumn) else labels[kept]
