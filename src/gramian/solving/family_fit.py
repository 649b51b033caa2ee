"""The path of a family other than the normal: check the targets, iterate, certify, and take what inference needs.

    targets (1 pass) -> iterate -> certify and correct (1 pass) -> deviance (1 pass)

The method that reweights, which is what "auto" means here, is iteratively reweighted least squares, one pass a step. Any
other reads the same objective as least squares does; what it found is certified, and stays as it is. Where that is nowhere
near a minimum, a few reweighted steps from there tell whether the targets are separated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gramian.certification.certificate import Certificate
from gramian.certification.self_concordance import certified
from gramian.certification.thresholds import FEWEST_DIGITS, aim_note, doubtful, missed_note
from gramian.data.blocks import Rows
from gramian.data.counts import Counts
from gramian.errors import DataError, cannot, message, not_for_family, one_value
from gramian.execution.runner import Runner
from gramian.families.losses import Loss
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.solution import Solution, Stats, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Place, Reduced, WorkingRows
from gramian.reductions.likelihood import GoodnessOfFit, NoColumns
from gramian.reductions.offset_folded import OffsetFolded, has_offset
from gramian.reductions.target_summary import TargetSummary
from gramian.solvers import SOLVERS
from gramian.solvers.ability import AUTO, Need, first_that, needs_of, refuse
from gramian.solvers.irls import IRLS, Fitting, Reweighted, newton_step
from gramian.solvers.iterate import run
from gramian.solvers.state import Stop
from gramian.solving.reduction_checks import check_finite, no_rows
from gramian.solving.refining import Accuracy
from gramian.solving.separation_monitor import SeparationMonitor, placed

MOST_STEPS = 100
"""Newton steps before a fit is given up; from the mean of the targets, ten are many."""
MOST_PASSES = 6
"""Certifying passes, each one Newton step further, before the digits are taken as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class FamilyAnswer:
    """A solution with its certificate; the rows as a weighted least-squares problem there, with a reduction of them.

    `information` is that of X under the expected curvature, which standard errors invert; `goodness` the deviance and such.
    """

    solution: Solution
    certificate: Certificate
    goodness: GoodnessOfFit
    information: Reduced
    working: WorkingRows
    counts: Counts
    method: str
    how: str
    met: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Where an iteration ended, and why; `passes` are those not counted by the problem."""

    status: Status
    iterations: int
    place: Place
    notes: tuple[str, ...]
    passes: float = 0.0


def family_need(loss: Loss) -> Need:
    """What a family asks of a method."""
    return Need(f"minimise the loss of family={loss.name!r}", lambda traits: traits.losses)


def default_method() -> str:
    """What "auto" means: the method that reweights."""
    return first_that(lambda traits: traits.losses and traits.reweights)


def solve_family(
    rows: Rows,
    loss: Loss,
    request: Wanted,
    method: str,
    accuracy: Accuracy,
    runner: Runner,
    names: tuple[str, ...],
    target: str,
    *,
    frequency: bool = False,
    whole_counts: bool = True,
    penalty: str = "ridge=1.0",
) -> FamilyAnswer:
    """Minimise sum w loss(eta, y) + ridge/2 ||b||^2 over rows of one target. penalty: how the caller gives one, for errors.

    Raises DataError for targets that the family does not allow, of one value, or separated; ArgumentError for a method.
    """
    refuse(method, [family_need(loss), *needs_of(request.running)], default_method())
    method = default_method() if method == AUTO else method
    if not rows.rereadable:
        raise not_for_family(f"{rows.name}, a stream that is read once,", loss.name, "rows that can be read again",
                             "collect the stream into a table, or write it to a file")
    if accuracy == "exact":
        raise not_for_family("accuracy='exact'", loss.name, "'data' or a number of digits")
    started = time.perf_counter()
    newton = SOLVERS[method].traits.reweights
    if not newton and loss.absorb is None and has_offset(rows):
        able = Need("take an offset", lambda traits: traits.losses and traits.reweights).able()
        raise cannot(f"method={method!r} with family={loss.name!r}", "take an offset", able)
    targets = TargetSummary.of(rows, runner, loss, target, whole_counts)
    if targets is None or targets.counts.used == 0:
        raise no_rows(rows, None if targets is None else targets.counts)
    if rows.centred and (
        (loss.name == "binomial" and targets.least == targets.largest and targets.least in (0.0, 1.0))
        or (loss.name == "poisson" and targets.largest == 0)
    ):
        raise one_value(target, targets.least, loss.name)
    first = _start(rows, loss, targets)
    problem = Reweighted(rows, runner, loss, request, first)
    lookout = SeparationMonitor(problem, names, target, penalty)
    ended = (_reweighted if newton else _other)(problem, method, lookout)
    solution, certificate, found = _certified(problem, ended, accuracy, corrects=newton)
    wanted, notes = FEWEST_DIGITS if accuracy == "data" else accuracy, ended.notes
    if not newton:
        if doubtful(certificate, FEWEST_DIGITS):
            lookout.look()
        wanted = aim = SOLVERS[method].traits.aim(request.running)
        if request.running.digits is None:
            wanted = min(aim, FEWEST_DIGITS)
            notes += aim_note(method, aim, request.running.suboptimality is not None)
    if request.rank == "error" and solution.factor is not None and solution.factor.dependencies:
        solution = replace(solution, status=Status.DEPENDENT)
    at = Place(solution.centre, float(solution.level[0]), solution.coef[:, 0])
    null = _null_level(rows, loss, targets, runner, request)
    goodness = GoodnessOfFit.of(rows, runner, loss, at, null, frequency)
    assert goodness is not None
    working = WorkingRows(rows, loss, at)
    information, more = found, 2.0
    if loss.scale:
        # Away from the canonical link the expected curvature is not the one that Newton's method uses.
        information, more = problem.kind.of(working, runner), 3.0
        assert information is not None
    passes = problem.passes + ended.passes + more
    stats = replace(solution.stats, passes=passes, seconds=time.perf_counter() - started)
    met = ended.status.ok and not doubtful(certificate, wanted)
    if ended.status.ok and not met:
        notes += (missed_note(method, certificate, wanted),)
    kind = f"{method} on {f'reweighted {problem.kind.label}' if newton else 'rows'}"
    how = f"{kind}, {stats.iterations:,} step{'s' if stats.iterations != 1 else ''}, {passes:,.5g} passes"
    return FamilyAnswer(
        replace(solution, stats=stats),
        certificate,
        goodness,
        information,
        working,
        targets.counts,
        method,
        how,
        met,
        notes,
    )


def _start(rows: Rows, loss: Loss, targets: TargetSummary) -> Place:
    """The null model beside an intercept, zero without."""
    n, W = rows.n, targets.counts.weight
    if not rows.centred:
        return Place(np.zeros(n), 0.0, np.zeros(n))
    return Place(targets.x / W, _link_of_mean(loss, targets) - targets.offset / W, np.zeros(n))


def _link_of_mean(loss: Loss, targets: TargetSummary) -> float:
    return float(loss.link(np.array([targets.mean]))[0])


def _null_level(rows: Rows, loss: Loss, targets: TargetSummary, runner: Runner, request: Wanted) -> float:
    """Of the model of the intercept alone; with an offset it takes a fit of its own."""
    if not rows.centred:
        return 0.0
    level = _link_of_mean(loss, targets)
    if not targets.offset and not has_offset(rows):
        return level
    none = Place(np.zeros(0), level - targets.offset / targets.counts.weight, np.zeros(0))
    found = run(IRLS(), Reweighted(NoColumns(rows), runner, loss, replace(request, rank="drop"), none), _stop(request))
    return float(found.theta[0, 0]) + found.state.next.level


def _stop(request: Wanted) -> Stop:
    return Stop(gradient=None, max_iter=request.running.max_iter or MOST_STEPS)


def _reweighted(problem: Reweighted, method: str, lookout: SeparationMonitor) -> Ended:
    try:
        found = run(IRLS(), problem, _stop(problem.request), callback=problem.request.running.callback)
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
    rows = OffsetFolded(problem.rows, problem.loss) if has_offset(problem.rows) else problem.rows
    objective = LinearObjective.of(rows, problem.runner, problem.loss, request.penalty, standardise=plain)
    watched = lookout.beside(request.running.callback, objective.coordinates.centre, objective.norms[: rows.n])
    running = replace(request.running, callback=watched)
    solution = SOLVERS[method].solve(objective, replace(request, running=running))
    notes = () if solution.status.ok and not solution.advice else (f"{method}: {solution.sentence}",)
    if solution.status is Status.DIVERGED:  # where it got to is nowhere: the start is told instead
        told = (*notes, f"{method}: the coefficients are those of the start")
        return Ended(solution.status, solution.stats.iterations, first, told, objective.passes)
    place = placed(first.centre, solution.centre, solution.coef, solution.level)
    return Ended(solution.status, solution.stats.iterations, place, notes, objective.passes)


def _certified(
    problem: Reweighted, ended: Ended, accuracy: Literal["data"] | float, corrects: bool
) -> tuple[Solution, Certificate, Reduced]:
    """Certify, correct, and again while that could help."""
    status, place, stats = ended.status, ended.place, Stats(iterations=ended.iterations)
    for attempt in range(MOST_PASSES):
        found = problem.at(place)
        check_finite(found.view)
        found, factor = problem.factored(found, place)
        if problem.dependent is not None and problem.dependent != tuple(d.column for d in factor.dependencies):
            # A column lost its weight on the way, so that nothing is known about it.
            factor = replace(factor, defect=np.inf)
        ridge = problem.request.penalty.ridge
        solution, certificate, correction = certified(found, place, factor, ridge, status, stats, corrects)
        enough = accuracy != "data" and not doubtful(certificate, accuracy)
        at_floor = bool(np.all(correction.bracket <= 2.0 * correction.floor))
        if not corrects or enough or at_floor or not status.ok or attempt == MOST_PASSES - 1:
            return solution, certificate, found.view
        step = newton_step(found, place, factor, ridge)
        smaller = float(correction.bracket[0]) < np.inf and step.decrement <= 4 * float(correction.floor[0])
        if smaller:
            return solution, certificate, found.view
        place = place.moved(step.coef, step.level)
    raise AssertionError("the last attempt returns")
