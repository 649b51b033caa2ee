"""A matrix below the Hessian, from a part of the rows: proof of how near the optimum is, without reading all for it.

Every row adds a positive semidefinite z z' to the Hessian of the squared loss, so that the rows S alone give

    F = (1/W) sum_{i in S} w_i z_i z_i' + ridge/W <= H,   and with it   J - J* = g'H^-1 g / 2 <= g'F^-1 g / 2,

g the gradient of all rows. The bound is larger than the truth by about the share of rows left out, which costs a
thousandth of a certificate nothing where a method came nearer than it had to. Rounding is taken off the eigenvalues of F.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block
from gramian.execution.reduction import BlockReduction, Origin
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.spectra import eigen_bounds
from gramian.objectives.block_sums import gram
from gramian.objectives.row_objective import RowObjective
from gramian.objectives.row_store import CachedRows, HeldPart, RowStore
from gramian.reductions.gram import CHUNK

PART = 1.0 / 16.0
"""Share of the rows that is read."""
LEAST = 100
"""Rows for each column, at least: with fewer, their own scatter makes the bound loose."""
WORK = 1e8
"""Multiplications of the whole Gram matrix below which it is made at once: three milliseconds."""
RUN, RUNS = 1024, 16
"""Rows of a run, and how many runs there are at least: long ones cost little between them, many see more of the table."""
FLATTEST = 1e-6
"""Condition of F beyond which all rows are read: what is taken off for rounding must stay small beside mu."""


@dataclass(frozen=True, slots=True, eq=False)
class HessianLowerBound:
    """Eigenvalues (p,), rounding taken off, all > 0, and vectors of F; `share` of the weight of all rows; `rows` read."""

    values: Floats
    vectors: Floats
    share: float
    rows: int

    def left(self, g: Floats, error: Floats | float = 0.0) -> Floats:
        """Bound on J - J* (k,) where the gradient is g (p, k), known to within a norm of `error` (k,)."""
        size = column_norms((self.vectors.T @ g) / np.sqrt(self.values)[:, None])
        return 0.5 * (size + error / np.sqrt(self.values[0])) ** 2

    def reach(self, left: Floats) -> Floats:
        """Bound on |theta - theta*| (p, k) where J - J* <= left: |e_j|^2 <= (F^-1)_jj e'He, and e'He = 2 (J - J*)."""
        diagonal = np.sum(self.vectors**2 / self.values, axis=1)
        return np.sqrt(np.outer(2.0 * diagonal, left))


@dataclass(frozen=True, slots=True, eq=False)
class PartOfHessian(BlockReduction[tuple[Floats, float, int]]):
    """Sum of [1 z][1 z]' (1, n + 1, n + 1) of the squared loss, its weight, and its rows."""

    label: ClassVar[str] = "part of the Hessian"

    centre: Floats
    loss: Loss

    def of_block(self, block: Block, origin: Origin) -> tuple[Floats, float, int]:
        weight = float(block.rows) if block.w is None else float(np.sum(block.w))
        return gram(block, self.centre, None, self.loss), weight, block.rows

    def merge(self, a: tuple[Floats, float, int], b: tuple[Floats, float, int]) -> tuple[Floats, float, int]:
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def hessian_lower_bound(objective: RowObjective) -> HessianLowerBound | None:
    """From rows all over a held table; None where all rows are as quick, or F is near singular."""
    m, p = objective.counts.used, objective.shape[0]
    store, rows = objective.rows.store, max(int(PART * m), LEAST * p)
    if store is None or not objective.quadratic or float(m) * p * p < WORK or 4 * rows > m:
        return None
    centre, first = objective.coordinates.centre, int(objective.coordinates.intercept)
    thinned = _thinned(objective.rows, store, -(-m // rows))
    total = objective.runner.fold(thinned, PartOfHessian(centre, objective.loss))
    if total is None:
        return None
    H, weight, count = total
    objective.count(count / m)
    unit = np.concatenate([np.ones(first), 1.0 / objective.coordinates.scale])
    H = H[0, 1 - first :, 1 - first :] * (unit[:, None] * unit) / objective.weight
    H = H + np.diag(objective.shrink / objective.weight)
    if not np.all(np.isfinite(H)):
        return None
    largest, smallest = eigen_bounds(H, CHUNK + count // CHUNK + 64, float(np.trace(H)))
    if not smallest > FLATTEST * largest:
        return None
    values, vectors = np.linalg.eigh(H)
    return HessianLowerBound(np.maximum(values - (values[0] - smallest), smallest), vectors, weight / objective.weight, count)


def _thinned(rows: CachedRows, store: RowStore, every: int) -> CachedRows:
    """One of `every` runs of each block, so that a sorted table is seen from end to end."""
    blocks = [block for part in rows.ready for block in part.held]
    run = max(min(RUN, len(store.y) // (RUNS * every)), 1)
    cuts = [
        [(lo, min(lo + run, block.start + block.rows)) for lo in range(block.start, block.start + block.rows, run * every)]
        for block in blocks
    ]
    return replace(rows, ready=tuple(HeldPart(rows.name, None, tuple(store.block(*at) for at in cut)) for cut in cuts))
