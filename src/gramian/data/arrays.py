"""Rows from arrays: X (m, n) a numpy array or scipy.sparse matrix, y (m,) or (m, k), weights (m,)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.array_checks import checked_weights, dense_array, shape_hint, sparse_array
from gramian.data.blocks import Block, Matrix, as_float_block, block_rows
from gramian.data.decimals import low_parts
from gramian.data.describe import Described
from gramian.errors import DataError
from gramian.errors import tables as faults

STEP = 1 << 18
"""Values tested together in the search for the first one that is not finite."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPart:
    """Rows first .. stop, as one block; the arrays begin with row `begin`. Pickles with its own rows alone."""

    source: ArrayRows
    first: int
    stop: int
    begin: int = 0

    def __reduce__(self) -> tuple[type[ArrayPart], tuple[ArrayRows, int, int, int]]:
        source, rows = self.source, self._here
        X = source.X[rows] if isinstance(source.X, np.ndarray) else source.slice_of(rows)[0]
        w = None if source.weights is None else source.weights[rows]
        return ArrayPart, (replace(source, X=X, y=source.y[rows], weights=w), self.first, self.stop, self.first)

    @property
    def _here(self) -> slice:
        return slice(self.first - self.begin, self.stop - self.begin)

    @property
    def label(self) -> str:
        return self.source.name

    def blocks(self) -> Iterator[Block]:
        """One block: X is a view where it is float64 in C order, or CSR; a copy otherwise."""
        rows = self._here
        X, owned = self.source.slice_of(rows)
        y = np.array(self.source.y[rows], dtype=np.float64) if owned else as_float_block(self.source.y[rows])
        w = None if self.source.weights is None else as_float_block(self.source.weights[rows])
        kept, idle = None, 0
        if w is not None and not w.all():
            kept = np.flatnonzero(w)
            idle = w.size - kept.size
            X, y, w, owned = cast(Matrix, X[kept]), y[kept], w[kept], True
        block = Block(0, X, y, w, None, self.stop - self.first, kept, owned, idle)
        yield block if not self.source.decimal else self._with_low(block, rows)

    def _with_low(self, block: Block, rows: slice) -> Block:
        """With what float64 leaves of the decimals."""
        kept = slice(None) if block.kept is None else block.kept
        given = self.source.X[rows]
        values = given if isinstance(given, np.ndarray) else given.toarray()
        X_lo, y_lo = (low_parts(array, any_digits=True) for array in (values, self.source.y[rows]))
        assert X_lo is not None
        assert y_lo is not None
        return replace(block, X_lo=X_lo[kept], y_lo=y_lo[kept])


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRows:
    """m rows of [X y] in memory, made by `of`; X is a numpy array or csr_array; no array is ever written to."""

    X: Any
    y: NDArray[Any]
    weights: NDArray[Any] | None
    centred: bool
    name: str = "X"
    decimal: bool = False

    @classmethod
    def of(
        cls, X: object, y: object, weights: object = None, centred: bool = False, decimal: bool = False
    ) -> ArrayRows:
        """Rows of X (m, n), y (m,), (m, 1) or (m, k), and weights (m,), zero or more, or None.

        X: boolean, integer or floating of at most 64 bits, in any layout; scipy.sparse in any format; or what numpy
        turns into such an array. Values are not scanned for NaN: use `first_nonfinite` when a result is not finite.
        `decimal`: float64 values stand for the decimals that they print as.
        DataError where shapes, types or weights cannot be used; ArgumentError never.
        """
        design: Any = sparse_array(X) if sp.issparse(X) else dense_array(X, "X", wide=decimal)
        shape: tuple[int, ...] = design.shape
        if len(shape) != 2:
            raise faults.array_shape("X", shape, "(rows, columns)", shape_hint(len(shape)))
        if 0 in shape:
            raise faults.array_shape("X", shape, "at least one row and one column")
        target = dense_array(y, "y", wide=decimal)
        if target.ndim not in (1, 2) or target.shape[-1] == 0:
            raise faults.array_shape("y", target.shape, "(rows,) or (rows, targets)")
        if target.shape[0] != shape[0]:
            raise faults.array_lengths("y", target.shape[0], shape[0])
        columns = target if target.ndim == 2 else target[:, np.newaxis]
        centred = centred and not sp.issparse(design)
        return cls(design, columns, checked_weights(weights, shape[0]), centred, decimal=decimal)

    @property
    def n(self) -> int:
        return int(self.X.shape[1])

    @property
    def k(self) -> int:
        return int(self.y.shape[1])

    @property
    def rows(self) -> int:
        return int(self.X.shape[0])

    @property
    def sparse(self) -> bool:
        return not isinstance(self.X, np.ndarray)

    @property
    def nnz(self) -> int | None:
        """Stored values of a sparse X; None for a dense one."""
        return None if isinstance(self.X, np.ndarray) else int(self.X.nnz)

    @property
    def weighted(self) -> bool:
        return self.weights is not None

    @property
    def rereadable(self) -> bool:
        return True

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def described(self) -> Described:
        X = self.X
        if not isinstance(X, np.ndarray):
            return Described(self.name, "arrays")
        ready = X.dtype == np.float64 and X.flags.c_contiguous
        return Described(self.name, "arrays", copied=not ready, dtype=str(X.dtype))

    def not_finite(self, columns: Sequence[int]) -> DataError:
        """The error for a reduction that came out NaN or infinite, with the place of the value that caused it."""
        for what, values in (("X", self.X), ("y", self.y)):
            at = first_nonfinite(values)
            if at is not None:
                return faults.array_not_finite(what, float(values[at]), at)
        heaviest = 1.0 if self.weights is None else float(np.max(self.weights))
        sizes = {_place_of(j, self.n): self._size_of(j) for j in columns}
        large = [name for name, size in sizes.items() if size * np.sqrt(heaviest) >= 1.0]
        small = [name for name in sizes if name not in large]
        beyond = [size for size in sizes.values() if not 1e-100 <= size <= 1e100]
        weighted = self.weights is not None and not beyond
        cause = f"its values reach {[*beyond, *sizes.values()][0]:.3g} in size"
        cause += f", and the weights {heaviest:.3g}" if weighted else ""
        return faults.not_squareable(large, small, cause, weighted)

    def _size_of(self, j: int) -> float:
        """The largest absolute value of column j of [X y]."""
        column: Any = self.y[:, j - self.n] if j >= self.n else self.X[:, [j]]
        values = column if isinstance(column, np.ndarray) else column.data
        return float(max(np.max(values, initial=0.0), -np.min(values, initial=0.0)))

    def parts(self) -> Sequence[ArrayPart]:
        """A part for each block, so that any number of workers share the rows."""
        step = block_rows(self.n + self.k)
        return [ArrayPart(self, first, min(first + step, self.rows)) for first in range(0, self.rows, step)]

    def slice_of(self, rows: slice) -> tuple[Matrix, bool]:
        """Rows of X, and whether they are a copy."""
        if isinstance(self.X, np.ndarray):
            part = as_float_block(self.X[rows])
            return part, not np.may_share_memory(part, self.X)
        ends = self.X.indptr[rows.start : rows.stop + 1]
        inside = slice(int(ends[0]), int(ends[-1]))
        parts = (self.X.data[inside], self.X.indices[inside], ends - ends[0])
        return sp.csr_array(parts, shape=(rows.stop - rows.start, self.n), copy=False), False


def _place_of(j: int, n: int) -> str:
    return f"column {j} of X" if j < n else f"column {j - n} of y"


def first_nonfinite(values: NDArray[Any] | sp.csr_array) -> tuple[int, int] | None:
    """(row, column) of the first NaN or infinity in reading order, None where all is finite; memory of a few rows."""
    if not isinstance(values, np.ndarray):
        at = first_nonfinite(cast(NDArray[Any], values.data))
        if at is None:
            return None
        return int(np.searchsorted(values.indptr, at[0], side="right")) - 1, int(values.indices[at[0]])
    if values.dtype.kind != "f":
        return None
    table = values if values.ndim == 2 else values[:, np.newaxis]
    step = max(STEP // max(table.shape[1], 1), 1)
    for start in range(0, table.shape[0], step):
        finite = np.isfinite(table[start : start + step])
        if not finite.all():
            row, column = np.unravel_index(int(np.argmin(finite)), finite.shape)
            return start + int(row), int(column)
    return None

