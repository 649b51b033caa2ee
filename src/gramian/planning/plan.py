"""A plan: which solver, why, at what price; after the run also what was done, estimate beside actual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gramian.planning.estimate import CostEstimate
from gramian.planning.machine import Machine
from gramian.problem.facts import Facts
from gramian.solvers.base import Solver
from gramian.solvers.cost import Cost

SAME = {"certify": "refine"}
"""What is done under a name of its own, and where it was counted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One solver for this problem: its counted work, its seconds, part by part, or why it is refused.

    price: what orders it: its seconds with as many workers as the machine has, compiled loops yet to be loaded, so that the
    order, and with it the last bits of an answer, depends neither on the threads asked for nor on what ran before. workers:
    those that find room in the memory that is free; a method is refused only where one does not.
    """

    name: str
    solver: Solver[Any]
    cost: Cost
    seconds: float
    steps: tuple[CostEstimate, ...] = ()
    refused: str = ""
    price: float = 0.0
    workers: int = 1

    @property
    def passes(self) -> float:
        """Over the rows, those that certify included."""
        return self.cost.passes


@dataclass(frozen=True, slots=True)
class Step:
    """Something done: what, how long it took, and how long it was to take, None where the plan did not foresee it.

    passes: those over the rows, of a part that is done bit by bit.
    """

    what: str
    detail: str
    seconds: float
    estimate: float | None = None
    passes: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done and why; after the run also what was done.

    candidates: in the order in which they are tried, refused ones last; where the user named the method it is alone, and
    the others are `compared`. steps: what was done. notes: what a reader should know. reason: of the first candidate.
    """

    facts: Facts
    machine: Machine
    candidates: tuple[Candidate, ...]
    reason: str
    asked: bool  # the user named the method
    threads: int = 1
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    compared: tuple[Candidate, ...] = ()
    gone: tuple[Candidate, ...] = ()  # those that gave up

    @property
    def order(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if not candidate.refused)

    @property
    def method(self) -> str:
        return self.candidates[0].name

    @property
    def seconds(self) -> float:
        """Estimate of the first candidate, in all."""
        return self.candidates[0].seconds

    @property
    def others(self) -> tuple[Candidate, ...]:
        """All solvers but the first candidate, and but those that gave up."""
        return (*self.candidates[1:], *self.compared)

    def done(self, *steps: Step) -> Plan:
        return replace(self, steps=self.steps + tuple(self._priced(step) for step in steps))

    def noted(self, *notes: str) -> Plan:
        return replace(self, notes=self.notes + notes)

    def moved_on(self, why: str) -> Plan:
        """Without the first candidate, which could not answer; a note says why."""
        first, *rest = self.candidates
        gone = (*self.gone, first)
        reason = f"next in line after {' and '.join(candidate.name for candidate in gone)}"
        notes = (*self.notes, f"{first.name} gave up: {why}")
        return replace(self, candidates=tuple(rest), reason=reason, notes=notes, gone=gone)

    def direct(self) -> Plan:
        """Without the candidates that iterate."""
        kept = tuple(each for each in self.candidates if not each.solver.traits.iterates)
        left = tuple(each for each in self.candidates if each.solver.traits.iterates)
        return replace(self, candidates=kept, compared=(*self.compared, *left))

    def _priced(self, step: Step) -> Step:
        """With the estimate of that part; of one that is done bit by bit, the share of its passes that were foreseen."""
        if step.estimate is not None or not self.candidates:
            return step
        what = SAME.get(step.what, step.what)
        part = next((part for part in self.candidates[0].steps if part.what == what), None)
        if part is None:
            return step
        passes = 1.0 if step.what == "refine" else step.passes
        share = 1.0 if passes is None else passes / max(part.passes, 1.0)
        return replace(step, estimate=part.seconds * share)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the method, its parts with estimate and actual, all other solvers with price or refusal."""
        from gramian.planning.document import document  # what is seldom asked for waits

        return document(self)

    def to_json(self) -> str:
        """The same as text."""
        from json import dumps

        return dumps(self.to_dict(), indent=2, allow_nan=False)

    def text(self, width: int = 80) -> str:
        """As printed, at most `width` columns wide."""
        from gramian.planning.text import render

        return render(self, width)

    def html(self) -> str:
        """Two tables: the parts of the path, and the other solvers."""
        from gramian.planning.html import render

        return render(self)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()
