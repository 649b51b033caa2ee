"""The covariance under errors that depend on each other within clusters (one-way, Liang-Zeger).

    A (sum over clusters of s s') A x G/(G-1) (n-1)/(n-p)        A = (X'WX)^-1, s = sum of w e x in the cluster

Tests have G - 1 degrees of freedom (the convention of Stata, and of statsmodels with use_t=True).
Reference: Cameron and Miller (2015), J. Human Resources 50.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from gramian import errors
from gramian.execution.blas import single_threaded_blas
from gramian.inference.covariances.base import CovarianceKind, CovarianceRoot, ratio
from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats
from gramian.reductions.sandwich import ClusterScores, ClusterSums

MANY = 20
"""Clusters from which on their number is no concern; the theory is for many."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Cluster(CovarianceKind):
    """Errors that may depend on each other within a cluster, not between clusters.

    Cluster("firm") names the column whose values are the clusters; Cluster() takes those given as clusters=. Several columns
    can be named, and are refused where the sums are asked for: only one-way clustering is computed.
    """

    reads_clusters: ClassVar[bool] = True
    by: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        for column in columns:
            if not isinstance(column, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                hint = "give arrays as clusters=, with cov='cluster'"
                raise errors.bad_argument("a column of Cluster", column, "the name of a column", hint)
        object.__setattr__(self, "by", columns)

    def __str__(self) -> str:
        return "cluster"

    def __repr__(self) -> str:
        return f"Cluster({', '.join(map(repr, self.by))})"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.by

    def sums(self) -> tuple[ClusterScores]:
        # Clustering by several columns is one such sum for each set of them, added with alternating signs.
        if len(self.by) > 1:
            raise errors.one_way_only(self.by)
        return (ClusterScores(),)

    def root(self, estimate: Estimate, bread: Floats, sums: Sequence[Any]) -> CovarianceRoot:
        (found,) = sums
        assert isinstance(found, ClusterSums)
        G = found.labels.size
        if G < 2:
            raise errors.one_cluster(found.labels.tolist())
        with single_threaded_blas():
            half = [bread @ _transposed_triangle(S) for S in np.moveaxis(found.sums, 1, 0)]
        few = f"{errors.counted(G, 'cluster')} are few: their standard errors tend to be too small; {MANY} or more to trust them"
        return CovarianceRoot(np.stack(half), clusters=G, notes=(few,) if G < MANY else ())

    def factor(self, estimate: Estimate, found: CovarianceRoot) -> float:
        G = found.clusters or 0
        return ratio(G, G - 1) * ratio(estimate.nobs - 1, estimate.df_resid)

    def df(self, estimate: Estimate, found: CovarianceRoot) -> float:
        return np.inf if np.isinf(estimate.df_tests) else (found.clusters or 0) - 1.0

    def fields(self) -> dict[str, Any]:
        return {"by": list(self.by)}

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> Self:
        return cls(*fields["by"])


def _transposed_triangle(S: Floats) -> Floats:
    """H with H H' = S'S and no more columns than S has rows, without forming S'S."""
    return np.asarray(np.linalg.qr(S, mode="r")).T
