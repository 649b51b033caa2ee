"""Arrow columns as numpy values, and streams of record batches cut to tables of a fixed number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian.data.columns import EXACT, Numbers, TableColumn, Where, coded, exact, unique_names
from gramian.data.source import CodedColumn, ColumnValues, Field, Kind, Schema, Table
from gramian.errors import tables as faults

# pyarrow ships no types: its objects are Any from here on, under the names of what they are.
Array: TypeAlias = Any
ChunkedArray: TypeAlias = Any
ArrowType: TypeAlias = Any
ArrowField: TypeAlias = Any
ArrowSchema: TypeAlias = Any
Batch: TypeAlias = Any

pa: Any = import_module("pyarrow")
pc: Any = import_module("pyarrow.compute")


def kind_of(dtype: ArrowType) -> Kind:
    """The kind of an Arrow column; all-null columns are numbers that are all missing."""
    types = pa.types
    if types.is_run_end_encoded(dtype):
        return kind_of(dtype.value_type)
    if types.is_boolean(dtype):
        return "boolean"
    if types.is_integer(dtype):
        return "integer"
    if types.is_floating(dtype) or types.is_decimal(dtype) or types.is_null(dtype):
        return "float"
    if types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype):
        return "text"
    return "text" if types.is_dictionary(dtype) else "other"


def field_of(field: ArrowField) -> Field:
    return Field(field.name, kind_of(field.type), str(field.type))


def schema_of(schema: ArrowSchema, where: str) -> Schema:
    unique_names(schema.names, where)
    return Schema(tuple(field_of(field) for field in schema))


def declared_levels(column: Array) -> tuple[str, ...] | None:
    """The order of levels that an ordered dictionary column declares, else None."""
    chunked = chunks(column)
    if not pa.types.is_dictionary(chunked.type) or not chunked.type.ordered or chunked.num_chunks == 0:
        return None
    return tuple(str(value) for value in chunked.unify_dictionaries().chunk(0).dictionary.to_pylist())


def chunks(column: Array) -> ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


@dataclass(frozen=True, slots=True, eq=False)
class ArrowColumn:
    """A column in memory of one or more Arrow chunks; only the rows asked for are ever converted."""

    array: ChunkedArray

    def values(self, name: str, start: int, stop: int, where: Where) -> ColumnValues:
        return values_of(name, self.array.slice(start, stop - start), where)


def resident(array: Array) -> TableColumn:
    """A column in memory, as a numpy view where it is one run of numbers without nulls."""
    chunked = chunks(array)
    kind = kind_of(chunked.type)
    plain = pa.types.is_primitive(chunked.type) and kind in ("float", "integer")
    if plain and chunked.num_chunks == 1 and chunked.null_count == 0:
        return Numbers(_raw(chunked.chunk(0))[0])
    return ArrowColumn(chunked)


def values_of(name: str, array: Array, where: Where) -> ColumnValues:
    """Numbers in their own type (float64 with NaN where integers or booleans are missing), text and dates as codes."""
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else _joined(array)
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if kind_of(array.type) == "text":
        return _text(array)
    if pa.types.is_temporal(array.type):
        zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
        return _text((array.cast(pa.timestamp(array.type.unit)) if zoned else array).cast(pa.string()))
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan)
    if pa.types.is_decimal(array.type):
        return _from_decimal(name, array, where)
    return _numbers(name, array, where)


def tables(
    batches: Iterable[Batch], rows: int, where: Where, fixed: Mapping[str, Any] | None = None
) -> Iterator[Table]:
    """Tables of `rows` rows, the last one shorter, whatever the sizes of the batches; `fixed` are constant columns."""
    start = 0
    for chunk in recut(batches, rows):
        here = where.after(start)
        columns: dict[str, ColumnValues] = {
            name: values_of(name, chunk.column(i), here) for i, name in enumerate(chunk.schema.names)
        }
        for name, value in (fixed or {}).items():
            columns[name] = constant(value, chunk.num_rows)
        yield Table(start, chunk.num_rows, columns)
        start += chunk.num_rows


def constant(value: str | int | None, rows: int) -> ColumnValues:
    """A column of one value, as the folders of a partitioned table name it."""
    if isinstance(value, int):
        return np.full(rows, value, dtype=np.int64)
    levels = () if value is None else (value,)
    return CodedColumn(np.full(rows, len(levels) - 1, dtype=np.int32), levels)


def recut(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """The same rows in pieces of exactly `rows`, the last one shorter; a batch of that size passes untouched."""
    pending: list[Batch] = []
    have = 0
    for batch in batches:
        at = 0
        while at < batch.num_rows:
            take = min(rows - have, batch.num_rows - at)
            pending.append(batch.slice(at, take))
            have, at = have + take, at + take
            if have == rows:
                yield pending[0] if len(pending) == 1 else pa.Table.from_batches(pending)
                pending, have = [], 0
    if have:
        yield pending[0] if len(pending) == 1 else pa.Table.from_batches(pending)


def _joined(array: ChunkedArray) -> Array:
    if pa.types.is_dictionary(array.type):
        array = array.unify_dictionaries()
    return array.combine_chunks()


def _text(array: Array) -> CodedColumn:
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    names = array.dictionary

    def names_of(used: Sequence[int]) -> list[str | None]:
        if len(names) > 8 * len(used) or len(used) < 1_000:
            taken = [names[i].as_py() for i in used]
        else:
            # Arrow has no `take` for views.
            known = names.cast(pa.large_string()) if pa.types.is_string_view(names.type) else names
            taken = known.take(pa.array(used, pa.int64())).to_pylist()
        return [None if value is None else str(value) for value in taken]

    codes, missing = _raw(array.indices.cast(pa.int64()))
    if missing is not None:
        codes = np.where(missing, -1, codes)
    return coded(codes, len(names), names_of)


def _numbers(name: str, array: Array, where: Where) -> NDArray[Any]:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
        values, missing = _raw(array)
        return values.view(np.bool_) if missing is None else np.where(missing, np.nan, values)
    values, missing = _raw(array)
    if missing is None:
        return exact(name, values, where)
    if values.dtype.kind in "iu":
        exact(name, np.where(missing, 0, values), where)
        values = values.astype(np.float64)
    return np.where(missing, values.dtype.type(np.nan), values)


def _raw(array: Array) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The values, of no meaning where missing, and where that is; None where nothing is.

    Not `to_numpy`: it imports pandas, which takes longer than a small fit.
    """
    if array.null_count == 0:
        return np.from_dlpack(array), None
    bare = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
    return np.from_dlpack(bare), np.from_dlpack(array.is_null().cast(pa.uint8())).view(np.bool_)


def _from_decimal(name: str, array: Array, where: Where) -> NDArray[Any]:
    numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if array.type.scale <= 0:
        # Not beyond, but at the limit: the conversion may have rounded to it.
        for at in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
            value = int(array[at].as_py())
            if abs(value) > EXACT:
                raise faults.integer_overflow(name, value, where.row(at), where.label)
    return numbers
