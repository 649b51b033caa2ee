"""A method that iterates, as a solver of rows: where it starts, when it stops, and its answer in the user's units.

It runs in standardised coordinates from the means (level at the mean of y, coefficients zero), or, where the user gives a step,
in the user's own columns from zero. It stops when ||g|| <= 10^-digits (mu / L) ||g_0||: since ||theta*|| >= ||g_0|| / L and
||theta - theta*|| <= ||g|| / mu, that many digits of theta are right. mu is taken over the directions that X has at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.data.coordinates import Coordinates
from gramian.kernels.array_types import Floats
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.facts import Facts
from gramian.problem.solution import Solution, Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import Wanted
from gramian.solvers.base import Cost, Traits
from gramian.solvers.cost import Kind, Prior, iterating, reweighting, values_of_y
from gramian.solvers.history import Snapshot
from gramian.solvers.iterate import Callback, Iterative, Run, run
from gramian.solvers.spectrum import Aim, Spectrum
from gramian.solvers.state import Stop
from gramian.solvers.step_sizes import step_size_of

LEAST_STEPS, TIMES_COLUMNS = 1000, 5
ROUNDS = 6
"""Fresh starts that a method may take whose gradient is carried along and has drifted from the true one."""


@dataclass(frozen=True, slots=True)
class Iterated:
    """A method that iterates, as the registry holds it.

    method makes it: from the settings of a run where it is `seeded`, else from a length where it takes a step.

    `prior` says how its steps grow with condition and digits, `vectors` how many (p, k) it holds.

    `carried`: its gradient is a recurrence, to be checked at the end. `rowwise`: it holds a vector over the rows. `squares`:
    it makes the Gram matrix. `most`: steps after which it has given what it can give.
    """

    method: Callable[..., Iterative[Any, Any]]
    traits: Traits
    prior: Prior
    vectors: int = 6
    carried: bool = False
    rowwise: bool = False
    squares: bool = False
    most: int | None = None
    view: type[LinearObjective] = LinearObjective

    def cost(self, facts: Facts) -> Cost:
        if self.traits.reweights and not facts.quadratic:
            return reweighting(facts)
        steps = self.prior.steps(facts, self.traits.digits)
        sweep: Kind = "epoch" if self.traits.seeded else "pass"
        vectors = 8.0 * self.vectors * (facts.n + 1) * facts.k + (8.0 * values_of_y(facts) if self.rowwise else 0.0)
        return iterating(facts, steps, sweep, vectors, gram=self.squares)

    def made(self, running: SolverOptions) -> Iterative[Any, Any]:
        if self.traits.seeded:
            return self.method(running)
        return self.method(step_size_of(running.step)) if self.traits.steps else self.method()

    def _enough(self, view: LinearObjective) -> int | None:
        """Steps after which a method that would end by itself, but for rounding, is not to be expected to end at all."""
        return LEAST_STEPS + TIMES_COLUMNS * view.shape[0] if self.prior.finite else None

    def solve(self, view: LinearObjective, request: Wanted) -> Solution:
        running = request.running
        method = self.made(running)
        theta = view.start()
        if running.step is None and view.coordinates.intercept:
            theta[:1] = view.loss.link(view.spread.mean[view.n :])
        tolerance = running.tolerance
        if tolerance is None:
            aim = Aim(self.traits.aim(running) + running.beyond, running.suboptimality)
            tolerance = Spectrum.of(view, theta).tolerance(aim)
        if running.refined:
            tolerance = min(tolerance, 1e-10)
        callback = None if running.callback is None else _in_user_units(running.callback, view.coordinates)
        stop = Stop(gradient=tolerance, max_iter=running.max_iter or self.most or self._enough(view))
        found = run(method, view, stop, theta=theta, callback=callback, path=running.path)
        if found.status is Status.MAX_ITER and running.max_iter is None and self.most is not None:
            found = replace(found, status=Status.STALLED)
        if self.carried:
            found = _checked(method, view, found, stop, theta, callback)
        return solution_of(view, found)


def _checked(
    method: Iterative[Any, Any],
    view: LinearObjective,
    found: Run[Any],
    stop: Stop,
    theta: Floats,
    callback: Callback | None,
) -> Run[Any]:
    """The run, continued from its last iterate while the true gradient is above what the recurrence claims."""
    assert stop.gradient is not None
    known = [record.gradient for record in found.history[:1] if theta.shape[1] == 1]
    start = np.array(known) if known else np.linalg.norm(view.gradient(theta)[1], axis=0)
    before = np.inf
    for _ in range(ROUNDS):
        left = stop.iterations - found.stats.iterations
        g = np.linalg.norm(view.gradient(found.theta)[1], axis=0)
        share = float(np.max(np.where(start > 0, g / np.where(start > 0, start, 1.0), 0.0)))
        if share <= stop.gradient or found.status not in (Status.CONVERGED, Status.STALLED) or left < 1:
            break
        if share > 0.1 * before:
            return replace(found, status=Status.STALLED)
        before = share
        more = replace(stop, gradient=min(stop.gradient / share, 0.1), max_iter=left)
        again = run(method, view, more, theta=found.theta, callback=callback, path=found.path is not None)
        path = None if found.path is None or again.path is None else np.concatenate([found.path, again.path[1:]])
        found = replace(again, stats=found.stats + again.stats, history=found.history + again.history, path=path)
    return found


def solution_of(view: LinearObjective, found: Run[Any]) -> Solution:
    """Where the run ended, in the user's units."""
    coordinates = view.coordinates
    coef, level = coordinates.to_user(found.theta)
    path = None if found.path is None else np.stack([coordinates.to_user(theta)[0] for theta in found.path])
    return Solution(
        coef,
        np.zeros_like(coef),
        coordinates.centre,
        level,
        np.zeros_like(level),
        None,
        found.status,
        found.stats,
        advice=found.advice,
        history=found.history,
        path=path,
    )


def _in_user_units(callback: Callable[[Any], object], coordinates: Coordinates) -> Callback:
    def converted(snapshot: Snapshot) -> object:
        coef, level = coordinates.to_user(snapshot.x)
        return callback(replace(snapshot, x=coef, level=level))

    return converted
