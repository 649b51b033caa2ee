"""The path from rows to a certified solution: plan, reduce, solve, and the one loop back, refinement.

Certify returns the gradient of the data, the solution's factor turns it into a correction, and again, until the accuracy
asked for holds or another pass could not improve the bound.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from gramian.data.blocks import Rows
from gramian.errors import DataError, RankError, SourceError, message
from gramian.iterating import iterate
from gramian.plan import Machine, Plan, choose
from gramian.plan.choose import Step
from gramian.problem import Facts
from gramian.reducing import NotFinite, check_finite, no_rows
from gramian.refining import Accuracy, Answer, refine
from gramian.solution import Solution, Stats, Status
from gramian.solvers import SOLVERS
from gramian.solvers.base import Request
from gramian.views.base import Runner, Threads, single_threaded_blas

__all__ = ["Accuracy", "Answer", "NotFinite", "check_finite", "no_rows", "refine", "solve", "solve_view"]

THREADED = 1000
"""Columns from which factorisations may use several threads."""


def solve(
    rows: Rows, request: Request, method: str, accuracy: Accuracy, runner: Threads, nnz: int | None = None
) -> Answer:
    """Plan, reduce and solve, then refine to `accuracy`.

    Raises RankError, DataError or SourceError when the rows give no answer, ArgumentError for an unknown method.
    """
    plan = choose(Facts.of(rows, nnz), Machine(), method, runner.threads, request.running)
    # Small factorisations gain nothing from threads, and with one thread they give the same bits on any machine.
    with single_threaded_blas() if rows.n < THREADED else nullcontext():
        return _solved(rows, request, accuracy, runner, plan)


def _solved(rows: Rows, request: Request, accuracy: Accuracy, runner: Threads, plan: Plan) -> Answer:
    if plan.order and plan.order[0].solver.traits.iterates:
        return iterate(rows, request, runner, plan)
    while True:
        view, solution, plan = _first_answer(rows, request, plan, runner)
        answer = refine(rows, view, solution, request, accuracy, runner, plan)
        unproven = answer.certificate.evidence == "data" and bool(np.any(np.isinf(answer.certificate.forward_bound)))
        if plan.order[0].solver.traits.decides_rank or not unproven:
            return answer
        plan = _next(rows, plan, Status.CANNOT_TELL)


def _first_answer(rows: Rows, request: Request, plan: Plan, runner: Runner) -> tuple[Any, Solution, Plan]:
    spent = Stats()
    while True:
        if not plan.order:
            raise DataError(message("no method can solve this problem", str(plan)))
        candidate = plan.order[0]
        started = time.perf_counter()
        view = candidate.solver.view.of(rows, runner)
        if view is None or view.counts.used == 0:
            raise no_rows(rows, None if view is None else view.counts)
        check_finite(view)
        reduced = time.perf_counter() - started
        name = candidate.solver.view.__name__.lower()
        plan = plan.done(Step("reduce", f"{name}, {view.counts.used:,} rows", reduced))
        solution, plan = solve_view(plan, view, request)
        spent += Stats(passes=1, seconds=reduced + solution.stats.seconds)
        if rows.sparse and not candidate.solver.traits.sparse:
            plan = plan.noted(f"{candidate.name} made sparse blocks dense, one at a time")
        if solution.status is not Status.CANNOT_TELL:
            return view, replace(solution, stats=spent), plan
        plan = _next(rows, plan, solution.status)


def _next(rows: Rows, plan: Plan, status: Status) -> Plan:
    """The plan without its first candidate, which could not answer; raises where there is no other."""
    plan = plan.moved_on(status.value)
    able = " or ".join(f'method="{name}"' for name, solver in SOLVERS.items() if solver.traits.decides_rank)
    if plan.asked or not plan.order:
        raise RankError(message(status.value, hint=f"use {able}"))
    if not rows.rereadable:
        hint = f"pass {able}, which read the rows once, or a source that can be read again"
        raise SourceError(message(f"{rows.name} is one-shot, and {status.value}", hint=hint))
    return plan


def solve_view(plan: Plan, view: Any, request: Request) -> tuple[Solution, Plan]:
    """The first candidate's solution from its view."""
    candidate = plan.order[0]
    started = time.perf_counter()
    solution = candidate.solver.solve(view, request)
    seconds = time.perf_counter() - started
    stats = replace(solution.stats, seconds=seconds)
    return replace(solution, stats=stats), plan.done(Step("solve", candidate.name, seconds))
