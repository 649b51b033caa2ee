"""A plan as text: what is done in data order, estimate beside actual, then the other solvers, wrapped to the page."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from gramian.planning.estimate import CostEstimate
from gramian.planning.plan import Candidate, Plan, Step
from gramian.problem.facts import Facts

INDENT = "  "
FEW = 3
"""Other methods that iterate, in the text; JSON and HTML have all."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One part of the path: cells that line up, and the seconds, as far as they are known."""

    what: str
    detail: str
    estimate: float | None
    actual: float | None


def render(plan: Plan, width: int = 80) -> str:
    """The plan as text."""
    if not plan.candidates:
        return "\n".join(["plan: no solver is left", *_notes(plan, width)])
    lines = wrapped(f"plan: {title(plan)}", width, INDENT)
    shown = rows_of(plan)
    times = [(_est(line), _took(line)) for line in shown]
    side = max(len(line.what) for line in shown) + 2
    ests, tooks = (max((len(pair[i]) for pair in times), default=0) for i in (0, 1))
    tail = ests + tooks + (2 if tooks else 0)
    room = max(width - len(INDENT) - side - tail - 2, 20)
    for line, (est, took) in zip(shown, times, strict=True):
        parts = textwrap.wrap(line.detail, room, break_on_hyphens=False) or [""]
        first = f"{INDENT}{line.what:<{side}}{parts[0]:<{room}}  {est:>{ests}}" + (f"  {took:>{tooks}}" if tooks else "")
        lines.append(first.rstrip())
        lines += [f"{INDENT}{'':<{side}}{part}" for part in parts[1:]]
    if any(line.estimate is not None for line in shown) and len(shown) > 1:
        lines.append(_total(plan, shown, side, room, ests, tooks))
    lines += wrapped(f"why: {plan.reason}", width, INDENT)
    if plan.others:
        lines += wrapped("others: " + " | ".join(listed(plan.others)), width, INDENT)
    return "\n".join([*lines, *_notes(plan, width)])


def title(plan: Plan) -> str:
    """As "cholesky on moments, 2 passes, 2 threads"."""
    first = plan.candidates[0]
    view = seen(first)
    passes = f"{first.passes:,.0f} pass{'' if first.passes == 1 else 'es'}"
    about = "about " if first.solver.traits.iterates else ""
    threads = f"{plan.threads} thread{'' if plan.threads == 1 else 's'}"
    return f"{first.name} on {view}, {about}{passes}, {threads}"


def seen(candidate: Candidate) -> str:
    """What the solver looks at, in a word."""
    return candidate.solver.view.label


def rows_of(plan: Plan) -> list[PlanLine]:
    """The parts of the path: as they were, or, before a run, as they will be."""
    lines = [PlanLine("rows", size(plan.facts), None, None)]
    first = plan.candidates[0]
    if not plan.steps:
        return lines + [PlanLine(part.what, detail(part, first), part.seconds, None) for part in first.steps]
    return lines + [PlanLine(step.what, step.detail, step.estimate, step.seconds) for step in merged(plan.steps)]


def merged(steps: tuple[Step, ...]) -> list[Step]:
    """Steps of the same name one after the other are one line with how often."""
    found: list[tuple[Step, int]] = []
    for step in steps:
        if found and found[-1][0].what == step.what == "refine":
            last, times = found[-1]
            both = None if last.estimate is None or step.estimate is None else last.estimate + step.estimate
            found[-1] = (Step(step.what, step.detail, last.seconds + step.seconds, both), times + 1)
        else:
            found.append((step, 1))
    return [
        step if times == 1 else Step(step.what, f"{times} times, last: {step.detail}", step.seconds, step.estimate)
        for step, times in found
    ]


def detail(part: CostEstimate, first: Candidate) -> str:
    """What a part that is still to come will do."""
    view = seen(first)
    passes = f"{part.passes:,.0f} pass{'' if part.passes == 1 else 'es'}"
    told = {
        "open": "types of the columns, 1 pass over the text",
        "learn": "levels, knots and means of all rows",
        "read": "from the source",
        "reduce": f"{view}, {passes}",
        "solve": first.name,
        "confirm": f"factor on the data, {passes}",
        "iterate": f"about {passes}",
        "refine": f"certify and correct, {passes}",
    }
    return told[part.what]


def size(facts: Facts) -> str:
    """As "1,000,000 x 10, parquet, 1.3 GB, 8 of 41 columns"."""
    rows = f"{facts.rows:,}" if facts.rows is not None else "unknown"
    where = facts.where
    # What is still to be learned makes the columns an estimate; the rows of all but text are known beforehand.
    rows = f"about {rows}" if facts.guessed and (not facts.learns or where.form == "csv") else rows
    told = [f"{rows} x {'about ' if facts.learns else ''}{facts.n:,} columns"]
    told += [f"{facts.nnz:,} stored values"] if facts.nnz is not None else []
    told += [where.name] if where.form != "arrays" else []
    told += [f"{where.columns} of {where.total} columns"] if where.columns and where.form not in ("arrays", "table") else []
    told += [shown_bytes(where.bytes)] if where.bytes else []
    return ", ".join(told)


def listed(others: tuple[Candidate, ...]) -> list[str]:
    """One text each; of those that iterate the first FEW, the rest together."""
    direct = [c for c in others if not c.solver.traits.iterates]
    iterating = [c for c in others if c.solver.traits.iterates]
    shown, rest = iterating[:FEW], iterating[FEW:]
    texts = [other(c) for c in others if not c.refused and (c in direct or c in shown)]
    texts += alike([c for c in others if c.refused and (c in direct or c in shown)])
    priced = [c.seconds for c in rest if not c.refused]
    if priced:
        texts.append(f"{len(rest)} more that iterate, from {shown_seconds(min(priced))}")
    elif rest:
        texts.append(f"{len(rest)} more that iterate, refused")
    return texts


def alike(refused: list[Candidate]) -> list[str]:
    """Those refused for the same reason together."""
    reasons = dict.fromkeys(c.refused for c in refused)
    return [f"{', '.join(c.name for c in refused if c.refused == why)} refused: {why}" for why in reasons]


def other(candidate: Candidate) -> str:
    about = f" (about {candidate.passes:,.0f} passes)" if candidate.solver.traits.iterates else ""
    return f"{candidate.name} {shown_seconds(candidate.seconds)}{about}"


def wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def shown_seconds(seconds: float) -> str:
    """As 350 us, 12 ms, 3.4 s, 25 s, 12 min, 3 h."""
    if seconds < 0.5e-6:
        return "< 1 us"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 300:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 10800 else f"{seconds / 3600:,.0f} h"


def shown_bytes(count: float) -> str:
    """As 4.2 kB, 18 MB, 1.3 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.2g} {unit}" if count < 100 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} bytes"


def _est(line: PlanLine) -> str:
    return "" if line.estimate is None else f"est {shown_seconds(line.estimate)}"


def _took(line: PlanLine) -> str:
    return "" if line.actual is None else f"took {shown_seconds(line.actual)}"


def _total(plan: Plan, shown: list[PlanLine], side: int, room: int, ests: int, tooks: int) -> str:
    known = sum(line.estimate or 0.0 for line in shown)
    took = f"took {shown_seconds(sum(line.actual or 0.0 for line in shown))}" if plan.steps else ""
    est = f"est {shown_seconds(known)}"
    return f"{INDENT}{'total':<{side}}{'':<{room}}  {est:>{ests}}" + (f"  {took:>{tooks}}" if took else "")


def _notes(plan: Plan, width: int) -> list[str]:
    prices = [f"prices: {plan.machine.provenance}"]
    told = [plan.machine.note] if plan.machine.note else []
    notes = [f"note: {note}" for note in (*plan.notes, *told)]
    return [line for text in [*notes, *prices] for line in wrapped(text, width, INDENT)]
