"""Facts x SOLVERS x Machine -> Plan: every solver priced, or refused with the reason; the first of the order is taken.

The order is by price, except that where solvers cost the same to within a tenth, or a millisecond, the one that does not
square the condition number goes first: for a small table QR costs nothing more and loses fewer digits.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gramian.data.describe import Described
from gramian.families import FAMILIES
from gramian.planning.estimate import cost_estimates
from gramian.planning.machine import Machine, free_memory
from gramian.planning.path import few, whole
from gramian.planning.plan import Candidate, Plan
from gramian.planning.text import shown_seconds
from gramian.problem.facts import Facts
from gramian.problem.solver_options import SolverOptions
from gramian.solvers import SOLVERS
from gramian.solvers.ability import AUTO, Need, family_need, needs_of, penalty_need, refuse, reweighting_method
from gramian.solvers.base import Solver, Traits
from gramian.solvers.cost import described_by_gram

DEFAULTS = SolverOptions()
ASSUMED_ROWS = 10_000_000
"""Rows that are assumed where a source does not know its own: a stream has many."""
ALIKE, ALIKE_EXACT, UNNOTICED = 0.1, 0.2, 1e-3
"""Shares of the least price, and seconds, below which a difference in price does not count."""
TABLE = Described("", "table", copied=True)
"""What orders solvers is their price on a table, so that the same rows give the same bits wherever they lie."""
SMALL, SMALL_WIDTH = 1e6, 300
"""Numbers of [X y], and columns, up to which prices are kept, as memory refuses no solver."""
UNLOOKED = 1e8
"""Bytes that are taken without asking what is free."""
LONGEST = 1e6
"""Steps above which a method that iterates is refused: nobody waits for them."""
ONCE = Need("read rows once only", lambda traits: not traits.iterates and not traits.confirmed)


def choose(facts: Facts, machine: Machine, method: str, threads: int, running: SolverOptions = DEFAULTS) -> Plan:
    """Price all solvers; `method` "auto" orders them, a name takes that one alone.

    Raises ArgumentError when `method` is not in the registry, or cannot do what is asked.
    """
    # Any method may be taken where a share of the fall of J is enough: a direct one leaves none.
    penal = penalty_need(facts.penalty)
    if facts.quadratic:
        needs = needs_of(running if method != AUTO else replace(running, suboptimality=None))
        if method != AUTO or not penal.able():
            needs.append(penal)
        refuse(method, needs if facts.rereadable or method == AUTO else [*needs, ONCE])
    else:
        refuse(method, [family_need(FAMILIES[facts.loss]), penal, *needs_of(running)], reweighting_method())
    sized = facts if facts.rows is not None else replace(facts, rows=ASSUMED_ROWS, guessed=True)
    priced = _all_priced(sized, machine, threads, running)
    if method != AUTO:
        # Refused or not, a method that was asked for by name is tried; the others stand beside it with their prices.
        own = next(replace(candidate, refused="") for candidate in priced if candidate.name == method)
        others = tuple(sorted((c for c in priced if c.name != method), key=lambda c: (bool(c.refused), c.price)))
        return _told(Plan(sized, machine, (own,), "asked for by name", True, threads, compared=others))
    allowed = ordered([candidate for candidate in priced if not candidate.refused], facts, running)
    refused = tuple(candidate for candidate in priced if candidate.refused)
    return _told(Plan(sized, machine, (*allowed, *refused), reason_of(allowed, facts), False, threads))


def _told(plan: Plan) -> Plan:
    """With a note where memory lets fewer workers read than were asked for."""
    first, most = plan.candidates[0], min(plan.threads, plan.facts.pieces)
    if first.workers >= most:
        return plan
    return plan.noted(f"{first.workers} of {most} threads read the rows: there is no memory for more")


def _all_priced(facts: Facts, machine: Machine, threads: int, running: SolverOptions) -> list[Candidate]:
    """Every solver; of small problems, which come by the thousand, the prices are kept."""
    if (facts.rows or 0) * (facts.n + facts.k) > SMALL or facts.n > SMALL_WIDTH:
        return [price(name, solver, facts, machine, threads, running) for name, solver in SOLVERS.items()]
    aims = replace(running, callback=None, step=None, seed=0)  # no price depends on these
    return list(_kept(tuple(SOLVERS.items()), facts, machine, threads, aims, "numba" in sys.modules))


@lru_cache(maxsize=256)
def _kept(
    solvers: tuple[tuple[str, Solver[Any]], ...],
    facts: Facts,
    machine: Machine,
    threads: int,
    running: SolverOptions,
    compiled: bool,
) -> tuple[Candidate, ...]:
    return tuple(price(name, solver, facts, machine, threads, running) for name, solver in solvers)


def can_prove(facts: Facts, running: SolverOptions) -> bool:
    """Whether an answer that was stopped can be shown to be what was asked for: a number of digits, or a suboptimality.

    That takes the smallest curvature: of the Gram matrix, or of a ridge.
    """
    loose = facts.digits is not None or running.suboptimality is not None
    return loose and (described_by_gram(facts) or facts.ridge)


def ordered(allowed: list[Candidate], facts: Facts, running: SolverOptions = DEFAULTS) -> list[Candidate]:
    """By price; alike ones by how few digits they lose; those that iterate last where nothing could prove their answer."""
    cheapest = min((c.price for c in allowed), default=0.0)
    # An exact pass costs more than any reduction of few rows, and a method that squares the condition may need a second one.
    share = ALIKE_EXACT if few(facts) and facts.digits is None else ALIKE
    alike = cheapest + max(share * cheapest, UNNOTICED)

    def place(candidate: Candidate) -> tuple[bool, bool, bool, float, bool, bool]:
        traits = candidate.solver.traits
        # Rows that can be read once leave no way back from a method that cannot decide the rank.
        stuck = not facts.rereadable and not traits.decides_rank
        near = candidate.price <= alike and not traits.iterates
        unproven = traits.iterates and not can_prove(facts, running)
        # Of another family the method that reweights proves its answer, and corrects it.
        last = not facts.quadratic and not traits.reweights
        return last, stuck, unproven, 0.0 if near else candidate.price, near and traits.squares, near and traits.confirmed

    return sorted(allowed, key=place)


def reason_of(order: list[Candidate], facts: Facts) -> str:
    """Why the first of the order is first."""
    if not order:
        return "no solver can take this problem"
    first = order[0]
    direct = [c for c in order if not c.solver.traits.iterates]
    if not facts.rereadable:
        return "the rows can be read once, and this method needs no second look to decide which columns are independent"
    if first.solver.traits.iterates:
        steps = f"est {shown_seconds(first.seconds)} for about {first.cost.passes:,.0f} passes"
        why = "the direct methods are refused" if facts.quadratic else f"least squares, reweighted for {facts.loss}"
        return f"cheapest: {steps}" if direct else f"{why}: {steps}"
    fine = not first.solver.traits.squares and not first.solver.traits.confirmed
    if first.price > min(c.price for c in direct) or (fine and len(direct) > 1):
        return "small enough that the method that loses fewest digits costs nothing more"
    others = ", ".join(f"{c.name} est {shown_seconds(c.seconds)}" for c in order[1:3])
    return f"cheapest: est {shown_seconds(first.seconds)}" + (f" ({others})" if others else "")


def price(
    name: str, solver: Solver[Any], facts: Facts, machine: Machine, threads: int, running: SolverOptions = DEFAULTS
) -> Candidate:
    """One solver's counted work in seconds, and why it cannot be taken, if so."""
    traits = solver.traits
    asked = replace(facts, digits=_aim(traits, running)) if traits.iterates else facts
    cost = whole(solver.cost(asked), asked, traits)
    most = min(threads, facts.pieces)
    workers = most if cost.peak(most) <= UNLOOKED else cost.workers(most, free_memory())
    steps = cost_estimates(cost, machine, workers, "numba" in sys.modules, facts.in_memory and not facts.sparse)
    seconds = sum(step.seconds for step in steps)
    alike = asked if asked.where.form == "arrays" else replace(asked, where=TABLE)
    counted = whole(solver.cost(alike), alike, traits)
    shares = min(machine.threads, alike.pieces)
    full = sum(step.seconds for step in cost_estimates(counted, machine, shares, False, not facts.sparse))
    refused = _refusal(traits, facts, running, cost.peak(1), cost.passes)
    return Candidate(name, solver, cost, seconds, steps, refused, full, workers)


def _aim(traits: Traits, running: SolverOptions) -> float:
    """Digits that a method that iterates stops at; a share s of what J can fall is about sqrt(s) of the coefficients."""
    return traits.aim(running) if running.suboptimality is None else max(0.5, -0.5 * math.log10(running.suboptimality))


def _refusal(traits: Traits, facts: Facts, running: SolverOptions, needed: float, passes: float) -> str:
    """Why a solver cannot take this problem; empty where it can."""
    if not facts.quadratic and not traits.losses:
        return f"minimises squares, and the family is {facts.loss}"
    if not traits.penalties(facts.penalty):
        return f"cannot {penalty_need(facts.penalty).what}"
    if not facts.rereadable and not ONCE.met(traits):
        return f"{ONCE.what} is not possible"
    if needed > UNLOOKED and needed > (free := free_memory()):
        return f"needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB free"
    few = facts.rows is not None and not facts.guessed and facts.rows < facts.n
    if few and not (facts.ridge or traits.decides_rank or traits.iterates):
        return "fewer rows than columns, and it cannot tell which of them depend on others"
    condition = facts.condition
    if condition is not None and condition > traits.limit:
        return f"reaches full accuracy up to condition {traits.limit:.0e}, here {condition:.1e}"
    if traits.iterates:
        return _refusal_to_iterate(traits, facts, running, passes)
    return ""


def _refusal_to_iterate(traits: Traits, facts: Facts, running: SolverOptions, passes: float) -> str:
    """A method that stops at a tolerance reaches the digits asked for, where anything can prove them."""
    if passes > LONGEST:
        return f"about {passes:.0e} passes at condition {facts.condition:.1e}" if facts.condition else "too many passes"
    return ""
