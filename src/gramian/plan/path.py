"""What a fit does around a solver: it reads the rows, and certifies and corrects its answer. Counted like the solver's work."""

from __future__ import annotations

import math
from dataclasses import replace

from gramian.problem import Facts
from gramian.solvers.base import Traits
from gramian.solvers.cost import CONDITION, Cost, Kind, Phase, Work, gradient_work, rows_of, values
from gramian.views.exact import ENTRIES

FROM_GRAM, FROM_TRIANGLE = (12.6, 1.6), (13.3, 1.35)
"""Digits that a reduction of one column proves by itself, and how many are lost for ten times the columns: measured on random
rows, from 3 to 300 columns (bench/plan.py)."""


def whole(cost: Cost, facts: Facts, traits: Traits) -> Cost:
    """The solver's cost with reading, and with the passes that certify."""
    passes = certifying(facts, traits)
    certify: tuple[Work, ...] = ()
    for _ in range(passes):
        certify += gradient_work(facts, "refine", exact(facts))
    again = 0 if traits.iterates and facts.held else passes
    work = (Work("solve", "call", 1), *before(facts), *reading(facts, cost.reads), *cost.work, *certify)
    work += reading(facts, again, "refine")
    return replace(cost, work=work, passes=cost.passes + passes, reads=cost.reads + again)


def certifying(facts: Facts, traits: Traits) -> int:
    """Passes that certify and correct: none where the reduction proves the digits asked for, or rows cannot be read again."""
    if traits.iterates:
        return 1
    if not facts.rereadable:
        return 0
    if facts.digits is not None and facts.digits <= proven(facts, traits):
        return 0
    return 1


def proven(facts: Facts, traits: Traits) -> float:
    """Digits that the reduced rows prove alone, at the condition known or assumed."""
    most, lost = FROM_GRAM if traits.squares else FROM_TRIANGLE
    worse = math.log10(max((facts.condition or CONDITION) / CONDITION, 1.0))
    return most - lost * math.log10(max(facts.n, 1)) - (2.0 if traits.squares else 1.0) * worse


def exact(facts: Facts) -> bool:
    """Whether the certifying pass is in double-double."""
    return facts.rereadable and facts.rows is not None and facts.rows * max(facts.n, 1) * facts.k <= ENTRIES


def before(facts: Facts) -> tuple[Work, ...]:
    """What comes before the first pass of a fit, where it is still to be done: levels, knots and means learned of all rows."""
    return reading(facts, facts.learns, "learn") if facts.learns else ()


def reading(facts: Facts, reads: float, step: Phase = "read") -> tuple[Work, ...]:
    """So many reads of the rows from where they lie; arrays as they are cost nothing, a pass reads them itself."""
    where = facts.where
    if not where.copied or not reads:
        return ()
    width = max(where.columns or 0, facts.n + facts.k)
    if where.form == "csv" and where.bytes is not None:
        return (Work(step, "csv", reads * where.bytes),)
    kind: Kind = "copy"
    if where.form in ("parquet", "feather", "stream"):
        kind = where.form
    elif where.form == "csv":
        kind = "stream"
    return (Work(step, kind, reads * (rows_of(facts) * width if not facts.sparse else values(facts)), width),)
