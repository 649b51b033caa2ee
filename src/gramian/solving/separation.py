"""Separated targets: a direction along which the likelihood grows for ever, found by the fit and named by its columns.

A fit by Newton's method finds it by itself: once nothing else is left to gain, its steps point along such a direction d, and
a pass checks every row against it: x'd >= 0 where the loss falls for ever as eta rises (y = 1 of a binomial), x'd <= 0 where
it does as eta falls (y = 0, and counts of 0), and x'd = 0 elsewhere. Here the columns are tested one by one, since most
often a single one is the cause.
Reference: Albert and Anderson (1984), Biometrika 71.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families.targets import Recession
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Least and largest value of each column (n,), apart for rows that recede one way (low) and for the others."""

    low: tuple[Floats, Floats]
    high: tuple[Floats, Floats]

    @staticmethod
    def of(rows: Rows, runner: Runner, recession: Recession) -> Ranges | None:
        """One pass."""
        return runner.fold(rows, RangesOfRows())


@dataclass(frozen=True, slots=True)
class RangesOfRows(BlockReduction[Ranges]):
    """Ranges of all rows."""

    label: ClassVar[str] = "ranges"

    def of_block(self, block: Block, origin: Origin) -> Ranges:
        X, zero = block.dense(), block.y[:, 0] == 0
        return Ranges(_range(X[zero]), _range(X[~zero]))

    def merge(self, a: Ranges, b: Ranges) -> Ranges:
        return _merge(a, b)


def _range(X: Floats) -> tuple[Floats, Floats]:
    n = X.shape[1]
    return (
        np.min(X, axis=0, initial=np.inf) if X.size else np.full(n, np.inf),
        np.max(X, axis=0, initial=-np.inf) if X.size else np.full(n, -np.inf),
    )


def _merge(a: Ranges, b: Ranges) -> Ranges:
    def both(p: tuple[Floats, Floats], q: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        return np.minimum(p[0], q[0]), np.maximum(p[1], q[1])

    return Ranges(both(a.low, b.low), both(a.high, b.high))


def how_separated(rows: Rows, runner: Runner, recession: Recession, direction: Floats, names: tuple[str, ...]) -> str:
    """In words: the single column that separates, where there is one, else the combination. `direction` (n,)."""
    found = Ranges.of(rows, runner, recession)
    assert found is not None
    for j in np.argsort(-np.abs(direction)):
        told = _alone(found, int(j), recession, names[j])
        if told:
            return told
    return f"{_combination(direction, names)} tells {_sides(recession)} apart without exception"


def _sides(recession: Recession) -> str:
    if recession.both:
        return f"the rows {recession.down_words} and those {recession.up_words}"
    return f"some rows {recession.down_words or recession.up_words} from all others"


def _alone(found: Ranges, j: int, recession: Recession, name: str) -> str:
    (low0, high0), (low1, high1) = ((side[0][j], side[1][j]) for side in (found.low, found.high))
    if low0 == high0 == low1 == high1:
        return ""
    if recession.both:
        zero, one = recession.down_words, recession.up_words
        if high0 < low1:
            return f"{name} is at most {high0:.6g} in every row {zero} and at least {low1:.6g} in every row {one}"
        if high1 < low0:
            return f"{name} is at most {high1:.6g} in every row {one} and at least {low0:.6g} in every row {zero}"
        if high0 == low1:
            return f"{name} is at most {high0:.6g} in every row {zero} and never below it in a row {one}"
        if high1 == low0:
            return f"{name} is at most {high1:.6g} in every row {one} and never below it in a row {zero}"
        return ""
    if low1 == high1 and (high0 <= low1 or low0 >= high1):
        return f"{name} is {low1:.6g} in every row {recession.other_words}, and rows with another value {recession.verb}"
    return ""


def _combination(direction: Floats, names: tuple[str, ...]) -> str:
    """The largest terms, scaled so that the largest is 1."""
    order = np.argsort(-np.abs(direction))[:4]
    unit = direction / np.max(np.abs(direction))
    terms = [f"{unit[j]:+.3g} {names[j]}" for j in order if abs(unit[j]) > 1e-6]
    more = int(np.count_nonzero(np.abs(unit) > 1e-6)) - len(terms)
    return " ".join(terms).lstrip("+") + (f" and {more} more" if more > 0 else "")
