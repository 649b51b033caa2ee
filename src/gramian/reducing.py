"""What can be wrong with a reduction of the rows before any solver sees it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gramian.arraytypes import Floats
from gramian.data.blocks import Rows
from gramian.errors import DataError, message, no_weight_left
from gramian.views.moments import Counts

LARGE = 1e110
"""Norms of columns from 1 / LARGE to LARGE leave room for every product that the certificate takes."""


class NotFinite(DataError):
    """A reduction came out infinite, not a number or near underflow; to blame are `columns` of [X y] with these `norms`."""

    def __init__(self, columns: list[int], norms: list[float]) -> None:
        super().__init__(f"columns {columns} hold NaN, infinite values, or values too large or too small to square")
        self.columns = columns
        self.norms = norms


class Reduced(Protocol):
    """A view that knows the norms of the columns of [X y] about zero."""

    @property
    def raw_norms(self) -> Floats: ...


def no_rows(rows: Rows, counts: Counts | None) -> DataError:
    if counts is not None and counts.idle:
        return no_weight_left("weights")
    return DataError(
        message(
            f"{rows.name} has no rows left to fit",
            "At least one row without missing values and with a positive weight",
            "see how many values are missing in each column, and leave out the columns that are mostly empty",
        )
    )


def check_finite(view: Reduced) -> None:
    """Raises NotFinite where the sums of squares overflowed, vanished or met NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = view.raw_norms
        bad = ~np.isfinite(norms) | (norms > LARGE) | ((norms > 0) & (norms < 1 / LARGE))
    if np.any(bad):
        raise NotFinite([int(j) for j in np.flatnonzero(bad)], [float(norm) for norm in norms[bad]])
