"""The one loop back: certify returns the gradient of the data, the solution's factor turns it into a correction, and again,
until the accuracy asked for holds or another pass could not improve the bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from gramian.arraytypes import Floats
from gramian.certificate import Certificate, Correction, Evidence, certify, correct
from gramian.data.blocks import Rows
from gramian.errors import RankError, message
from gramian.evidence import Sized, evidence_of_data, evidence_of_view, orthonormalised, residual_known, rss_after
from gramian.kernels.norms import column_norms
from gramian.plan import Plan
from gramian.plan.choose import Step
from gramian.solution import Solution, Stats
from gramian.solvers.base import CONSTANT, Request
from gramian.trust import FEWEST_DIGITS, doubtful
from gramian.views.base import Runner
from gramian.views.exact import exact_gradient, small
from gramian.views.gradient import Gradient, Point
from gramian.views.moments import Counts, Moments, check_unchanged
from gramian.views.triangle import Triangle

Accuracy: TypeAlias = Literal["data"] | float
"""All digits that the data support, or a number of digits."""

PROVEN = 0.1
"""A factor whose defect is bounded below this needs no test on the data."""
MOST_STEPS = 12
RESIDUAL, FEWEST_RESIDUAL = 4.0, 2.0
"""Digits of the residual sum of squares that save a pass over the rows, and those that allow standard errors without."""


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
        coef = answer.solution.coef
        if from_view:
            return answer if residual_known(view, coef, answer.rss, FEWEST_RESIDUAL) else _without_residual(answer)
        if answer.met and residual_known(view, coef, answer.rss, RESIDUAL):
            return answer
    assert rows is not None
    assert runner is not None
    return _refine_from_data(rows, view, solution, request, accuracy, runner, plan)


def _without_residual(answer: Answer) -> Answer:
    """The fit is too close for its residual to be seen in the reduced rows: no number is better than noise."""
    note = "the residual is below the rounding of the reduced rows: standard errors need rows that can be read again"
    return replace(answer, rss=np.full_like(answer.rss, np.nan), plan=answer.plan.noted(note))


def _refine_from_data(
    rows: Rows,
    view: Moments | Triangle,
    solution: Solution,
    request: Request,
    accuracy: Accuracy,
    runner: Runner,
    plan: Plan,
) -> Answer:
    solution, plan = proven(rows, view, solution, request, runner, plan)
    factor = solution.factor
    assert factor is not None
    exact = small(rows)
    before = np.inf
    n = view.n
    while True:
        started = time.perf_counter()
        if not exact:
            solution = solution.rounded()
        gradient = gradient_at(rows, view, solution, exact, runner)
        check_unchanged(rows.name, view.counts, gradient.counts)
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


def gradient_at(
    rows: Rows, view: Sized, solution: Solution, exact: bool, runner: Runner, probes: Floats | None = None
) -> Gradient:
    norms = view.norms[: view.n]
    point = Point(solution.centre, solution.level, solution.coef, solution.level_lo, solution.coef_lo)
    if exact:
        return exact_gradient(rows, runner, point, norms)
    return Gradient.of(rows, runner, point, norms, probes)


def proven(
    rows: Rows, view: Moments | Triangle, solution: Solution, request: Request, runner: Runner, plan: Plan
) -> tuple[Solution, Plan]:
    """The solution with a factor that the data confirm, by one more pass where its own bound does not say enough."""
    factor = solution.factor
    if factor is None or factor.defect < PROVEN or not factor.rank:
        return solution, plan
    started = time.perf_counter()
    seen = gradient_at(rows, view, solution, False, runner, factor.W)
    check_unchanged(rows.name, view.counts, seen.counts)
    better = orthonormalised(view, request, factor, seen)
    seconds = time.perf_counter() - started
    solution = replace(solution, factor=better).costing(Stats(passes=1, seconds=seconds))
    return solution, plan.done(Step("confirm", f"factor on the data, defect {better.defect:.1e}", seconds))


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
    certificate = certify(evidence, factor, correction, solution.coef, solution.intercept)
    return Answer(
        solution,
        certificate,
        plan,
        view.counts,
        tss=total_squares(view),
        rss=evidence.rss,
        met=not doubtful(certificate, FEWEST_DIGITS if accuracy == "data" else accuracy),
        moments=view if isinstance(view, Moments) else None,
    )


def total_squares(view: Sized) -> Floats:
    """Of the targets, about their means beside an intercept, (k,); 0 where a target is constant to rounding."""
    norms, raw = view.norms[view.n :], view.raw_norms[view.n :]
    return np.where(norms <= CONSTANT * raw, 0.0, norms**2)
