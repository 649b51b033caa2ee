"""The path of a family other than the normal: check the targets, iterate, certify, and take what inference needs.

    targets (1 pass) -> iterate -> certify and correct (1 pass) -> deviance (1 pass)

The method that reweights, which is what "auto" means here, is iteratively reweighted least squares, one pass a step. Any
other reads the same objective as least squares does; what it found is certified, and stays as it is. Where that is nowhere
near a minimum, a few reweighted steps from there show whether the targets are separated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gramian.certification.certificate import Certificate
from gramian.certification.self_concordance import certified
from gramian.certification.thresholds import FEWEST_DIGITS, aim_note, doubtful, missed_note, unproven_note
from gramian.errors import DataError, cannot, counted, message, not_for_family
from gramian.execution.runner import Runner
from gramian.objectives.linear_objective import LinearObjective
from gramian.planning import Plan
from gramian.planning.plan import Step
from gramian.problem.problem import Problem
from gramian.problem.solution import Solution, Stats, Status
from gramian.reductions.irls_pass import Place, Reduced, WorkingRows
from gramian.reductions.likelihood import GoodnessOfFit
from gramian.reductions.offset_folded import OffsetFolded, has_offset
from gramian.reductions.target_summary import TargetSummary
from gramian.solvers import SOLVERS
from gramian.solvers.ability import Need, family_need, needs_of, penalty_need, refuse, reweighting_method
from gramian.solvers.irls import IRLS, Fitting, Reweighted, newton_step
from gramian.solvers.iterate import run
from gramian.solving.family_sums import FamilySums
from gramian.solving.family_targets import null_level, start, stop_of, targets_of
from gramian.solving.ranked import factored_at, of_rank
from gramian.solving.refining import Accuracy, Answer
from gramian.solving.separation_monitor import SeparationMonitor, placed

MOST_PASSES = 6
"""Certifying passes, each one Newton step further, before the digits are taken as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Where an iteration ended, and why; `passes` are those not counted by the problem."""

    status: Status
    iterations: int
    place: Place
    notes: tuple[str, ...]
    passes: float = 0.0


def check_family(problem: Problem, method: str, accuracy: Accuracy) -> None:
    """Raises ArgumentError where a family cannot be fitted to such rows, or to such an accuracy."""
    rows, family = problem.rows, problem.family
    asked = [family_need(family), penalty_need(problem.wanted.penalty.kind), *needs_of(problem.wanted.running)]
    refuse(method, asked, reweighting_method())
    if not rows.rereadable:
        raise not_for_family(f"{rows.name}, a stream that is read once,", family.name, "rows that can be read again",
                             "collect the stream into a table, or write it to a file")
    if accuracy == "exact":
        raise not_for_family("accuracy='exact'", family.name, "'data' or a number of digits")


def solve_family(problem: Problem, accuracy: Accuracy, runner: Runner, plan: Plan) -> Answer:
    """Minimise sum w loss(eta, y) + ridge/2 ||b||^2 over rows of one target by the plan's first method.

    Raises DataError for targets that the family does not allow, of one value, or separated; ArgumentError for an offset that
    the method does not take.
    """
    if not plan.order:
        raise DataError(message("no method can solve this problem", str(plan)))
    rows, family, request, method = problem.rows, problem.family, problem.wanted, plan.method
    started = time.perf_counter()
    traits, runner = plan.order[0].solver.traits, runner.at_most(plan.order[0].workers)
    if not traits.reweights and family.absorb is None and has_offset(rows):
        able = Need("take an offset", lambda traits: traits.losses and traits.reweights).able()
        raise cannot(f"method={method!r} with family={family.name!r}", "take an offset", able)
    targets = targets_of(problem, runner)
    plan = plan.done(Step("reduce", f"targets, {targets.counts.used:,} rows", time.perf_counter() - started))
    fitting = Reweighted(rows, runner, family, request, start(rows, family, targets))
    lookout = SeparationMonitor(fitting, problem.names, problem.words.target, problem.words.penalty)
    began = time.perf_counter()
    ended = (_reweighted if traits.reweights else _other)(fitting, method, lookout)
    taken, made = time.perf_counter() - began, ended.passes + fitting.passes
    plan = plan.done(Step("iterate", f"{counted(ended.iterations, 'step')}, {made:,.5g} passes", taken)).noted(*ended.notes)
    began = time.perf_counter()
    solution, certificate, found = _certified(fitting, ended, _digits(accuracy), corrects=traits.reweights)
    if not traits.reweights and doubtful(certificate, FEWEST_DIGITS):
        lookout.look()
    if request.rank == "error" and solution.factor is not None and solution.factor.dependencies:
        solution = replace(solution, status=Status.DEPENDENT)
    sums, more = _sums(problem, fitting, solution, targets, found)
    plan = plan.done(Step("certify", f"curvature by {found.label}, deviance", time.perf_counter() - began))
    passes = fitting.passes + ended.passes + more
    stats = replace(solution.stats, passes=passes, seconds=time.perf_counter() - started)
    met, plan = _judged(problem, ended, certificate, accuracy, plan)
    deviance, null = np.array([sums.goodness.deviance]), np.array([sums.goodness.null])
    solution = replace(solution, stats=stats)
    return Answer(solution, certificate, plan, targets.counts, null, deviance, met, family=sums)


def _digits(accuracy: Accuracy) -> Literal["data"] | float:
    assert accuracy != "exact"
    return accuracy


def _sums(
    problem: Problem, fitting: Reweighted, solution: Solution, targets: TargetSummary, found: Reduced
) -> tuple[FamilySums, float]:
    """What inference needs, and the passes that it took with that over the targets. `found`: X under the curvature there."""
    rows, family, runner = problem.rows, problem.family, fitting.runner
    at = Place(solution.centre, float(solution.level[0]), solution.coef[:, 0])
    goodness = GoodnessOfFit.of(rows, runner, family, at, null_level(problem, targets, runner), problem.frequency)
    assert goodness is not None
    working = WorkingRows(rows, family, at)
    if family.dispersion is None:
        return FamilySums(goodness, found, working), 2.0
    # Away from the canonical link the expected curvature is not the one that Newton's method uses.
    information = fitting.kind.of(working, runner)
    assert information is not None
    return FamilySums(goodness, information, working), 3.0


def _judged(
    problem: Problem, ended: Ended, certificate: Certificate, accuracy: Accuracy, plan: Plan
) -> tuple[bool, Plan]:
    """Whether what was asked for is certified, and notes on what is not."""
    running, traits = problem.wanted.running, plan.order[0].solver.traits
    wanted = FEWEST_DIGITS if isinstance(accuracy, str) else accuracy
    if not traits.reweights:
        wanted = aim = traits.aim(running)
        if running.digits is None:
            wanted = min(aim, FEWEST_DIGITS)
            plan = plan.noted(*aim_note(plan.method, aim, running.suboptimality is not None))
    met = ended.status.ok and not doubtful(certificate, wanted)
    if problem.family.self_concordance is None:
        plan = plan.noted(unproven_note(problem.family.name))
    elif ended.status.ok and not met:
        plan = plan.noted(missed_note(plan.method, certificate, wanted))
    return met, plan


def _reweighted(problem: Reweighted, method: str, lookout: SeparationMonitor) -> Ended:
    try:
        found = run(IRLS(), problem, stop_of(problem.request), callback=problem.request.running.callback)
    except FloatingPointError:
        raise DataError(
            message(
                f"the likelihood of {lookout.target} is not finite at the start",
                "Allowed: columns whose squares and exponentials a float64 can hold",
                "divide large columns by a power of ten",
            )
        ) from None
    state: Fitting = found.state
    if found.status is Status.SEPARATED:
        raise lookout.error(state)
    notes = () if found.status.ok else (f"{method}: {found.sentence}",)
    place = state.place.moved(state.next.coef, state.next.level) if found.status.ok else state.place
    return Ended(found.status, found.stats.iterations + int(found.status.ok), place, notes)


def _other(problem: Reweighted, method: str, lookout: SeparationMonitor) -> Ended:
    """By a method of least squares that reads an objective."""
    request, first = problem.request, problem.first
    plain = request.running.step is None
    rows = OffsetFolded(problem.rows, problem.family) if has_offset(problem.rows) else problem.rows
    objective = LinearObjective.of(rows, problem.runner, problem.family, request.penalty, standardise=plain)
    watched = lookout.beside(request.running.callback, objective.coordinates.centre, objective.norms[: rows.n])
    running = replace(request.running, callback=watched)
    solution = SOLVERS[method].solve(objective, replace(request, running=running))
    notes = () if solution.status.ok and not solution.advice else (f"{method}: {solution.sentence}",)
    if solution.status is Status.DIVERGED:  # its last iterate means nothing: the start is returned
        told = (*notes, f"{method}: the coefficients are those of the start")
        return Ended(solution.status, solution.stats.iterations, first, told, objective.passes)
    place = placed(first.centre, solution.centre, solution.coef, solution.level)
    return Ended(solution.status, solution.stats.iterations, place, notes, objective.passes)


def _certified(
    problem: Reweighted, ended: Ended, accuracy: Literal["data"] | float, corrects: bool
) -> tuple[Solution, Certificate, Reduced]:
    """Certify, correct, and again while that could help."""
    status, stats = ended.status, Stats(iterations=ended.iterations)
    found, factor, place = of_rank(problem, ended.place, decided=corrects)
    for attempt in range(MOST_PASSES):
        if attempt:
            found, factor = factored_at(problem, place)
        if problem.dependent is not None and problem.dependent != tuple(d.column for d in factor.dependencies):
            # A column lost its weight on the way, so that nothing is known about it.
            factor = replace(factor, defect=np.inf)
        penal, bound = problem.request.penalty, problem.family.self_concordance
        made = corrects and factor.defect < 1.0  # else W W' is not known to be near the inverse of the Hessian
        solution, certificate, correction = certified(found, place, factor, penal, status, stats, made, bound)
        enough = accuracy != "data" and not doubtful(certificate, accuracy)
        at_floor = bool(np.all(correction.bracket <= 2.0 * correction.floor))
        if not made or enough or at_floor or not status.ok or attempt == MOST_PASSES - 1:
            return solution, certificate, found.view
        step = newton_step(found, place, factor, penal)
        known = float(correction.bracket[0]) < np.inf or bound is None
        smaller = known and step.decrement <= 4 * float(correction.floor[0])
        if smaller:
            return solution, certificate, found.view
        place = place.moved(step.coef, step.level)
    raise AssertionError("the last attempt returns")
