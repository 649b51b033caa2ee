"""Rows to measure on, and passes over them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.data.counts import Counts
from gramian.execution.threads import Threads
from gramian.formula.design import Design
from gramian.problem.penalties import NoPenalty
from gramian.problem.wanted import Wanted
from gramian.reductions.moments import MomentSums
from gramian.solvers import SOLVERS
from gramian.solving.refining import gradient_at
from gramian.sources.open import as_source

REQUEST = Wanted(NoPenalty(), "drop")


def arrays(m: int, p: int) -> ArrayRows:
    """Rows (m, p) of [X y], p columns in all."""
    rng = np.random.default_rng(p)
    return ArrayRows.of(rng.standard_normal((m, p - 1)), rng.standard_normal(m))


def reduced(m: int, n: int) -> MomentSums:
    found = MomentSums.of(arrays(m, n + 1), Threads(1))
    assert found is not None
    return found


def certifier(rows: ArrayRows, exact: bool) -> Callable[[Threads], object]:
    """The pass that certifies an answer of these rows."""
    view = MomentSums.of(rows, Threads(1))
    assert view is not None
    solution = SOLVERS["cholesky"].solve(view, REQUEST)
    return lambda runner: gradient_at(rows, view, solution, exact, runner)


def rows_of(data: object) -> Rows:
    source = as_source(data)
    return Design.of("y ~ .", source.schema).rows(source)


def read(rows: Rows, runner: Threads) -> object:
    """A pass that does nothing with its rows but what a later one needs to know that they are the same."""
    whole = not rows.in_memory

    def piece(part: BlockPart, block: Block) -> Counts:
        return Counts.of(block, whole)

    return runner.fold(rows, "reading", piece, Counts.__add__)
