"""Facts x SOLVERS x Machine -> Plan: every solver priced, or refused with the reason; the first of the order is taken.

The order is by price, except that solvers whose prices differ by less than a person notices are ordered by how few digits
they lose: for a small table QR costs nothing more and does not square the condition number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gramian.errors import cannot, not_a_choice
from gramian.plan.machine import Machine, free_memory
from gramian.problem import Facts
from gramian.solvers import SOLVERS
from gramian.solvers.base import Cost, Running, Solver, Traits

DEFAULTS = Running()
ASSUMED_ROWS = 10_000_000
"""Rows of a source that does not tell: whoever streams has many."""
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
class Need:
    """Something asked for, in words that follow "cannot", and the traits that can do it."""

    what: str
    met: Callable[[Traits], bool]


ONCE = Need("read rows once only", lambda traits: not traits.iterates)


def _needs(running: Running) -> list[Need]:
    """What the settings of a run ask of a method."""
    asked = [
        (running.step is not None, Need("take a step", lambda traits: traits.steps)),
        (running.step == "barzilai-borwein", Need("take step='barzilai-borwein'", lambda traits: traits.spectral)),
        (running.batch is not None, Need("take a batch of rows", lambda traits: traits.batches)),
        (running.suboptimality is not None, Need("stop at a suboptimality", lambda traits: traits.iterates)),
        (running.max_iter is not None, Need("take max_iter", lambda traits: traits.limits)),
        (running.callback is not None, Need("call back", lambda traits: traits.iterates)),
        (running.path, Need("keep the path of iterates", lambda traits: traits.iterates)),
    ]
    return [need for wanted, need in asked if wanted]


def _able(need: Need) -> list[str]:
    return [name for name, solver in SOLVERS.items() if need.met(solver.traits)]


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
        reason = f"{first.name} gave up: {why}"
        return replace(self, candidates=tuple(rest), reason=reason, notes=(*self.notes, reason))

    def __str__(self) -> str:
        return render(self)


def choose(facts: Facts, machine: Machine, method: str, threads: int, running: Running = DEFAULTS) -> Plan:
    """Price all solvers; `method` "auto" orders them, a name takes that one alone.

    Methods that iterate come after all direct ones that fit in memory: their price is a prior, and their answer an
    approximation. Raises ArgumentError when `method` is not in the registry, or cannot do what is asked.
    """
    if method != "auto" and method not in SOLVERS:
        raise not_a_choice("method", method, ["auto", *SOLVERS])
    needs = _needs(running)
    if method == "auto" and needs:
        raise cannot("method='auto'", needs[0].what, _able(needs[0]))
    if method != "auto":
        needs += [ONCE] if not facts.rereadable else []
        for need in needs:
            if not need.met(SOLVERS[method].traits):
                raise cannot(f"method={method!r}", need.what, _able(need))
    sized = facts if facts.rows is not None else replace(facts, rows=ASSUMED_ROWS)
    priced = [_priced(name, solver, sized, machine, threads) for name, solver in SOLVERS.items()]
    if method != "auto":
        chosen = [candidate for candidate in priced if candidate.name == method]
        return Plan(facts, machine, tuple(chosen), "asked for", True)
    allowed = [candidate for candidate in priced if not candidate.refused]
    direct = [c.seconds for c in allowed if not c.solver.traits.iterates]
    cheapest = min(direct or [c.seconds for c in allowed], default=0.0)


    def place(candidate: Candidate) -> tuple[bool, bool, float, bool, float]:
        traits, more = candidate.solver.traits, candidate.seconds - cheapest
        # Rows that can be read once leave no way back from a method that cannot decide the rank.
        stuck = not facts.rereadable and not traits.decides_rank
        return traits.iterates, stuck, max(more, UNNOTICED), traits.squares, candidate.seconds

    allowed.sort(key=place)
    refused = tuple(candidate for candidate in priced if candidate.refused)
    return Plan(facts, machine, (*allowed, *refused), _reason(allowed, facts), False)


def _reason(order: list[Candidate], facts: Facts) -> str:
    if not order:
        return "no solver can take this problem"
    first = order[0]
    if first.solver.traits.iterates:
        return f"the direct methods are refused: est {_time(first.seconds)} for about {first.cost.passes} passes"
    order = [c for c in order if not c.solver.traits.iterates]
    if not facts.rereadable:
        return "the rows can be read once, and this method needs no second look to decide which columns are independent"
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
    refused = "" if facts.rereadable or not solver.traits.iterates else f"{ONCE.what} is not possible"
    needed = cost.memory * (threads + 1)
    if not refused and needed > 1e9 and needed > free_memory():
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
