"""What it costs to make a sketch, and to confirm the factor that came of it: on all rows, or on a part of them."""

from __future__ import annotations

from dataclasses import replace

from gramian.problem.facts import Facts
from gramian.reductions.image import in_single
from gramian.solvers.cost import CONDITION, Work, centring, falls_short, gradient_work, rows_of, values

SINGLE_IMAGE = 0.75
"""Share of the time of an image that is left where its Gram matrix is summed in float32: measured, 100,000 x 500."""
TIMES, FEWEST, COLUMNS, LEFT = 8, 6000, 200, 4
"""Rows of a part for each column and in all, columns from which a part proves a factor cheaper than all rows confirm it, and how
many times the part these are at least (measured, conditions of 1e10)."""
STEPS = 20
"""Passes of conjugate gradients that a factor proven on a part asks for in all."""


def sketch_work(facts: Facts) -> tuple[Work, ...]:
    """One pass that adds every row, with random signs, to a few rows of the sketch: four."""
    begun = (Work("reduce", "compiled", 1), Work("reduce", "fold", 1), Work("reduce", "block", facts.blocks))
    return (*begun, *centring(facts, "reduce"), Work("reduce", "sketch", 4.0 * values(facts), facts.n + facts.k))


def image_work(facts: Facts, passes: int, sketched: bool = False) -> tuple[Work, ...]:
    """Passes that make X W for a triangle W and its Gram matrix, of a sketch in float32 where that saves time."""
    m, n = rows_of(facts), facts.n
    begun = (Work("confirm", "fold", passes), Work("confirm", "block", passes * facts.blocks))
    if facts.sparse and facts.nnz is not None:
        return (*begun, Work("confirm", "gram", passes * (2.0 * float(facts.nnz) * n + m * n**2), n))
    return (*begun, Work("confirm", "image", passes * (SINGLE_IMAGE if sketched and in_single(m, n) else 1.0) * m * n**2, n))


def thinning(rows: int | None, n: int, k: int) -> int:
    """Every how many rows one is taken into the part; 0 where all rows are to be read: steps are dear for several targets."""
    every = (rows or 0) // max(TIMES * n, FEWEST) if n >= COLUMNS and k == 1 else 0
    return every if every >= LEFT else 0


def thinned(facts: Facts) -> int:
    """The same where a sketch of these rows may be refined so: for coefficients alone, of dense rows in memory."""
    asked = facts.errors or facts.exact or facts.digits is not None or facts.sparse or not facts.in_memory
    return 0 if asked or not falls_short(facts.n, facts.condition or CONDITION) else thinning(facts.rows, facts.n, facts.k)


def conjugate_work(facts: Facts, every: int) -> tuple[Work, ...]:
    """What a part of the rows proves, and steps of conjugate gradients over all of them."""
    part = replace(facts, rows=int(rows_of(facts)) // every)
    begun = (Work("iterate", "compiled", 1), Work("iterate", "fold", STEPS), Work("iterate", "block", STEPS * facts.blocks))
    steps = (*begun, Work("iterate", "pass", STEPS * values(facts), facts.n + facts.k))
    return (*image_work(part, 1), *gradient_work(facts, "refine"), *steps)
