"""A plan: which solver, why, at what price; after the run also what was done, estimate beside actual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gramian.planning.candidate import Candidate, Step, finite
from gramian.planning.machine import Machine
from gramian.planning.text import merged, planned
from gramian.problem.facts import Facts

if TYPE_CHECKING:
    from gramian.report.sheet import Sheet

SAME = {"certify": "refine"}
"""A step that is counted under the name of another one."""


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
        """With the estimate of its part: where a part is done in several steps, the share of its passes."""
        if step.estimate is not None or not self.candidates:
            return step
        what = SAME.get(step.what, step.what)
        part = next((part for part in self.candidates[0].steps if part.what == what), None)
        if part is None:
            return step
        passes = 1.0 if step.what == "refine" else step.passes
        share = 1.0 if passes is None else passes / max(part.passes, 1.0)
        return replace(step, estimate=part.seconds * share)

    @property
    def path(self) -> tuple[Step, ...]:
        """The parts in the order of the data: as they were done or, before a run, as they are foreseen."""
        if not self.candidates:
            return ()
        return merged(self.steps) if self.steps else planned(self.candidates[0])

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and that of the prices where they have one."""
        return (*self.notes, self.machine.note) if self.machine.note else self.notes

    def to_dict(self) -> dict[str, Any]:
        """For JSON; None where a number is not known or not finite.

        - method, reason, asked, threads, seconds (estimate of the method, in all), passes, memory (bytes)
        - rows, columns, targets, stored, guessed, where {name, form, bytes, columns, total}
        - steps: what, detail, estimate, actual (seconds): as done or, before a run, as foreseen
        - others: method, seconds, passes, memory, refused ("" or the reason)
        - notes, prices {measured, provenance}
        """
        facts, where = self.facts, self.facts.where
        first = self.candidates[0] if self.candidates else None
        return {
            "method": None if first is None else first.name,
            "reason": self.reason,
            "asked": self.asked,
            "threads": self.threads,
            "seconds": None if first is None else finite(first.seconds),
            "passes": None if first is None else finite(first.passes),
            "memory": None if first is None else finite(first.peak),
            "rows": facts.rows,
            "columns": facts.n,
            "targets": facts.k,
            "stored": facts.nnz,
            "guessed": facts.guessed,
            "where": {name: getattr(where, name) for name in ("name", "form", "bytes", "columns", "total")},
            "steps": [step.to_dict() for step in self.path],
            "others": [candidate.to_dict() for candidate in self.others],
            "notes": list(self.remarks),
            "prices": {"measured": self.machine.measured, "provenance": self.machine.provenance},
        }

    def to_json(self) -> str:
        """The same as text."""
        from json import dumps

        return dumps(self.to_dict(), indent=2, allow_nan=False)

    # ---- printing: rendered only when asked for, so that a fit does not wait for it

    def sheet(self, brief: bool = False) -> Sheet:
        """What the plan prints. brief: for a terminal, other methods on a line; else in a table of all of them."""
        from gramian.planning.sheet import brief_sheet, full_sheet

        return brief_sheet(self) if brief else full_sheet(self)

    def text(self, width: int = 80) -> str:
        """As printed, at most `width` columns wide."""
        from gramian.report.sheet_text import render

        return render(self.sheet(brief=True), width)

    def html(self) -> str:
        """Two tables: the parts of the path, and the other solvers."""
        from gramian.planning.sheet import STYLE
        from gramian.report.sheet_html import render

        return render(self.sheet(), STYLE)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()
