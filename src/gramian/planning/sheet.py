"""A plan as a sheet: the path in the order of the data, estimate beside actual, then the other methods and the notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gramian.planning.candidate import Candidate, Step
from gramian.planning.machine import Machine
from gramian.planning.text import listed, shown_seconds, size, title
from gramian.problem.facts import Facts
from gramian.report.sheet import Sheet, SheetColumn, SheetLine, SheetNote, SheetTable

STYLE = (
    ".gramian-plan{font:14px/1.45 system-ui,sans-serif;max-width:60em}"
    ".gramian-plan h1{font:inherit;font-weight:bold;margin:.3em 0}"
    ".gramian-plan p{margin:.3em 0}.gramian-plan .r{opacity:.65}"
    ".gramian-plan table{border-collapse:collapse;margin:.6em 0}"
    ".gramian-plan th,.gramian-plan td{padding:.15em .8em .15em 0;text-align:left;vertical-align:top;font-weight:400}"
    ".gramian-plan thead th{border-bottom:1px solid;font-weight:600}"
    ".gramian-plan .n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
)


class PlanLike(Protocol):
    """What a sheet needs to know of a plan."""

    @property
    def facts(self) -> Facts: ...
    @property
    def machine(self) -> Machine: ...
    @property
    def candidates(self) -> Sequence[Candidate]: ...
    @property
    def others(self) -> tuple[Candidate, ...]: ...
    @property
    def reason(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def path(self) -> Sequence[Step]: ...
    @property
    def remarks(self) -> Sequence[str]: ...


def brief_sheet(plan: PlanLike) -> Sheet:
    """For a terminal: other methods on a line, those that iterate only in part."""
    remarks = [SheetNote(remark, "note") for remark in plan.remarks]
    remarks.append(SheetNote(plan.machine.provenance, "prices"))
    if not plan.candidates:
        return Sheet("plan", SheetNote("no solver is left", "plan"), (tuple(remarks),))
    others = [SheetNote(" | ".join(listed(plan.others)), "others")] if plan.others else []
    blocks = (_brief_path(plan), SheetNote(plan.reason, "why"), *others, *remarks)
    return Sheet("plan", SheetNote(title(plan.candidates[0], plan.threads), "plan"), (blocks,))


def full_sheet(plan: PlanLike) -> Sheet:
    """For a page: all other methods in a table."""
    if not plan.candidates:
        return Sheet("plan", SheetNote("No solver is left."), ())
    remarks = [SheetNote(remark, kind="r") for remark in plan.remarks]
    remarks.append(SheetNote(plan.machine.provenance, "Prices", "r"))
    others = [_others(plan.others)] if plan.others else []
    blocks = (SheetNote(plan.reason), _full_path(plan), *others, *remarks)
    return Sheet("plan", SheetNote(title(plan.candidates[0], plan.threads), "Plan"), (blocks,))


def _brief_path(plan: PlanLike) -> SheetTable:
    """The rows, each part, and the total where there is a part with an estimate."""
    lines = [("rows", size(plan.facts), "", ""), *(_timed(step) for step in plan.path)]
    if any(step.estimate is not None for step in plan.path):
        seconds = _total([step.seconds for step in plan.path]) if plan.steps else None
        lines.append(_timed(Step("total", "", seconds, _total([step.estimate for step in plan.path]))))
    took = any(line[3] for line in lines)
    columns = (SheetColumn(), SheetColumn(align="fill"), *(SheetColumn(align="right") for _ in range(1 + took)))
    return SheetTable(columns, tuple(SheetLine(line[: len(columns)]) for line in lines))


def _timed(step: Step) -> tuple[str, str, str, str]:
    est, took = _seconds(step.estimate), _seconds(step.seconds)
    return step.what, step.detail, est and f"est {est}", took and f"took {took}"


def _total(seconds: Sequence[float | None]) -> float:
    return sum(value or 0.0 for value in seconds)


def _full_path(plan: PlanLike) -> SheetTable:
    heads = [("part", "left"), ("what", "left"), ("estimate", "right"), *([("took", "right")] if plan.steps else [])]
    lines = [("rows", size(plan.facts), "", "")]
    lines += [(step.what, step.detail, _seconds(step.estimate), _seconds(step.seconds)) for step in plan.path]
    return _table(heads, lines)


def _others(others: Sequence[Candidate]) -> SheetTable:
    heads = [("other methods", "left"), ("estimate", "right"), ("passes", "right")]
    heads += [("refused because", "left")] if any(other.refused for other in others) else []
    lines = [
        (other.name, "", "", other.refused)
        if other.refused
        else (other.name, shown_seconds(other.seconds), f"{other.passes:,.0f}", "")
        for other in others
    ]
    return _table(heads, lines)


def _table(heads: Sequence[tuple[str, str]], lines: Sequence[tuple[str, ...]]) -> SheetTable:
    columns = tuple(SheetColumn(head, "right" if align == "right" else "left") for head, align in heads)
    return SheetTable(columns, tuple(SheetLine(line[: len(columns)]) for line in lines))


def _seconds(value: float | None) -> str:
    return "" if value is None else shown_seconds(value)
