"""Tables that come in batches: readers, datasets, DuckDB relations, lazy frames, anything with `__arrow_c_stream__`.

A stream is one part, read by one worker; a Parquet dataset has a part for each row group. Memory holds a few batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gramian.data.columns import Where, check_columns, unique_names
from gramian.data.source import Part, Schema, Table
from gramian.errors import tables as faults
from gramian.sources.absent import AbsentRows
from gramian.sources.arrow import ArrowSchema, Batch, pa, schema_of, tables
from gramian.sources.columnar import read_groups
from gramian.sources.frames import polars_schema

Reader: TypeAlias = Any
Dataset: TypeAlias = Any
Relation: TypeAlias = Any
LazyFrame: TypeAlias = Any


@dataclass(frozen=True, slots=True, eq=False)
class StreamPart:
    """One run of batches; `counted` is called with the number of rows once all have been read."""

    label: str
    first: int | None
    batches: Callable[[], Iterator[Batch]]
    rows: int
    counted: Callable[[int], None]

    def tables(self) -> Iterator[Table]:
        total = 0
        try:
            for table in tables(self.batches(), self.rows, Where(self.label, self.first)):
                total += table.rows
                yield table
        except pa.ArrowException as error:
            raise faults.unreadable(self.label, str(error)) from error
        self.counted(total)


class Stream:
    """A source of one part; `batches(columns, rows)` starts the stream again, where it can be read again."""

    def __init__(
        self,
        name: str,
        schema: Schema,
        batches: Callable[[Sequence[str], int], Iterator[Batch]],
        rereadable: bool,
    ) -> None:
        self.name = name
        self.schema = schema
        self.rereadable = rereadable
        self.in_memory = False
        self.rows: int | None = None
        self._batches = batches
        self._started = False
        if not schema.fields:
            raise faults.no_columns(name)

    def __reduce__(self) -> tuple[Any, ...]:
        # What starts the stream belongs to this process: a connection, a query, a caller's object.
        return AbsentRows, (self.name, self.schema, self.rows)

    def __deepcopy__(self, memo: object) -> Stream:
        return self

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        check_columns(self.schema, columns, self.name)
        if self._started and not self.rereadable:
            raise faults.one_shot(self.name)
        self._started = True
        names = tuple(columns)
        return [StreamPart(self.name, 0, lambda: self._batches(names, rows), rows, self._count)]

    def _count(self, total: int) -> None:
        """The first whole pass counts the rows; a later one must find as many."""
        if self.rows is None:
            self.rows = total
        if total == 0:
            raise faults.no_rows(self.name)
        if total != self.rows:
            raise faults.changed(self.name, f"{self.rows:,} rows in the first pass, {total:,} in a later one")


def from_reader(reader: Reader, name: str = "the RecordBatchReader") -> Stream:
    """A pyarrow RecordBatchReader: one-shot."""
    return Stream(name, schema_of(reader.schema, name), lambda columns, rows: _select(reader, columns), False)


def from_capsule(data: Any) -> Stream:
    """Any object with `__arrow_c_stream__`; it can be read again if it gives a second stream."""
    name = f"the {type(data).__name__}"
    try:
        held = [pa.RecordBatchReader.from_stream(data)]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise faults.unreadable(name, str(error)) from error
    schema = schema_of(held[0].schema, name)
    try:
        held.append(pa.RecordBatchReader.from_stream(data))
    except Exception:  # Whatever the object raises means that it cannot be streamed twice.
        return Stream(name, schema, lambda columns, rows: _select(held.pop(0), columns), False)

    def batches(columns: Sequence[str], rows: int) -> Iterator[Batch]:
        return _select(held.pop(0) if held else pa.RecordBatchReader.from_stream(data), columns)

    return Stream(name, schema, batches, True)


def from_relation(relation: Relation) -> Stream:
    """A DuckDB relation: each pass runs its query again."""
    name = "the DuckDB relation"
    schema = schema_of(relation.limit(0).to_arrow_reader(1).schema, name)

    def batches(columns: Sequence[str], rows: int) -> Iterator[Batch]:
        quoted = ['"' + column.replace('"', '""') + '"' for column in columns]
        return iter(relation.project(", ".join(quoted)).to_arrow_reader(rows))

    return Stream(name, schema, batches, True)


def from_lazyframe(frame: LazyFrame) -> Stream:
    """A Polars LazyFrame, run by its streaming engine; each pass runs the query again."""
    name = "the LazyFrame"

    def batches(columns: Sequence[str], rows: int) -> Iterator[Batch]:
        chosen = frame.select(list(columns))
        if hasattr(chosen, "collect_batches"):
            pieces = chosen.collect_batches(chunk_size=rows, maintain_order=True, lazy=True, engine="streaming")
        else:
            pieces = [chosen.collect(engine="streaming")]
        for piece in pieces:
            yield from pa.table(piece).to_batches()

    return Stream(name, polars_schema(frame.collect_schema()), batches, True)


class DatasetRows:
    """A pyarrow Dataset: a part for each Parquet row group or other fragment."""

    def __init__(self, dataset: Dataset) -> None:
        self.name = "the Dataset"
        self.schema = schema_of(dataset.schema, self.name)
        self.rereadable = True
        self.in_memory = False
        self._dataset = dataset
        self._pieces = [piece for fragment in dataset.get_fragments() for piece in _split(fragment)]
        sizes = [_size(piece) for piece in self._pieces]
        self.rows: int | None = sum(size or 0 for size in sizes) if None not in sizes else None
        self._firsts: list[int | None] = []
        first: int | None = 0
        for size in sizes:
            self._firsts.append(first)
            first = first + size if first is not None and size is not None else None
        if self.rows == 0:
            raise faults.no_rows(self.name)

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        check_columns(self.schema, columns, self.name)
        names = list(columns)
        return [
            StreamPart(_label(piece), first, lambda piece=piece: self._scan(piece, names, rows), rows, _ignore)
            for piece, first in zip(self._pieces, self._firsts, strict=True)
        ]

    def _scan(self, piece: Any, columns: list[str], rows: int) -> Iterator[Batch]:
        if _plain(piece, self._dataset.schema, columns):
            groups = [group.id for group in piece.row_groups]
            return read_groups(piece.path, piece.filesystem, groups, columns, rows)
        return piece.to_batches(
            schema=self._dataset.schema, columns=columns, batch_size=rows, batch_readahead=2, use_threads=False
        )


def from_dataset(dataset: Dataset) -> DatasetRows | Stream:
    """A pyarrow Dataset; one that was filtered is read as one stream."""
    try:
        return DatasetRows(dataset)
    except ValueError as error:
        if isinstance(error, faults.DataError):
            raise
    name = "the filtered Dataset"

    def batches(columns: Sequence[str], rows: int) -> Iterator[Batch]:
        return dataset.to_batches(columns=list(columns), batch_size=rows, batch_readahead=2, fragment_readahead=1)

    return Stream(name, schema_of(dataset.schema, name), batches, True)


def _select(reader: Reader, columns: Sequence[str]) -> Iterator[Batch]:
    names = list(columns)
    unique_names(names, "the selection")
    for batch in reader:
        yield batch.select(names)


def _split(fragment: Any) -> list[Any]:
    return fragment.split_by_row_group() if hasattr(fragment, "split_by_row_group") else [fragment]


def _plain(piece: Any, schema: ArrowSchema, columns: Sequence[str]) -> bool:
    """A row group of a Parquet file that holds the columns as the dataset types them, so that no scanner is needed."""
    if not hasattr(piece, "row_groups") or piece.filesystem is None:
        return False
    held = piece.physical_schema
    return all(name in held.names and held.field(name).type == schema.field(name).type for name in columns)


def _size(piece: Any) -> int | None:
    groups = getattr(piece, "row_groups", None)
    return sum(group.num_rows for group in groups) if groups is not None else None


def _label(piece: Any) -> str:
    return str(getattr(piece, "path", "")).rsplit("/", 1)[-1] or "the Dataset"


def _ignore(total: int) -> None:
    """The row groups of a Parquet file cannot change their sizes."""
