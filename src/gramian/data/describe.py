"""What is known of rows before any is read: where they lie, in which form, and how many pieces workers can share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from gramian.data.blocks import Rows, RowsOver

Form: TypeAlias = Literal["arrays", "table", "csv", "parquet", "feather", "stream"]


@dataclass(frozen=True, slots=True)
class Stored:
    """Files: their form and bytes, how many pieces can be read side by side, and whether the rows are kept once read."""

    form: Form
    bytes: float | None
    pieces: int
    kept: bool = False


@runtime_checkable
class InFiles(Protocol):
    """A source that describes how it is stored."""

    @property
    def stored(self) -> Stored: ...


@dataclass(frozen=True, slots=True)
class Described:
    """Rows as a plan sees them. columns: of the source, read and in all. copied: blocks are made anew on each pass."""

    name: str
    form: Form
    bytes: float | None = None
    pieces: int | None = None
    columns: int | None = None
    total: int | None = None
    copied: bool = False
    dtype: str = "float64"


@runtime_checkable
class Telling(Protocol):
    """Rows that can describe themselves."""

    @property
    def described(self) -> Described: ...


def described(rows: Rows) -> Described:
    """Reads nothing."""
    if isinstance(rows, RowsOver):
        return described(rows.of)
    if isinstance(rows, Telling):
        return rows.described
    return Described(rows.name, "table" if rows.in_memory else "stream", pieces=None if rows.in_memory else 1, copied=True)


def described_source(source: object, name: str, in_memory: bool, read: int, total: int) -> Described:
    """Of a table through a design: `read` of its `total` columns."""
    if isinstance(source, InFiles):
        stored = source.stored
        form: Form = "table" if stored.kept else stored.form
        return Described(name, form, stored.bytes, stored.pieces, read, total, copied=True)
    if in_memory:
        return Described(name, "table", None, None, read, total, copied=True)
    return Described(name, "stream", None, 1, read, total, copied=True)
