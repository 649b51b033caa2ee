"""What is minimised, and the facts about it that a plan may count on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gramian.data.blocks import Rows
from gramian.errors import bad_argument


@dataclass(frozen=True, slots=True)
class Penalty:
    """ridge * ||b||^2, in the user's units, added to the weighted sum of squares; an intercept is never penalised."""

    ridge: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise bad_argument("ridge", self.ridge, "a finite number >= 0", "ridge=0.0 is plain least squares")

    def __bool__(self) -> bool:
        return self.ridge > 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes and kinds, known before any pass; `rows` is None where only a pass could tell."""

    rows: int | None
    n: int
    k: int
    nnz: int | None
    sparse: bool
    centred: bool
    rereadable: bool
    in_memory: bool

    @staticmethod
    def of(rows: Rows, nnz: int | None = None) -> Facts:
        return Facts(
            rows.rows, rows.n, rows.k, nnz, rows.sparse, rows.centred, rows.rereadable, rows.in_memory
        )
