"""Passes over sparse rows, and those in compiled loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from gramian.api.lstsq import lstsq
from gramian.calibration import sizes
from gramian.calibration.loading import seconds_of_loading
from gramian.calibration.samples import arrays, certifier
from gramian.calibration.sheet import Measurements, best
from gramian.data.arrays import ArrayRows
from gramian.execution.runner import Runner
from gramian.execution.threads import Threads
from gramian.families import GAUSSIAN
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
from gramian.reductions.coalesced_rows import CoalescedRows
from gramian.reductions.exact_gradient import ENTRIES
from gramian.reductions.moments import MomentSums
from gramian.reductions.sketch import Sketch
from gramian.solvers.cost import squares


def sparse(sheet: Measurements) -> None:
    m, n, each = sizes.VALUES // 50, 1000, 10
    rng = np.random.default_rng(3)
    X = sp.csr_array((rng.standard_normal(m * each), rng.integers(0, n, m * each), np.arange(m + 1) * each), shape=(m, n))
    X.sum_duplicates()
    rows = ArrayRows.of(X, rng.standard_normal(m))
    narrow = sp.csr_array((X.data.copy(), X.indices % 64, X.indptr.copy()), shape=(m, 64))
    narrow.sum_duplicates()
    few = ArrayRows.of(narrow, rows.y[:, 0])
    sheet.fold("sparse gram", 1, narrow.nnz**2 / m, few, lambda runner: MomentSums.of(few, runner))
    # What is left of wide rows once their products are paid for is that of the dense squares.
    products = X.nnz**2 / m * sheet.cost("sparse gram") + len(rows.parts()) * sheet.cost("block")
    wide = best(lambda: MomentSums.of(rows, Threads(1)))
    work = squares(X.nnz**2 / m, n + 1, len(CoalescedRows(rows).parts()))
    sheet.put("sparse square", 1, work, max(wide - products, 0.1 * wide))
    sheet.fold("sparse gradient", 1, X.nnz + m, rows, certifier(rows, exact=False))


def compiled(sheet: Measurements) -> None:
    seconds = seconds_of_loading()
    if seconds is not None:
        sheet.put("compiled", 1, 1, seconds)
    for p in sizes.WIDTHS:
        rows = arrays(sizes.VALUES // p, p)
        theta = np.zeros((p - 1, 1))
        objective = LinearObjective.of(rows, Threads(1), GAUSSIAN, NoPenalty())

        def gradient(runner: Runner, objective: LinearObjective = objective, theta: Any = theta) -> object:
            return replace(objective, runner=runner).gradient(theta)

        sheet.fold("pass", p, rows.rows * p, rows, gradient)
    rows = arrays(sizes.VALUES // 64, 64)
    sheet.fold("sketch", 64, 8.0 * rows.rows * 64, rows, lambda runner: Sketch.of(rows, runner))
    rows = arrays(max(sizes.VALUES // 35, ENTRIES // 10 + 1), 11)
    sheet.fold("exact compiled", 1, rows.rows * 10, rows, certifier(rows, exact=True))
    for p in (2, 32, 256):
        m = sizes.VALUES // 16 // p
        sheet.put("epoch", p, m * p, _an_epoch(arrays(m, p).X, np.ones(m)))
    m, n, each = sizes.VALUES // 100, 500, 10
    rng = np.random.default_rng(4)
    X = sp.csr_array((rng.standard_normal(m * each), rng.integers(0, n, m * each), np.arange(m + 1) * each), shape=(m, n))
    rows = ArrayRows.of(X, rng.standard_normal(m))
    sparse = LinearObjective.of(rows, Threads(1), GAUSSIAN, NoPenalty())
    theta = np.zeros((n, 1))
    sheet.fold("sparse pass", 1, X.nnz + m, rows, lambda runner: replace(sparse, runner=runner).gradient(theta))
    sheet.put("sparse epoch", 1, X.nnz + m, _an_epoch(X, np.ones(m)))


def _an_epoch(X: Any, y: Any) -> float:
    """Seconds of one pass of stochastic steps, from runs of ten and of two."""

    def run(most: int) -> float:
        return best(lambda: lstsq(X, y, "sgd", step=1e-9, max_iter=most, threads=1), 2)

    short, long = run(2), run(10)
    return max(long - short, 0.02 * long) / 8.0
