"""What a table must offer to be fitted: named columns, read in parts, each part a run of small tables.

    Source  --parts-->  Part  --tables-->  Table (at most `rows` rows of the columns asked for)

A part can be read on its own, by any worker, in any order, as often as wanted when the source is rereadable; the
boundaries of parts and tables depend on the source and on `rows` alone, never on the worker that reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["float", "integer", "boolean", "text", "other"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, what its values are, and the level order that the table declares, if it does.

    `kind` "text" covers strings and categoricals; "other" (dates, lists, structs) cannot enter a model as it is, and
    `dtype` is the source's own word for it, for messages.
    """

    name: str
    kind: Kind
    dtype: str = ""
    levels: tuple[str, ...] | None = None

    @property
    def is_date(self) -> bool:
        """Dates and times of day. They name clusters, as text, and nothing else: what of them matters, only a user knows."""
        word = self.dtype.lower()
        return self.kind == "other" and word.startswith(("timestamp", "date", "time")) and "delta" not in word


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a source, in order; names are unique."""

    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


@dataclass(frozen=True, slots=True, eq=False)
class CodedColumn:
    """A text column of one table: codes (rows,) int32 into `levels`, -1 where missing.

    `levels` are those of this table only, without order; the design maps them to the levels of the whole source.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


ColumnValues: TypeAlias = NDArray[Any] | CodedColumn


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Consecutive rows. Numeric columns are numpy arrays of their own dtype; missing numbers are NaN in float64."""

    start: int  # row number within the part
    rows: int
    columns: Mapping[str, ColumnValues]


class Part(Protocol):
    """A run of rows that one worker reads in order."""

    @property
    def label(self) -> str:
        """For messages: "trips-03.parquet", "DataFrame"."""
        ...

    @property
    def first(self) -> int | None:
        """Row number of this part's first row in the whole source; None where it is known only after a pass."""
        ...

    def tables(self) -> Iterator[Table]: ...


class Source(Protocol):
    """Named columns of any kind of table."""

    @property
    def name(self) -> str: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def rows(self) -> int | None:
        """Rows in all, where known without reading."""
        ...

    @property
    def rereadable(self) -> bool: ...
    @property
    def in_memory(self) -> bool: ...

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        """The parts, whose tables hold `columns` and at most `rows` rows each.

        Raises SourceError on a second call when the source is one-shot, or when a file is gone or has changed.
        """
        ...
