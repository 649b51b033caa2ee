"""What a fit does around a solver: it reads the rows, and certifies and corrects its answer. Counted like the solver's work."""

from __future__ import annotations

import math
from dataclasses import replace

from gramian.problem.facts import Facts
from gramian.reductions.exact_gradient import ENTRIES
from gramian.solvers.base import Traits
from gramian.solvers.cost import CONDITION, Cost, Kind, Phase, Work, falls_short, gradient_work, rows_of, values

FROM_GRAM, FROM_TRIANGLE = (12.6, 1.6), (13.3, 1.35)
"""Digits that a reduction of one column proves by itself, and how many are lost for ten times the columns: measured on random
rows, from 3 to 300 columns (bench/plan.py)."""


AFFORDABLE = 2e7
"""Rows times columns squared up to which the inverse of X'X is refined unasked: 0.05 s, measured."""


def whole(cost: Cost, facts: Facts, traits: Traits) -> Cost:
    """The solver's cost with reading, and with the passes that certify."""
    passes = certifying(facts, traits)
    certify: tuple[Work, ...] = ()
    if passes:
        entries = rows_of(facts) * facts.n * facts.k
        begun = (Work("refine", "fold", passes), Work("refine", "block", passes * facts.blocks))
        certify = (*begun, *exactly(facts, passes * entries)) if exact(facts) else gradient_work(facts, "refine")
    if passes and inverts(facts, traits):
        passes += 1
        certify += inverse_work(facts)
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
    if exact(facts) and not few(facts) and not facts.exact:
        return 2 if traits.confirmed else 3  # the pass that confirms a factor is a step of refinement too
    return 1


def inverts(facts: Facts, traits: Traits) -> bool:
    """Whether one more pass takes the standard errors to full digits."""
    asked = facts.errors and facts.penalty.zero and exact(facts) and not traits.iterates
    return asked and (facts.exact or rows_of(facts) * facts.n**2 <= AFFORDABLE)


def inverse_work(facts: Facts) -> tuple[Work, ...]:
    """One pass of products of all pairs of columns, in double-double."""
    begun = (Work("refine", "fold", 1), Work("refine", "block", facts.blocks))
    return (*begun, *exactly(facts, rows_of(facts) * facts.n * (facts.n + 1) / 2))


def exactly(facts: Facts, count: float) -> tuple[Work, ...]:
    """So many products in double-double: in numpy where the rows are few, else in compiled loops."""
    if few(facts):
        return (Work("refine", "exact column", facts.blocks * facts.n * facts.k), Work("refine", "exact", count))
    return (Work("refine", "compiled", 1), Work("refine", "exact compiled", count))


def proven(facts: Facts, traits: Traits) -> float:
    """Digits that the reduced rows prove alone, at the condition known or assumed."""
    most, lost = FROM_GRAM if traits.squares else FROM_TRIANGLE
    worse = math.log10(max((facts.condition or CONDITION) / CONDITION, 1.0))
    return most - lost * math.log10(max(facts.n, 1)) - (2.0 if traits.squares else 1.0) * worse


def exact(facts: Facts) -> bool:
    """Whether the certifying pass is in double-double."""
    asked = facts.digits is None and not facts.sparse and facts.rereadable
    return facts.exact or few(facts) or (asked and falls_short(facts.n, facts.condition or CONDITION))


def few(facts: Facts) -> bool:
    """Whether the certifying pass is in double-double without being asked for."""
    return facts.rereadable and facts.rows is not None and facts.rows * max(facts.n, 1) * facts.k <= ENTRIES


def before(facts: Facts) -> tuple[Work, ...]:
    """What comes before the first pass of a fit, where it is still to be done: levels, knots and means learned of all rows."""
    return reading(facts, facts.learns, "learn") if facts.learns else ()


def reading(facts: Facts, reads: float, step: Phase = "read") -> tuple[Work, ...]:
    """So many reads of the rows from where they lie; arrays as they are cost nothing, a pass reads them itself."""
    where = facts.where
    if not where.copied or not reads:
        return ()
    m, made = rows_of(facts), facts.n + facts.k
    read = where.columns or made
    # Columns that a formula makes of others are filled in memory.
    filled = (Work(step, "copy", reads * m * (made - read), made),) if made > read else ()
    if where.form == "csv" and where.bytes is not None:
        return (Work(step, "csv", reads * where.bytes), *filled)
    kind: Kind = "stream" if where.form == "csv" else "copy"
    if where.form in ("parquet", "feather", "stream"):
        kind = where.form
    return (Work(step, kind, reads * (values(facts) if facts.sparse else m * read), read), *filled)
