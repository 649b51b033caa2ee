"""When a gradient, or a residual, that has become small proves that a method has arrived: tests without units.

A gradient that fell to `tol` of its start proves nothing by itself: from a start far out it has done so long before the
minimum. Nor may a test compare with 1, since f and x have units. What follows is unchanged where f is scaled or shifted and
where coordinates are scaled one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.solvers.state import State

STEEPEST = 4.0
"""J that falls as the 4th power of the distance passes at once; from far out, as along exp, the mean slope is less."""
NEAR = 1e-3
"""Flatter minima pass where the last fall of the gradient by tol took place in this share of the way."""
FEWER = 0.5
"""A state is kept whenever the gradient has fallen to this share of the last one kept."""


class Sloped(State):
    """A state that knows its gradient."""

    gradient: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    size: float
    value: float
    theta: Floats


class MinimumProof:
    """Both tests, besides ||g|| <= tol ||g_0||:

        sum_j |g_j| max(|x_j|, |x_j - x0_j|) <= tol (f_0 - f)
        sum_j |g_j| |x_j - x'_j| <= 4 tol (f' - f)     x' the last iterate with ||g'|| >= ||g|| / tol

    By the first, what a convex f can still fall, within a box as wide as the way that was gone, is `tol` of what it fell. By
    the second the fall of the gradient is that towards a minimum, and not that of a function that flattens for ever.
    """

    def __init__(self, start: Sloped) -> None:
        self._start = self._mark(start)
        self._marks = [self._start]

    def see(self, state: Sloped) -> None:
        """Every state, in order."""
        size = float(np.linalg.norm(state.gradient))
        if size <= FEWER * self._marks[-1].size:
            self._marks.append(self._mark(state))

    def holds(self, state: Sloped, tol: float) -> bool:
        g, size = np.abs(state.gradient), float(np.linalg.norm(state.gradient))
        moved = np.abs(state.theta - self._start.theta)
        if not float(np.sum(g * np.maximum(np.abs(state.theta), moved))) <= tol * (self._start.value - state.value):
            return False
        before = next((mark for mark in reversed(self._marks) if tol * mark.size >= size), None)
        if before is None:
            return False
        way = float(np.sum(g * np.abs(state.theta - before.theta)))
        return way <= STEEPEST * tol * (before.value - state.value) or way <= NEAR * float(np.sum(g * moved))

    @staticmethod
    def _mark(state: Sloped) -> _Mark:
        return _Mark(float(np.linalg.norm(state.gradient)), state.value, state.theta)


class RootProof:
    """Besides ||f|| <= tol ||f_0||, the last step was small: |s_j| <= sqrt(tol) max(|x_j|, |x_j - x0_j|) for every j.

    Newton's method squares its error near a simple root, so that the error is then about `tol` of x.
    """

    def __init__(self, start: State) -> None:
        self._start = self._last = start.theta
        self._step = np.full(start.theta.shape, np.inf)

    def see(self, state: State) -> None:
        """Every state, in order."""
        if state.theta is not self._last:
            self._step, self._last = np.abs(state.theta - self._last), state.theta

    def holds(self, state: State, tol: float) -> bool:
        reach = np.maximum(np.abs(state.theta), np.abs(state.theta - self._start))
        return bool(np.all(self._step <= tol**0.5 * reach))
