"""gm.race: methods on the user's own rows, under one budget of time, timed one after the other."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import numpy as np

from gramian.api.options import RaceOptions
from gramian.execution.runner import Runner
from gramian.families import FAMILIES, GAUSSIAN, Family
from gramian.formula.labels import with_coded_target
from gramian.planning import Candidate, choose, here
from gramian.problem.facts import Facts
from gramian.problem.solver_options import SolverOptions
from gramian.racing.lane import Lane
from gramian.racing.outcome import Race
from gramian.racing.reference import RaceQuestion, course_of
from gramian.racing.running import Course, timed
from gramian.racing.verdict import heaviest
from gramian.racing.warm import warm
from gramian.solving.options import SolveOptions, TableOptions, ask_arrays, ask_table
from gramian.sources.open import as_source

TOO_SLOW = 3.0
"""A direct method cannot be stopped: one whose price is so many times its share of the budget is not begun."""
DIGITS = 8.0


def race(
    formula: Any,
    data: Any,
    methods: str | Iterable[str] | None = None,
    budget: float = 10.0,
    seed: int = 0,
    *,
    accuracy: float = DIGITS,
    family: str = GAUSSIAN.name,
    weights: Any = None,
    ridge: float = 0.0,
    missing: Literal["drop", "error"] = "drop",
    step: float | str | None = None,
    batch: int | None = None,
    threads: int | None = None,
    runner: str | Runner | None = None,
) -> Race:
    """Time methods on one problem, undisturbed and one after the other; see which is first to `accuracy` digits.

    formula, data: as gm.fit; or X (m, n) and y (m,) or (m, k), as gm.lstsq, without an intercept. methods: names, or one text
    with commas; default all that can do it. budget: seconds for all together; what one leaves, the next ones share. accuracy:
    digits of the coefficients at which a run ends. family, weights, ridge, missing, threads, runner: as gm.fit; step, batch: of
    the methods that take them.

    The error is that against a certified answer found first, and is worked out while the clock stands still. Compilation is
    not timed. A method that cannot run is a lane that says why. Raises ArgumentError for unknown methods and a budget or
    accuracy that is no positive number, and otherwise as gm.fit.
    """
    how = SolveOptions(ridge=ridge, threads=threads, running=SolverOptions(step, batch, seed=seed), runner=runner)
    options = RaceOptions.of(
        TableOptions(weights, missing=missing), how, family=family, methods=methods, budget=budget, accuracy=accuracy
    )
    return race_with(formula, data, options)


def race_with(formula: Any, data: Any, options: RaceOptions) -> Race:
    """As `race`, of options that are checked."""
    problem, accuracy, budget = _problem(formula, data, options), options.accuracy, options.budget
    course, notes = course_of(problem, accuracy, budget)
    lanes = _run(course, options.methods, budget)
    rows, truth = problem.asked.rows, course.truth
    return Race(
        title=problem.title,
        family=options.family,
        rows=truth.objective.counts.used,
        columns=rows.n,
        targets=rows.k,
        sparse=rows.sparse,
        accuracy=accuracy,
        budget=budget,
        reference=truth.method,
        reference_digits=truth.digits,
        lanes=tuple(sorted(lanes, key=lambda lane: _place_of(lane, accuracy))),
        machine=_machine(problem.asked.runner.workers),
        date=date.today().isoformat(),
        notes=(*problem.notes, *_dropped(truth.objective.counts.missing), *notes),
    )


def _dropped(rows: int) -> tuple[str, ...]:
    return (f"{rows:,} row{'' if rows == 1 else 's'} with missing values dropped",) if rows else ()


def _problem(formula: Any, data: Any, options: RaceOptions) -> RaceQuestion:
    family = FAMILIES[options.family]
    if not isinstance(formula, str):
        asked, rows = ask_arrays(formula, data, options.table.weights, options.solve)
        return RaceQuestion(asked, family, "y on X", tuple(f"X[:, {j}]" for j in range(rows.n)), "y")
    source, notes = with_coded_target(as_source(data), formula, family, options.solve.readers())
    asked, design = ask_table(formula, source, options.table, options.solve, family=family)
    return RaceQuestion(asked, family, f"{formula}   ({source.name})", design.names, design.targets[0], notes)


# ---- the lanes -------------------------------------------------------------------------------------------------------


def _run(course: Course, names: tuple[str, ...] | None, budget: float) -> list[Lane]:
    """Cheapest first, by the plan's prices, so that what the quick ones leave goes to those that need it."""
    facts = replace(Facts.of(course.rows, course.nnz), loss=course.loss.name)
    plan = choose(facts, here(), "auto", course.runner.workers)
    wanted = [c for c in plan.candidates if (names is None and _able(c, course.loss)) or (names and c.name in names)]
    wanted.sort(key=lambda candidate: (candidate.solver.traits.iterates, candidate.seconds))
    lanes: list[Lane] = []
    for place, candidate in enumerate(wanted):
        share = budget / (len(wanted) - place)
        lane = _refused(candidate, course.loss, share)
        if lane is None:
            warm(candidate.solver, course.rows, course.loss, course.request)
            lane = timed(course, candidate.name, candidate.solver, share)
            lane = replace(lane, work=heaviest(candidate.cost) if lane.direct else "")
            # A direct method that took longer than its share, and could not be stopped, takes nothing from the others.
            budget -= min(lane.last.seconds, share) if lane.ran else 0.0
        lanes.append(lane)
    return lanes


def _able(candidate: Candidate, loss: Family) -> bool:
    return candidate.solver.traits.losses or loss.quadratic


def _refused(candidate: Candidate, loss: Family, share: float) -> Lane | None:
    why, direct = candidate.refused, not candidate.solver.traits.iterates
    if not why and not _able(candidate, loss):
        why = f"it minimises the squared loss alone, not that of the {loss.name} family"
    if not why and direct and candidate.seconds > TOO_SLOW * share:
        why = f"est {candidate.seconds:.3g} s, its share of the budget is {share:.2g} s, and it cannot be stopped"
    return Lane(candidate.name, direct, "refused", why) if why else None


def _place_of(lane: Lane, accuracy: float) -> tuple[bool, float, float]:
    """By time to the accuracy; then by digits reached; then those that did not run."""
    return not lane.ran, lane.seconds_to(accuracy), -lane.digits if lane.ran else 0.0


def _machine(threads: int) -> str:
    return (
        f"{threads} threads of {os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, "
        f"numpy {np.__version__}"
    )

