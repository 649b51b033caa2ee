"""Looks for separated targets while a method runs that would follow them to infinity and never say so.

Where the targets are separated the coefficients grow for ever, as the logarithm of the steps for a gradient method (Soudry et
al., 2018, JMLR 19), and the gradient fades as if there were a minimum. So when they have grown by more than a 30th since half
as many iterations, and once at the end where nothing is certified, reweighted steps from the null model decide: they
converge, or prove a direction along which no row loses (see `solvers.irls`). One test that converges is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.errors import ArgumentError, DataError, separated
from gramian.kernels.array_types import Floats
from gramian.objectives.curvature import affordable
from gramian.problem.solution import Status
from gramian.reductions.irls_pass import Place
from gramian.solvers.history import Snapshot
from gramian.solvers.irls import IRLS, LOOK, Fitting, Reweighted
from gramian.solvers.iterate import run
from gramian.solvers.state import Stop
from gramian.solving.separation import how_separated

FIRST = 50
"""Iterations before the first test; the next ones come when they have doubled."""
GROWTH = 1 / 30


def placed(centre: Floats, about: Floats, coef: Floats, level: Floats) -> Place:
    """The surface level + (x - about) coef of one target, as seen from another centre."""
    return Place(centre, float(level[0]) + float((centre - about) @ coef[:, 0]), coef[:, 0])


@dataclass(slots=True, eq=False)
class SeparationMonitor:
    """Of one problem; updated by every iteration."""

    problem: Reweighted
    names: tuple[str, ...]
    target: str
    penalty: str  # how a user gives one
    milestone: int = FIRST
    size: float = 0.0
    settled: bool = False

    def beside(
        self, callback: Callable[[Any], object] | None, about: Floats, scale: Floats
    ) -> Callable[[Any], object]:
        """The user's callback with a test now and then; coefficients are about `about`, and columns of norms `scale`."""
        cheap = affordable(self.problem.rows.rows or 0, self.problem.rows.n + 1)
        wanted = cheap and self.problem.unbounded

        def told(seen: Snapshot) -> object:
            if wanted and seen.level is not None and seen.iteration in (self.milestone, self.milestone // 2):
                self.met(seen.iteration, placed(self.problem.first.centre, about, seen.x, seen.level), scale)
            return None if callback is None else callback(seen)

        return told

    def met(self, iteration: int, place: Place, scale: Floats) -> None:
        """Raises DataError where the targets are separated."""
        size, before = float(np.linalg.norm(scale * place.coef)), self.size
        self.size = size
        if iteration == self.milestone:
            self.milestone *= 2
            if not self.settled and size > (1 + GROWTH) * before:
                self.look()

    def look(self) -> None:
        """Raises DataError where a direction separates the targets."""
        problem = self.problem
        if not problem.unbounded or self.settled:
            return
        look = replace(problem, passes=0.0)
        try:
            found = run(IRLS(), look, Stop(gradient=None, max_iter=LOOK))
        except (FloatingPointError, ArgumentError):
            return  # the likelihood is not finite there: how the method ended says so
        finally:
            problem.passes += look.passes
        if found.status is Status.SEPARATED:
            raise self.error(found.state)
        self.settled = found.status.ok

    def error(self, state: Fitting) -> DataError:
        """Names what separates, from the direction along which no row lost."""
        problem, along = self.problem, state.direction
        assert along is not None
        direction = np.where(problem.request.penalty.free(along.coef.size), along.coef, 0.0)
        told = how_separated(problem.rows, problem.runner, problem.family, direction, self.names)
        problem.passes += 2
        return separated(self.target, told, self.penalty)
