"""Stochastic gradient descent: theta moves after every few rows, in random order, instead of once a pass.

Minimises J by the gradients g_B of B rows at a time, under the rule of the same name: plain (`sgd`), `adagrad`, `rmsprop`,
`adam`. Use it where a rough answer is enough, or rows keep coming; many digits are the business of `saga` and the Krylov
methods, for here the noise of the rows falls only as the step does:

    theta_{t+1} = theta_t - h_t g_B(theta_t),     h_t = h / (1 + mu h t),     h = 1 / L_B

L_B = ((N - B) row + N (B - 1) L) / (B (N - 1)) is the curvature that a batch may show, between that of one row and that of all
N. The adaptive rules divide g_B by its own size, about s = sd(y) / sqrt B, so that their h is s times that of `sgd`; the memory
of their second moments grows with t, without which they settle beside the minimum. A user's own step is constant, under
the published rule.

Where the curvature of a row has no bound (Poisson, Gamma) it is taken as that of the mean of the targets, and a run of the
default step that leaves the numbers, or ends an epoch far above its start, begins again with a quarter of the step.

An epoch, all rows once, counts as one step and one pass. J and its gradient are measured after each of the first epochs, later
each time an eighth more were made. Memory 4 vectors (p, k).
References: Robbins and Monro (1951), Ann. Math. Stat. 22; Bottou, Curtis and Nocedal (2018), SIAM Review 60;
Gurbuzbalaban, Ozdaglar and Parrilo (2021), Math. Programming 186; Mukkamala and Hein (2017), ICML.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.errors import bad_argument
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.objectives.batches import Batches, EpochState, Update
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.solution import Status
from gramian.problem.solver_options import SolverOptions
from gramian.solvers import adaptive
from gramian.solvers.iterate import Iterative
from gramian.solvers.spectrum import Aim, Spectrum
from gramian.solvers.step_sizes import step_size_of

DIGITS = 2.0
"""What a stochastic method aims for when nothing is asked."""
EVERY = 8
"""Epochs up to which each is measured; later, when an eighth more were made."""
FAR = 10.0
"""J above its start by this many times its possible fall has diverged, where the curvature has no bound."""
RESTARTS = 12
"""Quarters of the default step that are tried where the curvature has no bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweeping:
    """After `epoch` epochs; value and gradient_norms as measured last, nan norms where theta has moved on since."""

    batches: Batches
    descent: EpochState
    update: Update
    range: Spectrum
    possible: Floats  # how far J could fall at the start
    start: float  # J there
    theta: Floats
    value: float
    gradient_norms: Floats
    first: Floats
    epoch: int = 0
    stride: float = float("nan")
    restarts: int = 0
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class SGD(Iterative[LinearObjective, Sweeping]):
    """`rule` on mini-batches; step None takes h_t from the curvature."""

    rule: str
    batch: int = 1
    step_size: float | None = None
    seed: int = 0
    aim: Aim = Aim(DIGITS)

    def init(self, objective: LinearObjective, theta: Floats) -> Sweeping:
        batches = Batches.of(objective, self.batch, self.seed)
        curved = Spectrum.of(objective, theta)
        everywhere = curved if objective.quadratic else Spectrum.of_sizes(objective)
        if not np.isfinite(objective.loss.curvature):
            everywhere = replace(everywhere, mu=curved.mu / 4.0, values=curved.values)
        update = Update(self.rule, self.step_size) if self.step_size else self.scheduled(objective, everywhere)
        value, g = objective.gradient(theta)
        possible, sizes = curved.possible(g), column_norms(g)
        return Sweeping(batches, batches.descent(theta), update, curved, possible, value, theta, value, sizes, theta)

    def step(self, objective: LinearObjective, state: Sweeping) -> Sweeping:
        following = self._epoch(objective, state)
        while self._lost(objective, following) and state.restarts < RESTARTS:
            update = replace(state.update, step=state.update.step / 4.0, decay=state.update.decay / 4.0)
            state = replace(state, update=update, descent=state.batches.descent(state.first), restarts=state.restarts + 1)
            state = replace(state, epoch=following.epoch)
            following = self._epoch(objective, state)
        return following

    def _lost(self, objective: LinearObjective, state: Sweeping) -> bool:
        if self.step_size is not None or np.isfinite(objective.loss.curvature):
            return False
        return not state.value - state.start <= FAR * float(np.sum(state.possible))

    def _epoch(self, objective: LinearObjective, state: Sweeping) -> Sweeping:
        epoch = state.epoch + 1
        update = state.update if self.step_size else remembering(state.update, state.descent.updates)
        finite = state.batches.epoch(state.descent, update, epoch)
        theta = state.batches.theta(state.descent)
        stride = update.step * (1.0 + update.decay * (state.descent.updates - 1)) ** -update.power
        unknown = np.full_like(state.gradient_norms, np.nan)
        moved = replace(state, theta=theta, gradient_norms=unknown, epoch=epoch, stride=stride)
        if not finite:
            return replace(moved, value=float("nan"))
        if epoch > EVERY and epoch % (epoch // EVERY):
            return moved
        value, g = objective.gradient(theta)
        possible = state.range.fallen(state.possible, state.start - value)
        status = Status.CONVERGED if state.range.reached(objective, theta, g, self.aim, possible) else None
        return replace(moved, value=value, gradient_norms=column_norms(g), status=status)

    def remark(self, state: Sweeping) -> str:
        return restarted(state.restarts)

    def scheduled(self, objective: LinearObjective, curved: Spectrum) -> Update:
        """The default: h and its decay from the curvature that a batch may show."""
        N, B = objective.counts.used, self.batch
        typical, slope = typical_row(objective)
        row = typical * objective.row_curvature()
        mu, L = curved.likely
        L *= typical
        bend = ((N - B) * row + N * (B - 1) * L) / (B * (N - 1)) if N > 1 else L
        # A ridge alone gives mu away, and may be next to nothing: the steps must fall at all.
        mu = mu if (curved.values is not None or curved.floor is not None) and mu > 0 else max(mu, L / N)
        s = slope * float(np.max(objective.norms[objective.n :])) / np.sqrt(objective.weight * B)
        if not (bend > 0 and s > 0):
            return Update(self.rule, 1.0)
        if self.rule == "gradient":
            return Update(self.rule, 1.0 / bend, mu / bend)
        if self.rule == "adagrad":
            # The rule itself divides by sqrt t: with (1 + decay t)^-1/2 on top, the step falls as 1/t from 1/mu on.
            h = s * np.sqrt(B) / typical
            return Update(self.rule, h, (mu * h / s) ** 2, 0.5)
        return Update(self.rule, s / bend, mu / bend)

    def advice(self, objective: LinearObjective, start: Floats) -> str:
        if self.step_size is None or self.rule != "gradient":
            return ""
        typical = typical_row(objective)[0]
        curved, row = Spectrum.of(objective, start), typical * objective.row_curvature()
        bound = 2.0 / (row if self.batch == 1 else curved.L)
        if self.step_size < bound:
            return ""
        formula = "2 over the largest curvature of a row" if self.batch == 1 else "2/L"
        return f"the step was {self.step_size:.6g}, and the largest stable step is {formula} = {bound:.6g}"


def typical_row(objective: LinearObjective) -> tuple[float, float]:
    """(curvature of a row where it has no bound: that of the mean of the targets, 1 at least; how fast u_i follows y_i there).

    The first is 1 where the curvature has a bound, which row_curvature then holds.
    """
    loss = objective.loss
    if np.isfinite(loss.curvature):
        return 1.0, 1.0
    mean = np.max(objective.spread.mean[objective.n :], keepdims=True)
    if not mean > 0:
        return 1.0, 1.0
    eta = loss.link(mean) if objective.coordinates.intercept else np.zeros(1)
    slope = float(np.abs(loss.first(eta, np.ones(1)) - loss.first(eta, np.zeros(1)))[0])
    return max(1.0, float(loss.second(loss.link(mean), mean)[0])), slope


def restarted(times: int) -> str:
    """What a report says of it."""
    often = "once" if times == 1 else f"{times} times"
    return f"the default step diverged {often}, and was divided by {4**times:,}" if times else ""


def remembering(update: Update, done: int) -> Update:
    """Second moments that remember as many updates as were made: 1 - 1/t, once that is above the published decay."""
    longest = 1.0 - 1.0 / max(done, 1)
    if update.rule == "rmsprop":
        return replace(update, a=max(update.a, longest))
    return replace(update, b=max(update.b, longest)) if update.rule == "adam" else update


def number(step: float | str | None) -> float | None:
    """The step of a stochastic method, which has no line to search along."""
    if isinstance(step, str):
        raise bad_argument("step", step, "a number > 0: a batch of rows gives no line to search", 'use method="gradient"')
    return None if step is None else float(step)


def stochastic(rule: str, running: SolverOptions) -> SGD:
    return SGD(rule, running.batch or 1, number(running.step), running.seed, Aim(running.digits or DIGITS, running.suboptimality))


def sgd(running: SolverOptions) -> Iterative[LinearObjective, Sweeping]:
    """One row a step, or a batch."""
    return stochastic("gradient", running)


def adagrad(running: SolverOptions) -> Iterative[LinearObjective, Sweeping] | adaptive.Descent:
    """AdaGrad: each coordinate's step is divided by the root of the sum of its squared gradients."""
    return stochastic("adagrad", running) if running.batch else adaptive.adagrad(step_size_of(running.step))


def rmsprop(running: SolverOptions) -> Iterative[LinearObjective, Sweeping] | adaptive.Descent:
    """RMSprop: each coordinate's step is divided by the root of a moving average of its squared gradients."""
    return stochastic("rmsprop", running) if running.batch else adaptive.rmsprop(step_size_of(running.step))


def adam(running: SolverOptions) -> Iterative[LinearObjective, Sweeping] | adaptive.Descent:
    """Adam: RMSprop along a moving average of the gradients, both averages corrected for their start at zero."""
    return stochastic("adam", running) if running.batch else adaptive.adam(step_size_of(running.step))
