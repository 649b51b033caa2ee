"""Separated targets: a direction along which the likelihood grows for ever, found by the fit and named by its columns.

A fit by Newton's method finds it by itself: once nothing else is left to gain, its steps point along such a direction d, and
a pass checks every row against it. With q = x'd and a level c, which is 0 without an intercept, no row loses by moving on:

    binomial   q <= c where y < 1,  q >= c where y > 0
    Poisson    q <= c where y = 0,  q  = c elsewhere

Most often a single column is to blame, so these are looked at first. A step is d but for what it still gains elsewhere, so
what is printed is made from it: small terms left out, the others as small whole numbers or with few digits; the simplest one
that separates every row exactly, as it is printed. Reference: Albert and Anderson (1984), Biometrika 71.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.families.targets import Recession
from gramian.kernels.array_types import Floats

SHARES = (0.03, 1e-3, 1e-5, 1e-8)
"""Terms below this share of the largest, each times the range of its column, are left out at trial."""
DIGITS = (2, 4, 7, 12, 16)
LARGEST = 12
"""Largest denominator of a ratio of two terms."""
MOST = 6
"""Terms that are printed; more are counted."""


def receding(family: Family) -> Recession:
    """The rows of the family whose loss falls for ever; without any there is nothing to separate."""
    assert family.recession is not None
    return family.recession


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Least and largest of several combinations of columns (c,): over rows that count for 0, and for the others."""

    low: tuple[Floats, Floats]
    high: tuple[Floats, Floats]

    @staticmethod
    def of(rows: Rows, runner: Runner, family: Family, combinations: Floats) -> Ranges:
        """One pass; combinations (n, c)."""
        found = runner.fold(rows, RangesOfRows(family, combinations))
        assert found is not None
        return found if rows.centred else _with_zero(found, receding(family).both)

    def at(self, j: int) -> tuple[float, float, float, float]:
        """(least, largest) of 0, then of the others."""
        return float(self.low[0][j]), float(self.low[1][j]), float(self.high[0][j]), float(self.high[1][j])


@dataclass(frozen=True, slots=True, eq=False)
class RangesOfRows(BlockReduction[Ranges]):
    """Ranges of all rows."""

    label: ClassVar[str] = "ranges"

    family: Family
    combinations: Floats  # (n, c)

    def of_block(self, block: Block, origin: Origin) -> Ranges:
        q = block.dense() @ self.combinations
        recession = receding(self.family)
        down, up = recession.sides(block.y[:, 0])
        if recession.both:  # a row that recedes neither way stands on both sides
            return Ranges(_range(q[~up]), _range(q[~down]))
        return Ranges(_range(q[down | up]), _range(q[~(down | up)]))

    def merge(self, a: Ranges, b: Ranges) -> Ranges:
        return _merge(a, b)


def _range(q: Floats) -> tuple[Floats, Floats]:
    c = q.shape[1]
    return (
        np.min(q, axis=0, initial=np.inf) if q.size else np.full(c, np.inf),
        np.max(q, axis=0, initial=-np.inf) if q.size else np.full(c, -np.inf),
    )


def _merge(a: Ranges, b: Ranges) -> Ranges:
    def both(p: tuple[Floats, Floats], q: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        return np.minimum(p[0], q[0]), np.maximum(p[1], q[1])

    return Ranges(both(a.low, b.low), both(a.high, b.high))


def _with_zero(found: Ranges, both_sides: bool) -> Ranges:
    """Without an intercept the level is 0: as if a row of zeros were on both sides."""

    def beside(side: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        return np.minimum(side[0], 0.0), np.maximum(side[1], 0.0)

    return Ranges(beside(found.low) if both_sides else found.low, beside(found.high))


def how_separated(rows: Rows, runner: Runner, family: Family, direction: Floats, names: tuple[str, ...]) -> str:
    """In words: the single column that separates, where there is one, else the combination. `direction` (n,). Two passes."""
    found, recession = Ranges.of(rows, runner, family, np.eye(direction.size)), receding(family)
    width = np.maximum(found.low[1], found.high[1]) - np.minimum(found.low[0], found.high[0])
    for j in np.argsort(-np.abs(direction * width)):
        told = _alone(found.at(int(j)), recession, names[j])
        if told:
            return told
    trials = candidates(direction, width)
    held = Ranges.of(rows, runner, family, np.column_stack(trials))
    for i, trial in enumerate(trials):
        if separates(held.at(i), recession):
            return _together(held.at(i), recession, combination(trial, names))
    return f"{combination(trials[-1], names)} tells {_sides(recession)} apart, but for rounding"


def candidates(direction: Floats, width: Floats) -> list[Floats]:
    """Directions as they would be printed, the simplest first."""
    size = np.abs(direction) * width
    found: list[Floats] = []
    for whole in (True, False):
        for share in SHARES:
            d = np.where(size > share * np.max(size), direction, 0.0)
            d = d / np.max(np.abs(d))
            found += [_whole(d)] if whole else [_rounded(d, digits) for digits in DIGITS]
    found = [d for d in found if np.any(d)]
    return sorted(found, key=np.count_nonzero)


def _whole(d: Floats) -> Floats:
    """Small whole numbers near multiples of d; zeros where there are none."""
    base = np.min(np.abs(d[d != 0]))
    ratios = [Fraction(float(x / base)).limit_denominator(LARGEST) if x else Fraction(0) for x in d]
    scale = math.lcm(*(ratio.denominator for ratio in ratios))
    numbers = np.array([float(ratio * scale) for ratio in ratios])
    return numbers if np.max(np.abs(numbers)) <= 1000 else np.zeros_like(d)


def _rounded(d: Floats, digits: int) -> Floats:
    return np.array([float(f"{x:.{digits}g}") for x in d])


def separates(sides: tuple[float, float, float, float], recession: Recession) -> bool:
    """That no row loses and some gain, one way or the other."""
    low0, high0, low1, high1 = sides
    if low0 == high0 == low1 == high1:
        return False
    if recession.both:
        return high0 <= low1 or high1 <= low0
    return low1 == high1 and (high0 <= low1 or low0 >= high1)


def _sides(recession: Recession) -> str:
    if recession.both:
        return f"the rows {recession.down_words} and those {recession.up_words}"
    return f"some rows {recession.down_words or recession.up_words} from all others"


def _alone(sides: tuple[float, float, float, float], recession: Recession, name: str) -> str:
    if not separates(sides, recession):
        return ""
    low0, high0, low1, high1 = sides
    if not recession.both:
        return f"{name} is {low1:.6g} in every row {recession.other_words}, and rows with another value {recession.verb}"
    zero, one = recession.down_words, recession.up_words
    if high0 < low1:
        return f"{name} is at most {high0:.6g} in every row {zero} and at least {low1:.6g} in every row {one}"
    if high1 < low0:
        return f"{name} is at most {high1:.6g} in every row {one} and at least {low0:.6g} in every row {zero}"
    if high0 == low1:
        return f"{name} is at most {high0:.6g} in every row {zero} and never below it in a row {one}"
    return f"{name} is at most {high1:.6g} in every row {one} and never below it in a row {zero}"


def _together(sides: tuple[float, float, float, float], recession: Recession, name: str) -> str:
    if recession.both:
        return f"{name} tells {_sides(recession)} apart without exception"
    return _alone(sides, recession, name)


def combination(d: Floats, names: tuple[str, ...]) -> str:
    """As "x1 - 2 x2", every term as it was checked."""
    at = np.flatnonzero(d)
    if d[at[0]] < 0:
        d = -d
    terms = [f"{'-' if d[j] < 0 else '+'} {'' if abs(d[j]) == 1 else f'{abs(d[j]):.16g} '}{names[j]}" for j in at[:MOST]]
    more = at.size - len(terms)
    return " ".join(terms).removeprefix("+ ") + (f" and {more} more" if more else "")
