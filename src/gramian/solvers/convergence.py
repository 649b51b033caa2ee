"""What the loop watches for: the tolerance that was asked, growth without bound, and rounding level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gramian.kernels.rounding import EPS
from gramian.problem.solution import Status

if TYPE_CHECKING:
    from gramian.kernels.array_types import Floats
    from gramian.solvers.history import Record
    from gramian.solvers.state import State, Stop

GROWTH = 1e10
"""J above its start by this many times its largest fall, or its first change, has diverged."""
CLEARLY = 1e-3
"""A method that rests with J above its start by this share of it has diverged; by less, its steps have become too small."""
ROUNDING = 8 * EPS
RESTING = 64 * EPS
"""A move below this share of ||theta|| is rounding;"""
REST = 10
"""so many of them in a row, without progress, are rounding level."""
PATIENCE = 100
"""Iterations, plus a quarter of those done, without a smaller gradient or a lower J: rounding level."""


class ConvergenceWatch:
    """Keeps the start and the best values so far, and returns the Status that ends the run, or None, for each state."""

    def __init__(self, stop: Stop, start: State, mu: float) -> None:
        self._stop, self._mu = stop, mu
        self._proof = None if stop.proof is None else stop.proof(start)
        self._start = start.value
        self._reference = start.gradient_norms
        self._lowest = self._highest = self._low = start.value
        self._scale = EPS * abs(start.value) + np.finfo(np.float64).tiny
        self._smallest, self._when = np.inf, 0
        self._theta: Floats | None = None
        self._rested = 0

    def verdict(self, state: State, record: Record) -> Status | None:
        """CONVERGED, DIVERGED, the method's own status, STALLED, or None: go on."""
        if self._proof is not None:
            self._proof.see(state)
        if self._converged(state):
            return Status.CONVERGED
        if self._diverged(state.value):
            return Status.DIVERGED
        status = state.status
        if status is None and self._stalled(state, record):
            status = Status.STALLED
        if status is Status.STALLED:
            # No float64 near by does better; this one may be as good as was asked, or no better than the start.
            if self._small(state):
                return Status.CONVERGED
            if state.value > self._start:
                far = state.status is None and state.value - self._start > CLEARLY * abs(self._start)
                return Status.DIVERGED if far else Status.LINE_SEARCH_FAILED
        return status

    def rising(self, value: float) -> bool:
        """J is above its start and higher than ever."""
        return value > self._start + ROUNDING * abs(self._start) and value >= self._highest

    def _converged(self, state: State) -> bool:
        sizes = state.gradient_norms
        if self._small(state) and (self._proof is None or self._proof.holds(state, self._stop.gradient or 0.0)):
            return True
        if not np.any(sizes):
            return True
        if self._stop.suboptimality is None or self._mu <= 0:
            return False
        # J - J* <= ||g||^2 / (2 mu)
        bound = float(np.sum(sizes**2)) / (2.0 * self._mu)
        return bound <= self._stop.suboptimality * (self._start - state.value)

    def _small(self, state: State) -> bool:
        tol = self._stop.gradient
        return tol is not None and bool((state.gradient_norms <= tol * self._reference).all())

    def _diverged(self, value: float) -> bool:
        if self._scale < abs(value - self._start) and self._lowest == self._highest:
            self._scale = abs(value - self._start)  # the first change
        self._lowest, self._highest = min(self._lowest, value), max(self._highest, value)
        self._scale = max(self._scale, self._start - self._lowest)
        return value - self._start > GROWTH * self._scale

    def _stalled(self, state: State, record: Record) -> bool:
        # What is lost of J in adding up its rows, which began at J(0).
        level = ROUNDING * (abs(state.value) + (abs(self._start) * abs(state.value)) ** 0.5)
        if not record.gradient >= self._smallest:
            self._smallest, self._when = record.gradient, record.iteration
        if state.value < self._low - level:
            self._low, self._when = state.value, record.iteration
        waited = record.iteration - self._when
        before, self._theta = self._theta, state.theta
        self._rested = self._rested + 1 if waited and at_rest(before, state.theta) else 0
        # Neither a smaller gradient nor a lower J for long: what still changes is rounding.
        return min(self._rested, waited) >= REST or (
            state.value - self._low <= level and waited > PATIENCE + record.iteration // 4
        )


def at_rest(before: Floats | None, theta: Floats) -> bool:
    """Every target moved by rounding only."""
    if before is None:
        return False
    moved = np.sqrt(np.sum((theta - before) ** 2, axis=0))
    return bool(np.all(moved <= RESTING * np.sqrt(np.sum(theta**2, axis=0))))
