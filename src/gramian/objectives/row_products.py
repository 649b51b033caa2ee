"""Products with the design for Krylov methods: A v - alpha u and A' of it in one read of the rows.

A has the rows sqrt(w) (1, z / scale) in the objective's coordinates and, with a ridge, sqrt(ridge) / scale on a diagonal
below, so that ||A theta - b||^2 is 2 W J of the squared loss. A vector over its rows is held in the order of the rows.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.objectives.row_objective import RowObjective
from gramian.objectives.row_passes import FusedProducts, WeightedTargets

RowVector = tuple[Floats, ...]
"""(m, k) for the rows of the data and, with a ridge, (p, k) for those of the penalty."""


def targets(objective: RowObjective) -> RowVector:
    """b: sqrt(w) y, and zeros for the penalty. One pass where rows are not held."""
    b = np.empty((objective.counts.used, objective.shape[1]))
    store = objective.rows.store
    if store is not None:
        np.multiply(store.y, 1.0 if store.w is None else np.sqrt(store.w)[:, None], out=b)
    else:
        objective.mapped(WeightedTargets(), b)
    return (b, np.zeros(objective.shape)) if not objective.penalty.is_zero else (b,)


def fused(objective: RowObjective, v: Floats, u: RowVector | None, alpha: Floats | float) -> tuple[RowVector, Floats]:
    """(A v - alpha u, A' of it); the memory of u holds the result. v (p, k), alpha (k,)."""
    at, by = objective.surface(v), np.broadcast_to(np.asarray(alpha, dtype=np.float64), v.shape[1:])
    pieces = u if u is not None else (np.zeros((objective.counts.used, v.shape[1])),)
    body = pieces[0]
    h = objective.unscaled(objective.complete(objective.mapped(FusedProducts(at, by), body)))
    if objective.penalty.is_zero:
        return (body,), h
    root = np.sqrt(objective.shrink)[:, None]
    tail = root * v - (by * pieces[1] if len(pieces) > 1 else 0.0)
    return (body, tail), h + root * tail
