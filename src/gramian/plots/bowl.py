"""The squared loss as a bowl about its minimum, and the paths that methods take down it.

J(b) - J* = (b - b*)' H (b - b*) / 2,    H = (X'X + ridge) / W, X about its means beside an intercept
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.errors import cannot, no_rows_for, not_a_choice, read_once, wrong_size_to_draw
from gramian.families import GAUSSIAN
from gramian.kernels.array_types import Floats
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.problem import Problem
from gramian.problem.solver_options import SolverOptions
from gramian.reductions.moments import MomentSums
from gramian.solvers import SOLVERS
from gramian.solving.options import Asked, SolveOptions, TableOptions, ask_arrays, ask_table
from gramian.solving.reduction_checks import check_finite
from gramian.solving.solve import solve
from gramian.sources.open import as_source

MOST_COLUMNS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Bowl:
    """asked: the question; names of the columns; best (n,), H (n, n) and mean (n,) in the user's units, the mean zero without
    an intercept; fall: J(0) - J* of the slopes.
    """

    asked: Asked
    names: tuple[str, ...]
    best: Floats
    H: Floats
    mean: Floats

    @property
    def raw_H(self) -> Floats:
        """In the user's own columns, one of ones first where there is an intercept: what a user's step meets."""
        if not self.asked.rows.centred:
            return self.H
        m = self.mean
        return np.block([[np.ones((1, 1)), m[None, :]], [m[:, None], self.H + np.outer(m, m)]])

    @property
    def fall(self) -> float:
        return 0.5 * float(self.best @ self.H @ self.best)

    def above(self, path: Floats) -> Floats:
        """The share of the fall that is left at each of (t, n) places."""
        d = path - self.best
        with np.errstate(over="ignore", invalid="ignore"):
            left = 0.5 * np.einsum("ti,ij,tj->t", d, self.H, d)
        return left / self.fall if self.fall > 0 else left


def bowl(formula: Any, data: Any, ridge: float = 0.0) -> Bowl:
    """Of a formula and a table, or of X and y without an intercept; one target, and no more than 2,000 columns."""
    how = SolveOptions(ridge=ridge)
    if isinstance(formula, str):
        asked, design = ask_table(formula, as_source(data), TableOptions(), how)
        names = design.names
    else:
        asked, rows = ask_arrays(formula, data, None, how)
        names = tuple(f"X[:, {j}]" for j in range(rows.n))
    if asked.rows.k != 1 or not 1 <= asked.rows.n <= MOST_COLUMNS:
        raise wrong_size_to_draw(asked.rows.k, asked.rows.n, MOST_COLUMNS)
    if not asked.rows.rereadable:
        raise read_once(asked.rows.name, "each step reads it", "collect it into a table")
    moments = MomentSums.of(asked.rows, asked.runner)
    if moments is None:
        raise no_rows_for("a picture", asked.rows.name)
    check_finite(moments)
    found = solve(Problem(asked.rows, asked.request, nnz=asked.nnz), "auto", "data", asked.runner)
    n = asked.rows.n
    H = (moments.gram[:n, :n] + ridge * np.eye(n)) / moments.counts.weight
    return Bowl(asked, names, found.solution.coef[:, 0], H, moments.mean.hi[:n])


def walk(
    bent: Bowl, method: str, step: float | str | None, batch: int | None, max_iter: int, seed: int = 0
) -> Floats:
    """The slopes of every iterate, (t + 1, n), in the user's units; a path that overflows ends before it does."""
    if method not in SOLVERS:
        raise not_a_choice("method", method, SOLVERS)
    solver = SOLVERS[method]
    if not solver.traits.iterates:
        able = [name for name, other in SOLVERS.items() if other.traits.iterates]
        raise cannot(f"method={method!r}", "leave a path: it has no iterates", able)
    asked = bent.asked
    running = SolverOptions(step=step, batch=batch, max_iter=max_iter, seed=seed, path=True, tolerance=0.0, digits=15.0)
    objective = LinearObjective.of(
        asked.rows, asked.runner, GAUSSIAN, asked.request.penalty, standardise=step is None
    )
    solution = solver.solve(objective, replace(asked.request, running=running))
    assert solution.path is not None
    path = solution.path[..., 0]
    finite = np.isfinite(path).all(axis=1)
    return path if finite.all() else path[: int(np.argmin(finite))]
