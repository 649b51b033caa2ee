"""The covariance under errors of equal variance: sigma^2 (X'WX)^-1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gramian.inference.covariances.base import CovarianceKind, CovarianceRoot
from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True)
class Classical(CovarianceKind):
    """sigma^2 (X'WX)^-1: independent errors of equal variance (over w). Needs no pass over the rows."""

    def __str__(self) -> str:
        return "classical"

    def root(self, estimate: Estimate, bread: Floats, sums: Sequence[Any]) -> CovarianceRoot:
        sigma = np.sqrt(estimate.sigma2)
        known = estimate.variances
        exact = None if known is None else np.sqrt(known)[:, None] * sigma
        return CovarianceRoot(sigma[:, None, None] * bread, errors=exact)
