"""Image: the Gram matrix of X W for a factor W, from one read of the rows: how far X W is from orthonormal.

With X about `centre`, V = X W is made a few rows at a time, in groups of columns of X so that chains of sums stay short; where
W is triangular only its upper half is used. Then

    gram = V'V,   sums = 1'V,   |V - exact| <= gamma_width |X||W|,   |gram - exact| <= gamma_chain |V|'|V|.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.sparse as sp

from gramian.arraytypes import Floats
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.errors import SourceError
from gramian.views.base import Runner
from gramian.views.counts import Counts
from gramian.views.moments import CHUNK

GROUP = 128
"""Columns of X multiplied at once: 64 costs a tenth more, all of them together nothing less (measured, 100,000 x 500)."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """gram (q, q) and sums (q,) of the weighted X W; `width` and `chain` bound their rounding."""

    counts: Counts
    gram: Floats
    sums: Floats
    width: int
    chain: int

    @staticmethod
    def of(rows: Rows, runner: Runner, centre: Floats, W: Floats) -> Image:
        """One pass. centre (n,), taken off where the rows are centred; W (n, q)."""
        whole = not rows.in_memory
        firsts = _firsts(W)

        def piece(part: BlockPart, block: Block) -> Image:
            counts = Counts.of(block, whole)
            if isinstance(block.X, np.ndarray):
                return _dense(block, block.X, counts, centre if rows.centred else None, W, firsts)
            return _sparse(block, block.X, counts, W)

        total = runner.fold(rows, "image", piece, merge)
        if total is None:
            raise SourceError("no rows were left on a later pass over the data")
        return total


def merge(a: Image, b: Image) -> Image:
    return Image(
        a.counts + b.counts, a.gram + b.gram, a.sums + b.sums, max(a.width, b.width), max(a.chain, b.chain) + 1
    )


def _dense(block: Block, X: Floats, counts: Counts, centre: Floats | None, W: Floats, firsts: list[int]) -> Image:
    n, q = W.shape
    gram, sums = np.zeros((q, q)), np.zeros(q)
    for start in range(0, block.rows, CHUNK):
        A = X[start : start + CHUNK]
        if centre is not None:
            A = A - centre
        V = _product(A, W, firsts)
        if block.w is not None:
            root = np.sqrt(block.w[start : start + CHUNK])
            V *= root[:, None]
            sums += root @ V
        else:
            sums += np.add.reduce(V, axis=0)
        gram += V.T @ V
    chain = min(block.rows, CHUNK) + -(-block.rows // CHUNK) + 6
    return Image(counts, gram, sums, min(n, GROUP) + -(-n // GROUP) + 4, chain)


def _firsts(W: Floats) -> list[int]:
    """For each group of rows of W, its first column that is not zero there."""
    used = [np.any(W[lo : lo + GROUP], axis=0) for lo in range(0, W.shape[0], GROUP)]
    return [int(np.argmax(columns)) if np.any(columns) else W.shape[1] for columns in used]


def _product(A: Floats, W: Floats, firsts: list[int]) -> Floats:
    V = A[:, :GROUP] @ W[:GROUP]
    for lo, first in zip(range(GROUP, A.shape[1], GROUP), firsts[1:], strict=True):
        V[:, first:] += A[:, lo : lo + GROUP] @ W[lo : lo + GROUP, first:]
    return V


def _sparse(block: Block, X: sp.csr_array, counts: Counts, W: Floats) -> Image:
    q = W.shape[1]
    gram, sums = np.zeros((q, q)), np.zeros(q)
    longest = int(np.max(np.diff(X.indptr), initial=0))
    for start in range(0, block.rows, CHUNK):
        V = cast(Floats, np.asarray(X[start : start + CHUNK] @ W))
        root = np.ones(V.shape[0]) if block.w is None else np.sqrt(block.w[start : start + CHUNK])
        V = V * root[:, None]
        sums += root @ V
        gram += V.T @ V
    chain = min(block.rows, CHUNK) + -(-block.rows // CHUNK) + 6
    return Image(counts, gram, sums, longest + 4, chain)
