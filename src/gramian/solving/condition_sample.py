"""A sample of a few rows before the plan: whether the condition number is one that a Gram matrix can carry.

A pass for a Gram matrix that cannot carry it is lost, and costs as much as a third of the methods that can. Rows sampled
evenly through the data show it for a hundredth of that. They decide nothing but the order of the plan: an answer is
certified on all rows, whichever method made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartOver, Rows, RowsOver
from gramian.execution.blas import factorising
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper, inverse_upper, triangle_of
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import CONSTANT
from gramian.kernels.spectra import largest_singular

WORTH = 3e9
"""Products of a Gram matrix, m n^2, from which a sample is worth its price: about 0.05 s (measured, 2 cores)."""
SHARES = (2, 8)
"""Rows of the sample for each column; the second sample is taken where the first finds columns dependent, as rare dummies are."""
DEPENDENT = 1e14
"""Condition on a few rows from which columns may depend on each other there alone."""
BLOCKS = 16
SLACK = 4.0
"""A sample of few rows finds conditions up to six times that of all rows (measured on random rows)."""


def sampled_condition(rows: Rows, limit: float, runner: Runner) -> float | None:
    """Scaled condition on a few rows where it is above `limit`; None where not, or where no sample is worth it."""
    m, n = rows.rows, rows.n
    if not rows.in_memory or rows.sparse or m is None or m * n**2 < WORTH or m < 16 * n:
        return None
    condition = None
    with factorising(n, runner.workers):
        for share in SHARES:
            Z = _scaled(_few(rows, share * n, runner), rows.centred)
            condition = _above(Z, SLACK * limit)
            if condition is None or condition < DEPENDENT:
                return condition
    return condition


def _few(rows: Rows, wanted: int, runner: Runner) -> Floats:
    """Rows at equal distances in a few blocks at equal distances, weighted."""
    blocks = _FirstBlocks(rows)
    found = runner.reporting(None).fold(blocks, FewRows(wanted, blocks.count))
    assert found is not None
    return np.concatenate(found)


@dataclass(frozen=True, slots=True, eq=False)
class _FirstBlocks(RowsOver):
    """The first blocks of a few parts at equal distances."""

    @property
    def count(self) -> int:
        return min(BLOCKS, len(self.of.parts()))

    def parts(self) -> Sequence[BlockPart]:
        parts = self.of.parts()
        return [_FirstBlock(parts[i * len(parts) // self.count]) for i in range(self.count)]


@dataclass(frozen=True, slots=True, eq=False)
class _FirstBlock(PartOver):
    def blocks(self) -> Iterator[Block]:
        yield from islice(self.part.blocks(), 1)


@dataclass(frozen=True, slots=True)
class FewRows(BlockReduction[list[Floats]]):
    """About `wanted` weighted rows of `blocks` dense blocks, at equal distances in each."""

    label: ClassVar[str] = "condition"

    wanted: int
    blocks: int

    def of_block(self, block: Block, origin: Origin) -> list[Floats]:
        step = max(block.rows * self.blocks // self.wanted, 1)
        X = block.X[::step]
        assert isinstance(X, np.ndarray)
        return [X if block.w is None else X * np.sqrt(block.w[::step, None])]

    def merge(self, a: list[Floats], b: list[Floats]) -> list[Floats]:
        return a + b


def _scaled(X: Floats, centred: bool) -> Floats:
    """Columns of norm 1, those that are constant on these rows left out."""
    raw = column_norms(X)
    if centred:
        X = X - np.mean(X, axis=0)
    norms = column_norms(X)
    varied = norms > CONSTANT * raw
    return X[:, varied] / norms[varied]


def _above(Z: Floats, limit: float) -> float | None:
    """The condition of Z where it is above the limit."""
    if not np.all(np.isfinite(Z)) or Z.shape[0] <= Z.shape[1]:
        return None
    R = cholesky_upper(Z.T @ Z)
    if R is not None and largest_singular(R) * largest_singular(inverse_upper(R)) <= limit:
        return None
    R = triangle_of(Z)
    if not np.all(np.diag(R)):
        return np.inf
    condition = largest_singular(R) * largest_singular(inverse_upper(R))
    return condition if condition > limit else None
