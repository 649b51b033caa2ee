"""Thinned: a few rows of a table in memory, one out of each run of `every`, at a place in the run that chance chose.

Chance depends on where a block begins, so that any number of threads takes the same rows, and a table with a period in its
rows is seen whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, BlockPart, RowsOver
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats

SEED = 0x7417
"""Chance is the same for every table of as many rows."""
ROWS = 512
"""Rows of a block, from as many parts of the table as they take: products of fewer are slow."""


@dataclass(frozen=True, slots=True, eq=False)
class _SampledPart:
    parts: Sequence[BlockPart]
    every: int

    @property
    def label(self) -> str:
        return self.parts[0].label

    @property
    def first(self) -> int | None:
        return self.parts[0].first

    def blocks(self) -> Iterator[Block]:
        """One block."""
        found = [self._few(part, block) for part in self.parts for block in part.blocks()]
        if not found:
            return
        X, y = np.concatenate([block.dense() for block in found]), np.concatenate([block.y for block in found])
        w = None if found[0].w is None else np.concatenate([block.w for block in found if block.w is not None])
        yield Block(found[0].start, X, y, w, None, y.shape[0], None, True)

    def _few(self, part: BlockPart, block: Block) -> Block:
        begun = np.arange(0, block.rows, self.every)
        chance = np.random.default_rng((SEED, part.first or 0, block.start))
        at = np.minimum(begun + chance.integers(0, self.every, begun.size), max(block.rows - 1, 0))
        return replace(block, X=block.X[at], y=block.y[at], w=None if block.w is None else block.w[at], X_lo=None, y_lo=None)


@dataclass(frozen=True, slots=True, eq=False)
class SampledRows(RowsOver):
    """One row out of `every`, of dense rows in memory."""

    every: int

    def parts(self) -> Sequence[BlockPart]:
        parts = self.of.parts()
        together = max(1, ROWS * self.every * len(parts) // max(self.rows or 1, 1))
        return [_SampledPart(parts[i : i + together], self.every) for i in range(0, len(parts), together)]

    def norms(self, runner: Runner, centre: Floats) -> Floats:
        """Weighted norms of their columns about `centre`, (n,)."""
        found = runner.fold(self, SquaredNorms(centre if self.centred else None))
        return np.zeros(self.n) if found is None else np.sqrt(found)


@dataclass(frozen=True, slots=True, eq=False)
class SquaredNorms(BlockReduction[Floats]):
    """Weighted squares of the columns of dense X, summed about `centre`, (n,)."""

    label: ClassVar[str] = "norms"

    centre: Floats | None

    def of_block(self, block: Block, origin: Origin) -> Floats:
        A = block.dense() if self.centre is None else block.dense() - self.centre
        if block.w is not None:
            A = np.sqrt(block.w)[:, None] * A
        return np.einsum("ij,ij->j", A, A)

    def merge(self, a: Floats, b: Floats) -> Floats:
        return a + b
