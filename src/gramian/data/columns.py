"""Columns of one table: where a row is, numbers that fit in a double, text as codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gramian import errors
from gramian.data.source import CodedColumn, ColumnValues, Kind, Schema
from gramian.errors import tables as faults

EXACT = 1 << 53
"""The largest integer up to which every integer is a double."""


@dataclass(frozen=True, slots=True)
class Where:
    """How messages name a table and its rows; `first` is the number of its first row, None where unknown."""

    label: str
    first: int | None = 0

    def row(self, index: int) -> str:
        return "a row" if self.first is None else f"row {self.first + index} (counted from 0)"

    def after(self, rows: int) -> Where:
        return Where(self.label, None if self.first is None else self.first + rows)


class TableColumn(Protocol):
    """A column that is in memory."""

    def values(self, name: str, start: int, stop: int, where: Where) -> ColumnValues: ...


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A numeric or boolean array; slices are views."""

    array: NDArray[Any]

    def values(self, name: str, start: int, stop: int, where: Where) -> ColumnValues:
        values = self.array[start:stop]
        return dates(values) if values.dtype.kind == "M" else exact(name, values, where)


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Codes into names, negative where missing."""

    codes: NDArray[Any]
    names: tuple[str, ...]

    def values(self, name: str, start: int, stop: int, where: Where) -> ColumnValues:
        return coded(self.codes[start:stop], len(self.names), lambda used: [self.names[i] for i in used])


def exact(name: str, array: NDArray[Any], where: Where) -> NDArray[Any]:
    """The array itself, or DataError where an integer of it is not a double."""
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        low, high = int(array.min()), int(array.max())
        if low < -EXACT or high > EXACT:
            outside = array > EXACT if high > EXACT else array < -EXACT
            at = int(np.argmax(outside))
            raise faults.integer_overflow(name, int(array[at]), where.row(at), where.label)
    return array


def coded(codes: NDArray[Any], size: int, names_of: Callable[[Sequence[int]], Sequence[str | None]]) -> CodedColumn:
    """Codes among `size` names, negative where missing, as codes among the names that occur, in sorted order.

    Sorted, so that the same rows give the same codes whatever dictionary the source keeps.
    """
    slots = np.zeros(size + 1, dtype=bool)
    slots[codes] = True  # -1 marks the spare last slot
    used = np.flatnonzero(slots[:-1]).tolist()
    names = names_of(used)
    levels = tuple(sorted({name for name in names if name is not None}))
    place = {name: i for i, name in enumerate(levels)}
    lookup = np.full(size + 1, -1, dtype=np.int32)
    lookup[used] = [-1 if name is None else place[name] for name in names]
    return CodedColumn(lookup[codes], levels)


def dates(array: NDArray[Any]) -> CodedColumn:
    """Dates as text."""
    found, codes = np.unique(array, return_inverse=True)
    names = [None if missing else name for name, missing in zip(found.astype(str).tolist(), np.isnat(found), strict=True)]
    return coded(codes, found.size, lambda used: [names[i] for i in used])


def kind_of_dtype(dtype: np.dtype[Any]) -> Kind:
    """The kind of a numpy column, from its dtype alone; "other" for objects and all else."""
    if dtype.kind == "f" and dtype.itemsize <= 8:
        return "float"
    by_letter: dict[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer", "U": "text", "T": "text"}
    return by_letter.get(dtype.kind, "other")


def unique_names(names: Sequence[object], where: str) -> tuple[str, ...]:
    """The names as text; DataError where two are the same, or become the same."""
    text = tuple(map(str, names))
    if len(set(text)) < len(text):
        twice = {name for name in text if text.count(name) > 1}
        clash = [name for name, shown in zip(names, text, strict=True) if shown in twice]
        if len({type(name) for name in clash}) == 1 and all(isinstance(name, str) for name in clash):
            raise faults.duplicate_columns(sorted(twice), where)
        raise faults.clashing_names(clash, where)
    if not text:
        raise faults.no_columns(where)
    return text


def check_columns(schema: Schema, columns: Sequence[str], where: str) -> None:
    """DataError unless every column is there and of a kind that a model can use, or dates, which can name clusters."""
    fields = {field.name: field for field in schema.fields}
    for name in columns:
        if name not in fields:
            raise errors.unknown_column(name, fields, where)
        if fields[name].kind == "other" and not fields[name].is_date:
            raise faults.column_of_kind(name, fields[name].dtype, where)
