"""Columns of Python objects: lists and object arrays become Arrow columns of one kind, or an error with the row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.data.columns import EXACT, Where
from gramian.errors import tables as faults
from gramian.sources.arrow import ChunkedArray, chunks, pa


def converted(name: str, values: Sequence[Any] | NDArray[Any], where: Where) -> ChunkedArray:
    """The values as an Arrow column; None and NaN are missing. DataError where the kinds are mixed, with the row."""
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        raise _offender(name, values, where) from None
    chunked = chunks(column)
    kinds = pa.types
    if kinds.is_list(chunked.type) or kinds.is_large_list(chunked.type):
        raise faults.column_shape(name, (len(values), *np.shape(values[0])), where.label)
    return chunked


def _offender(name: str, values: Sequence[Any] | NDArray[Any], where: Where) -> Exception:
    """The error for the first value that is not of the kind of those before it, or is of no kind that is allowed."""
    first = ""
    for row, value in enumerate(values):
        kind = _kind(value)
        if kind == "missing":
            continue
        if kind == "integer" and abs(int(value)) > EXACT:
            return faults.integer_overflow(name, int(value), where.row(row), where.label)
        if kind == "complex":
            return faults.column_of_kind(name, type(value).__name__, where.label)
        if kind == "array":
            return faults.column_shape(name, (len(values), *np.shape(value)), where.label)
        group = "number" if kind == "integer" else kind
        if group == "unknown" or (first and group != first):
            return faults.mixed_objects(name, value, where.row(row), where.label)
        first = group
    return faults.column_type(name, f"{type(values).__name__} of objects that cannot be read as one kind", where.label)


def _kind(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType"):
        return "missing"
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    if isinstance(value, Integral):
        return "integer"
    if isinstance(value, (Decimal, float, np.floating)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "array"
    if isinstance(value, (complex, np.complexfloating)) and not isinstance(value, Real):
        return "complex"
    return "unknown"
