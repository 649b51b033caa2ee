"""SAGA: stochastic descent whose gradients keep the last one of every row, so that their noise dies out.

Minimises J one row at a time, at a cost per step that does not depend on the number of rows, and yet converges linearly with a
constant step. Use it for many rows and many digits where a pass is long; of a linear model a row keeps one number. With u_i the
derivative of row i in its eta, and z_i the row,

    theta = theta - h ((u_i(theta) - table_i) z_i + mean),   mean += (u_i - table_i) z_i / N,   table_i = u_i,   h = 1 / (3 row)

`row` is the largest curvature of any row. Where a few rows bend much more than most, their steps would be the steps of all: there
row i comes q_i = (1 + row_i / mean row) / 2 times an epoch in the mean, with its change divided by q_i, and `row` is the
largest row_i / q_i, at most twice the mean. Rows that stream keep no table: there SVRG takes its place, with the gradient at a
snapshot, one more pass an epoch, in the place of the table.

An epoch counts as one step. Memory N k + 3 p k doubles. References: Defazio, Bach and Lacoste-Julien (2014), NeurIPS 27;
Johnson and Zhang (2013), NeurIPS 26; for the chances, Schmidt, Babanezhad, Ahmed, Defazio, Clifton and Sarkar (2015), AISTATS 18.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.objectives.batches import Batches, ReducedState
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.solution import Status
from gramian.problem.solver_options import SolverOptions
from gramian.solvers.iterate import Iterative
from gramian.solvers.sgd import EVERY, FAR, RESTARTS, number, restarted, typical_row
from gramian.solvers.spectrum import Aim, Spectrum

DIGITS = 8.0
CROWD = 8.0
"""Largest over mean curvature of the rows from which long rows come more often: below, reading rows in runs gains more."""


@dataclass(frozen=True, slots=True, eq=False)
class Reducing:
    """After `epoch` epochs; value and gradient_norms as measured last, nan norms where theta has moved on since."""

    batches: Batches
    reduced: ReducedState
    range: Spectrum
    possible: Floats  # how far J could fall at the start
    start: float  # J there
    theta: Floats
    value: float
    gradient_norms: Floats
    stride: float
    first: Floats
    chances: Floats | None = None
    epoch: int = 0
    restarts: int = 0
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class SAGA(Iterative[LinearObjective, Reducing]):
    """step None is 1 / (3 row)."""

    step_size: float | None = None
    seed: int = 0
    aim: Aim = Aim(DIGITS)

    def init(self, objective: LinearObjective, theta: Floats) -> Reducing:
        batches = Batches.of(objective, 1, self.seed)
        value, g, reduced = batches.svrg(theta)
        h, chances = self.step_size, None
        if objective.rows.held:
            each = batches.objective.row_curvatures()
            row = float(np.max(each, initial=0.0))
            if h is None:
                row, chances = crowded(each)
            reduced, row = batches.saga(theta, chances), row + float(np.max(objective.shrink)) / objective.weight
        else:
            row = batches.objective.row_curvature()
        curved = Spectrum.of(objective, theta)
        row *= typical_row(objective)[0]
        h = h or (1.0 / (3.0 * row) if row > 0 else 1.0)
        return Reducing(
            batches, reduced, curved, curved.possible(g), value, theta, value, column_norms(g), h, theta, chances
        )

    def step(self, objective: LinearObjective, state: Reducing) -> Reducing:
        following = self._epoch(objective, state)
        while self._lost(objective, following) and state.restarts < RESTARTS:
            state = replace(state, stride=state.stride / 4.0, epoch=following.epoch, restarts=state.restarts + 1)
            batches = state.batches
            held = objective.rows.held
            reduced = batches.saga(state.first, state.chances) if held else batches.svrg(state.first)[2]
            following = self._epoch(objective, replace(state, reduced=reduced))
        return following

    def _lost(self, objective: LinearObjective, state: Reducing) -> bool:
        if self.step_size is not None or np.isfinite(objective.loss.curvature):
            return False
        return not state.value - state.start <= FAR * float(np.sum(state.possible))

    def remark(self, state: Reducing) -> str:
        return restarted(state.restarts)

    def _epoch(self, objective: LinearObjective, state: Reducing) -> Reducing:
        epoch, batches, reduced = state.epoch + 1, state.batches, state.reduced
        finite = batches.reduced_epoch(reduced, state.stride, epoch)
        theta = batches.theta(reduced)
        moved = replace(state, theta=theta, gradient_norms=np.full_like(state.gradient_norms, np.nan), epoch=epoch)
        if not finite:
            return replace(moved, value=float("nan"))
        snapshot = not reduced.table.size
        if not snapshot and epoch > EVERY and epoch % (epoch // EVERY):
            return moved
        if snapshot:
            value, g, reduced = batches.svrg(theta)
        else:
            value, g = objective.gradient(theta)
        possible = state.range.fallen(state.possible, state.start - value)
        status = Status.CONVERGED if state.range.reached(objective, theta, g, self.aim, possible) else None
        return replace(moved, reduced=reduced, value=value, gradient_norms=column_norms(g), status=status)

    def advice(self, objective: LinearObjective, start: Floats) -> str:
        bound = 1.0 / (typical_row(objective)[0] * objective.row_curvature())
        if self.step_size is None or self.step_size <= bound:
            return ""
        return f"the step was {self.step_size:.6g}; stable are steps up to 1 / (largest curvature of a row) = {bound:.6g}"


def crowded(rows: Floats) -> tuple[float, Floats | None]:
    """(the curvature that sets the step, how often each row comes in an epoch or None for once)."""
    largest, mean = float(np.max(rows)), float(np.mean(rows))
    if not largest > CROWD * mean:
        return largest, None
    chances = 0.5 + 0.5 * rows / mean
    return float(np.max(rows / chances)), chances


def saga(running: SolverOptions) -> SAGA:
    return SAGA(number(running.step), running.seed, Aim(running.digits or DIGITS, running.suboptimality))
