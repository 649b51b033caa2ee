"""Values beside the rows (weights, offset, clusters): a column of the data, or an array aligned with its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.arraytypes import Floats
from gramian.data.source import Part, Schema, Table
from gramian.errors import (
    bad_argument,
    bad_weight,
    missing_value,
    no_weight_left,
    rows_not_numbered,
    too_many_rows_differ,
    unknown_column,
    unusable_column,
    value_not_finite,
)

_ALLOWED = "the name of a column, or one value for each row"


@dataclass(frozen=True, slots=True, eq=False)
class Sidecar:
    """`what` is the argument's name; either `column` or `values` (rows,) is given."""

    what: str
    column: str | None
    values: NDArray[Any] | None

    def label(self) -> str:
        return self.column if self.column is not None else self.what

    def part(self, table: Table, part: Part) -> NDArray[Any]:
        """The array's values for the rows of one table."""
        assert self.values is not None
        if part.first is None:
            raise rows_not_numbered(self.what, part.label)
        start = part.first + table.start
        if start + table.rows > self.values.size:
            raise too_many_rows_differ(self.what, self.values.size, start + table.rows, part.label)
        return self.values[start : start + table.rows]

    def check_rows(self, rows: int | None, source: str) -> None:
        if self.values is not None and rows is not None and self.values.size != rows:
            raise too_many_rows_differ(self.what, self.values.size, rows, source)


def sidecar(what: str, given: object, schema: Schema) -> Sidecar | None:
    """Checked: a known column, or a one-dimensional array whose values can be used as `what`."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in schema:
            raise unknown_column(given, schema.names, f"the data, for {what}")
        if schema.field(given).kind == "other":
            raise unusable_column(given, schema.field(given).dtype)
        return Sidecar(what, given, None)
    values = np.asarray(given)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise bad_argument(what, f"an array of shape {values.shape}", _ALLOWED)
    if what == "clusters":
        return Sidecar(what, None, _labels(values))
    if values.dtype.kind not in "fiub":
        raise bad_argument(what, f"an array of {values.dtype}", f"{_ALLOWED}, as numbers")
    numbers = values.astype(np.float64)
    check_numbers(what, numbers, _row)
    if what != "offset" and numbers.size and not numbers.any():
        raise no_weight_left(what)
    return Sidecar(what, None, numbers)


def check_numbers(what: str, values: Floats, row: Callable[[int], str]) -> None:
    """Weights are finite and not negative (whole for freq_weights); an offset is finite. `row` names a position."""
    if what == "offset":
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise value_not_finite(what, float(values[bad[0]]), row(int(bad[0])))
        return
    wrong = ~(np.isfinite(values) & (values >= 0))
    if what == "freq_weights":
        wrong |= values != np.floor(values)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise bad_weight(what, float(values[at]), row(at))


def _row(at: int) -> str:
    return f"row {at} (counted from 0)"


def _labels(values: NDArray[Any]) -> NDArray[Any]:
    """Cluster labels as int64, float64 or objects, none of them missing."""
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    else:
        values = values.astype(object)
        missing = np.array([value is None or value != value for value in values], dtype=bool)
    if missing.any():
        raise missing_value("clusters", _row(int(np.argmax(missing))))
    return values
