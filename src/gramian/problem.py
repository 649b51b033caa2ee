"""What is minimised, and the facts about it that a plan may count on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gramian.arraytypes import Floats
from gramian.data.blocks import Rows, block_rows
from gramian.data.describe import Described, described
from gramian.errors import bad_argument


@dataclass(frozen=True, slots=True, eq=False)
class Penalty:
    """ridge * ||b||^2, in the user's units, added to the weighted sum of squares; an intercept is never penalised.

    `exponents` (n,): column j stands divided by 2^exponents[j], and what multiplies its coefficient's square by the
    square of that.
    """

    ridge: float = 0.0
    exponents: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise bad_argument("ridge", self.ridge, "a finite number >= 0", "ridge=0.0 is plain least squares")

    def on(self, n: int) -> Floats:
        """What multiplies the square of each of n coefficients, (n,)."""
        if self.exponents is None or not self.ridge:
            return np.full(n, self.ridge)
        with np.errstate(under="ignore"):
            return np.ldexp(self.ridge, (-2 * self.exponents).astype(np.int32))

    def __bool__(self) -> bool:
        return self.ridge > 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes and kinds, known before any pass; `rows` is None where only a pass could tell.

    where: how the rows are stored. loss: of a row. digits: what is asked for, None all that the data support. condition: of
    the scaled columns, once a reduction has measured it. ridge: whether there is one. held: rows read once are kept in memory
    for later passes. guessed: `rows` or `n` are estimates. learns: passes that are still to come before the columns are known.
    exact: every digit of the exact solution is asked for. errors: so are standard errors.
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
    loss: str = "gaussian"
    digits: float | None = None
    condition: float | None = None
    ridge: bool = False
    held: bool = True
    guessed: bool = False
    learns: int = 0
    exact: bool = False
    errors: bool = False

    @staticmethod
    def of(rows: Rows, nnz: int | None = None) -> Facts:
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
        )

    @property
    def blocks(self) -> int:
        """Blocks of a pass."""
        return max(1, math.ceil((self.rows or 0) / block_rows(self.n + self.k)))

    @property
    def pieces(self) -> int:
        """Parts of the rows that workers can share."""
        return self.blocks if self.where.pieces is None else max(1, self.where.pieces)
