"""The one way in: whatever holds rows becomes a Source."""

from __future__ import annotations

from typing import cast

from gramian.data.source import Source
from gramian.sources.kinds import SOURCES, unknown_source


def as_source(data: object) -> Source:
    """A Source of the rows of `data`.

    Allowed: a Source; a dict of 1-D arrays, lists or Series; a numpy structured array; a pandas or Polars DataFrame; a
    Polars LazyFrame; a pyarrow Table, RecordBatch, RecordBatchReader or Dataset; a DuckDB relation; an object with
    `__arrow_c_stream__`; a path, folder, glob, URL or list of these of CSV, TSV, Parquet or Feather files; "-", CSV on
    standard input; and whatever else is registered in SOURCES. Files are opened and their column types found (for CSV by a pass
    over the whole file), rows of other sources are not read yet. SourceError or DataError where the rows cannot be used.
    """
    for kind in SOURCES:
        if kind.takes(data):
            return kind.open(data)
    if _is_source(data):
        return cast(Source, data)
    raise unknown_source(data)


def _is_source(data: object) -> bool:
    return all(hasattr(data, name) for name in ("rereadable", "in_memory", "parts"))
