"""The largest curvature of an objective at a point, from Hessian-vector products alone."""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.objectives.objective import Objective


def largest_curvature(objective: Objective, theta: Floats, steps: int = 60) -> float:
    """The largest |eigenvalue| of the Hessian at theta by power steps, from below; one Hessian-vector product each."""
    v = np.random.default_rng(0).standard_normal(theta.shape)
    size = 0.0
    for _ in range(steps):
        v /= np.linalg.norm(v)
        Hv = objective.hessian_vector(theta, v)
        before, size = size, float(np.linalg.norm(Hv))
        if not np.isfinite(size) or size == 0.0 or abs(size - before) <= 1e-10 * size:
            break
        v = Hv
    return size
