"""The words of a plan: sizes, parts that are still to be done, other methods, seconds and bytes."""

from __future__ import annotations

from collections.abc import Sequence

from gramian.planning.candidate import Candidate, Step
from gramian.planning.estimate import CostEstimate
from gramian.problem.facts import Facts

FEW = 3
"""Other methods that iterate, in the text; JSON and HTML have all."""


def title(first: Candidate, threads: int) -> str:
    """As "cholesky on moments, 2 passes, 2 threads"."""
    about = "about " if first.solver.traits.iterates else ""
    workers = f"{threads} thread{'' if threads == 1 else 's'}"
    return f"{first.name} on {seen(first)}, {about}{_passes(first.passes)}, {workers}"


def seen(candidate: Candidate) -> str:
    """What the solver works on, in a word."""
    return candidate.solver.view.label


def planned(first: Candidate) -> tuple[Step, ...]:
    """The parts of a candidate that has not run."""
    return tuple(Step(part.what, detail(part, first), None, part.seconds) for part in first.steps)


def merged(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Corrections one after the other as one part, with how often."""
    found: list[tuple[Step, int]] = []
    for step in steps:
        if found and found[-1][0].what == step.what == "refine":
            last, times = found[-1]
            seconds, estimate = _sum(last.seconds, step.seconds), _sum(last.estimate, step.estimate)
            found[-1] = (Step(step.what, step.detail, seconds, estimate), times + 1)
        else:
            found.append((step, 1))
    return tuple(
        step if times == 1 else Step(step.what, f"{times} times, last: {step.detail}", step.seconds, step.estimate)
        for step, times in found
    )


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def detail(part: CostEstimate, first: Candidate) -> str:
    """What a part that is still to come will do."""
    passes = _passes(part.passes)
    details = {
        "open": "types of the columns, 1 pass over the text",
        "learn": "levels, knots and means of all rows",
        "read": "from the source",
        "reduce": f"{seen(first)}, {passes}",
        "solve": first.name,
        "confirm": f"factor on the data, {passes}",
        "iterate": f"about {passes}",
        "refine": f"certify and correct, {passes}",
    }
    return details[part.what]


def _passes(count: float) -> str:
    return f"{count:,.0f} pass{'' if count == 1 else 'es'}"


def size(facts: Facts) -> str:
    """As "1,000,000 x 10, parquet, 1.3 GB, 8 of 41 columns"."""
    rows = f"{facts.rows:,}" if facts.rows is not None else "unknown"
    where = facts.where
    # What is still to be learned makes the columns an estimate; the rows of all but text are known beforehand.
    rows = f"about {rows}" if facts.guessed and (not facts.learns or where.form == "csv") else rows
    parts = [f"{rows} x {'about ' if facts.learns else ''}{facts.n:,} columns"]
    parts += [f"{facts.nnz:,} stored values"] if facts.nnz is not None else []
    parts += [where.name] if where.form != "arrays" else []
    parts += [f"{where.columns} of {where.total} columns"] if where.columns and where.form not in ("arrays", "table") else []
    parts += [shown_bytes(where.bytes)] if where.bytes else []
    return ", ".join(parts)


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
