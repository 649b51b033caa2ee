"""The covariance of the coefficients, of a kind that the registry `inference.covariances` knows or a value of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian import errors
from gramian.data.blocks import Rows
from gramian.execution.blas import single_threaded_blas
from gramian.execution.runner import Runner
from gramian.inference.covariances import CovarianceLike, covariance_kind, spelled
from gramian.inference.covariances.base import CovarianceKind
from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.reductions.sandwich import Projection, gather


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """Of k targets: matrix_j = root_j root_j', root (k, p, s). `df` goes with t, and with F as its denominator.

    NaN rows belong to coefficients without a variance, `notes` says why; a dropped coefficient has zeros.
    """

    kind: CovarianceKind
    root: Floats
    df: float
    clusters: int | None = None
    notes: tuple[str, ...] = ()
    errors: Floats | None = None  # (p, k): the standard errors, where they are known better than by root

    @property
    def matrix(self) -> Floats:
        """(k, p, p), symmetric."""
        with single_threaded_blas():
            return np.stack([half @ half.T for half in self.root])

    @property
    def se(self) -> Floats:
        """Standard errors (p, k)."""
        if self.errors is not None:
            return self.errors
        return column_norms(np.moveaxis(self.root, 2, 0)).T

    @property
    def label(self) -> str:
        """For reports: "HC3", "cluster (12 clusters)"."""
        name = str(self.kind)
        return name if self.clusters is None else f"{name} ({errors.counted(self.clusters, 'cluster')})"


def covariance(
    kind: CovarianceLike,
    estimate: Estimate,
    rows: Rows | None = None,
    runner: Runner | None = None,
    projection: Projection | None = None,
) -> Covariance:
    """The covariance of that kind, in one pass where it needs the rows.

    Raises ArgumentError for an unknown name or a single cluster, NeedsData where rows are needed and not given.
    """
    kind = covariance_kind(kind)
    works = kind.sums()
    unknown = projection is not None and bool(np.isnan(projection.root).any())
    if estimate.penalty or unknown or bool(np.isnan(estimate.rss).any()):
        return no_covariance(kind, estimate)
    if not works:
        found = kind.root(estimate, estimate.root, ())
    elif rows is None or runner is None or projection is None:
        raise errors.needs_rows(spelled(kind))
    else:
        found = kind.root(estimate, projection.bread(), gather(rows, runner, projection, works, str(kind)))
    root = found.root * np.sqrt(kind.factor(estimate, found))
    return Covariance(kind, root, kind.df(estimate, found), found.clusters, found.notes, found.errors)


def no_covariance(kind: CovarianceKind, estimate: Estimate) -> Covariance:
    """All NaN, for an estimate whose standard errors are not defined."""
    return Covariance(kind, np.full((estimate.k, estimate.p, 1), np.nan), estimate.df_tests)
