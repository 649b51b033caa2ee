"""Products with the design for Krylov methods: A v - alpha u and A' of it in one read of the rows.

A has the rows sqrt(w) (1, z / scale) in the objective's coordinates and, with a ridge, sqrt(ridge) / scale on a diagonal
below, so that ||A theta - b||^2 is 2 W J of the squared loss. A vector over its rows is held in the order of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gramian.data.blocks import Block
from gramian.kernels.array_types import Floats
from gramian.objectives import block_sums as blockpass
from gramian.objectives.many_targets import Sums

if TYPE_CHECKING:
    from gramian.objectives.linear_objective import LinearObjective

RowVector = tuple[Floats, ...]
"""(m, k) for the rows of the data and, with a ridge, (p, k) for those of the penalty."""


def targets(objective: LinearObjective) -> RowVector:
    """b: sqrt(w) y, and zeros for the penalty. One pass where rows are not held."""
    b = np.empty((objective.counts.used, objective.shape[1]))
    store = objective.rows.store
    if store is not None:
        np.multiply(store.y, 1.0 if store.w is None else np.sqrt(store.w)[:, None], out=b)
    else:

        def piece(block: Block) -> int:
            root = 1.0 if block.w is None else np.sqrt(block.w)[:, None]
            b[block.start : block.start + block.rows] = root * block.y
            return block.rows

        objective.over_rows("targets", piece, int.__add__)
    return (b, np.zeros(objective.shape)) if not objective.penalty.is_zero else (b,)


def fused(objective: LinearObjective, v: Floats, u: RowVector | None, alpha: Floats | float) -> tuple[RowVector, Floats]:
    """(A v - alpha u, A' of it); the memory of u holds the result. v (p, k), alpha (k,)."""
    at, by = objective.surface(v), np.broadcast_to(np.asarray(alpha, dtype=np.float64), v.shape[1:])
    pieces = u if u is not None else (np.zeros((objective.counts.used, v.shape[1])),)
    body = pieces[0]

    def piece(block: Block) -> Sums:
        return blockpass.fused(block, at, body[block.start : block.start + block.rows], by)

    h = objective.unscaled(objective.summed("products", piece))
    if objective.penalty.is_zero:
        return (body,), h
    root = np.sqrt(objective.shrink)[:, None]
    tail = root * v - (by * pieces[1] if len(pieces) > 1 else 0.0)
    return (body, tail), h + root * tail
