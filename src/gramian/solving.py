"""The path from rows to a certified solution: plan, reduce, solve, and the one loop back, refinement.

Certify returns the gradient of the data, the solution's factor turns it into a correction, and again, until the accuracy
asked for holds or another pass could not improve the bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from gramian.arraytypes import Floats
from gramian.certificate import Certificate, Correction, Evidence, certify, correct
from gramian.data.blocks import Rows
from gramian.errors import DataError, RankError, SourceError, message, no_weight_left
from gramian.evidence import evidence_of_data, evidence_of_view, orthonormalised, residual_known, rss_after
from gramian.kernels.norms import column_norms
from gramian.plan import Machine, Plan, choose
from gramian.plan.choose import Step
from gramian.problem import Facts
from gramian.solution import Solution, Stats, Status
from gramian.solvers.base import CONSTANT, Request
from gramian.trust import FEWEST_DIGITS, doubtful
from gramian.views.base import Runner, Threads
from gramian.views.exact import exact_gradient, small
from gramian.views.gradient import Gradient, Point
from gramian.views.moments import Counts, Moments
from gramian.views.triangle import Triangle

Accuracy: TypeAlias = Literal["data"] | float
"""All digits that the data support, or a number of digits."""

PROVEN = 0.1
"""A factor whose defect is bounded below this needs no test on the data."""
LARGE = 1e110
"""Norms of columns from 1 / LARGE to LARGE leave room for every product that the certificate takes."""
MOST_STEPS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A solution with its certificate, how it was found, and the sums that inference needs. tss, rss (k,)."""

    solution: Solution
    certificate: Certificate
    plan: Plan
    counts: Counts
    tss: Floats
    rss: Floats
    met: bool  # the accuracy asked for is certified
    moments: Moments | None  # when the solver read them


class NotFinite(DataError):
    """A reduction of the rows came out infinite, not a number or near underflow; `columns` of [X y] are to blame."""

    def __init__(self, columns: list[int]) -> None:
        super().__init__(f"columns {columns} hold NaN, infinite values, or values too large or too small to square")
        self.columns = columns


def solve(
    rows: Rows, request: Request, method: str, accuracy: Accuracy, runner: Threads, nnz: int | None = None
) -> Answer:
    """Plan, reduce and solve, then refine to `accuracy`.

    Raises RankError, DataError or SourceError when the rows give no answer, ArgumentError for an unknown method.
    """
    plan = choose(Facts.of(rows, nnz), Machine(), method, runner.threads)
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
    if plan.asked or not plan.order:
        raise RankError(message(status.value, hint='use method="qr" or method="auto"'))
    if not rows.rereadable:
        hint = 'pass method="qr", which reads the rows once, or a source that can be read again'
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


def no_rows(rows: Rows, counts: Counts | None) -> DataError:
    if counts is not None and counts.idle:
        return no_weight_left("weights")
    return DataError(
        message(
            f"{rows.name} has no rows left to fit",
            "At least one row without missing values and with a positive weight",
            "see how many values are missing in each column, and leave out the columns that are mostly empty",
        )
    )


def check_finite(view: Moments | Triangle) -> None:
    """Raises NotFinite where the sums of squares overflowed, vanished or met NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = view.raw_norms
        bad = ~np.isfinite(norms) | (norms > LARGE) | ((norms > 0) & (norms < 1 / LARGE))
    if np.any(bad):
        raise NotFinite([int(j) for j in np.flatnonzero(bad)])


def refine(
    rows: Rows | None,
    view: Moments | Triangle,
    solution: Solution,
    request: Request,
    accuracy: Accuracy,
    runner: Runner | None,
    plan: Plan,
) -> Answer:
    """Certify, correct, repeat. Without rows, or when they can be read once only, the view itself is the evidence."""
    factor = solution.factor
    if factor is None:
        raise RankError(message(solution.status.value))
    evidence = evidence_of_view(view, solution, request, factor)
    from_view = rows is None or runner is None or not rows.rereadable
    if from_view or accuracy != "data":
        correction = correct(evidence, factor)
        answer = _answer(view, _corrected(solution, correction), evidence, correction, accuracy, plan)
        if from_view or (answer.met and residual_known(view, answer.rss)):
            return answer
    assert rows is not None
    assert runner is not None
    return _refine_from_data(rows, view, solution, request, accuracy, runner, plan)


def _refine_from_data(
    rows: Rows,
    view: Moments | Triangle,
    solution: Solution,
    request: Request,
    accuracy: Accuracy,
    runner: Runner,
    plan: Plan,
) -> Answer:
    solution, plan = _proven(rows, view, solution, request, runner, plan)
    factor = solution.factor
    assert factor is not None
    exact = small(rows)
    before = np.inf
    n = view.n
    while True:
        started = time.perf_counter()
        if not exact:
            solution = solution.rounded()
        gradient = _gradient(rows, view, solution, exact, runner)
        _check_unchanged(rows, view.counts, gradient.counts)
        evidence, level = evidence_of_data(view, solution, request, gradient, factor.defect)
        correction = correct(evidence, factor)
        # The means are known better than the centre, so moving the coefficients moves the level.
        shift = np.abs(correction.coef).T @ view.mean_error[:n]
        evidence = replace(evidence, level_bound=evidence.level_bound + shift)
        size = float(np.max(column_norms(correction.z), initial=0.0))
        solution = solution.corrected_by(correction.coef, level - view.mean.lo[:n] @ correction.coef)
        rss = rss_after(evidence, correction, level, view.counts.weight, solution, request)
        seconds = time.perf_counter() - started
        solution = solution.costing(Stats(passes=1, refinements=1, seconds=seconds))
        answer = _answer(view, solution, replace(evidence, rss=rss), correction, accuracy, plan)
        plan = plan.done(Step("refine", f"{'exact ' if exact else ''}gradient pass, correction {size:.1e}", seconds))
        if _finished(answer, correction, accuracy, size, before, solution.stats.refinements):
            return replace(answer, plan=plan)
        before = size


def _finished(
    answer: Answer, correction: Correction, accuracy: Accuracy, size: float, before: float, steps: int
) -> bool:
    met = accuracy != "data" and answer.met
    at_floor = bool(np.all(correction.bracket <= 2.0 * correction.floor))
    full = bool(np.all(answer.certificate.digits_each >= 15.9))
    stalled = size > 0.5 * before
    return met or at_floor or full or stalled or steps >= MOST_STEPS


def _gradient(
    rows: Rows, view: Moments | Triangle, solution: Solution, exact: bool, runner: Runner, probes: Floats | None = None
) -> Gradient:
    norms = view.norms[: view.n]
    point = Point(solution.centre, solution.level, solution.coef, solution.level_lo, solution.coef_lo)
    if exact:
        return exact_gradient(rows, runner, point, norms)
    return Gradient.of(rows, runner, point, norms, probes)


def _proven(
    rows: Rows, view: Moments | Triangle, solution: Solution, request: Request, runner: Runner, plan: Plan
) -> tuple[Solution, Plan]:
    """The solution with a factor that the data confirm, by one more pass where its own bound does not say enough."""
    factor = solution.factor
    if factor is None or factor.defect < PROVEN or not factor.rank:
        return solution, plan
    started = time.perf_counter()
    seen = _gradient(rows, view, solution, False, runner, factor.W)
    _check_unchanged(rows, view.counts, seen.counts)
    better = orthonormalised(view, request, factor, seen)
    seconds = time.perf_counter() - started
    solution = replace(solution, factor=better).costing(Stats(passes=1, seconds=seconds))
    return solution, plan.done(Step("confirm", f"factor on the data, defect {better.defect:.1e}", seconds))


def _check_unchanged(rows: Rows, first: Counts, now: Counts) -> None:
    if (first.read, first.used, first.bits) != (now.read, now.used, now.bits):
        raise SourceError(
            message(
                f"{rows.name} changed between two passes: {first.read:,} rows at first, {now.read:,} rows later"
                if first.read != now.read
                else f"{rows.name} changed between two passes: the same {now.read:,} rows with other values",
                "A source must give the same rows in the same order each time it is read",
                "fit a copy that nothing writes to",
            )
        )


def _corrected(solution: Solution, correction: Correction) -> Solution:
    return solution.corrected_by(correction.coef, np.zeros(correction.coef.shape[1]))


def _answer(
    view: Moments | Triangle,
    solution: Solution,
    evidence: Evidence,
    correction: Correction,
    accuracy: Accuracy,
    plan: Plan,
) -> Answer:
    factor = solution.factor
    assert factor is not None
    n = view.n
    certificate = certify(evidence, factor, correction, solution.coef, solution.intercept)
    return Answer(
        solution,
        certificate,
        plan,
        view.counts,
        tss=np.where(view.norms[n:] <= CONSTANT * view.raw_norms[n:], 0.0, view.norms[n:] ** 2),
        rss=evidence.rss,
        met=not doubtful(certificate, FEWEST_DIGITS if accuracy == "data" else accuracy),
        moments=view if isinstance(view, Moments) else None,
    )
