"""Tables in memory: dicts of arrays, structured arrays, pandas, Polars and Arrow tables.

Each becomes a `Resident`: the schema comes from the types alone, and a column is converted when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from gramian.data.columns import Labels, Numbers, TableColumn, Where, kind_of_dtype, unique_names
from gramian.data.source import Field, Kind, Schema
from gramian.errors import tables as faults
from gramian.sources.kinds import unknown_source
from gramian.sources.resident import Resident

# Objects of packages that may not be installed; they are recognised by the module of their type.
PandasFrame: TypeAlias = Any
PandasSeries: TypeAlias = Any
PolarsFrame: TypeAlias = Any
ArrowTable: TypeAlias = Any


_DATES = ("date", "datetime", "time")
"""The names that pandas gives to columns of Python's datetime objects."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A column that can be described now and loaded later."""

    field: Field
    length: int
    load: Callable[[], TableColumn]


# Ways to load a column later, each a value that can be pickled.


@dataclass(frozen=True, slots=True, eq=False)
class _PolarsColumns:
    frame: PolarsFrame

    def __call__(self, name: str) -> TableColumn:
        return _ArrowArray(self.frame.get_column(name))()


@dataclass(frozen=True, slots=True, eq=False)
class _ArrowColumns:
    table: ArrowTable

    def __call__(self, name: str) -> TableColumn:
        return _ArrowArray(self.table.column(name))()


@dataclass(frozen=True, slots=True, eq=False)
class _Each:
    """One way for each column."""

    loads: Mapping[str, Callable[[], TableColumn]]

    def __call__(self, name: str) -> TableColumn:
        return self.loads[name]()


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    column: TableColumn

    def __call__(self) -> TableColumn:
        return self.column


@dataclass(frozen=True, slots=True, eq=False)
class _ArrowArray:
    """A pyarrow array, or a column of Polars or pandas that Arrow takes over."""

    array: Any

    def __call__(self) -> TableColumn:
        from gramian.sources import arrow

        home = type(self.array).__module__.split(".")[0]
        if home == "polars":
            return arrow.resident(arrow.pa.chunked_array(self.array))
        return arrow.resident(arrow.pa.array(self.array, from_pandas=True) if home == "pandas" else self.array)


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    name: str
    values: NDArray[Any]
    where: str

    def __call__(self) -> TableColumn:
        from gramian.sources import arrow, objects

        return arrow.resident(objects.converted(self.name, self.values, Where(self.where)))


def from_mapping(columns: Mapping[Any, Any]) -> Resident:
    """A dict of 1-D arrays, lists or Series of one length."""
    name = "the dict"
    names = unique_names(list(columns), name)
    return _resident(name, [_given(key, value, name) for key, value in zip(names, columns.values(), strict=True)])


def from_structured(array: NDArray[Any]) -> Resident:
    """A 1-D numpy structured or record array: its fields are the columns."""
    name = "the structured array"
    if isinstance(array, np.ma.MaskedArray):
        raise faults.masked_values(name)
    if array.ndim != 1:
        raise unknown_source(array)
    return _resident(name, [_from_numpy(key, array[key], name) for key in array.dtype.names or ()])


def from_pandas(frame: PandasFrame) -> Resident:
    """A pandas DataFrame; the index is not a column."""
    name = "the DataFrame"
    names = unique_names(list(frame.columns), name)
    return _resident(name, [_from_series(key, frame.iloc[:, i], name) for i, key in enumerate(names)], len(frame))


def from_polars(frame: PolarsFrame) -> Resident:
    """A Polars DataFrame, read through Arrow without copying."""
    return Resident("the DataFrame", polars_schema(frame.schema), frame.height, _PolarsColumns(frame))


def from_arrow(table: ArrowTable) -> Resident:
    """A pyarrow Table or RecordBatch."""
    from gramian.sources import arrow

    name = f"the {type(table).__name__}"
    schema = arrow.schema_of(table.schema, name)
    declared = [arrow.declared_levels(table.column(i)) for i in range(len(schema.fields))]
    fields = tuple(
        Field(field.name, field.kind, field.dtype, levels)
        for field, levels in zip(schema.fields, declared, strict=True)
    )
    return Resident(name, Schema(fields), table.num_rows, _ArrowColumns(table))


def polars_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema of a Polars frame, eager or lazy; an Enum declares its levels."""
    return Schema(tuple(_polars_field(name, dtype) for name, dtype in schema.items()))


def _polars_field(name: str, dtype: Any) -> Field:
    word = str(dtype)
    base = word.split("(")[0]
    levels = tuple(dtype.categories.to_list()) if base == "Enum" else None
    kind: Kind = "other"
    if base in ("String", "Categorical", "Enum"):
        kind = "text"
    elif base == "Boolean":
        kind = "boolean"
    elif dtype.is_float() or base in ("Decimal", "Null"):
        kind = "float"
    elif dtype.is_integer() and "128" not in base:
        kind = "integer"
    return Field(name, kind, word, levels)


def _resident(name: str, columns: Sequence[Ready], rows: int | None = None) -> Resident:
    lengths = {column.field.name: column.length for column in columns}
    if len(set(lengths.values())) > 1:
        raise faults.mismatched_lengths(lengths, name)
    ready = {column.field.name: column.load for column in columns}
    count = rows if rows is not None else next(iter(lengths.values()), 0)
    return Resident(name, Schema(tuple(column.field for column in columns)), count, _Each(ready))


def _given(name: str, value: Any, where: str) -> Ready:
    """One value of a dict as a column."""
    home = type(value).__module__.split(".")[0]
    if home == "pandas":
        pd: Any = import_module("pandas")
        series: Any = value if isinstance(value, pd.Series) else pd.Series(value)
        return _from_series(name, series, where)
    if home in ("polars", "pyarrow") and not hasattr(value, "columns"):
        from gramian.sources import arrow

        return _from_arrow(name, arrow.pa.chunked_array(value) if home == "polars" else arrow.chunks(value))
    if isinstance(value, np.ndarray):
        return _from_numpy(name, cast(NDArray[Any], value), where)
    if value is None or isinstance(value, (str, bytes, int, float, complex, np.generic)):
        raise faults.column_shape(name, (), where)
    if isinstance(value, Sequence):
        return _from_objects(name, cast(Sequence[Any], value), where)
    if hasattr(value, "__array__"):
        return _from_numpy(name, np.asarray(value), where)
    raise faults.column_type(name, type(value).__name__, where)


def _from_numpy(name: str, array: NDArray[Any], where: str) -> Ready:
    if isinstance(array, np.ma.MaskedArray):
        raise faults.masked_values(f"column {name!r} of {where}")
    if array.ndim != 1:
        raise faults.column_shape(name, array.shape, where)
    if array.dtype.kind == "O":
        return _from_objects(name, array, where)
    if array.dtype.kind == "c":
        raise faults.column_of_kind(name, str(array.dtype), where)
    kind = kind_of_dtype(array.dtype)
    if kind == "text":
        return _from_objects(name, array.astype(object), where)
    return Ready(Field(name, kind, str(array.dtype)), array.size, _Given(Numbers(array)))


def _from_series(name: str, series: PandasSeries, where: str) -> Ready:
    pd: Any = import_module("pandas")
    dtype: Any = series.dtype
    size = len(series)
    if isinstance(dtype, pd.CategoricalDtype):
        levels = tuple(map(str, dtype.categories))
        unique_names(levels or [""], f"the categories of column {name!r}")
        codes: Any = series.cat.codes.to_numpy()
        return Ready(Field(name, "text", str(dtype), levels), size, _Given(Labels(codes, levels)))
    if isinstance(dtype, pd.SparseDtype):
        dense = np.asarray(series)
        return Ready(Field(name, kind_of_dtype(dense.dtype), str(dtype)), size, _Given(Numbers(dense)))
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        array: NDArray[Any] = series.to_numpy()
        return Ready(Field(name, kind_of_dtype(array.dtype), str(array.dtype)), size, _Given(Numbers(array)))
    load = _Objects(name, series.to_numpy(), where) if isinstance(dtype, np.dtype) else _ArrowArray(series)
    kind, word = _pandas_kind(series), str(dtype)
    if word == "object" and kind == "other" and (inside := pd.api.types.infer_dtype(series, skipna=True)) in _DATES:
        word = inside
    return Ready(Field(name, kind, word), size, load)


def _pandas_kind(series: PandasSeries) -> Kind:
    """The kind of a column of objects or of an extension type."""
    pd: Any = import_module("pandas")
    dtype: Any = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        from gramian.sources import arrow

        return arrow.kind_of(dtype.pyarrow_dtype)
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if not isinstance(dtype, np.dtype):
        masked: dict[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer", "f": "float"}
        return masked.get(str(getattr(dtype, "kind", "O")), "other")
    found: dict[str, Kind] = {
        "string": "text",
        "boolean": "boolean",
        "integer": "integer",
        "floating": "float",
        "mixed-integer-float": "float",
        "integer-na": "integer",
        "decimal": "float",
        "empty": "float",
    }
    return found.get(pd.api.types.infer_dtype(series, skipna=True), "other")


def _from_arrow(name: str, chunked: Any) -> Ready:
    from gramian.sources import arrow

    field = Field(name, arrow.kind_of(chunked.type), str(chunked.type), arrow.declared_levels(chunked))
    return Ready(field, len(chunked), _ArrowArray(chunked))


def _from_objects(name: str, values: Sequence[Any] | NDArray[Any], where: str) -> Ready:
    from gramian.sources import objects

    return _from_arrow(name, objects.converted(name, values, Where(where)))
