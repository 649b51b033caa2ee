"""Covariance of the coefficients, by name: COVARIANCES. A new kind is one class and one line in the registry.

    classical   sigma^2 A                                      A = (X'WX)^-1
    HC0..HC3    A (sum c_i u_i^2 x_i x_i') A                   u = w e; c = 1, n/(n-p), 1/(1-h), 1/(1-h)^2
    cluster     A (sum over clusters of s s') A x G/(G-1) (n-1)/(n-p)      s = sum of u_i x_i in the cluster

Frequencies count as repeated rows in all of them. Tests use Student's t and F with n - p degrees of freedom, after
clustering G - 1 (the convention of Stata, and of statsmodels with use_t=True); the normal and chi-squared distributions
where a family's dispersion is known, as binomial and Poisson.
References: MacKinnon and White (1985), J. Econometrics 29; Cameron and Miller (2015), J. Human Resources 50.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gramian import errors
from gramian.data.blocks import Rows
from gramian.execution.blas import single_threaded_blas
from gramian.execution.runner import Runner
from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.reductions.sandwich import ClusterScores, ClusterSums, Meat, Projection, RowWork, Scores, gather

MANY = 20
"""Clusters from which on their number is no concern; the theory is for many."""


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """Of k targets: matrix_j = root_j root_j', root (k, p, s). `df` goes with t, and with F as its denominator.

    NaN rows belong to coefficients without a variance, `notes` says why; a dropped coefficient has zeros.
    """

    kind: str
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
        return self.kind if self.clusters is None else f"{self.kind} ({errors.counted(self.clusters, 'cluster')})"


class CovarianceKind(ABC):
    """One way to estimate the covariance. `work` is what it must see of every row, None when the fit is enough."""

    needs_rows = True
    needs_clusters = False

    @abstractmethod
    def work(self) -> RowWork[Any] | None: ...

    @abstractmethod
    def of(self, name: str, estimate: Estimate, projection: Projection | None, gathered: Any) -> Covariance:
        """From what `work` gathered, whose type is the work's own."""
        ...


@dataclass(frozen=True, slots=True)
class Classical(CovarianceKind):
    """sigma^2 (X'WX)^-1: errors of equal variance (over w), independent. Needs no pass."""

    needs_rows = False

    def work(self) -> None:
        return None

    def of(self, name: str, estimate: Estimate, projection: Projection | None, gathered: Any) -> Covariance:
        root = estimate.root
        sigma = np.sqrt(estimate.sigma2)
        known = estimate.variances
        exact = None if known is None else np.sqrt(known)[:, None] * sigma
        return Covariance(name, sigma[:, None, None] * root, estimate.df_tests, errors=exact)


@dataclass(frozen=True, slots=True)
class Robust(CovarianceKind):
    """Errors of any variance, independent (White). `power` discounts the leverage; `inflate` multiplies by n / (n - p).

    A row of leverage 1 decides some coefficients by itself: with `power` their variance is 0/0, and they get NaN and a
    note, the others what the remaining rows give.
    """

    power: int
    inflate: bool = False

    def work(self) -> Scores:
        return Scores(self.power)

    def of(self, name: str, estimate: Estimate, projection: Projection | None, gathered: Meat) -> Covariance:
        bread = _bread(name, projection)
        factor = _ratio(estimate.nobs, estimate.df_resid) if self.inflate else _enough(estimate)
        with single_threaded_blas():
            root = np.stack([bread @ _half(meat) for meat in gathered.sums]) * np.sqrt(factor)
        notes: list[str] = []
        scale = column_norms(bread.T)
        for row, z in gathered.lone:
            moved = np.abs(bread @ z) > 1e-8 * scale
            root[:, moved] = np.nan
            names = errors.listed((estimate.names[j] for j in np.flatnonzero(moved)), 3)
            where = "a row" if row is None else f"row {row:,}"
            notes.append(f"{name} has no standard error for {names}: {where} alone decides it (leverage 1)")
        return Covariance(name, root, estimate.df_tests, notes=_few(notes))


@dataclass(frozen=True, slots=True)
class Cluster(CovarianceKind):
    """Errors that may depend on each other within a cluster, not between clusters (one-way, Liang-Zeger)."""

    needs_clusters = True

    def work(self) -> ClusterScores:
        return ClusterScores()

    def of(self, name: str, estimate: Estimate, projection: Projection | None, gathered: ClusterSums) -> Covariance:
        bread = _bread(name, projection)
        G, n = gathered.labels.size, estimate.nobs
        if G < 2:
            raise errors.one_cluster(gathered.labels.tolist())
        factor = _ratio(G, G - 1) * _ratio(n - 1, estimate.df_resid)
        with single_threaded_blas():
            half = [bread @ _transposed_triangle(S) for S in np.moveaxis(gathered.sums, 1, 0)]
        df = np.inf if np.isinf(estimate.df_tests) else G - 1.0
        few = f"{errors.counted(G, 'cluster')} are few: their standard errors tend to be too small; {MANY} or more to trust them"
        return Covariance(name, np.stack(half) * np.sqrt(factor), df, clusters=G, notes=(few,) if G < MANY else ())


COVARIANCES: Mapping[str, CovarianceKind] = MappingProxyType(
    {
        "classical": Classical(),
        "HC0": Robust(power=0),
        "HC1": Robust(power=0, inflate=True),
        "HC2": Robust(power=1),
        "HC3": Robust(power=2),
        "cluster": Cluster(),
    }
)


def covariance_kind(name: str) -> CovarianceKind:
    """The registered kind; raises ArgumentError with the nearest name."""
    kind = COVARIANCES.get(name)
    if kind is None:
        raise errors.not_a_choice("cov", name, COVARIANCES)
    return kind


def covariance(
    name: str,
    estimate: Estimate,
    rows: Rows | None = None,
    runner: Runner | None = None,
    projection: Projection | None = None,
) -> Covariance:
    """The covariance of that name, in one pass when it needs the rows.

    Raises ArgumentError for an unknown name or a single cluster, NeedsData where rows are needed and not given.
    """
    kind = covariance_kind(name)
    work = kind.work()
    unknown = projection is not None and bool(np.isnan(projection.root).any())
    if estimate.penalised or unknown or bool(np.isnan(estimate.rss).any()):
        return no_covariance(name, estimate)
    if work is None:
        return kind.of(name, estimate, projection, None)
    if rows is None or runner is None or projection is None:
        raise errors.needs_rows(f"cov={name!r}")
    (gathered,) = gather(rows, runner, projection, [work], name)
    return kind.of(name, estimate, projection, gathered)


def no_covariance(name: str, estimate: Estimate) -> Covariance:
    """All NaN, for an estimate whose standard errors are not defined."""
    return Covariance(name, np.full((estimate.k, estimate.p, 1), np.nan), estimate.df_tests)


def _bread(name: str, projection: Projection | None) -> Floats:
    if projection is None:
        raise errors.needs_rows(f"cov={name!r}")
    return projection.bread()


def _half(meat: Floats) -> Floats:
    """H with H H' = meat; eigenvalues at rounding level are zero, so that a singular meat stays singular."""
    values, vectors = np.linalg.eigh(meat)
    rounding = meat.shape[0] * np.finfo(np.float64).eps * values[-1] if values.size else 0.0
    return vectors * np.sqrt(np.where(values > rounding, values, 0.0))


def _transposed_triangle(S: Floats) -> Floats:
    """H with H H' = S'S and no more columns than S has rows, without forming S'S."""
    return np.asarray(np.linalg.qr(S, mode="r")).T


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else float("nan")


def _enough(estimate: Estimate) -> float:
    return 1.0 if estimate.df_resid > 0 else float("nan")


def _few(notes: list[str], most: int = 5) -> tuple[str, ...]:
    rest = len(notes) - most
    return tuple(notes[:most]) + ((f"... and {rest:,} more rows of leverage 1",) if rest > 0 else ())
