"""Compiled loops are loaded, or compiled, before the clock starts: each method makes two steps on a few rows of the same kind."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Rows
from gramian.errors import GramianError
from gramian.losses import Loss
from gramian.racing.running import running_for
from gramian.solvers.base import Request, Solver
from gramian.views.base import Threads
from gramian.views.rowwise import RowsObjective

ROWS, COLUMNS = 64, 3


def warm(solver: Solver[Any], rows: Rows, loss: Loss, request: Request) -> None:
    """Run the method where nothing is timed; what it finds or complains of is left to the real run."""
    few = _few(rows)
    runner = Threads(1)
    with suppress(GramianError, ArithmeticError, np.linalg.LinAlgError):
        if not solver.traits.iterates:
            solver.solve(solver.view.of(few, runner), request)
            return
        running = replace(running_for(solver.traits, request.running), max_iter=2, tolerance=0.0, digits=8.0)
        plain = running.step is None
        objective = RowsObjective.of(few, runner, loss, request.penalty, standardise=plain)
        solver.solve(objective, replace(request, running=running))


def _few(rows: Rows) -> ArrayRows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, COLUMNS))
    # Targets that every family allows: 0 and 1, and none of one kind alone.
    y = np.tile(np.arange(ROWS)[:, None] % 2, rows.k).astype(np.float64)
    w = np.full(ROWS, 2.0) if rows.weighted else None
    return ArrayRows.of(sp.csr_array(X) if rows.sparse else X, y, w, centred=rows.centred)
