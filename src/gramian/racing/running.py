"""One method on the clock. What is measured about its iterates is kept on the way and worked out after it.

A direct method is timed from the first row that it reads to its coefficients, and where they have fewer digits than asked for
once more with the certifying and refining passes. A method that iterates is timed from the first row to the iterate that is
good enough; the clock stands still while an iterate is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.data.blocks import Rows
from gramian.errors import DataError, GramianError
from gramian.execution.blas import factorising
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.kernels.array_types import Floats
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.problem import Problem
from gramian.problem.solution import Solution, Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import Wanted
from gramian.racing.lane import End, Lane, TracePoint, digits_of
from gramian.racing.truth import RacePlace, Truth
from gramian.solvers.base import Solver, Traits
from gramian.solvers.history import Snapshot
from gramian.solving.reduction_checks import check_finite
from gramian.solving.solve import solve

GROWTH = 1.06
"""Iterates are kept when their number has grown by this factor: 200 of 100,000, evenly on a logarithmic axis."""
HELD = 2e7
"""Numbers that the kept iterates may take."""
REPEATS = 3
"""Runs of one method at most, of which the quickest counts: as many as fit into its share of the budget."""

ENDS: dict[Status, End] = {
    Status.OK: "short",
    Status.CONVERGED: "short",
    Status.STALLED: "stalled",
    Status.LINE_SEARCH_FAILED: "stalled",
    Status.DIVERGED: "diverged",
    Status.MAX_ITER: "max_iter",
    Status.STOPPED: "out of time",
}


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What all methods have in common: the rows, the loss, what is asked, and the truth."""

    rows: Rows
    nnz: int | None
    loss: Family
    request: Wanted
    runner: Runner
    truth: Truth
    accuracy: float

    def good(self, error: float) -> bool:
        return digits_of(error) >= self.accuracy


def timed(course: Course, name: str, solver: Solver[Any], seconds: float) -> Lane:
    """The lane of one method in so many seconds; an error of the method is a lane that says so."""
    one = _iterating if solver.traits.iterates else _direct
    with factorising(course.rows.n, course.runner.workers), np.errstate(all="ignore"):
        try:
            return _quickest(lambda left: one(course, name, solver, left), seconds)
        except (GramianError, ArithmeticError, MemoryError, np.linalg.LinAlgError) as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            return Lane(name, not solver.traits.iterates, "failed", why)


def _quickest(run: Callable[[float], Lane], seconds: float) -> Lane:
    best = run(seconds)
    spent = best.last.seconds if best.ran else seconds
    for _ in range(REPEATS - 1):
        if not best.ran or spent + best.last.seconds > seconds:
            break
        again = run(seconds)
        spent += again.last.seconds if again.ran else seconds
        best = min(best, again, key=lambda lane: (lane.end != best.end, lane.last.seconds if lane.ran else seconds))
    return best


# ---- direct ----------------------------------------------------------------------------------------------------------


def _direct(course: Course, name: str, solver: Solver[Any], seconds: float) -> Lane:
    rows, runner, truth = course.rows, course.runner, course.truth
    started = time.perf_counter()
    view = solver.view.of(rows, runner)
    check_finite(view)
    solution: Solution = solver.solve(view, course.request)
    spent = time.perf_counter() - started
    if not solution.status.ok and solution.status is not Status.DEPENDENT:
        return Lane(name, True, "failed", solution.sentence)
    first = _point(truth, place_of(solution), 0, 1.0, spent)
    if course.good(first.error):
        return Lane(name, True, "reached", "finished", (first,))
    started = time.perf_counter()
    answer = solve(Problem(rows, course.request, course.loss, nnz=course.nnz), name, course.accuracy, runner)
    spent = time.perf_counter() - started
    then = _point(truth, place_of(answer.solution), 0, answer.solution.stats.passes, spent)
    if course.good(then.error):
        return Lane(name, True, "reached", "refined by further passes", (first, then))
    return Lane(name, True, "short", "refinement gives no more digits", (first, then))


def place_of(solution: Solution) -> RacePlace:
    return RacePlace(solution.coef, solution.level, solution.centre)


def _point(truth: Truth, place: RacePlace, iterations: int, passes: float, seconds: float) -> TracePoint:
    return TracePoint(iterations, float(passes), seconds, truth.error(place), truth.left(place))


# ---- iterating -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ObservedIterate:
    """An iterate, and when it was there."""

    iterations: int
    passes: float
    seconds: float
    place: RacePlace


class Watcher:
    """Called with every iterate while the clock stands still: keeps some, and ends the run when it is good or out of time."""

    def __init__(self, course: Course, objective: LinearObjective, began: float, seconds: float, dense: float) -> None:
        self._course, self._objective, self._began, self._seconds = course, objective, began, seconds
        self._grow, self._due, self._looking = dense, 0, 0.0
        self._before, self._passes, self._count, self._last = 0.0, 0.0, 0, 0
        self._kept: list[ObservedIterate] = []
        self._latest: ObservedIterate | None = None
        self.good = False

    def __call__(self, snapshot: Snapshot) -> bool:
        entered = time.perf_counter()
        if snapshot.iteration == 0:
            # The start, or a fresh one of a method that has found its gradient drifted: its own clock begins again.
            self._before = entered - self._began - self._looking - snapshot.seconds
            self._passes = self._objective.passes - snapshot.passes
            self._count = self._last
        self._last = self._count + snapshot.iteration
        seconds, passes = self._before + snapshot.seconds, self._passes + snapshot.passes
        place = RacePlace(snapshot.x, self._level(snapshot), self._objective.coordinates.centre)
        self.good = self._course.good(self._course.truth.error(place))
        over = seconds >= self._seconds
        self._latest = ObservedIterate(self._last, passes, seconds, place)
        if self._last >= self._due:
            self._kept.append(replace(self._latest, place=replace(place, coef=place.coef.copy())))
            self._due = max(self._last + 1, int(self._last * self._grow))
        self._looking += time.perf_counter() - entered
        return self.good or over

    @property
    def seen(self) -> list[ObservedIterate]:
        """Those that were kept, and the last one."""
        latest = self._latest
        ended = latest is None or (self._kept and self._kept[-1].iterations == latest.iterations)
        return self._kept if ended or latest is None else [*self._kept, latest]

    def _level(self, snapshot: Snapshot) -> Floats:
        return np.zeros(snapshot.x.shape[1]) if snapshot.level is None else snapshot.level


def _iterating(course: Course, name: str, solver: Solver[Any], seconds: float) -> Lane:
    truth = course.truth
    size = course.truth.theta.size * (1.0 if truth.H is not None else 8.0)
    most = float(np.clip(HELD / size, 12, 200))
    began = time.perf_counter()
    running = running_for(solver.traits, course.request.running)
    plain = running.step is None
    objective = LinearObjective.of(course.rows, course.runner, course.loss, course.request.penalty, standardise=plain)
    check_finite(objective)
    watcher = Watcher(course, objective, began, seconds, 1.0 + (GROWTH - 1.0) * 200 / most)
    running = replace(running, digits=course.accuracy, tolerance=0.0, callback=watcher)
    solution: Solution = solver.solve(objective, replace(course.request, running=running))
    points = [_point(truth, seen.place, seen.iterations, seen.passes, seen.seconds) for seen in watcher.seen]
    if not points:
        raise DataError("it made no step")
    end, why = _end(watcher.good, solution)
    return Lane(name, False, end, why, tuple(points))


def running_for(traits: Traits, running: SolverOptions) -> SolverOptions:
    """The settings that a method with these traits can take."""
    batch, step = running.batch if traits.batches else None, running.step if traits.steps else None
    if step == "barzilai-borwein" and not traits.spectral:
        step = None
    return replace(running, batch=batch, step=step)


def _end(good: bool, solution: Solution) -> tuple[End, str]:
    if good:
        return "reached", "reached the digits asked for"
    if solution.status is Status.STOPPED:
        return "out of time", Status.OUT_OF_TIME.value
    return ENDS.get(solution.status, "failed"), solution.sentence
