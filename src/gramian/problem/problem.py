"""One question: these rows, this family, and what is wanted of the answer."""

from __future__ import annotations

from dataclasses import dataclass

from gramian.data.blocks import Rows
from gramian.families import GAUSSIAN, Family
from gramian.problem.facts import Facts
from gramian.problem.penalty import Penalty
from gramian.problem.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Words:
    """What the user calls things, for errors: the columns of X (None: their places), the target, and how to give a penalty."""

    columns: tuple[str, ...] | None = None
    target: str = "y"
    penalty: str = "ridge=1.0"

    def named(self, n: int) -> tuple[str, ...]:
        """The names of n columns."""
        return self.columns if self.columns is not None else tuple(f"column {j} of X" for j in range(n))


PLAIN = Words()


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Minimise sum w loss(eta, y) + the penalty over these rows.

    nnz: stored values of sparse arrays. frequency: the weights say how often a row is repeated. whole_counts: targets of a
    family of counts are whole numbers; without it they may be rates.
    """

    rows: Rows
    wanted: Wanted
    family: Family = GAUSSIAN
    nnz: int | None = None
    words: Words = PLAIN
    frequency: bool = False
    whole_counts: bool = True

    @property
    def penalty(self) -> Penalty:
        return self.wanted.penalty

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of X, for errors."""
        return self.words.named(self.rows.n)

    def facts(self) -> Facts:
        """What a plan may count on."""
        return Facts.of(self.rows, self.nnz, self.family.name)
