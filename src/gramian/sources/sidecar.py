"""Values beside the rows (weights, offset, clusters): a column of the data, or an array aligned with its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.data.source import CodedColumn, Part, Schema, Table
from gramian.errors import (
    array_not_saved,
    bad_argument,
    bad_weight,
    no_weight_left,
    rows_not_numbered,
    too_many_rows_differ,
    unknown_column,
    value_not_finite,
)
from gramian.errors.tables import column_of_kind, masked_values
from gramian.kernels.array_types import Floats
from gramian.sources.clusters import labels_of, row_of_array

_ALLOWED = "the name of a column, or one value for each row"


@dataclass(frozen=True, slots=True, eq=False)
class Sidecar:
    """`what` is the argument's name. Without a `column` it was an array, `values` (rows,); None once saved and loaded."""

    what: str
    column: str | None
    values: NDArray[Any] | CodedColumn | None

    @property
    def is_array(self) -> bool:
        """Given as an array, so that it belongs to the rows of the fit and to no others."""
        return self.column is None

    def part(self, table: Table, part: Part) -> NDArray[Any]:
        """The array's numbers for the rows of one table."""
        values = self._held()
        assert not isinstance(values, CodedColumn)
        return values[self._places(table, part)]

    def labels(self, table: Table, part: Part) -> NDArray[Any] | CodedColumn:
        """The array's labels for the rows of one table."""
        values, places = self._held(), self._places(table, part)
        return CodedColumn(values.codes[places], values.levels) if isinstance(values, CodedColumn) else values[places]

    def check_rows(self, rows: int | None, source: str) -> None:
        """Raises where the array is not as long as the rows, or was not saved. rows None: their number is not known."""
        if self.is_array and rows is not None and self._size() != rows:
            raise too_many_rows_differ(self.what, self._size(), rows, source)
        if self.is_array:
            self._held()

    def _held(self) -> NDArray[Any] | CodedColumn:
        if self.values is None:
            raise array_not_saved(self.what)
        return self.values

    def _size(self) -> int:
        values = self._held()
        return values.codes.size if isinstance(values, CodedColumn) else values.size

    def _places(self, table: Table, part: Part) -> slice:
        if part.first is None:
            raise rows_not_numbered(self.what, part.label)
        start = part.first + table.start
        if start + table.rows > self._size():
            raise too_many_rows_differ(self.what, self._size(), start + table.rows, part.label)
        return slice(start, start + table.rows)


def sidecar(what: str, given: object, schema: Schema) -> Sidecar | None:
    """Checked: a known column, or a one-dimensional array whose values can be used as `what`."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in schema:
            raise unknown_column(given, schema.names, f"the data, for {what}")
        dated = what == "clusters" and schema.field(given).is_date
        if schema.field(given).kind == "other" and not dated:
            raise column_of_kind(given, schema.field(given).dtype)
        return Sidecar(what, given, None)
    values = _array(what, given)
    if what == "clusters":
        return Sidecar(what, None, labels_of(values))
    if values.dtype.kind not in "fiub":
        raise bad_argument(what, f"an array of {values.dtype}", f"{_ALLOWED}, as numbers")
    numbers = values.astype(np.float64)
    check_numbers(what, numbers, row_of_array)
    if what != "offset" and numbers.size and not numbers.any():
        raise no_weight_left(what)
    return Sidecar(what, None, numbers)


def _array(what: str, given: object) -> NDArray[Any]:
    if isinstance(given, np.ma.MaskedArray):
        raise masked_values(what)
    try:
        values: NDArray[Any] = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise bad_argument(what, f"a {type(given).__name__} that is no array ({error})", _ALLOWED) from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise bad_argument(what, f"an array of shape {values.shape}", _ALLOWED)
    return values


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
