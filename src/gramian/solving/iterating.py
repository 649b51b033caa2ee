"""The path of a method that iterates: objective, run, and a certificate of what the method itself found.

The answer is the method's own; it is not refined unless all digits were asked for by name (accuracy="data"). Where the Gram
matrix is affordable, a factor made from it says how far the answer is from the optimum, coefficient by coefficient, and gives
the standard errors; beyond, strong convexity bounds the distance by the gradient, ||theta - theta*|| <= ||g|| / mu.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient
from gramian.certification.certificate import digits_of
from gramian.certification.distance_evidence import DistanceEvidence
from gramian.certification.evidence import certify
from gramian.certification.gradient_evidence import GradientEvidence, correct
from gramian.certification.thresholds import aim_note, doubtful
from gramian.data.blocks import Rows
from gramian.data.counts import check_unchanged
from gramian.execution.runner import Runner
from gramian.families import GAUSSIAN
from gramian.kernels.exact import exactly
from gramian.objectives.curvature import affordable
from gramian.objectives.hessian_lower_bound import hessian_lower_bound
from gramian.objectives.linear_objective import LinearObjective
from gramian.planning import Plan
from gramian.planning.plan import Step
from gramian.problem.solution import Factor, Solution, Stats, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_gradient import small
from gramian.reductions.gradient_bound import Sizes
from gramian.reductions.moments import MomentSums
from gramian.reductions.triangle import Triangle
from gramian.solvers import SOLVERS
from gramian.solvers.moving import moved
from gramian.solvers.spectrum import Spectrum, with_shorter_rows
from gramian.solving.reduction_checks import check_finite
from gramian.solving.refining import Answer, gradient_at, proven, refine, total_squares, within


def iterate(rows: Rows, request: Wanted, runner: Runner, plan: Plan) -> Answer:
    """Run the plan's first method on the rows. Raises as `solve`."""
    solver = plan.order[0].solver
    started = time.perf_counter()
    plain = request.running.step is None
    objective = LinearObjective.of(rows, runner, GAUSSIAN, request.penalty, standardise=plain)
    check_finite(objective)
    if rows.sparse and plain and solver.traits.seeded:
        objective = with_shorter_rows(objective)
    moments = None
    if _rough(request, objective) and solver.traits.seeded:
        objective.spent.floor = hessian_lower_bound(objective)
    if objective.spent.floor is None and affordable(objective.counts.used, objective.shape[0]):
        moments = MomentSums.of(objective.rows, runner)
        assert moments is not None
        _know(objective, moments)
    spent = time.perf_counter() - started
    read = "in memory" if objective.rows.held else "read each pass"
    plan = plan.done(Step("reduce", f"scales, {objective.counts.used:,} rows {read}", spent))
    solution = solver.solve(objective, request)
    stats = solution.stats
    plan = plan.done(Step("iterate", f"{stats.iterations:,} steps, {stats.passes:,.5g} passes", stats.seconds))
    solution = replace(solution, stats=replace(stats, passes=objective.passes, seconds=spent + stats.seconds))
    if solution.advice or not solution.status.ok:
        plan = plan.noted(f"{plan.method}: {solution.sentence}")
    asked = request.running.refined or request.running.suboptimality is not None or request.running.digits is not None
    plan = plan.noted(*aim_note(plan.method, solver.traits.aim(request.running), asked))
    if moments is None:
        return _without_factor(objective, solution, request, runner, plan)
    return _with_factor(objective, moments, solution, request, runner, plan)


def _closely(rows: Rows, request: Wanted) -> bool:
    """Whether the gradient is to be certified in double-double."""
    return small(rows) and request.running.suboptimality is None


def _rough(request: Wanted, objective: LinearObjective) -> bool:
    """Nothing is asked but to come near the optimum, for which a part of the rows may be proof enough."""
    running = request.running
    return not request.errors and running.suboptimality is not None and running.step is None and objective.shape[1] == 1


def _know(objective: LinearObjective, moments: MomentSums) -> None:
    """Hands the Gram matrix over in the objective's coordinates, so that no pass is made for it twice."""
    c, n, W = objective.coordinates, objective.n, objective.weight
    off = (moments.mean.hi[:n] - c.centre) / c.scale
    H = moments.gram[:n, :n] / np.outer(c.scale, c.scale) / W + np.outer(off, off)
    if c.intercept:
        H = np.block([[np.ones((1, 1)), off[None, :]], [off[:, None], H]])
    objective.spent.gram = (H + np.diag(objective.shrink / W))[None]
    objective.count(1.0)


def _with_factor(
    objective: LinearObjective, moments: MomentSums, found: Solution, request: Wanted, runner: Runner, plan: Plan
) -> Answer:
    """Certified by the factor that a direct solver makes of the same rows; its coefficients are not used."""
    rows = objective.rows
    started = time.perf_counter()
    view, factor, status, passes = _factor(rows, moments, request, runner)
    coef = moved(found.coef, factor, view, request)
    level = found.level + (view.mean.hi[: view.n] - found.centre) @ found.coef
    solution = replace(found, coef=coef, level=level, centre=view.mean.hi[: view.n], factor=factor)
    solution = solution.costing(Stats(passes=passes, seconds=time.perf_counter() - started))
    if status is Status.DEPENDENT:
        solution = replace(solution, status=status)
    if request.running.refined:
        answer = refine(rows, view, solution, request, "data", runner, plan)
        return replace(answer, counts=objective.counts)
    started = time.perf_counter()
    solution, plan = proven(rows, view, solution, request, runner, plan, refined=False)
    assert solution.factor is not None
    gradient = gradient_at(rows, view, solution, _closely(rows, request), runner)
    check_unchanged(rows.name, view.counts, gradient.counts)
    seen, off = BoundedGradient.of_data(view, solution, request, gradient, solution.factor.defect)
    seen = replace(seen, level_bound=seen.level_bound + np.abs(off))
    correction = replace(correct(seen, solution.factor), made=False)
    evidence = GradientEvidence(seen, solution.factor, correction)
    seconds = time.perf_counter() - started
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    plan = plan.done(Step("certify", "gradient pass, factor of the Gram matrix", seconds))
    return _answer(objective, view, solution, evidence, request, plan)


def _without_factor(
    objective: LinearObjective, found: Solution, request: Wanted, runner: Runner, plan: Plan
) -> Answer:
    """Certified by ||g|| / mu, or by what a part of the rows proves."""
    rows, n, spread = objective.rows, objective.n, objective.spread
    started = time.perf_counter()
    centred = rows.centred
    mean = exactly(spread.mean if centred else np.zeros_like(spread.mean))
    view = Sizes.of_sums(n, centred, objective.counts, mean, objective.norms, objective.raw_norms)
    level = found.level + (mean.hi[:n] - found.centre) @ found.coef
    solution = replace(found, level=level, centre=mean.hi[:n])
    gradient = gradient_at(rows, view, solution, _closely(rows, request), runner)
    seen, off = BoundedGradient.of_data(view, solution, request, gradient, np.inf)
    seen = replace(seen, level_bound=seen.level_bound + np.abs(off))
    floor, spectrum = objective.spent.floor, Spectrum.of_sizes(objective)
    if floor is not None:
        evidence = DistanceEvidence.by_part_of_the_rows(seen, gradient.s, objective.coordinates, floor, spectrum.L)
        share = f"{floor.rows:,} of {objective.counts.used:,} rows"
        note = f"columns are independent, and J is as near its minimum as asked: proven by the curvature of {share}"
        how = f"curvature of {floor.rows:,} rows"
    else:
        mu = spectrum.mu
        evidence = DistanceEvidence.by_strong_convexity(seen, gradient.s, objective.coordinates, mu, spectrum.L)
        why = "" if mu > 0 else ", and no digits are certified: the smallest curvature is not known"
        note = f"{n:,} columns are too many for a Gram matrix: no standard errors{why}"
        how = "bound by the smallest curvature"
    seconds = time.perf_counter() - started
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    plan = plan.done(Step("certify", f"gradient pass, {how}", seconds)).noted(note)
    return _answer(objective, view, solution, evidence, request, plan)


def _factor(
    rows: Rows, moments: MomentSums, request: Wanted, runner: Runner
) -> tuple[MomentSums | Triangle, Factor, Status, int]:
    """From the first direct solver of the registry that decides the rank; with the reduction that it read."""
    for solver in SOLVERS.values():
        if solver.traits.iterates or solver.traits.confirmed:
            continue
        reads_moments = solver.view is MomentSums
        view = moments if reads_moments else solver.view.of(rows, runner)
        solved = solver.solve(view, request)
        if solved.factor is not None:
            return view, solved.factor, solved.status, 1 if reads_moments else 2
    raise AssertionError("a solver that decides rank always gives a factor")


def _answer(
    objective: LinearObjective,
    view: MomentSums | Triangle | Sizes,
    solution: Solution,
    evidence: GradientEvidence | DistanceEvidence,
    request: Wanted,
    plan: Plan,
) -> Answer:
    wanted = plan.order[0].solver.traits.aim(request.running)
    # The level is judged where the data are: an intercept far from them is a difference of large numbers.
    seen, certificate = evidence.seen, certify(evidence, solution)
    y = seen.raw_y_norm / np.sqrt(seen.weight)
    met = not doubtful(replace(certificate, digits_intercept=digits_of(seen.level_bound, y)), wanted)
    tss = total_squares(view)
    answer = within(Answer(solution, certificate, plan, objective.counts, tss, seen.rss, met), request)
    if answer.met and solution.status is Status.STALLED:
        answer = replace(answer, solution=replace(solution, status=Status.CONVERGED))
    return answer
