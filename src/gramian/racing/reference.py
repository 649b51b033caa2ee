"""The reference of a race: a certified answer, or, where none is affordable, one that two methods agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gramian.certification.certificate import floored
from gramian.data.arrays import ArrayRows
from gramian.errors import bad_argument, read_once
from gramian.families import Family
from gramian.objectives.linear_objective import LinearObjective
from gramian.planning import Candidate, choose, here
from gramian.problem.facts import Facts
from gramian.problem.problem import Problem, Words
from gramian.problem.solver_options import SolverOptions
from gramian.racing.lane import digits_of
from gramian.racing.running import Course, place_of
from gramian.racing.truth import RacePlace, Truth
from gramian.solving.options import Asked
from gramian.solving.reduction_checks import NotFinite, check_finite, too_large
from gramian.solving.scaling import in_units, units_of
from gramian.solving.solve import solve

PATIENCE, PATIENT = 20.0, 3.0
"""Seconds, and times the budget, that a direct method may be priced at to serve as the reference."""
MOST_STEPS = 5000
"""Of the methods that stand in for it."""


@dataclass(frozen=True, slots=True, eq=False)
class RaceQuestion:
    """What is raced on: one question, with its family and the words for it."""

    asked: Asked
    loss: Family
    title: str
    names: tuple[str, ...]
    target: str
    notes: tuple[str, ...] = ()


def course_of(problem: RaceQuestion, accuracy: float, budget: float) -> tuple[Course, tuple[str, ...]]:
    """The reference, and what a reader should know of it; in other units where squares of the user's own leave the range."""
    try:
        return _course(problem, accuracy, budget)
    except NotFinite as error:
        asked = problem.asked
        plain = asked.request.penalty.is_zero and asked.request.running.step is None and problem.loss.quadratic
        found = units_of(asked.rows, asked.request, asked.runner) if plain else None
        if found is None:
            raise _not_finite(problem, error) from None
    rows, request = in_units(asked.rows, asked.request, found[0])
    course, notes = _course(replace(problem, asked=replace(asked, rows=rows, request=request)), accuracy, budget)
    return course, (*notes, "columns are taken in units of powers of two: in their own, squares leave the range of a float64")


def _course(problem: RaceQuestion, accuracy: float, budget: float) -> tuple[Course, tuple[str, ...]]:
    asked, loss = problem.asked, problem.loss
    if not asked.rows.rereadable:
        hint = "collect the stream into a table, or write it to a file"
        raise read_once(asked.rows.name, "each method reads it again", hint)
    if not loss.quadratic and asked.rows.k > 1:
        raise bad_argument("the number of targets", asked.rows.k, f"one for family={loss.name!r}")
    facts = replace(Facts.of(asked.rows, asked.nnz), loss=loss.name)
    candidates = choose(facts, here(), "auto", asked.runner.workers).candidates
    direct = min((c.seconds for c in candidates if not c.solver.traits.iterates and not c.refused), default=math.inf)
    agreed = loss.quadratic and direct > max(PATIENCE, PATIENT * budget)
    place, unique, digits, method = _agreed(problem, candidates) if agreed else _certified(problem)
    truth = Truth.of(_objective(problem), place, unique, method, digits)
    notes: list[str] = []
    if agreed:
        notes.append(f"no direct answer is affordable: the reference is that of {method}, which agree to {digits:.1f} digits")
    elif digits < accuracy + 1.0:
        notes.append(f"the reference, {method}, is certified to {floored(digits)}; no error below that can be seen")
    if not unique:
        why = "nothing says that the columns are independent" if agreed else "columns depend on each other"
        notes.append(f"{why}: digits are those of the fitted values")
    return Course(asked.rows, asked.nnz, loss, asked.request, asked.runner, truth, accuracy), tuple(notes)


def _certified(problem: RaceQuestion) -> tuple[RacePlace, bool, float, str]:
    """The certified answer; whether its columns are independent; its digits; the method that gave it."""
    asked = problem.asked
    request = replace(asked.request, running=SolverOptions())
    words = Words(problem.names, problem.target)
    answer = solve(Problem(asked.rows, request, problem.loss, nnz=asked.nnz, words=words), "auto", "data", asked.runner)
    method, solution, certificate = answer.plan.method, answer.solution, answer.certificate
    unique = solution.factor is None or not solution.factor.dependencies
    digits = float(np.min(certificate.digits, initial=16.0))
    return place_of(solution), unique, digits, method


def _agreed(problem: RaceQuestion, candidates: Sequence[Candidate]) -> tuple[RacePlace, bool, float, str]:
    """Where a direct method would take too long: two methods on X itself, run to rounding level, and how far they agree.

    Without a ridge nothing says that the columns are independent, so that fitted values are compared.
    """
    asked = problem.asked
    able = [c for c in candidates if c.solver.traits.iterates and not c.solver.traits.squares and not c.refused]
    request = replace(asked.request, running=SolverOptions(tolerance=1e-15, max_iter=MOST_STEPS))
    places = [place_of(candidate.solver.solve(_objective(problem), request)) for candidate in able[:2]]
    unique = not asked.request.penalty.is_zero
    truth = Truth.of(_objective(problem), places[0], unique, "", 16.0)
    names = " and ".join(c.name for c in able[:2])
    return places[0], unique, digits_of(truth.error(places[-1])), names


def _objective(problem: RaceQuestion) -> LinearObjective:
    asked = problem.asked
    objective = LinearObjective.of(asked.rows, asked.runner, problem.loss, asked.request.penalty)
    check_finite(objective)
    return objective


def _not_finite(problem: RaceQuestion, error: NotFinite) -> Exception:
    rows = problem.asked.rows
    if isinstance(rows, ArrayRows):
        return rows.not_finite(error.columns)
    return too_large((*problem.names, problem.target), error, rows.weighted)
