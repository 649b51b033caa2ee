"""Sparse rows, several blocks at a time: the Gram matrix of a block is dense, and costs the same however few rows it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, BlockPart, PartRun, RowsOver
from gramian.data.counts import NOTHING, Counts
from gramian.kernels.array_types import Floats

ROWS = 1 << 14
"""Rows that a run of blocks aims at, those of a narrow dense block: 50,000 x 1,500 takes half the time (measured)."""
STORED = 1 << 20
"""Values after which a run is cut before its end: 12 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class CoalescedRows(RowsOver):
    """The rows in runs of neighbouring parts; the runs depend on the rows alone."""

    def parts(self) -> Sequence[BlockPart]:
        parts = self.of.parts()
        if self.rows is None or not parts:
            return [PartRun((part,)) for part in parts]
        each = gathered(len(parts), self.rows)
        return [PartRun(tuple(parts[i : i + each])) for i in range(0, len(parts), each)]


def gathered(blocks: int, rows: int) -> int:
    """Blocks of a run, where there are so many of so many rows in all."""
    return max(1, ROWS * blocks // max(rows, 1))


class GatheredBlocks:
    """What one worker has gathered of a run of blocks and not yet taken."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._counts = NOTHING
        self._stored = 0

    def add(self, block: Block, whole: bool) -> None:
        """`whole`: the bits of X are counted."""
        self._counts += Counts.of(block, whole)
        self._stored += _csr(block).nnz
        self.blocks.append(block)

    @property
    def full(self) -> bool:
        return self._stored >= STORED

    def take(self) -> tuple[Counts, sp.csr_array, Floats]:
        """Counts of the gathered blocks and their sqrt(w) X (rows, n) and sqrt(w) y (rows, k); they are let go of."""
        counts, blocks = self._counts, self.blocks
        self._counts, self._stored, self.blocks = NOTHING, 0, []
        found = [as_weighted(each, counts) for each in blocks]
        if len(found) == 1:
            return found[0]
        X = cast(sp.csr_array, sp.vstack([each[1] for each in found], format="csr"))
        return counts, X, np.concatenate([each[2] for each in found])


def _csr(block: Block) -> sp.csr_array:
    return cast(sp.csr_array, block.X)


def as_weighted(block: Block, counts: Counts) -> tuple[Counts, sp.csr_array, Floats]:
    """sqrt(w) X (rows, n) and sqrt(w) y (rows, k) beside the counts."""
    if block.w is None:
        return counts, _csr(block), block.y
    root = np.sqrt(block.w)
    return counts, cast(sp.csr_array, sp.diags_array(root) @ _csr(block)), block.y * root[:, None]
