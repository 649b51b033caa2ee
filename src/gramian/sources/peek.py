"""Sources described without reading them: by their metadata where they have some, text by its size and first megabyte.

What comes back serves a plan, not a fit: its rows may be an estimate, and reading it gives the first rows alone.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from gramian.data.describe import Described, Stored, described_source
from gramian.data.source import Part, Schema, Source
from gramian.errors import tables as faults
from gramian.sources import delimited, paths
from gramian.sources.files import from_path
from gramian.sources.guess import NULLS
from gramian.sources.open import as_source
from gramian.sources.textfile import check_head, compression_of, delimiter_of, header_line, stream_of

HEAD = 1 << 20
"""Bytes of a text file that are read."""
PACKED = 4.0
"""Bytes of text in a byte of a compressed file: usual for tables of numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Peeked:
    """The first rows of a source. `exact`: `rows` is their number, not an estimate; None where nothing is known of it.

    `typing`: bytes of text that a fit parses once more, to learn the types of the columns.
    """

    name: str
    schema: Schema
    rows: int | None
    exact: bool
    where: Described
    rereadable: bool
    in_memory: bool
    head: Source | None = None
    typing: float = 0.0
    first: int = field(default=1 << 14)

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        """The first part of the rows that were read, if any."""
        return list(self.head.parts(columns, min(rows, self.first)))[:1] if self.head is not None else []


def peek(data: object) -> Peeked:
    """Raises as `as_source` where there is nothing that could be read."""
    if isinstance(data, str | os.PathLike):
        return _files(cast("str | os.PathLike[str]", data))
    if isinstance(data, list | tuple):
        items = cast(Sequence[Any], data)
        if items and all(isinstance(item, str | os.PathLike) for item in items):
            return _files(items)
    source = as_source(data)
    total = len(source.schema.fields)
    stored = described_source(source, source.name, source.in_memory, total, total)
    head = source if source.in_memory else None
    return Peeked(
        source.name, source.schema, source.rows, source.rows is not None, stored, source.rereadable, source.in_memory, head
    )


def _files(where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Peeked:
    name, files = paths.find(where)
    if files[0].format == "csv":
        return _text(name, files)
    source = from_path(where)
    total = len(source.schema.fields)
    stored = described_source(source, name, False, total, total)
    return Peeked(name, source.schema, source.rows, True, stored, True, False)


def _text(name: str, files: list[paths.File]) -> Peeked:
    """CSV: sizes of all files, and the first rows of the first."""
    check_head(files[0])
    first = header_line(files[0])[0]
    delimiter = "\t" if files[0].suffix == ".tsv" else delimiter_of(first)
    with stream_of(files[0]) as stream:
        head: bytes = stream.read(HEAD)
    whole = len(head) < HEAD
    if not whole:
        head = head[: head.rfind(b"\n") + 1]
    text: Any = import_module("pyarrow.csv")
    table = text.read_csv(
        io.BytesIO(head),
        read_options=text.ReadOptions(block_size=2 * HEAD),
        parse_options=text.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=_skip),
        convert_options=text.ConvertOptions(null_values=NULLS, strings_can_be_null=True),
    )
    from gramian.sources.frames import from_arrow

    if table.num_rows == 0:
        raise faults.no_rows(name)
    names = next(csv.reader([first], delimiter=delimiter))
    source = from_arrow(table.rename_columns(names) if len(names) == table.num_columns else table)
    sizes = [(size if isinstance(size := file.stamp()[0], int) else 0, compression_of(file)) for file in files]
    size = sum(one * (PACKED if packed else 1.0) for one, packed in sizes)
    exact = whole and len(files) == 1
    rows = table.num_rows if exact else max(1, round(size / (len(head) / max(table.num_rows, 1))))
    small = sum(one for one, _ in sizes) <= delimited.KEEP and not any(packed for _, packed in sizes)
    total = len(source.schema.fields)
    stored = described_source(_Sized(Stored("csv", float(size), len(files), small)), name, False, total, total)
    return Peeked(name, source.schema, rows, exact, stored, True, False, source, typing=float(size))


@dataclass(frozen=True, slots=True)
class _Sized:
    stored: Stored


def _skip(row: Any) -> str:
    """A row of another length is an error when the file is read, not now."""
    return "skip"
