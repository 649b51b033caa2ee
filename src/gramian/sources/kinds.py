"""The registry of what holds rows: how each kind is recognised, and what opens it. The package that reads it is imported then.

A new kind is a Source in a file of its own, and one line of SOURCES.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np

from gramian.data.source import Source
from gramian.errors import SourceError
from gramian.errors import tables as faults


@dataclass(frozen=True, slots=True)
class SourceKind:
    """words: as errors list it. takes: whether an object is of this kind. opener: "module:function" that makes a Source of it."""

    words: str
    takes: Callable[[Any], bool]
    opener: str

    def open(self, data: Any) -> Source:
        """Raises SourceError or DataError where the rows cannot be used."""
        module, _, function = self.opener.partition(":")
        return getattr(import_module(module), function)(data)


def _is_path(data: object) -> bool:
    if isinstance(data, list | tuple):
        items = cast(Sequence[object], data)
        return bool(items) and all(isinstance(item, str | os.PathLike) for item in items)
    return isinstance(data, str | os.PathLike)


def _package(data: object) -> str:
    return type(data).__module__.split(".")[0]


def _names(data: object) -> set[str]:
    """Of the type and its bases: an object of another package is recognised without importing it."""
    return {kind.__name__ for kind in type(data).__mro__}


def _is_pandas(data: object) -> bool:
    return "DataFrame" in _names(data) and (_package(data) == "pandas" or hasattr(data, "iloc"))


def _is_polars(data: object) -> bool:
    return _package(data) == "polars" and "DataFrame" in _names(data)


def _is_lazy(data: object) -> bool:
    return _package(data) == "polars" and "LazyFrame" in _names(data)


def _is_arrow(data: object) -> bool:
    return _package(data) == "pyarrow" and bool(_names(data) & {"Table", "RecordBatch"})


def _is_reader(data: object) -> bool:
    return _package(data) == "pyarrow" and "RecordBatchReader" in _names(data)


def _is_dataset(data: object) -> bool:
    return _package(data) == "pyarrow" and "Dataset" in _names(data)


def _is_relation(data: object) -> bool:
    return _package(data) in ("duckdb", "_duckdb") and "DuckDBPyRelation" in _names(data)


def _is_mapping(data: object) -> bool:
    return isinstance(data, Mapping)


def _is_structured(data: object) -> bool:
    return isinstance(data, np.ndarray) and cast(Any, data).dtype.names is not None


def _is_capsule(data: object) -> bool:
    return hasattr(data, "__arrow_c_stream__") and _package(data) not in ("polars", "pandas")


SOURCES: list[SourceKind] = [
    SourceKind("pandas", _is_pandas, "gramian.sources.frames:from_pandas"),
    SourceKind("Polars", _is_polars, "gramian.sources.frames:from_polars"),
    SourceKind("Arrow tables", _is_arrow, "gramian.sources.frames:from_arrow"),
    SourceKind("a Polars LazyFrame", _is_lazy, "gramian.sources.streams:from_lazyframe"),
    SourceKind("a pyarrow Dataset", _is_dataset, "gramian.sources.streams:from_dataset"),
    SourceKind("a RecordBatchReader", _is_reader, "gramian.sources.streams:from_reader"),
    SourceKind("a DuckDB relation", _is_relation, "gramian.sources.streams:from_relation"),
    SourceKind("a dict of 1-D arrays", _is_mapping, "gramian.sources.frames:from_mapping"),
    SourceKind("a numpy structured array", _is_structured, "gramian.sources.frames:from_structured"),
    SourceKind("an object with __arrow_c_stream__", _is_capsule, "gramian.sources.streams:from_capsule"),
    SourceKind(
        "a path, folder, glob, list of paths or URL of CSV, TSV, Parquet or Feather files, '-' for CSV on standard input",
        _is_path,
        "gramian.sources.files:from_path",
    ),
]
"""Asked in this order."""


def unknown_source(got: object) -> SourceError:
    """The error for what is of no kind."""
    return faults.unknown_source(got, [kind.words for kind in SOURCES])
