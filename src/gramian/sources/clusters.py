"""Cluster labels given as an array: whole numbers, numbers, or text as codes; of one kind, and none of them missing."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.data.source import CodedColumn
from gramian.errors import missing_label, mixed_labels


def row_of_array(at: int) -> str:
    return f"row {at} (counted from 0)"


def labels_of(values: NDArray[Any]) -> NDArray[Any] | CodedColumn:
    """(rows,) as int64, float64 or codes. Raises DataError at a missing label, and where kinds are mixed.

    Objects of one type that are neither numbers nor text, as dates, are distinguished by their text.
    """
    kind = values.dtype.kind
    if kind in "iub":
        return values.astype(np.int64)
    if kind in "fmM":
        _check_present(np.isnat(values) if kind in "mM" else np.isnan(values))
        return values.astype(np.int64) if kind in "mM" else values
    found: list[Any] = values.tolist()
    types = set(map(type, found))
    if types <= {str}:
        return _coded(found)
    _check_present(np.array([_missing(label) for label in found], dtype=bool))
    sorts = {each: _sort(each) for each in types}
    if set(sorts.values()) == {"a number", "a whole number"}:
        return np.array([float(label) for label in found])
    if len(set(sorts.values())) > 1:
        first = sorts[type(found[0])]
        at = next(at for at, label in enumerate(found) if sorts[type(label)] != first)
        raise mixed_labels(found[0], found[at], row_of_array(at))
    if sorts[type(found[0])] == "a whole number":
        return np.array([int(label) for label in found])
    if sorts[type(found[0])] == "a number":
        return np.array([float(label) for label in found])
    return _coded([str(label) for label in found])


def _sort(each: type[Any]) -> str:
    if issubclass(each, str):
        return "text"
    if issubclass(each, Integral | np.bool_):
        return "a whole number"
    return "a number" if issubclass(each, Real) else each.__name__


def _missing(label: Any) -> bool:
    """Whether a value is missing: None, NaN, NaT, pandas.NA, none of which equals itself."""
    try:
        return label is None or not bool(label == label)
    except (TypeError, ValueError):  # pandas.NA has no truth
        return True


def _check_present(missing: NDArray[np.bool_]) -> None:
    if missing.any():
        raise missing_label(row_of_array(int(np.argmax(missing))))


def _coded(labels: list[str]) -> CodedColumn:
    place: dict[str, int] = {}
    code: Callable[[str, int], int] = place.setdefault
    codes = np.array([code(label, len(place)) for label in labels], dtype=np.int32)
    return CodedColumn(codes, tuple(place))
