"""Which targets a family allows, along which of them a loss falls for ever, and the words of errors about both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The targets that can be, in words and as a test of each; NaN never can.

    whole: a table's are whole numbers besides. hint: what to do about others. two_texts: a text target with two levels is
    coded 0 and 1.
    """

    words: str
    fits: Callable[[Floats], Mask]
    whole: bool = False
    hint: str = ""
    two_texts: bool = False

    def wrong(self, y: Floats, whole_counts: bool) -> Mask:
        """Which targets are not allowed."""
        bad = ~self.fits(y)
        return bad | (y != np.floor(y)) if self.whole and whole_counts else bad

    @property
    def allowed(self) -> str:
        """In words, of a table."""
        return self.words + (", in whole numbers" if self.whole else "")


@dataclass(frozen=True, slots=True, eq=False)
class Recession:
    """Rows whose loss falls for ever: as eta falls where `down(y)`, as it rises where `up(y)`; None: in no row.

    A direction along which no row loses and some gain has no end: the targets are separated. Of every other row the loss
    grows both ways.

    down_words, up_words, other_words: the rows, as in "every row ...". verb: what rows of the one receding side do, where
    there is one side alone, as in "rows with another value ...". needed: what targets must hold to have a finite fit.
    """

    down: Callable[[Floats], Mask] | None
    up: Callable[[Floats], Mask] | None
    needed: str
    down_words: str = ""
    up_words: str = ""
    other_words: str = ""
    verb: str = ""

    def sides(self, y: Floats) -> tuple[Mask, Mask]:
        """Rows that recede as eta falls, and as it rises."""
        none = np.zeros(y.shape, dtype=np.bool_)
        return none if self.down is None else self.down(y), none if self.up is None else self.up(y)

    @property
    def both(self) -> bool:
        """Whether rows recede in both directions."""
        return self.down is not None and self.up is not None
