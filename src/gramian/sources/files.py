"""Tables in files, read in blocks: memory does not grow with the rows.

Parquet: a part for each row group. Feather (Arrow IPC): a part for each record batch. CSV: a part for each file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Protocol, SupportsIndex

from gramian.data.columns import Where, check_columns
from gramian.data.describe import Stored
from gramian.data.source import Field, Kind, Part, Schema, Table
from gramian.errors import SourceError
from gramian.errors import tables as faults
from gramian.sources import delimited
from gramian.sources.absent import AbsentRows
from gramian.sources.arrow import pa, tables
from gramian.sources.columnar import open_feather, open_parquet
from gramian.sources.delimited import Delimited, open_delimited
from gramian.sources.guess import Guess
from gramian.sources.paths import File, FileRun, find


class TableFile(Protocol):
    """A file whose columns and rows are known."""

    @property
    def file(self) -> File: ...
    @property
    def stamp(self) -> tuple[object, ...]: ...
    @property
    def fields(self) -> tuple[Field, ...]: ...
    @property
    def rows(self) -> int: ...
    def runs(self, columns: Sequence[str], rows: int) -> list[FileRun]: ...


@dataclass(frozen=True, slots=True, eq=False)
class FilePart:
    """A run of rows of one file."""

    opened: TableFile
    run: FileRun
    first: int
    columns: tuple[str, ...]
    rows: int

    @property
    def label(self) -> str:
        return self.opened.file.label

    def tables(self) -> Iterator[Table]:
        """The tables; SourceError where the file has changed since it was opened."""
        own = {field.name for field in self.opened.fields}
        keys = {name: value for name, value in self.opened.file.keys if name in self.columns and name not in own}
        try:
            yield from tables(self.run.batches(), self.rows, Where(self.label, self.run.first), keys)
        except (pa.ArrowException, OSError) as error:
            check_unchanged(self.opened)
            raise faults.unreadable(self.label, str(error)) from error
        except SourceError:
            check_unchanged(self.opened)
            raise
        check_unchanged(self.opened)


class Files:
    """One or more files of one format with the same columns, read in their order."""

    def __init__(self, name: str, opened: Sequence[TableFile]) -> None:
        self.name = name
        self.schema = _merged(opened)
        self.rows = sum(one.rows for one in opened)
        self.rereadable = True
        self.in_memory = False
        self._opened = tuple(opened)
        if self.rows == 0:
            raise faults.no_rows(name)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        # A spool is an open file of this process, which no other can reach.
        if any(one.file.spool is not None for one in self._opened):
            return AbsentRows, (self.name, self.schema, self.rows)
        return super().__reduce_ex__(protocol)

    def __deepcopy__(self, memo: object) -> Files:
        return self

    @property
    def stored(self) -> Stored:
        """Form, bytes, and the pieces that can be read side by side."""
        sizes = [one.stamp[0] for one in self._opened]
        total = float(sum(size for size in sizes if isinstance(size, int)))
        pieces = sum(len(one.runs([one.fields[0].name], 1)) for one in self._opened)
        kept = all(isinstance(one, Delimited) and one.small for one in self._opened)
        return Stored(self._opened[0].file.format, total, pieces, kept)

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        check_columns(self.schema, columns, self.name)
        parts: list[Part] = []
        first = 0
        for opened in self._opened:
            check_unchanged(opened)
            own = {field.name for field in opened.fields}
            stored = [name for name in columns if name in own] or [opened.fields[0].name]
            parts += [
                FilePart(opened, run, first + run.first, tuple(columns), rows) for run in opened.runs(stored, rows)
            ]
            first += opened.rows
        return parts


def from_path(where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Files:
    """A path, folder, glob, URL or list of them; "-" is CSV on standard input."""
    name, files = find(where)
    formats = [file.format for file in files]
    for file, kind in zip(files, formats, strict=True):
        if kind != formats[0]:
            raise faults.mixed_formats(files[0].label, file.label)
    files = _keyed_alike(files)
    if formats[0] == "csv":
        return Files(name, _typed_alike(_opened(files)))
    open_one = open_parquet if formats[0] == "parquet" else open_feather
    return Files(name, [open_one(file) for file in files])


def _opened(files: list[File]) -> list[Delimited]:
    """The first files are kept in memory, as far as KEEP goes."""
    opened: list[Delimited] = []
    room = delimited.KEEP
    for file in files:
        opened.append(open_delimited(file, room))
        size = opened[-1].stamp[0]
        room -= size if opened[-1].small and isinstance(size, int) else 0
    return opened


def check_unchanged(opened: TableFile) -> None:
    """SourceError where the file is not as it was when it was opened."""
    now = opened.file.stamp()
    if now == ("gone",):
        raise faults.changed(opened.file.label, "it is gone")
    if now != opened.stamp:
        raise faults.changed(opened.file.label, f"size and time were {opened.stamp}, now {now}")


def _typed_alike(files: list[Delimited]) -> list[Delimited]:
    """CSV files with the type of each column that the values in all of them allow."""
    if len(files) == 1:
        return files
    for one in files[1:]:
        _check_names(files[0], one)
    _check_truth(files)
    common = {name: reduce(Guess.with_, (one.guesses[name] for one in files)) for name in files[0].guesses}
    return [one.merged(common) for one in files]


def _check_truth(files: list[Delimited]) -> None:
    """SourceError where a column is true or false in one file and a number in another."""
    truths: dict[str, tuple[str, str]] = {}
    numbers: dict[str, tuple[str, str]] = {}
    for one in files:
        for field in one.fields:
            if field.kind == "boolean":
                truths.setdefault(field.name, (field.dtype, one.file.label))
            elif field.kind in ("integer", "float") and field.dtype != "null":
                numbers.setdefault(field.name, (field.dtype, one.file.label))
    for name in truths.keys() & numbers.keys():
        (truth, there), (number, here) = truths[name], numbers[name]
        raise faults.different_types(there, name, truth, here, number)


def _check_names(first: TableFile, other: TableFile) -> None:
    names, here = ([field.name for field in one.fields] for one in (first, other))
    missing = [name for name in names if name not in here]
    extra = [name for name in here if name not in names]
    if missing or extra:
        raise faults.different_columns(other.file.label, first.file.label, missing, extra)


def _merged(opened: Sequence[TableFile]) -> Schema:
    """The columns of all files, then the keys of their folders."""
    kinds = {field.name: field for field in opened[0].fields}
    for one in opened[1:]:
        _check_names(opened[0], one)
        for field in one.fields:
            kinds[field.name] = _common(kinds[field.name], field, opened[0].file.label, one.file.label)
    for name, value in opened[0].file.keys:
        kinds.setdefault(name, Field(name, "integer" if isinstance(value, int) else "text", "folder name"))
    return Schema(tuple(kinds.values()))


def _common(first: Field, other: Field, first_label: str, label: str) -> Field:
    if first.kind == other.kind or other.dtype == "null":
        return first
    if first.dtype == "null":
        return other
    numbers: set[Kind] = {"float", "integer"}
    if {first.kind, other.kind} == numbers:
        return first if first.kind == "float" else other
    raise faults.different_types(label, first.name, other.dtype, first_label, first.dtype)


def _keyed_alike(files: list[File]) -> list[File]:
    """Files whose folder keys have one type each: numbers only where all are."""
    names = [name for name, _ in files[0].keys]
    for file in files:
        here = [name for name, _ in file.keys]
        if here != names:
            raise faults.different_columns(file.label, files[0].label, set(names) - set(here), set(here) - set(names))
    text = {name for file in files for name, value in file.keys if not isinstance(value, int)}
    return [
        replace(
            file,
            keys=tuple((name, str(v) if name in text and v is not None else v) for name, v in file.keys),
        )
        for file in files
    ]
