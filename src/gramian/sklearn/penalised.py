"""What the scikit-learn classes of other losses share: checks, the choice of method, one linear predictor, the warning."""

from __future__ import annotations

import warnings
from abc import ABC
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator

from gramian.data.arrays import ArrayRows
from gramian.errors import GramianWarning, bad_argument, message
from gramian.execution.blas import factorising
from gramian.execution.registry import runner_for
from gramian.families import Family
from gramian.kernels.array_types import Floats
from gramian.objectives.curvature import affordable
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.problem.problem import Problem, Words
from gramian.problem.solution import Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import Wanted
from gramian.solvers import SOLVERS
from gramian.solvers.ability import AUTO, Need, family_need, first_that, refuse
from gramian.solvers.iterate import run
from gramian.solvers.iterated import Iterated
from gramian.solvers.spectrum import with_shorter_rows
from gramian.solvers.state import Stop
from gramian.solving.options import checked_threads
from gramian.solving.reduction_checks import NotFinite
from gramian.solving.solve import solve

SMALL = 600
"""Parameters up to which a Hessian costs little: the method that reweights then."""
MULTINOMIAL = Need("fit more than two classes", lambda traits: traits.functions)
STAYS_SPARSE = Need("leave a sparse X sparse with this loss", lambda traits: not traits.reweights)


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """coef (n,) or (K, n), intercept a number or (K,), and how it ended."""

    coef: Floats
    intercept: float | Floats
    iterations: int
    status: Status


class Penalised(BaseEstimator, ABC):
    """What the classes here share: checks, the choice of method, and the warning."""

    fit_intercept: bool
    method: str
    tol: float
    max_iter: int
    threads: int | None

    def _check(self) -> None:
        if not 0 < self.tol < 1:
            raise bad_argument("tol", self.tol, "a number between 0 and 1, of the gradient relative to that at the start")
        if isinstance(self.max_iter, bool) or self.max_iter != int(self.max_iter) or self.max_iter < 1:
            raise bad_argument("max_iter", self.max_iter, "a whole number >= 1")

    def _chosen(self, X: Any, parameters: int, *needs: Need) -> str:
        """The name of the method, or what "auto" stands for. ArgumentError where it cannot do this."""
        sparse = [STAYS_SPARSE] if sp.issparse(X) else []
        few = parameters <= SMALL and not sparse
        default = first_that(lambda t: t.functions and (t.reweights if few else t.limited_memory))
        refuse(self.method, [*needs, *sparse], default)
        return default if self.method == AUTO else self.method

    def _one(self, X: Any, y: Floats, w: Floats | None, loss: Family, ridge: float, penalty: str) -> Solved:
        """One linear predictor. penalty: how this class is given one, for errors."""
        method = self._chosen(X, X.shape[1], family_need(loss))
        traits = SOLVERS[method].traits
        rows = ArrayRows.of(X, y, weights=w, centred=self.fit_intercept and not sp.issparse(X))
        runner = runner_for(None, checked_threads(self.threads))
        request = Wanted(RidgePenalty(ridge), "min-norm", None, SolverOptions(max_iter=self.max_iter))
        try:
            if traits.reweights or not sp.issparse(X):
                running = replace(request.running, tolerance=None if traits.seeded else self.tol)
                request = replace(request, running=running)
                words = Words(penalty=penalty)
                problem = Problem(rows, request, loss, nnz=rows.nnz, words=words, whole_counts=False)
                found = solve(problem, method, "data", runner).solution
                return Solved(found.coef[:, 0], float(found.intercept[0]), found.stats.iterations, found.status)
            # Rows in random order are read as they are: a centre would fill every one.
            centre = None if traits.functions else False
            objective = LinearObjective.of(
                rows, runner, loss, request.penalty, intercept=self.fit_intercept, centre=centre
            )
            if not (traits.functions or affordable(*X.shape)):
                objective = with_shorter_rows(objective)
            theta = objective.start()
            if self.fit_intercept:
                mean = float(np.average(y, weights=w))
                theta[0, 0] = float(loss.link(np.array([mean]))[0]) if np.isfinite(loss.link(np.array([mean]))[0]) else 0.0
            made = cast(Iterated, SOLVERS[method]).made(SolverOptions())
            stop = Stop(gradient=max(self.tol, 10.0**-traits.digits), max_iter=self.max_iter)
            with factorising(rows.n, runner.workers):
                ended = run(made, objective, stop, theta=theta)
        except NotFinite as error:
            raise rows.not_finite(error.columns) from None
        coef, level = objective.coordinates.to_user(ended.theta)
        intercept = float(level[0] - objective.coordinates.centre @ coef[:, 0]) if self.fit_intercept else 0.0
        return Solved(coef[:, 0], intercept, ended.stats.iterations, ended.status)

    def _warn(self, solved: Solved) -> None:
        if solved.status not in (Status.OK, Status.CONVERGED, Status.STALLED):
            warnings.warn(
                message(f"{type(self).__name__}: {solved.status.value}", f"max_iter is {self.max_iter}, tol {self.tol:g}"),
                GramianWarning,
                stacklevel=3,
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def sample_weights(sample_weight: Any, m: int) -> Floats | None:
    """One weight a row, zero or more; a number stands for all rows."""
    if sample_weight is None:
        return None
    w = np.asarray(sample_weight, dtype=np.float64)
    w = np.full(m, float(w)) if w.ndim == 0 else w
    if w.shape != (m,):
        raise bad_argument("the shape of sample_weight", w.shape, f"({m},), one weight for each row")
    if not (np.all(np.isfinite(w)) and np.all(w >= 0) and np.any(w)):
        raise bad_argument("sample_weight", "negative, infinite, NaN or all zero", "finite numbers >= 0, some above 0")
    return w
