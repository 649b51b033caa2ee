"""The one loop back: certify returns the gradient of the data, the solution's factor turns it into a correction, and again,
until the accuracy asked for holds or another pass could not improve the bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient, rss_after
from gramian.certification.certificate import Certificate
from gramian.certification.evidence import certify
from gramian.certification.gradient_evidence import Correction, GradientEvidence, correct
from gramian.certification.thresholds import FEWEST_DIGITS, doubtful
from gramian.data.blocks import Rows
from gramian.data.counts import Counts, check_unchanged
from gramian.errors import RankError, message
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import CONSTANT, U
from gramian.planning import Plan
from gramian.planning.path import AFFORDABLE
from gramian.planning.plan import Step
from gramian.problem.solution import Solution, Stats
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_gradient import exact_gradient, small
from gramian.reductions.gradient import Gradient, Point, Squares
from gramian.reductions.gradient_bound import Sized, sees
from gramian.solvers.cost import SHORT, falls_short
from gramian.solving.exactness import ExactInverse, confirmed_exactly, inverse_of, measured, widened, with_low_parts
from gramian.solving.factor_verification import PROVEN, proven

if TYPE_CHECKING:
    from gramian.solving.family_sums import FamilySums

Accuracy: TypeAlias = Literal["data", "exact"] | float
"""All digits that the data support, in float64 or, whatever it costs, in double-double; or a number of digits."""

MOST_STEPS = 12
DIVERGING = 10.0
"""A correction so many times the one before makes the answer worse."""
KNOWN = 0.95
"""Defect of a factor below which a correction that has become small says that the error has."""
ENOUGH = 10.0
"""Certified digits after which a large table takes no other pass in double-double, unless its numbers support more."""
SETTLED = 1e-8
"""Share of rss that the last correction may explain where rss is wanted to its last place."""
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
    exact: bool = False  # the last gradient was taken in double-double
    explained: Floats | None = None  # tss - rss where it is known better than their difference, (k,)
    inverse: ExactInverse | None = None
    family: FamilySums | None = None  # of another family than the normal


def refine(
    rows: Rows | None,
    view: Sized,
    solution: Solution,
    request: Wanted,
    accuracy: Accuracy,
    runner: Runner | None,
    plan: Plan,
) -> Answer:
    """Certify, correct, repeat. Without rows, or when they can be read once only, the view itself is the evidence.

    A sketch is no evidence: its plan has seen to it that the rows can be read again.
    """
    factor = solution.factor
    if factor is None:
        raise RankError(message(solution.status.value))
    from_view = rows is None or runner is None or not rows.rereadable
    if sees(view) and (from_view or not isinstance(accuracy, str)):
        seen = BoundedGradient.of_view(view, solution, request, factor)
        evidence = GradientEvidence(seen, factor, correct(seen, factor))
        answer = answer_of(view, _corrected(solution, evidence.correction), evidence, accuracy, plan)
        coef = answer.solution.coef
        if from_view:
            known = view.at(coef).residual_known(answer.rss, FEWEST_RESIDUAL)
            return answer if known else _without_residual(answer)
        if answer.met and view.at(coef).residual_known(answer.rss, RESIDUAL):
            return answer
    assert rows is not None
    assert runner is not None
    return _refine_from_data(rows, view, solution, request, accuracy, runner, plan)


def _without_residual(answer: Answer) -> Answer:
    """The fit is too close for its residual to be seen in the reduced rows: no number is better than noise."""
    note = "the residual is below the rounding of its evaluation: standard errors need dense rows that can be read again"
    return replace(answer, rss=np.full_like(answer.rss, np.nan), plan=answer.plan.noted(note))


def _refine_from_data(
    rows: Rows,
    view: Sized,
    solution: Solution,
    request: Wanted,
    accuracy: Accuracy,
    runner: Runner,
    plan: Plan,
) -> Answer:
    exact = thorough = accuracy == "exact" or small(rows)
    solution, plan = proven(rows, view, solution, request, runner, plan)
    factor = solution.factor
    assert factor is not None
    if exact and factor.rank and factor.defect >= PROVEN and view.is_evidence:
        factor, passes = confirmed_exactly(rows, view, request, factor, runner, PROVEN)
        solution = replace(solution, factor=factor).costing(Stats(passes=passes))
    before = np.inf
    n = view.n
    exact = exact or (not rows.sparse and accuracy == "data" and falls_short(n, factor.condition))
    sizes: Sized = view
    answer: Answer | None = None
    while True:
        started = time.perf_counter()
        if not exact:
            solution = solution.rounded()
        gradient = gradient_at(rows, view, solution, exact, runner)
        check_unchanged(rows.name, view.counts, gradient.counts)
        if gradient.lost is not None and gradient.shift is not None and sizes is view:
            sizes, factor = widened(view, gradient.lost, gradient.shift), with_low_parts(view, factor, gradient.lost)
            if factor.defect >= PROVEN and factor.rank and view.is_evidence:
                factor, passes = confirmed_exactly(rows, view, request, factor, runner, PROVEN)
                solution = replace(solution, factor=factor).costing(Stats(passes=passes))
        seen, level = BoundedGradient.of_data(sizes, solution, request, gradient, factor.defect)
        correction = correct(seen, factor)
        # The means are known better than the centre, so moving the coefficients moves the level.
        shift = np.abs(correction.coef).T @ sizes.mean_error[:n]
        seen = replace(seen, level_bound=seen.level_bound + shift)
        size = float(np.max(column_norms(correction.z), initial=0.0))
        if answer is not None and size > DIVERGING * before:
            return replace(answer, plan=plan.noted("refinement diverged: the factor is not that of the rows"))
        solution = solution.corrected_by(correction.coef, level - sizes.mean.lo[:n] @ correction.coef)
        rss = rss_after(seen, correction.step, level, view.counts.weight, solution, request)
        seconds = time.perf_counter() - started
        solution = solution.costing(Stats(passes=1, refinements=1, seconds=seconds))
        assert solution.factor is not None
        seen = replace(seen, rss=rss)
        answer = answer_of(view, solution, GradientEvidence(seen, solution.factor, correction), accuracy, plan)
        if gradient.squares is not None:
            answer = summed(answer, gradient, gradient.squares)
        plan = plan.done(Step("refine", f"{'exact ' if exact else ''}gradient pass, correction {size:.1e}", seconds))
        left = factor.defect / (1.0 - factor.defect) * size if factor.defect < 1 else 0.0
        if finished(answer, seen, correction, accuracy, size, before, left, solution.stats.refinements, thorough):
            blurred = request.errors and _blurred(answer, seen)
            if not exact and _worth_more(rows, answer, accuracy, factor.defect, blurred):
                exact, before = True, np.inf
                continue
            answer = replace(answer, plan=plan)
            if blurred and not exact:
                return _without_residual(answer)
            wanted = request.errors and request.penalty.is_zero and answer.exact
            cheap = accuracy == "exact" or view.counts.used * n * n <= AFFORDABLE
            return with_inverse(answer, rows, view, runner) if wanted and cheap else answer
        before = size


def summed(answer: Answer, gradient: Gradient, squares: Squares) -> Answer:
    """With the sums of squares of a pass in double-double; what the correction took off rss, it explains."""
    tss = np.where(answer.tss > 0, squares.tss, 0.0)
    explained = squares.explained + (gradient.rss - answer.rss)
    certificate = replace(answer.certificate, written=gradient.low)
    return replace(answer, certificate=certificate, tss=tss, explained=explained, exact=True)


def finished(
    answer: Answer,
    seen: BoundedGradient,
    correction: Correction,
    accuracy: Accuracy,
    size: float,
    before: float,
    left: float,
    steps: int,
    thorough: bool,
) -> bool:
    """`left` bounds what the correction of this size leaves of itself; `thorough` asks for the last bit of the answer."""
    met = not isinstance(accuracy, str) and answer.met
    if answer.exact and not thorough:
        at_floor = bool(np.all(left <= 0.5 * correction.bracket))
    else:
        # The floor is a bound for the worst case, n roundings in a row; the answer itself ends at a few of them.
        sizes = seen.norms @ np.abs(answer.solution.coef)
        rounding = 4.0 * (U * U if answer.exact else U) * (seen.y_norm + sizes)
        at_floor = bool(np.all((correction.bracket <= 2.0 * correction.floor) & (left <= rounding)))
    # A correction changes rss by its square, which is known to few digits.
    settled = not answer.exact or bool(np.all(column_norms(correction.z) ** 2 <= SETTLED * answer.rss))
    full = settled and bool(np.all(answer.certificate.digits_each >= (15.9 if thorough else worthwhile(answer))))
    stalled = size > 0.5 * before
    return met or at_floor or full or stalled or steps >= MOST_STEPS


def worthwhile(answer: Answer) -> float:
    """Digits of each coefficient beyond which those of a large table are not sought: what numbers of float64 support."""
    certificate = answer.certificate
    if not answer.exact or certificate.written:
        return 15.9
    return min(max(ENOUGH, float(np.max(certificate.ceiling, initial=0.0))), 15.9)


def _worth_more(rows: Rows, answer: Answer, accuracy: Accuracy, defect: float, blurred: bool) -> bool:
    """Whether double-double would bring what was asked for: of a proven factor, and of rows that stay dense."""
    wanted = SHORT if isinstance(accuracy, str) else accuracy
    return not rows.sparse and defect < KNOWN and (blurred or doubtful(answer.certificate, wanted))


def _blurred(answer: Answer, seen: BoundedGradient) -> bool:
    """The fit is so close that its residuals are little but the rounding of their own evaluation."""
    return bool(np.any(np.sqrt(answer.rss) < 10.0**FEWEST_RESIDUAL * seen.residual_bound))


def gradient_at(rows: Rows, view: Sized, solution: Solution, exact: bool, runner: Runner) -> Gradient:
    norms = view.norms[: view.n]
    point = Point(solution.centre, solution.level, solution.coef, solution.level_lo, solution.coef_lo)
    if exact:
        return exact_gradient(rows, runner, point, norms, view.raw_norms)
    return Gradient.of(rows, runner, point, norms)


def _corrected(solution: Solution, correction: Correction) -> Solution:
    return solution.corrected_by(correction.coef, np.zeros(correction.coef.shape[1]))


def answer_of(
    view: Sized,
    solution: Solution,
    evidence: GradientEvidence,
    accuracy: Accuracy,
    plan: Plan,
) -> Answer:
    certificate = certify(evidence, solution)
    return Answer(
        solution,
        certificate,
        plan,
        view.counts,
        tss=total_squares(view),
        rss=evidence.seen.rss,
        met=not doubtful(certificate, FEWEST_DIGITS if isinstance(accuracy, str) else accuracy),
    )


def within(answer: Answer, request: Wanted) -> Answer:
    """With `met` where J is proven to be as near its minimum as asked: by a share of what it can fall, or rounding of J."""
    share, gap, coef = request.running.suboptimality, answer.certificate.gap, answer.solution.coef
    if share is None or gap is None:
        return answer
    lost = answer.rss + 2.0 * request.penalty.value(coef)
    most = np.maximum(share * (answer.tss - lost), 4.0 * U * answer.tss)
    return replace(answer, met=bool(np.all(2.0 * answer.counts.weight * gap <= most)))


def with_inverse(answer: Answer, rows: Rows, view: Sized, runner: Runner) -> Answer:
    """With the diagonal of (X'X)^-1 to full digits: one more pass, in double-double."""
    factor = answer.solution.factor
    if factor is None or not factor.rank or not np.isfinite(factor.defect):
        return answer
    started = time.perf_counter()
    inverse, better = inverse_of(view, factor, measured(rows, view, factor, runner))
    seconds = time.perf_counter() - started
    solution = replace(answer.solution, factor=better).costing(Stats(passes=1, seconds=seconds))
    plan = answer.plan.done(Step("errors", "exact pass for the inverse of X'X", seconds))
    return replace(answer, solution=solution, plan=plan, inverse=inverse)


def total_squares(view: Sized) -> Floats:
    """Of the targets, about their means beside an intercept, (k,); 0 where a target is constant to rounding."""
    norms, raw = view.norms[view.n :], view.raw_norms[view.n :]
    return np.where(norms <= CONSTANT * raw, 0.0, norms**2)
