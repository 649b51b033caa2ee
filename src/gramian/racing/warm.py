"""Compiled loops are loaded, or compiled, before the clock starts: each method makes a few steps on few rows of the same kind.

Which loops a run calls may depend on what it meets (a line search, rows much longer than most), so that the
rows are even ones and then uneven ones, and products and lines are taken whether or not the method asks for them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Rows
from gramian.errors import GramianError
from gramian.execution.threads import Threads
from gramian.families import Family
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.wanted import Wanted
from gramian.racing.running import running_for
from gramian.solvers.base import Solver

ROWS, COLUMNS, STEPS = 64, 3, 4


def warm(solver: Solver[Any], rows: Rows, loss: Family, request: Wanted) -> None:
    """Run the method where nothing is timed; its result and its errors are left to the timed run."""
    from gramian.kernels.fours import WIDE

    runner, columns = Threads(1), COLUMNS if rows.n < WIDE else WIDE
    for uneven in (False, True):
        few = _few(rows, columns, uneven)
        with suppress(GramianError, ArithmeticError, np.linalg.LinAlgError), np.errstate(all="ignore"):
            if not solver.traits.iterates:
                solver.solve(solver.view.of(few, runner), request)
                continue
            running = replace(running_for(solver.traits, request.running), max_iter=STEPS, tolerance=0.0, digits=8.0)
            plain = running.step is None
            objective = LinearObjective.of(few, runner, loss, request.penalty, standardise=plain)
            if not uneven:
                _read(objective)
            solver.solve(objective, replace(request, running=running))


def _read(objective: LinearObjective) -> None:
    """Every pass that some method may make over the rows."""
    theta = objective.start()
    _, g = objective.gradient(theta)
    objective.hessian_vector(theta, g)
    objective.line(theta, -g).value(0.5)
    objective.value(theta)


def _few(rows: Rows, columns: int, uneven: bool) -> ArrayRows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, columns))
    X[0] *= 100.0 if uneven else 1.0
    # Targets that every family allows: 0 and 1, and none of one kind alone.
    y = np.tile(np.arange(ROWS)[:, None] % 2, rows.k).astype(np.float64)
    w = np.full(ROWS, 2.0) if rows.weighted else None
    return ArrayRows.of(sp.csr_array(X) if rows.sparse else X, y, w, centred=rows.centred)
