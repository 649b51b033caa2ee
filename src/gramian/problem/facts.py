"""Sizes and kinds of a problem that a plan may count on, known before any pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gramian.data.blocks import Rows, block_rows
from gramian.data.describe import Described, described
from gramian.families import GAUSSIAN
from gramian.problem.penalty import NOTHING, Penalty, PenaltyKind


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes and kinds, known before any pass; `rows` is None where a pass would be needed to count them.

    where: how the rows are stored. loss: the name of the family. digits: what is asked for, None all that the data support.
    condition: of the scaled columns, once a reduction has measured it. penalty: its kind; ridge: it has a weight above 0 for
    every column. held: rows read once are kept in memory for later passes. guessed: `rows` or `n` are estimates. learns: passes
    that are still to come before the columns are known. exact: every digit of the exact solution is asked for. errors: so are
    standard errors.
    """

    rows: int | None
    n: int
    k: int
    nnz: int | None
    sparse: bool
    centred: bool
    rereadable: bool
    in_memory: bool
    where: Described = Described("X", "arrays")
    weighted: bool = False
    loss: str = GAUSSIAN.name
    digits: float | None = None
    condition: float | None = None
    penalty: PenaltyKind = NOTHING
    ridge: bool = False
    held: bool = True
    guessed: bool = False
    learns: int = 0
    exact: bool = False
    errors: bool = False

    def penalised(self, penalty: Penalty) -> Facts:
        """With a penalty. Raises ArgumentError where that is for another number of columns."""
        bends = bool(np.all(penalty.quadratic(self.n) > 0)) and not penalty.is_zero
        return replace(self, penalty=penalty.kind, ridge=bends)

    @staticmethod
    def of(rows: Rows, nnz: int | None = None, loss: str = GAUSSIAN.name) -> Facts:
        return Facts(
            rows.rows,
            rows.n,
            rows.k,
            nnz,
            rows.sparse,
            rows.centred,
            rows.rereadable,
            rows.in_memory,
            described(rows),
            rows.weighted,
            loss,
        )

    @property
    def quadratic(self) -> bool:
        """Whether the loss is that of least squares."""
        return self.loss == GAUSSIAN.name

    @property
    def blocks(self) -> int:
        """Blocks of a pass."""
        return max(1, math.ceil((self.rows or 0) / block_rows(self.n + self.k)))

    @property
    def pieces(self) -> int:
        """Parts of the rows that workers can share."""
        return self.blocks if self.where.pieces is None else max(1, self.where.pieces)
