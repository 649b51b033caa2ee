"""The certificate of an answer: bounds on its errors and the digits that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gramian.kernels.array_types import Floats

MOST_DIGITS = 15.95
"""-log10(u): a float64 holds no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What may be trusted. Arrays over k targets; digits_each (n, k), digits_intercept (k,); None where not applicable.

    digits: -log10 of the bound on ||D (b - b*)|| / ||D b*||, D the column norms of X (about the mean beside an
    intercept); digits_each: the same for each coefficient by itself. gradient: ||g|| / (||X|| ||r||); backward_error:
    relative to ||X||, in centred coordinates beside an intercept; condition: of X with columns scaled to norm 1;
    beside_target: bound on ||D (b - b*)|| / ||y||, or on the intercept's error beside that of y, whichever is larger;
    ceiling: digits that remain when the input is rounded once, informative only; gap: bound on J - J*, of methods that iterate.
    """

    evidence: Literal["data", "moments"]
    gradient: Floats
    backward_error: Floats
    condition: float
    forward_bound: Floats
    intercept_bound: Floats
    digits: Floats
    digits_each: Floats
    digits_intercept: Floats
    beside_target: Floats
    ceiling: Floats
    gap: Floats | None = None
    written: bool = False  # the pass read the decimals that the numbers were written as, not the float64 nearest to them

    def __repr__(self) -> str:
        return f"Certificate(digits: {self.sentence()})"

    def sentence(self) -> str:
        """One line for people."""
        each = np.concatenate([self.digits_each.ravel(), self.digits_intercept.ravel()])
        fewest = float(np.min(each, initial=MOST_DIGITS))
        source = "a pass over the data" if self.evidence == "data" else "the one pass alone, its rounding included"
        if self.written:
            source = "a pass over the numbers as written"
        ceiling = float(np.min(self.ceiling, initial=MOST_DIGITS))
        rounded = f"; data rounded to float64 support {floored(ceiling)}"
        overall = float(np.min(self.digits, initial=MOST_DIGITS))
        return (
            f"{floored(overall)} overall, at least {floored(fewest)} in every coefficient, certified from {source}; "
            f"condition {self.condition:.1e}{rounded if not self.written and ceiling < fewest - 2.0 else ''}"
        )


def digits_of(error: Floats, size: Floats) -> Floats:
    """-log10(error / (size - error)) within [0, 15.95]: `size` is of the answer, the truth may be smaller by `error`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = -np.log10(error / np.maximum(size - error, 0.0))
    digits = np.where(error == 0, MOST_DIGITS, digits)
    return np.clip(np.where(np.isnan(digits), 0.0, digits), 0.0, MOST_DIGITS)


def floored(digits: float) -> str:
    """Digits with one decimal, never rounded up: a claim may not grow in print."""
    return f"{np.floor(10.0 * digits) / 10.0:.1f}"
