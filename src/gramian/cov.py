"""gm.cov: covariances of the coefficients, as values for `cov=` of gm.fit and `fit.with_cov`.

    gm.fit("y ~ x", data, cov=gm.cov.HC(3))                 the same as cov="HC3"
    gm.fit("y ~ x", data, cov=gm.cov.Cluster("firm"))       the same as cov="cluster", clusters="firm"
    fit.with_cov(gm.cov.Classical())                        the same as "classical"

Every class of the registry is here, so one that is registered later too. See docs/covariances.md.
"""

from __future__ import annotations

from gramian.inference.covariances import COVARIANCES, covariances_table
from gramian.inference.covariances.base import CovarianceKind
from gramian.inference.covariances.classical import Classical
from gramian.inference.covariances.cluster import Cluster
from gramian.inference.covariances.hc import HC

__all__ = ["COVARIANCES", "Classical", "Cluster", "CovarianceKind", "HC", "covariances_table"]


def __getattr__(name: str) -> type[CovarianceKind]:
    for kind in COVARIANCES.values():
        if type(kind).__name__ == name:
            return type(kind)
    raise AttributeError(f"module 'gramian.cov' has no attribute {name!r}")
