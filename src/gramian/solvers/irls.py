"""Damped Newton for a sum of row losses, as iteratively reweighted least squares: each step is a weighted least-squares fit.

Minimises F(b) = sum w f(eta, y) + ridge/2 ||b||^2. Use for generalised linear models of up to a few thousand columns. One
pass a step gives value, score and weighted Gram together; the factor comes from the direct solvers, by Cholesky of the
moments and, where those cannot decide which columns are dependent, by QR of the rows, which squares no condition number.

    v = w f'',  r = -f'/f'',   d = argmin sum v (r - x'd)^2 + ridge ||b + d||^2,   b+ = b + t d,
    t = 1, 1/2, 1/4 ... until F falls by 1e-4 t lambda^2,   lambda^2 = d'H d  (the Newton decrement, squared)

All families here have |f'''| <= f'', so lambda bounds the distance to the minimum (Bach, 2010): with s the largest norm of
a row in the metric of H^-1 and s lambda < 1,  ||b - b*||_H <= -log(1 - s lambda) / s. The run ends where that is small
enough for one more step, which roughly squares it, to be the last.

Memory 2 n^2 doubles a thread. Reference: McCullagh and Nelder (1989), Generalized Linear Models, section 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from gramian.data.blocks import Rows
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import EPS
from gramian.problem.penalty import Penalty
from gramian.problem.solution import Factor, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Place, Reduced, Working
from gramian.reductions.moments import MomentSums
from gramian.reductions.triangle import Triangle
from gramian.solvers.base import Solver
from gramian.solvers.cholesky import Cholesky
from gramian.solvers.iterate import Iterative
from gramian.solvers.qr import QR
from gramian.solvers.svd import SVD
from gramian.solvers.wide import shortest_of_wide

CLOSE = 1e-3
"""s * lambda at which the next step is the last: it leaves about the square of this, and the certifying pass the fourth power."""
ARMIJO = 1e-4
HALVINGS = 40
SURE = 5
"""Steps before a direction is believed to separate the targets."""
LOOK = 30
"""Steps of a run that tests for separation alone: from the null model ten are many."""
LEANING = 1e-8
"""Share of the largest |x'd| by which no row may lose along a direction that separates."""


@dataclass(slots=True, eq=False)
class Reweighted:
    """The rows as IRLS reads them: a pass returns `Working` at a place. Counts its passes; begins with moments."""

    rows: Rows
    runner: Runner
    family: Family
    request: Wanted
    first: Place
    kind: type[Reduced] = MomentSums
    passes: float = 0.0
    dependent: tuple[int, ...] | None = None  # columns that the first factor left out
    reach: Floats | None = None  # of the columns about the centre of `first`

    def start(self) -> Floats:
        return as_theta(self.first)

    def at(self, place: Place, along: Place | None = None) -> Working:
        found = Working.of(self.rows, self.runner, self.family, place, self.kind, along, self.reach)
        assert found is not None
        self.reach = found.reach
        self.passes += 1
        return found

    def factored(self, found: Working, place: Place, stepping: bool = True) -> tuple[Working, Factor]:
        """The factor of the weighted X; by QR, with one more pass, where the moments cannot tell.

        A step goes by independent columns alone, `stepping`, for it makes the same fitted values as the shortest of all steps,
        and its factor has no rounding of a row space in it; the shortest coefficients are taken at the end.
        """
        factor = self._factor(found.view, stepping)
        if factor is None:
            self.kind = Triangle
            found = self.at(place)
            factor = self._factor(found.view, stepping)
        assert factor is not None
        if self.dependent is None:
            self.dependent = tuple(each.column for each in factor.dependencies)
        return found, factor

    def _factor(self, view: Reduced, stepping: bool) -> Factor | None:
        """By the direct method for such a reduction; None where the reduction does not tell the rank."""
        if not view.decides_rank:
            return Cholesky().solve(cast(MomentSums, view), self.request).factor
        triangle = cast(Triangle, view)
        request, shortest = self.request, self.request.rank == "min-norm"
        solution = shortest_of_wide(triangle, request)
        if solution is None and stepping and shortest:
            request = replace(request, rank="drop")
        if solution is None:
            solver: Solver[Any] = SVD() if request.rank == "min-norm" and request.penalty.is_zero else QR()
            solution = solver.solve(triangle, request)
        return solution.factor

    @property
    def unbounded(self) -> bool:
        """Whether some coefficient may grow without a penalty, so that the targets may be separated."""
        penalty = self.request.penalty
        return penalty.is_zero or bool(np.any(penalty.free(self.rows.n)))

    def value_of(self, found: Working, place: Place) -> float:
        return found.value + float(self.request.penalty.value(place.coef[:, None])[0])


def as_theta(place: Place) -> Floats:
    return np.concatenate([[place.level], place.coef])[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class NewtonStep:
    """The Newton step at a place: `coef` and `level` about the place's centre; its decrement; the largest row norm s."""

    coef: Floats
    level: float
    decrement: float
    row: float
    factor: Factor


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """The state of IRLS, with the step to take next; `value` is F over the sum of the weights."""

    place: Place
    found: Working
    next: NewtonStep
    value: float
    taken: int = 0
    stride: float = float("nan")
    status: Status | None = None
    direction: Place | None = None  # the step along which no row lost, where it separates

    @property
    def theta(self) -> Floats:
        return as_theta(self.place)

    @property
    def gradient_norms(self) -> Floats:
        return np.array([self.next.decrement])


@dataclass(frozen=True, slots=True)
class IRLS(Iterative[Reweighted, Fitting]):
    """Damped Newton steps on `Reweighted`; ends by itself, CONVERGED, SEPARATED or LINE_SEARCH_FAILED.

    Reference: McCullagh and Nelder (1989), Generalized Linear Models, section 2.5.
    """

    def init(self, objective: Reweighted, theta: Floats) -> Fitting:
        place = replace(objective.first, level=float(theta[0, 0]), coef=theta[1:, 0].copy())
        return self._standing(objective, objective.at(place), place, 0, np.nan, None)

    def step(self, objective: Reweighted, state: Fitting) -> Fitting:
        to, weight = state.next, state.found.counts.weight
        here = objective.value_of(state.found, state.place)
        t, gain = 1.0, to.decrement**2
        along = replace(state.place, level=to.level, coef=to.coef)
        for _ in range(HALVINGS):
            # b+ = b + t d,  F(b+) <= F(b) - c t lambda^2
            place = state.place.moved(t * to.coef, t * to.level)
            found = objective.at(place, along)
            value = objective.value_of(found, place)
            if value <= here - ARMIJO * t * gain + 8 * EPS * abs(here):
                return self._standing(objective, found, place, state.taken + 1, t, along)
            t *= 0.5
        return replace(state, status=Status.LINE_SEARCH_FAILED, value=here / weight)

    def _standing(
        self, objective: Reweighted, found: Working, place: Place, taken: int, t: float, along: Place | None
    ) -> Fitting:
        value = objective.value_of(found, place)
        if not np.isfinite(value):
            raise FloatingPointError("the start has no finite value")
        found, factor = objective.factored(found, place)
        to = newton_step(found, place, factor, objective.request.penalty)
        status, direction = None, None
        if taken >= SURE and found.lean.size > 0 and _separates(found, to, objective.request.penalty):
            status, direction = Status.SEPARATED, along
        elif to.row * to.decrement <= CLOSE or to.decrement**2 <= 64 * EPS * abs(value):
            status = Status.CONVERGED
        return Fitting(place, found, to, value / found.counts.weight, taken, t, status, direction)


def _separates(found: Working, step: NewtonStep, penalty: Penalty) -> bool:
    """Whether no row loses along the last step, and the next one leaves the columns that are penalised as they are."""
    free, lean = penalty.free(step.coef.size), found.lean
    if lean.against > LEANING * lean.size or not (np.all(free) or np.any(free)):
        return False
    return bool(np.all(np.abs(step.coef[~free]) * found.reach[~free] <= LEANING * lean.size))


def newton_step(found: Working, place: Place, factor: Factor, penalty: Penalty) -> NewtonStep:
    """From the sums at a place: g about the weighted means, z = W'g, d = W z, and the level that goes with it."""
    view = found.view
    n = place.coef.size
    c = view.mean.hi[:n] if view.centred else place.centre
    V = view.counts.weight
    g = found.g - (c - place.centre) * found.s - penalty.quadratic(n) * place.coef
    z = factor.W.T @ g
    coef = factor.W @ z
    square, level = float(z @ z), 0.0
    row = float(column_norms(np.abs(factor.W).T @ (found.reach + np.abs(c - place.centre))))
    if view.centred:
        # Beside an intercept the metric splits in two: the level at the weighted means, and the slopes about them.
        square += found.s**2 / V
        level = found.s / V - float((c - place.centre) @ coef)
        row = float(np.hypot(row, 1.0 / np.sqrt(V)))
    return NewtonStep(coef, level, float(np.sqrt(square)), row, factor)
