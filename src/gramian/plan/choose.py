"""Facts x SOLVERS x Machine -> Plan: every solver priced, or refused with the reason; the first of the order is taken.

The order is by price, except that solvers whose prices differ by less than a person notices are ordered by how few digits
they lose: for a small table QR costs nothing more and does not square the condition number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gramian.errors import not_a_choice
from gramian.plan.machine import Machine, free_memory
from gramian.problem import Facts
from gramian.solvers import SOLVERS
from gramian.solvers.base import Cost, Solver

UNNOTICED = 0.02
"""Seconds below which a price difference does not count."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One solver for this problem: its counted work and price in seconds, or why it is refused."""

    name: str
    solver: Solver[Any]
    cost: Cost
    seconds: float
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something done: what, and how long it took."""

    what: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done and why; after the run also what was done."""

    facts: Facts
    machine: Machine
    candidates: tuple[Candidate, ...]  # in the order in which they are tried; refused ones last
    reason: str
    asked: bool  # the user named the method
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if not candidate.refused)

    @property
    def method(self) -> str:
        return self.candidates[0].name

    def done(self, *steps: Step) -> Plan:
        return replace(self, steps=self.steps + steps)

    def noted(self, *notes: str) -> Plan:
        return replace(self, notes=self.notes + notes)

    def moved_on(self, why: str) -> Plan:
        """Without the first candidate, which could not answer."""
        first, *rest = self.candidates
        return replace(self, candidates=tuple(rest), notes=(*self.notes, f"{first.name} gave up: {why}"))

    def __str__(self) -> str:
        return render(self)


def choose(facts: Facts, machine: Machine, method: str, threads: int) -> Plan:
    """Price all solvers; `method` "auto" orders them, a name takes that one alone.

    Raises ArgumentError when `method` is not in the registry.
    """
    if method != "auto" and method not in SOLVERS:
        raise not_a_choice("method", method, ["auto", *SOLVERS])
    priced = [_priced(name, solver, facts, machine, threads) for name, solver in SOLVERS.items()]
    if method != "auto":
        chosen = [candidate for candidate in priced if candidate.name == method]
        return Plan(facts, machine, tuple(chosen), "asked for", True)
    allowed = [candidate for candidate in priced if not candidate.refused]
    cheapest = min((c.seconds for c in allowed), default=0.0)
    allowed.sort(key=lambda c: (max(c.seconds - cheapest, UNNOTICED), c.solver.traits.squares, c.seconds))
    refused = tuple(candidate for candidate in priced if candidate.refused)
    return Plan(facts, machine, (*allowed, *refused), _reason(allowed), False)


def _reason(order: list[Candidate]) -> str:
    if not order:
        return "no solver can take this problem"
    first = order[0]
    if first.seconds > min(c.seconds for c in order) or not first.solver.traits.squares:
        return "small enough that the method that loses fewest digits costs nothing more"
    others = ", ".join(f"{c.name} est {_time(c.seconds)}" for c in order[1:])
    return f"cheapest: est {_time(first.seconds)}" + (f" ({others})" if others else "")


def _priced(name: str, solver: Solver[Any], facts: Facts, machine: Machine, threads: int) -> Candidate:
    cost = solver.cost(facts)
    columns = facts.n + facts.k
    bytes_read = cost.passes * 8.0 * (facts.nnz or (facts.rows or 0) * columns)
    seconds = (
        machine.overhead
        + cost.product_flops / machine.product
        + cost.factor_flops / machine.factor
        + bytes_read / machine.read
    )
    refused = ""
    needed = cost.memory * (threads + 1)
    if needed > 1e9 and needed > free_memory():
        refused = f"needs {needed / 1e9:.1f} GB, {free_memory() / 1e9:.1f} GB free"
    return Candidate(name, solver, cost, seconds, refused)


def render(plan: Plan) -> str:
    """The plan as text: what is done in data order, then the others."""
    facts = plan.facts
    size = f"{facts.rows:,}" if facts.rows is not None else "unknown"
    lines = [f"plan: {plan.method}, {plan.reason}", f"  {'rows':<9}{size} x {facts.n} columns"]
    lines += [f"  {step.what:<9}{step.detail:<42}took {_time(step.seconds)}" for step in plan.steps]
    others = [_other(candidate) for candidate in plan.candidates[1:]]
    if others:
        lines.append("others: " + " | ".join(others))
    lines += [f"note: {note}" for note in plan.notes]
    return "\n".join(lines)


def _other(candidate: Candidate) -> str:
    if candidate.refused:
        return f"{candidate.name} refused: {candidate.refused}"
    return f"{candidate.name} est {_time(candidate.seconds)}"


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
