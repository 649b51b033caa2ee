"""The path of a method that iterates: objective, run, and a certificate of what the method itself found.

The answer is the method's own; it is not refined unless all digits were asked for by name (accuracy="data"). Where the Gram
matrix is affordable, a factor made from it says how far the answer is from the optimum, coefficient by coefficient, and gives
the standard errors; beyond, strong convexity bounds the distance by the gradient, ||theta - theta*|| <= ||g|| / mu.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gramian.certification.certificate import Certificate, Evidence, certify, certify_by_distance, correct, digits_of
from gramian.certification.evidence import distance, evidence_of_data
from gramian.certification.thresholds import aim_note, doubtful
from gramian.data.blocks import Rows
from gramian.data.counts import check_unchanged
from gramian.execution.threads import Threads
from gramian.families import GAUSSIAN
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import exactly
from gramian.kernels.norms import column_norms
from gramian.objectives.curvature import affordable
from gramian.objectives.hessian_lower_bound import HessianLowerBound, hessian_lower_bound
from gramian.objectives.linear_objective import LinearObjective
from gramian.planning import Plan
from gramian.planning.plan import Step
from gramian.problem.solution import Factor, Solution, Stats, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_gradient import small
from gramian.reductions.gradient import Gradient
from gramian.reductions.gradient_bound import Sizes
from gramian.reductions.moments import MomentSums
from gramian.reductions.triangle import Triangle
from gramian.solvers import SOLVERS
from gramian.solvers.ranges import Spectrum, with_shorter_rows
from gramian.solving.reduction_checks import check_finite
from gramian.solving.refining import Answer, gap_of, gradient_at, proven, refine, total_squares, within


def iterate(rows: Rows, request: Wanted, runner: Threads, plan: Plan) -> Answer:
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
    objective: LinearObjective, moments: MomentSums, found: Solution, request: Wanted, runner: Threads, plan: Plan
) -> Answer:
    """Certified by the factor that a direct solver makes of the same rows; its coefficients are not looked at."""
    rows = objective.rows
    started = time.perf_counter()
    view, factor, status, passes = _factor(rows, moments, request, runner)
    coef = _of_rank(found.coef, factor, request)
    level = found.level + (view.mean.hi[: view.n] - found.centre) @ found.coef
    solution = replace(found, coef=coef, level=level, centre=view.mean.hi[: view.n], factor=factor)
    solution = solution.costing(Stats(passes=passes, seconds=time.perf_counter() - started))
    if status is Status.DEPENDENT:
        solution = replace(solution, status=status)
    if request.running.refined:
        answer = refine(rows, view, solution, request, "data", runner, plan)
        return replace(answer, counts=objective.counts, moments=None)
    started = time.perf_counter()
    solution, plan = proven(rows, view, solution, request, runner, plan, refined=False)
    assert solution.factor is not None
    gradient = gradient_at(rows, view, solution, _closely(rows, request), runner)
    check_unchanged(rows.name, view.counts, gradient.counts)
    evidence, off = evidence_of_data(view, solution, request, gradient, solution.factor.defect)
    evidence = replace(evidence, level_bound=evidence.level_bound + np.abs(off))
    correction = replace(correct(evidence, solution.factor), made=False)
    certificate = certify(evidence, solution.factor, correction, coef, solution.intercept)
    certificate = replace(certificate, gap=gap_of(evidence, correction, solution))
    seconds = time.perf_counter() - started
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    plan = plan.done(Step("certify", "gradient pass, factor of the Gram matrix", seconds))
    return _answer(objective, view, solution, certificate, evidence, request, plan)


def _without_factor(
    objective: LinearObjective, found: Solution, request: Wanted, runner: Threads, plan: Plan
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
    evidence, off = evidence_of_data(view, solution, request, gradient, np.inf)
    evidence = replace(evidence, level_bound=evidence.level_bound + np.abs(off))
    if objective.spent.floor is not None:
        return _by_floor(objective, objective.spent.floor, view, solution, gradient, evidence, request, plan, started)
    bend = Spectrum.of_sizes(objective)
    error = distance(evidence, gradient.s, view.counts.weight, objective.coordinates, bend.mu)
    condition = float(np.sqrt(bend.L / bend.mu)) if bend.mu > 0 else np.inf
    certificate = certify_by_distance(evidence, solution.coef, solution.intercept, error, condition)
    if bend.mu > 0:
        # J - J* <= ||g||^2 / (2 mu), and the error of theta is ||g|| / mu.
        certificate = replace(certificate, gap=0.5 * bend.mu * (error[0] * objective.coordinates.scale[0]) ** 2)
    seconds = time.perf_counter() - started
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    plan = plan.done(Step("certify", "gradient pass, bound by the smallest curvature", seconds))
    why = "" if bend.mu > 0 else ", and no digits are certified: the smallest curvature is not known"
    plan = plan.noted(f"{n:,} columns are too many for a Gram matrix: no standard errors{why}")
    return _answer(objective, view, solution, certificate, evidence, request, plan)


def _by_floor(
    objective: LinearObjective,
    floor: HessianLowerBound,
    view: Sizes,
    solution: Solution,
    gradient: Gradient,
    evidence: Evidence,
    request: Wanted,
    plan: Plan,
    started: float,
) -> Answer:
    """Certified by J - J* <= g'F^-1 g / 2, F made from a part of the rows."""
    c, weight = objective.coordinates, view.counts.weight
    g = (evidence.g + (evidence.centre - c.centre)[:, None] * gradient.s) / c.scale[:, None]
    unsure = (evidence.bound + np.outer(evidence.norms, evidence.residual_bound)) / c.scale[:, None]
    if c.intercept:
        g = np.concatenate([gradient.s[None, :], g])
        unsure = np.concatenate([np.sqrt(weight) * evidence.residual_bound[None, :], unsure])
    left = floor.left(g / weight, column_norms(unsure) / weight)
    error = floor.reach(left)[int(c.intercept) :] / c.scale[:, None]
    condition = float(np.sqrt(Spectrum.of_sizes(objective).L / floor.values[0]))
    certificate = certify_by_distance(evidence, solution.coef, solution.intercept, error, condition)
    certificate = replace(certificate, gap=left)
    seconds = time.perf_counter() - started
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    plan = plan.done(Step("certify", f"gradient pass, curvature of {floor.rows:,} rows", seconds))
    share = f"{floor.rows:,} of {objective.counts.used:,} rows"
    plan = plan.noted(f"columns are independent, and J is as near its minimum as asked: proven by the curvature of {share}")
    return _answer(objective, view, solution, certificate, evidence, request, plan)


def _factor(
    rows: Rows, moments: MomentSums, request: Wanted, runner: Threads
) -> tuple[MomentSums | Triangle, Factor, Status, int]:
    """From the first direct solver of the registry that can tell the rank; with the view that it read."""
    for solver in SOLVERS.values():
        if solver.traits.iterates or solver.traits.confirmed:
            continue
        reads_moments = solver.view is MomentSums
        view = moments if reads_moments else solver.view.of(rows, runner)
        solved = solver.solve(view, request)
        if solved.factor is not None:
            return view, solved.factor, solved.status, 1 if reads_moments else 2
    raise AssertionError("a solver that decides rank always gives a factor")


def _of_rank(coef: Floats, factor: Factor, request: Wanted) -> Floats:
    """The same surface with coefficients as the rank policy wants them: the shortest, or zero for dropped columns.

    A column that equals sum w_i x_i can hand its coefficient to the others, b_i + w_i b_j. The equations span the null space N of
    X, and b - N N'b is the shortest. Nothing is done where the columns are independent.
    """
    if not factor.dependencies:
        if factor.rank == coef.shape[0]:
            return coef
        Q = np.linalg.qr(factor.W)[0]  # no equations were written: the columns of W span the row space of X
        return Q @ (Q.T @ coef)
    equations = np.zeros((coef.shape[0], len(factor.dependencies)))
    for i, dependency in enumerate(factor.dependencies):
        equations[dependency.column, i] = 1.0
        equations[list(dependency.others), i] = -np.asarray(dependency.weights)
    if request.rank == "drop":
        dropped = [dependency.column for dependency in factor.dependencies]
        moved = coef - equations @ coef[dropped]
        moved[dropped] = 0.0
        return moved
    N = np.linalg.qr(equations)[0]
    return coef - N @ (N.T @ coef)


def _answer(
    objective: LinearObjective,
    view: MomentSums | Triangle | Sizes,
    solution: Solution,
    certificate: Certificate,
    evidence: Evidence,
    request: Wanted,
    plan: Plan,
) -> Answer:
    wanted = plan.order[0].solver.traits.aim(request.running)
    # The level is judged where the data are: an intercept far from them is a difference of large numbers.
    y = evidence.raw_y_norm / np.sqrt(evidence.weight)
    met = not doubtful(replace(certificate, digits_intercept=digits_of(evidence.level_bound, y)), wanted)
    tss = total_squares(view)
    answer = within(Answer(solution, certificate, plan, objective.counts, tss, evidence.rss, met, moments=None), request)
    if answer.met and solution.status is Status.STALLED:
        answer = replace(answer, solution=replace(solution, status=Status.CONVERGED))
    return answer
