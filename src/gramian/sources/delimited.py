"""CSV and TSV files: one pass finds the types of the columns over the whole file, later passes read with these.

The typing pass reads with the types that the first megabyte suggests. Where a later value contradicts them it starts
again, first with the columns as text that were empty so far, then with all. What it read of a small file is kept, so that
most small files are parsed once; a large one is read again for each pass.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any

from gramian.data.columns import unique_names
from gramian.data.source import Field
from gramian.errors import tables as faults
from gramian.sources import textfile
from gramian.sources.arrow import ArrowType, Batch, field_of, pa
from gramian.sources.guess import NULLS, Guess, suspicious
from gramian.sources.paths import File, FileRun
from gramian.sources.textfile import (
    check_head,
    check_quotes,
    compression_of,
    delimiter_of,
    header_line,
    ragged,
    stream_of,
)

KEEP = 16 << 20
"""Files of at most so many bytes together are kept in memory once parsed."""

_RAGGED = re.compile(r"Expected (\d+) columns, got (\d+): ?(.*)", re.DOTALL)
"""How Arrow says that a row has the wrong number of columns."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written: its delimiter, the names in its header, and a block size that holds its longest line."""

    delimiter: str
    names: tuple[str, ...]
    block: int


@dataclass(frozen=True, slots=True, eq=False)
class Delimited:
    """A CSV file whose column types are known."""

    file: File
    stamp: tuple[object, ...]
    dialect: Dialect
    guesses: Mapping[str, Guess]
    rows: int
    small: bool = False
    _kept: list[Any] = field(default_factory=list[Any])

    @property
    def types(self) -> dict[str, ArrowType]:
        return {name: guess.type for name, guess in self.guesses.items()}

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(
            Field(name, "other", "integers beyond 64 bits") if guess.too_long else field_of(pa.field(name, guess.type))
            for name, guess in self.guesses.items()
        )

    def merged(self, others: Mapping[str, Guess]) -> Delimited:
        """The same file read with types that the columns of other files allow too."""
        other = replace(self, guesses={name: guess.with_(others[name]) for name, guess in self.guesses.items()})
        return other if other.types == self.types else replace(other, _kept=[])

    def runs(self, columns: Sequence[str], rows: int) -> list[FileRun]:
        """The whole file is one run, as no line can be found without reading those before it."""
        return [FileRun(0, partial(self._batches, list(columns)))] if self.rows else []

    def _batches(self, columns: list[str]) -> Iterator[Batch]:
        if not self._kept and self.small:
            usable = [one.name for one in self.fields if one.kind != "other" or one.is_date]
            self._kept.append(pa.Table.from_batches(list(self._read(usable))))
        if self._kept:
            yield from self._kept[0].select(columns).to_batches()
        else:
            yield from self._read(columns)

    def _read(self, columns: list[str]) -> Iterator[Batch]:
        types = self.types
        try:
            with _TextReader(self.file, self.dialect, {name: types[name] for name in columns}, columns) as batches:
                yield from batches
        except _Contradiction as error:
            raise faults.unreadable(self.file.label, f"a value is not of the type found before ({error})") from error


def open_delimited(file: File, room: int = KEEP) -> Delimited:
    """Read the head, then find the types of the whole file. SourceError where it is not a table of text.

    Its rows are kept in memory when the file has at most `room` bytes and is not compressed.
    """
    stamp = file.stamp()
    small = isinstance(size := stamp[0], int) and size <= room and compression_of(file) is None
    check_head(file)
    first, alone = header_line(file)
    delimiter = "\t" if file.suffix == ".tsv" else delimiter_of(first)
    names = unique_names(next(csv.reader([first], delimiter=delimiter)), repr(file.label))
    block = 1 << 20
    while block < 4 * len(first):
        block *= 2
    if alone:
        return Delimited(file, stamp, Dialect(delimiter, names, block), {name: Guess() for name in names}, 0)
    while True:
        dialect = Dialect(delimiter, names, block)
        try:
            typed = _typed(file, dialect, small)
            return Delimited(file, stamp, dialect, typed.guesses, typed.rows, small, typed.kept())
        except _LineTooLong:
            block *= 4
            if block > textfile.MOST:
                check_quotes(file)
                raise faults.unreadable(file.label, "a line is longer than 64 MB") from None


@dataclass(frozen=True, slots=True, eq=False)
class _Typed:
    """What a reading of all rows found; `batches` where it was asked to keep them."""

    guesses: Mapping[str, Guess]
    rows: int
    batches: list[Batch]

    def kept(self) -> list[Any]:
        """The rows as one table, if every column was read with the type that it has."""
        names = [name for name, guess in self.guesses.items() if not guess.too_long]
        alike = (self.batches[0].column(name).type == self.guesses[name].type for name in names if self.batches)
        return [pa.Table.from_batches(self.batches)] if self.batches and all(alike) else []


def _typed(file: File, dialect: Dialect, keep: bool) -> _Typed:
    """A guess for each column from all rows, and their number."""
    types: dict[str, ArrowType] = {}
    try:
        return _verified(file, dialect, types, keep)
    except _Contradiction:
        empty = [name for name, kind in types.items() if pa.types.is_null(kind)]
    if empty:
        try:
            return _verified(file, dialect, types, keep)
        except _Contradiction:
            pass
    return _verified(file, dialect, {name: pa.null() for name in dialect.names}, keep)


def _verified(file: File, dialect: Dialect, types: dict[str, ArrowType], keep: bool) -> _Typed:
    """Read all rows with these types, null standing for a guess from the text. Raises _Contradiction.

    Where `types` is empty, it becomes what the first block suggests.
    """
    asking = not types
    open_ones = {name: Guess() for name, kind in types.items() if pa.types.is_null(kind)}
    asked = {name: pa.string() if name in open_ones else kind for name, kind in types.items()}
    rows, last, batches = 0, None, list[Batch]()
    with _TextReader(file, dialect, asked, None) as stream:
        for batch in stream:
            if asking and not types:
                types.update(_first_types(file, batch))
            rows += batch.num_rows
            last = batch if batch.num_rows else last
            batches += [batch] if keep and batch.num_rows else []
            for name, guess in open_ones.items():
                guess.see(batch.column(name))
            if len(open_ones) < len(types) and any(map(suspicious, batch.columns)):
                raise _Contradiction
    if last is not None and "\n" in str(last.column(last.num_columns - 1)[-1]):
        check_quotes(file)
    known = types or {name: pa.null() for name in dialect.names}
    return _Typed({name: open_ones.get(name) or Guess.known(kind) for name, kind in known.items()}, rows, batches)


def _first_types(file: File, batch: Batch) -> dict[str, ArrowType]:
    for column in batch.schema:
        if pa.types.is_binary(column.type):
            raise faults.not_utf8(file.label, f"column {column.name!r} has bytes that are no text")
    return {column.name: column.type for column in batch.schema}


class _Contradiction(Exception):
    """A value does not have the type that the column was read with."""


class _LineTooLong(Exception):
    """A line does not fit in a block."""


class _TextReader:
    """Arrow's streaming reader, with errors that name the file and the line.

    Arrow reads ahead in threads of its own, which can outlive the reader, and one that asks for Python while the
    interpreter ends takes the process down. So none of them holds anything of Python's: local files are opened by Arrow,
    the file object of others is closed on every path out, and ragged rows are searched for afterwards, not in a callback.
    """

    def __init__(self, file: File, dialect: Dialect, types: Mapping[str, ArrowType], columns: list[str] | None) -> None:
        self._file, self._dialect, self._types, self._columns = file, dialect, types, columns

    def __enter__(self) -> Iterator[Batch]:
        self._stream = stream_of(self._file)
        self._batches = self._read()
        return self._batches

    def __exit__(self, *raised: object) -> None:
        self._batches.close()
        self._stream.close()

    def _read(self) -> Generator[Batch]:
        text: Any = import_module("pyarrow.csv")
        convert = {"include_columns": self._columns} if self._columns is not None else {}
        try:
            yield from text.open_csv(
                self._stream,
                read_options=text.ReadOptions(block_size=self._dialect.block),
                parse_options=text.ParseOptions(delimiter=self._dialect.delimiter, newlines_in_values=True),
                convert_options=text.ConvertOptions(
                    column_types=dict(self._types), null_values=NULLS, strings_can_be_null=True, **convert
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._explained(str(error)) from error

    def _explained(self, reason: str) -> Exception:
        found = _RAGGED.search(reason)
        if found is not None:
            wanted, got, text = int(found[1]), int(found[2]), found[3]
            return ragged(self._file, self._dialect.delimiter, wanted) or faults.ragged_row(
                self._file.label, None, wanted, got, text
            )
        if "straddling" in reason:
            return _LineTooLong()
        if "UTF8" in reason:
            return faults.not_utf8(self._file.label, reason.rsplit(": ", 1)[0])
        if "conversion error" in reason:
            return _Contradiction(reason)
        return faults.unreadable(self._file.label, reason)
