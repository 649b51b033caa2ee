"""The path from a problem to a certified answer: plan, reduce, solve, and the one loop back, refinement.

Certify returns the gradient of the data, the solution's factor turns it into a correction, and again, until the accuracy
asked for holds or another pass could not improve the bound.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from gramian.data.blocks import Rows
from gramian.errors import DataError, RankError, SourceError, cannot, message
from gramian.execution.blas import factorising
from gramian.execution.runner import Runner
from gramian.planning import Plan, choose, here
from gramian.planning.plan import Candidate, Step
from gramian.problem.facts import Facts
from gramian.problem.problem import Problem
from gramian.problem.solution import Solution, Stats, Status
from gramian.problem.wanted import Wanted
from gramian.solvers import SOLVERS
from gramian.solvers.ability import AUTO
from gramian.solvers.base import Traits
from gramian.solving.condition_sample import sampled_condition
from gramian.solving.iterating import iterate
from gramian.solving.reduction_checks import NotFinite, check_finite, no_rows
from gramian.solving.refining import Accuracy, Answer, refine, within
from gramian.solving.sampled_pcg import conjugated
from gramian.solving.scaling import in_units, restored, units_of

SQUARED = min(solver.traits.limit for solver in SOLVERS.values())
"""Condition above which the methods that square it give up."""
SHARE_DIGITS = 6.0
"""Digits that a direct method proves from its reduction alone, more than any suboptimality that is asked for needs."""
PATIENCE, DEARER = 5.0, 20.0
"""Estimated seconds, and times those of the first one, that the next method may take where it was not asked for by name."""
SEEN = 1e8
"""Scaled condition taken as measured where a Gram matrix cannot carry it: at least 1e7."""
HOPEFUL = 4.0
"""Digits short of what was asked that a second run may bring."""


def solve(problem: Problem, method: str, accuracy: Accuracy, runner: Runner) -> Answer:
    """Plan, reduce and solve, then refine to `accuracy`.

    Raises RankError, DataError or SourceError when the rows give no answer, ArgumentError for an unknown method, or one that
    cannot do what is asked.
    """
    rows, request = problem.rows, problem.wanted
    facts = problem.facts()
    if not problem.family.quadratic:
        from gramian.solving.family_fit import check_family  # least squares need not wait for it

        check_family(problem, method, accuracy)
    elif method == AUTO:
        facts = replace(facts, condition=sampled_condition(rows, SQUARED, runner))
    plan = plan_for(facts, request, method, accuracy, runner.workers)
    if request.running.suboptimality is not None:
        accuracy = SHARE_DIGITS
    with factorising(rows.n, runner.workers):
        try:
            if not problem.family.quadratic:
                from gramian.solving.family_fit import solve_family

                return solve_family(problem, accuracy, runner, plan)
            return _solved(rows, request, accuracy, runner, plan)
        except NotFinite:
            iterates = plan.order[0].solver.traits.iterates
            found = None if iterates else units_of(rows, request, runner)
            if found is None:
                raise
        units, counts = found
        scaled, asked = in_units(rows, request, units)
        return restored(_solved(scaled, asked, accuracy, runner, plan), units, request, counts)


def plan_for(facts: Facts, request: Wanted, method: str, accuracy: Accuracy, threads: int) -> Plan:
    """The plan of a question, with this machine's prices."""
    digits = None if isinstance(accuracy, str) else accuracy
    digits = digits if request.running.suboptimality is None else SHARE_DIGITS
    asked = {"digits": digits, "exact": accuracy == "exact", "errors": request.errors}
    return choose(replace(facts, **asked).penalised(request.penalty), here(), method, threads, request.running)


def _solved(rows: Rows, request: Wanted, accuracy: Accuracy, runner: Runner, plan: Plan) -> Answer:
    while plan.order and plan.order[0].solver.traits.iterates:
        if accuracy == "exact":
            direct = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
            raise cannot(f"method={plan.method!r}", 'take accuracy="exact"', direct)
        answer = _iterated(rows, request, runner.at_most(plan.order[0].workers), plan)
        direct = next((each for each in plan.order if not each.solver.traits.iterates), None)
        if answer.met or plan.asked or direct is None:
            return answer
        if direct.price > max(PATIENCE, DEARER * plan.order[0].price):
            return replace(answer, plan=answer.plan.noted(_dearer(direct)))
        # What one method that iterates could not prove, none can: the proof is the same.
        plan = answer.plan.moved_on("what was asked for could not be certified").direct()
    view = None
    while True:
        view, solution, plan = _first_answer(rows, request, plan, runner, view)
        workers = runner.at_most(plan.order[0].workers)
        found, plan = conjugated(rows, view, solution, request, accuracy, workers, plan)
        answer = found if isinstance(found, Answer) else refine(rows, view, found, request, accuracy, workers, plan)
        factor = answer.solution.factor
        if _decides(plan.order[0].solver.traits) or factor is None or not np.isinf(factor.defect):
            return within(answer, request)
        plan = _next(rows, answer.plan, Status.UNCONFIRMED, request)


def _iterated(rows: Rows, request: Wanted, runner: Runner, plan: Plan) -> Answer:
    """Once more, aiming higher, where a run that converged is a few digits short of being proven."""
    answer, running = iterate(rows, request, runner, plan), request.running
    told = running.step is not None or running.max_iter is not None or running.callback is not None or running.path
    if answer.met or told or running.suboptimality is not None or not answer.solution.status.ok:
        return answer
    got = float(np.min(answer.certificate.digits, initial=np.inf))
    short = plan.order[0].solver.traits.aim(running) - got
    if not 0 < short < HOPEFUL or got == 0:
        return answer
    again = iterate(rows, replace(request, running=replace(running, beyond=short + 0.5)), runner, plan)
    return replace(again, solution=again.solution.costing(answer.solution.stats))


def _dearer(following: Candidate) -> str:
    took = f'method="{following.name}" can tell, est {following.seconds:.0f} s'
    return f"the digits asked for are not proven, and the next method would take much longer: {took}"


def _decides(traits: Traits) -> bool:
    """Whether a method decides which columns are dependent without a later pass."""
    return traits.decides_rank and not traits.confirmed


def _first_answer(
    rows: Rows, request: Wanted, plan: Plan, runner: Runner, view: Any = None
) -> tuple[Any, Solution, Plan]:
    """The answer of the first method that has one; `view` is what was read before, and is not read again for a method that
    solves from it.
    """
    spent = Stats()
    while True:
        if not plan.order:
            raise DataError(message("no method can solve this problem", str(plan)))
        candidate = plan.order[0]
        if type(view) is not candidate.solver.view:
            started = time.perf_counter()
            view, plan = _reduced(rows, plan, runner)
            spent += Stats(passes=1, seconds=time.perf_counter() - started)
        solution, plan = solve_view(plan, view, request)
        spent += Stats(seconds=solution.stats.seconds)
        if rows.sparse and not candidate.solver.traits.sparse:
            plan = plan.noted(f"{candidate.name} made sparse blocks dense, one at a time")
        if solution.status is not Status.CANNOT_TELL:
            return view, replace(solution, stats=spent), plan
        plan = _next(rows, plan, solution.status, request)


def _reduced(rows: Rows, plan: Plan, runner: Runner) -> tuple[Any, Plan]:
    """What the first candidate solves from: one pass."""
    started = time.perf_counter()
    kind = plan.order[0].solver.view
    view = kind.of(rows, runner.at_most(plan.order[0].workers))
    if view is None or view.counts.used == 0:
        raise no_rows(rows, None if view is None else view.counts)
    check_finite(view)
    seconds, what = time.perf_counter() - started, f"{kind.label}, {view.counts.used:,} rows"
    reading = seconds * runner.clock.share() if plan.facts.where.copied else 0.0
    steps = [Step("read", f"{view.counts.read:,} rows", reading)] if reading else []
    steps.append(Step("reduce", what, seconds - reading))
    return view, plan.done(*steps)


def _next(rows: Rows, plan: Plan, status: Status, request: Wanted) -> Plan:
    """The plan without its first candidate, which could not answer; raises where there is no other."""
    plan = plan.moved_on(status.value)
    able = " or ".join(f'method="{name}"' for name, solver in SOLVERS.items() if _decides(solver.traits))
    if plan.asked or not plan.order:
        raise RankError(message(status.value, hint=f"use {able}"))
    if not rows.rereadable:
        hint = f"pass {able}, which read the rows once, or a source that can be read again"
        raise SourceError(message(f"{rows.name} is one-shot, and {status.value}", hint=hint))
    return _knowing(plan, request) if status is Status.CANNOT_TELL else plan


def _knowing(plan: Plan, request: Wanted) -> Plan:
    """The same candidates at the prices of a condition that a Gram matrix could not carry."""
    facts = replace(plan.facts, condition=max(plan.facts.condition or 0.0, SEEN))
    gone = {each.name for each in plan.gone}
    again = choose(facts, plan.machine, AUTO, plan.threads, request.running).candidates
    return replace(plan, facts=facts, candidates=tuple(each for each in again if each.name not in gone))


def solve_view(plan: Plan, view: Any, request: Wanted) -> tuple[Solution, Plan]:
    """The first candidate's solution from its view."""
    candidate = plan.order[0]
    started = time.perf_counter()
    solution = candidate.solver.solve(view, request)
    seconds = time.perf_counter() - started
    stats = replace(solution.stats, seconds=seconds)
    return replace(solution, stats=stats), plan.done(Step("solve", candidate.name, seconds))
