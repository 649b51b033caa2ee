"""Separated classes: some column, or a combination, predicts them without exception, and without a penalty nothing is a minimum.

A direction d of the coefficients of all classes along which the class of every row gains on every other class, or stays, and
some row's gains, is a proof: the likelihood grows along it for ever. Directions to try are the steps of the method itself,
its whole way, and Newton's steps from zero, which turn to such a direction once nothing else is left to gain.
Reference: Albert and Anderson (1984), Biometrika 71.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.errors import classes_separated
from gramian.kernels.array_types import Floats
from gramian.objectives.softmax import Softmax
from gramian.solvers.ability import first_that
from gramian.solvers.history import Snapshot
from gramian.solvers.irls import LEANING, LOOK, SURE
from gramian.solvers.iterate import run
from gramian.solvers.smooth import smooth
from gramian.solvers.state import Stop

MOST = 600
"""Parameters up to which Newton's method looks at the end."""


@dataclass(slots=True, eq=False)
class ClassLookout:
    """A callback: raises DataError where the classes are separated."""

    objective: Softmax
    names: Sequence[str]
    before: Floats | None = None
    after: int = SURE

    def __call__(self, seen: Snapshot) -> None:
        """Looks along the last step, now and then: each look is a pass."""
        before, self.before = self.before, seen.x.copy()
        if before is not None and seen.iteration >= self.after:
            self.after = max(self.after + 1, int(1.5 * self.after))
            self.along(seen.x - before)

    def look(self, theta: Floats) -> None:
        """At the end: at every column by itself, along the whole way, and by Newton's method from the start."""
        told = self.alone()
        if told:
            raise classes_separated(told)
        self.along(theta)
        if self.objective.shape[0] > MOST or sp.issparse(self.objective.X):
            return
        newton = first_that(lambda traits: traits.functions and traits.reweights)
        each = ClassLookout(self.objective, self.names)
        run(smooth(newton), self.objective, Stop(gradient=1e-12, max_iter=LOOK), callback=each.every)

    def every(self, seen: Snapshot) -> None:
        """Looks along each step."""
        before, self.before = self.before, seen.x.copy()
        if before is not None and seen.iteration >= SURE:
            self.along(seen.x - before)

    def along(self, d: Floats) -> None:
        size, against = self.objective.margins(d)
        if size > 0 and against <= LEANING * size:
            raise classes_separated(
                self.alone() or "a combination of columns tells some rows' classes from others without exception"
            )

    def alone(self) -> str:
        used = np.flatnonzero(self.objective.w > 0)
        return single_column(self.objective.X[used], self.objective.labels[used], self.names)


def single_column(X: Any, labels: NDArray[np.int64], names: Sequence[str]) -> str:
    """In words: a column that tells a class from all others, or some of its rows from all other rows; "" where none does."""
    present = np.unique(labels)
    low, high = (np.stack([_extreme(X[np.flatnonzero(labels == k)], way) for k in present]) for way in ("min", "max"))
    for beyond in (True, False):  # first columns in which rows of the class itself stand out
        for i, k in enumerate(present):
            others = np.arange(present.size) != i
            least, most = np.min(low[others], axis=0), np.max(high[others], axis=0)
            up, down = low[i] >= most, high[i] <= least
            out = (high[i] > most) & up | (low[i] < least) & down
            found = out if beyond else (up | down) & (np.maximum(high[i], most) > np.minimum(low[i], least))
            for j in np.flatnonzero(found)[:1]:
                mine, theirs, ways = (low[i], most, ("least", "most")) if up[j] else (high[i], least, ("most", "least"))
                where = f"in every row of {names[k]} and at {ways[1]} {theirs[j]:.6g} in all others"
                return f"column {j} of X is at {ways[0]} {mine[j]:.6g} {where}"
    return ""


def _extreme(X: Any, way: str) -> Floats:
    if isinstance(X, np.ndarray):
        return np.asarray(np.min(X, axis=0) if way == "min" else np.max(X, axis=0))
    found = X.min(axis=0) if way == "min" else X.max(axis=0)
    return np.asarray(found.todense()).ravel()
