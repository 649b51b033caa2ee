"""What can be wrong with a reduction of the rows before any solver sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gramian.data.blocks import Rows
from gramian.data.counts import Counts
from gramian.errors import DataError, beyond_range, message, no_weight_left, uneven_dependence
from gramian.errors.tables import not_squareable
from gramian.kernels.array_types import Floats

LARGE = 1e110
"""Norms of columns from 1 / LARGE to LARGE leave room for every product that the certificate takes."""


class NotFinite(DataError):
    """A reduction came out infinite, not a number or near underflow; to blame are `columns` of [X y] with these `norms`."""

    what = "hold NaN, infinite values, or values too large or too small to square"

    def __init__(self, columns: list[int], norms: list[float]) -> None:
        super().__init__(f"columns {columns} {self.what}")
        self.columns = columns
        self.norms = norms

    def told(self, names: Sequence[str]) -> DataError | None:
        """The error by the names of the columns of [X y], where it is not their values that are to blame."""
        return None


class BeyondRange(NotFinite):
    """Coefficients of `columns` of X that no float64 holds: 10^norm is about their size."""

    what = "have coefficients outside the range of a float64"

    def told(self, names: Sequence[str]) -> DataError:
        return beyond_range([names[j] for j in self.columns], self.norms)


class Uneven(NotFinite):
    """`columns` depend on others, and sizes differ too much for the shortest of all solutions to be told."""

    what = "depend on other columns, and sizes differ too much for the shortest solution to be told"

    def told(self, names: Sequence[str]) -> DataError:
        return uneven_dependence(names[j] for j in self.columns)


class HasNorms(Protocol):
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


def check_finite(view: HasNorms) -> None:
    """Raises NotFinite where the sums of squares overflowed, vanished or met NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = view.raw_norms
        bad = ~np.isfinite(norms) | (norms > LARGE) | ((norms > 0) & (norms < 1 / LARGE))
    if np.any(bad):
        raise NotFinite([int(j) for j in np.flatnonzero(bad)], [float(norm) for norm in norms[bad]])


def too_large(names: tuple[str, ...], error: NotFinite, weighted: bool = False) -> DataError:
    """The error of columns of [X y] by name. Rows hold no infinite value, so that a norm that is none overflowed."""
    told = error.told(names)
    if told is not None:
        return told
    small = [j for j, norm in zip(error.columns, error.norms, strict=True) if norm < 1.0]
    large = [names[j] for j in error.columns if j not in small]
    return not_squareable(large, [names[j] for j in small], weighted=weighted)
