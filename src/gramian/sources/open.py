"""The one way in: whatever holds rows becomes a Source. The package that reads it is imported only when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from gramian.data.source import Source
from gramian.errors import tables as faults


def as_source(data: object) -> Source:
    """A Source of the rows of `data`.

    Allowed: a Source; a dict of 1-D arrays, lists or Series; a numpy structured array; a pandas or Polars DataFrame; a
    Polars LazyFrame; a pyarrow Table, RecordBatch, RecordBatchReader or Dataset; a DuckDB relation; an object with
    `__arrow_c_stream__`; a path, folder, glob, URL or list of these of CSV, TSV, Parquet or Feather files; "-", CSV on
    standard input. Files are opened and their column types found (for CSV by a pass over the whole file), rows of
    other sources are not read yet. SourceError or DataError where the rows cannot be used.
    """
    if isinstance(data, (str, os.PathLike)):
        return _files(cast("str | os.PathLike[str]", data))
    if isinstance(data, (list, tuple)):
        items = cast(Sequence[object], data)
        if items and all(isinstance(item, (str, os.PathLike)) for item in items):
            return _files(cast("Sequence[str | os.PathLike[str]]", items))
        raise faults.unknown_source(items)
    if isinstance(data, Mapping):
        from gramian.sources.frames import from_mapping

        return from_mapping(cast(Mapping[Any, Any], data))
    if isinstance(data, np.ndarray):
        from gramian.sources.frames import from_structured

        if cast(Any, data).dtype.names is None:
            raise faults.unknown_source(cast(object, data))
        return from_structured(cast(Any, data))
    if _is_source(data):
        return cast(Source, data)
    return _foreign(data)


def _foreign(data: Any) -> Source:
    """An object of another package, recognised by the module and name of its type."""
    package = type(data).__module__.split(".")[0]
    names = {kind.__name__ for kind in type(data).__mro__}
    if package == "pandas" or ("DataFrame" in names and hasattr(data, "iloc")):
        if "DataFrame" in names:
            from gramian.sources.frames import from_pandas

            return from_pandas(data)
        raise faults.unknown_source(data)
    if package == "polars" and names & {"DataFrame", "LazyFrame"}:
        if "LazyFrame" in names:
            from gramian.sources.streams import from_lazyframe

            return from_lazyframe(data)
        from gramian.sources.frames import from_polars

        return from_polars(data)
    if package == "pyarrow" and names & {"Table", "RecordBatch"}:
        from gramian.sources.frames import from_arrow

        return from_arrow(data)
    return _streamed(data, package, names)


def _streamed(data: Any, package: str, names: set[str]) -> Source:
    if package == "pyarrow" and names & {"RecordBatchReader", "Dataset"}:
        from gramian.sources import streams

        return streams.from_reader(data) if "RecordBatchReader" in names else streams.from_dataset(data)
    if package in ("duckdb", "_duckdb") and "DuckDBPyRelation" in names:
        from gramian.sources.streams import from_relation

        return from_relation(data)
    if hasattr(data, "__arrow_c_stream__") and package != "polars":
        from gramian.sources.streams import from_capsule

        return from_capsule(data)
    raise faults.unknown_source(data)


def _files(where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Source:
    from gramian.sources.files import from_path

    return from_path(where)


def _is_source(data: object) -> bool:
    return all(hasattr(data, name) for name in ("rereadable", "in_memory", "parts"))
