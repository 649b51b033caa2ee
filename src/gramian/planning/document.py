"""A plan as plain values, for JSON.

- method, reason, asked, threads, seconds (estimate of the method, in all), passes, memory (bytes)
- rows, columns, targets, stored, where {name, form, bytes, columns, total}, guessed
- steps: what, detail, estimate, actual (seconds, null where unknown): as done, or as foreseen before a run
- others: method, seconds, passes, memory, refused ("" or the reason)
- notes, prices {measured, provenance}
"""

from __future__ import annotations

import math
from typing import Any

from gramian.planning.plan import Candidate, Plan
from gramian.planning.text import PlanLine, rows_of


def document(plan: Plan) -> dict[str, Any]:
    facts, where = plan.facts, plan.facts.where
    first = plan.candidates[0] if plan.candidates else None
    return {
        "method": None if first is None else first.name,
        "reason": plan.reason,
        "asked": plan.asked,
        "threads": plan.threads,
        "seconds": None if first is None else number(first.seconds),
        "passes": None if first is None else number(first.passes),
        "memory": None if first is None else number(first.cost.peak(first.workers)),
        "rows": facts.rows,
        "columns": facts.n,
        "targets": facts.k,
        "stored": facts.nnz,
        "guessed": facts.guessed,
        "where": {
            "name": where.name,
            "form": where.form,
            "bytes": where.bytes,
            "columns": where.columns,
            "total": where.total,
        },
        "steps": [] if first is None else [_step(line) for line in rows_of(plan)[1:]],
        "others": [_other(candidate) for candidate in plan.others],
        "notes": [*plan.notes, *([plan.machine.note] if plan.machine.note else [])],
        "prices": {"measured": plan.machine.measured, "provenance": plan.machine.provenance},
    }


def _step(line: PlanLine) -> dict[str, Any]:
    return {
        "what": line.what,
        "detail": line.detail,
        "estimate": number(line.estimate),
        "actual": number(line.actual),
    }


def _other(candidate: Candidate) -> dict[str, Any]:
    return {
        "method": candidate.name,
        "seconds": number(candidate.seconds),
        "passes": number(candidate.passes),
        "memory": number(candidate.cost.peak(candidate.workers)),
        "refused": candidate.refused,
    }


def number(value: float | None) -> float | None:
    """None where JSON has no such number."""
    return None if value is None or not math.isfinite(value) else float(value)
