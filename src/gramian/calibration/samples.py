"""Rows to measure on, and passes over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
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


def certifier(rows: ArrayRows, exact: bool) -> Callable[[Runner], object]:
    """The pass that certifies an answer of these rows."""
    view = MomentSums.of(rows, Threads(1))
    assert view is not None
    solution = SOLVERS["cholesky"].solve(view, REQUEST)
    return lambda runner: gradient_at(rows, view, solution, exact, runner)


def rows_of(data: object) -> Rows:
    source = as_source(data)
    return Design.of("y ~ .", source.schema).rows(source)


@dataclass(frozen=True, slots=True)
class CountsOfRows(BlockReduction[Counts]):
    """Counts of all rows. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "reading"

    whole: bool

    def of_block(self, block: Block, origin: Origin) -> Counts:
        return Counts.of(block, self.whole)

    def merge(self, a: Counts, b: Counts) -> Counts:
        return a + b


def read(rows: Rows, runner: Runner) -> object:
    """A pass that does nothing with its rows but what a later one needs to know that they are the same."""
    return runner.fold(rows, CountsOfRows(not rows.in_memory))
