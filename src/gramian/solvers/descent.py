"""First-order descent: a rule says which way, a length says how far, and theta moves.

    d_k = rule(g(theta_k)),   theta_{k+1} = theta_k + step_k d_k

`gradient`, `momentum`, `nesterov` and the adaptive rules are this with one rule each; every rule goes with every length.
What is left open comes from the curvature of the objective: the rule's own constant step where it has one; for the adaptive
rules, whose constant step would circle around the minimum, the `BoundedStep` step along d, or the exact one for Adam;
backtracking where the curvature has no bound. Cost: one pass a step, and one more where the length reads a line. Memory: a
few vectors like theta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.objectives.objective import Curvature, Objective
from gramian.objectives.power import largest_curvature
from gramian.problem.solution import Status
from gramian.solvers.iterate import Minimiser
from gramian.solvers.rules import Memory, Rule
from gramian.solvers.search import failure
from gramian.solvers.step_sizes import Backtracking, BoundedStep, ExactLine, FixedStep, StepSize

RECENT = 10


@dataclass(frozen=True, slots=True, eq=False)
class Descending:
    """The state of a descent; `rule` and `length` are those in use, `k` counts the directions since the start."""

    rule: Rule
    length: StepSize
    theta: Floats
    value: float
    gradient: Floats
    gradient_norms: Floats
    memory: Memory
    k: int = 0
    stride: float = float("nan")
    moved: tuple[Floats, Floats] | None = None
    recent: tuple[float, ...] = ()
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Descent(Minimiser[Descending]):
    """theta + step * d; `length` None takes the step from the curvature. `reach`: how far a first trial goes."""

    rule: Rule
    length: StepSize | None = None
    reach: float | None = None

    def in_units(self, length: float) -> Descent:
        # A user's own step goes with the rule as it was published.
        return self if self.length is not None else replace(self, reach=length)

    def init(self, objective: Objective, theta: Floats) -> Descending:
        rule, length = settled(self.rule, self.length, objective)
        value, g = objective.gradient(theta)
        if self.reach is not None:
            slope = float(np.max(np.abs(g), initial=0.0))
            rule = rule.in_units(slope) if 0 < slope < np.inf else rule
            length = replace(length, reach=self.reach) if isinstance(length, Backtracking) else length
        return Descending(rule, length, theta, value, g, known(g), rule.memory(theta.shape), recent=(value,))

    def step(self, objective: Objective, state: Descending) -> Descending:
        k = state.k + 1
        d, memory = state.rule.direction(state.gradient, state.memory, k)
        if state.length.searches and not np.sum(state.gradient * d) < 0:
            d, memory = state.rule.direction(state.gradient, state.rule.forget(state.memory), k)
        step = state.length.find(objective, state, d)
        if not np.isfinite(step).all():
            return replace(state, status=failure(state.value, float(np.sum(state.gradient * d))))
        # theta_{k+1} = theta_k + step_k d_k
        theta = state.theta + step * d
        value, g = objective.gradient(theta)
        return replace(
            state,
            theta=theta,
            value=value,
            gradient=g,
            gradient_norms=known(g),
            memory=memory,
            k=k,
            stride=float(np.max(step)),
            moved=(theta - state.theta, g - state.gradient),
            recent=(*state.recent, value)[-RECENT:],
        )

    def advice(self, objective: Objective, start: Floats) -> str:
        if not isinstance(self.length, FixedStep):
            return ""
        curvature = objective.curvature()
        if not np.isfinite(curvature.L):
            L = largest_curvature(objective, start)
            curvature = Curvature(L, curvature.mu, L)
        if not 0 < curvature.L < np.inf:
            return ""
        formula, largest = self.rule.tuned(curvature, objective.quadratic).stable(curvature)
        if largest <= self.length.step:
            return f"the step was {self.length.step:.6g}, and the largest stable step is {formula} = {largest:.6g}"
        return ""


def settled(rule: Rule, length: StepSize | None, objective: Objective) -> tuple[Rule, StepSize]:
    """Rule and length with what they leave open taken from the curvature; a user's own step goes with published rules."""
    if length is not None:
        return rule.tuned(Curvature(np.inf, 0.0, np.inf), quadratic=False), length
    curvature = objective.curvature()
    rule = rule.tuned(curvature, objective.quadratic)
    if not 0 < curvature.L < np.inf:
        return rule, Backtracking(grow=2.0)
    natural = rule.natural(curvature)
    if natural is not None:
        return rule, FixedStep(natural)
    return rule, ExactLine() if rule.leaps else BoundedStep(curvature.L)


def known(gradient: Floats) -> Floats:
    """The norm of each column; inf where it is not finite, since nan would say "not known"."""
    norms = np.sqrt(np.einsum("ij,ij->j", gradient, gradient))
    return norms if np.isfinite(norms).all() else np.where(np.isfinite(norms), norms, np.inf)
