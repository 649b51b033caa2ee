"""Rows whose columns are multiplied by powers of two as they are read, where their squares would leave the range of a float64.

The product is exact, but for values some 300 digits below the largest of their column, which turn into zeros and weigh nothing
beside it. So the answer in these units is the answer, but for its own exponents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.blocks import Block, BlockPart, Matrix, PartOver, RowsOver
from gramian.kernels.array_types import Floats

Exponents = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """X stands divided by 2^columns (n,), and y by 2^targets (k,)."""

    columns: Exponents
    targets: Exponents

    @property
    def both(self) -> Exponents:
        """Of [X y], (p,)."""
        return np.concatenate([self.columns, self.targets])

    @property
    def even(self) -> bool:
        """Whether all columns of X have one unit, so that lengths of coefficients compare as they did."""
        return bool(np.all(self.columns == self.columns[:1]))

    def coefficients(self, values: Floats) -> Floats:
        """Coefficients, or anything of their shape (n, k), in the user's units."""
        return np.ldexp(values, (self.targets[None, :] - self.columns[:, None]).astype(np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class Scaled(RowsOver):
    """The rows in other units."""

    units: Units

    def parts(self) -> Sequence[BlockPart]:
        return [_ScaledPart(part, self.units) for part in self.of.parts()]


@dataclass(frozen=True, slots=True, eq=False)
class _ScaledPart(PartOver):
    units: Units

    def blocks(self) -> Iterator[Block]:
        columns, targets = (-self.units.columns).astype(np.int32), (-self.units.targets).astype(np.int32)
        for block in self.part.blocks():
            low = block.X_lo if block.X_lo is None else np.ldexp(block.X_lo, columns)
            low_y = block.y_lo if block.y_lo is None else np.ldexp(block.y_lo, targets)
            lost = block.lost if block.lost is None else np.ldexp(block.lost, np.concatenate([columns, targets]))
            X, y = _scaled(block.X, columns), np.ldexp(block.y, targets)
            yield replace(block, X=X, y=y, X_lo=low, y_lo=low_y, lost=lost, owned=True)


def _scaled(X: Matrix, exponents: NDArray[np.int32]) -> Matrix:
    if isinstance(X, np.ndarray):
        return np.ldexp(X, exponents)
    csr: Any = X
    values = np.ldexp(cast(Floats, csr.data), exponents[csr.indices])
    return sp.csr_array((values, csr.indices, csr.indptr), shape=csr.shape, copy=False)


def largest_exponents(block: Block) -> Exponents:
    """Of the largest sqrt(w) |value| of each column of [X y], (p,); -4096 where all are zero, 4096 where one is not finite."""
    root = np.ones(block.rows) if block.w is None else np.sqrt(block.w)
    # sqrt(w) = f 2^a with f in [1/2, 1), and f |x| neither overflows nor matters: exponents are added as whole numbers.
    share, lift = np.frexp(root)
    columns = block.dense() if isinstance(block.X, np.ndarray) else block.X.toarray()
    found = np.full(block.n + block.y.shape[1], -4096, dtype=np.int64)
    for j, column in enumerate([*columns.T, *block.y.T]):
        value, exponent = np.frexp(column * share)
        if not np.all(np.isfinite(value)):
            found[j] = 4096
        elif np.any(value):
            found[j] = int(np.max((exponent + lift)[value != 0.0]))
    return found
