"""Sparse rows beside an intercept that no penalty touches, without making them dense.

Subtracting means would fill a sparse X with numbers. So the intercept is a column of ones, and a ridge, which must not
reach it, becomes n more rows:

    minimise || [1 X; 0 sqrt(ridge) I] [b0; b] - [y; 0] ||^2   =   ||y - b0 - X b||^2 + ridge ||b||^2.

`Densified` serves where those columns depend on each other: the shortest b is asked for, whatever b0 is, and that is
the centred problem; its blocks are made dense one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, BlockPart, PartOver, RowsOver, block_rows


@dataclass(frozen=True, slots=True, eq=False)
class Bordered(RowsOver):
    """[1 X] with the rows of the penalty below; column 0 is the intercept. Weights do not reach the penalty."""

    ridge: float = 0.0

    @property
    def n(self) -> int:
        return self.of.n + 1

    @property
    def rows(self) -> int | None:
        return None if self.of.rows is None else self.of.rows + (self.of.n if self.ridge else 0)

    @property
    def centred(self) -> bool:
        return False

    @property
    def sparse(self) -> bool:
        return True

    def parts(self) -> Sequence[BlockPart]:
        """The parts of the rows, then those of the penalty."""
        parts: list[BlockPart] = [_WithOnes(part) for part in self.of.parts()]
        if self.ridge:
            size = block_rows(self.n + self.k)
            parts += [_Penalty(self, first, min(size, self.of.n - first)) for first in range(0, self.of.n, size)]
        return parts


@dataclass(frozen=True, slots=True, eq=False)
class _WithOnes(PartOver):
    def blocks(self) -> Iterator[Block]:
        for block in self.part.blocks():
            ones = sp.csr_array(np.ones((block.rows, 1)))
            yield replace(block, X=sp.csr_array(sp.hstack([ones, cast(sp.csr_array, block.X)], format="csr")))


@dataclass(frozen=True, slots=True, eq=False)
class _Penalty:
    """Rows first .. first + count of [0 sqrt(ridge) I] with target 0 and weight 1."""

    rows: Bordered
    first_column: int
    count: int

    @property
    def label(self) -> str:
        return "penalty"

    @property
    def first(self) -> int | None:
        return None if self.rows.of.rows is None else self.rows.of.rows + self.first_column

    def blocks(self) -> Iterator[Block]:
        count, k = self.count, self.rows.k
        values = np.full(count, np.sqrt(self.rows.ridge))
        columns = 1 + self.first_column + np.arange(count)
        X = sp.csr_array((values, columns, np.arange(count + 1)), shape=(count, self.rows.n))
        w = np.ones(count) if self.rows.weighted else None
        yield Block(0, X, np.zeros((count, k)), w, None, count, None, owned=True)


@dataclass(frozen=True, slots=True, eq=False)
class Densified(RowsOver):
    """The same rows, centred, each block made dense when it is read."""

    @property
    def centred(self) -> bool:
        return True

    @property
    def sparse(self) -> bool:
        return False

    def parts(self) -> Sequence[BlockPart]:
        return [_Dense(part) for part in self.of.parts()]


@dataclass(frozen=True, slots=True, eq=False)
class _Dense(PartOver):
    def blocks(self) -> Iterator[Block]:
        for block in self.part.blocks():
            yield replace(block, X=cast(sp.csr_array, block.X).toarray(), y=block.y.copy(), owned=True)
