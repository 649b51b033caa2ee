"""The registry of covariances. A new one is a file with one frozen class, and one line in COVARIANCES.

    classical   sigma^2 A                                      A = (X'WX)^-1
    HC0..HC3    A (sum c_i u_i^2 x_i x_i') A                   u = w e; c = 1, n/(n-p), 1/(1-h), 1/(1-h)^2
    cluster     A (sum over clusters of s s') A x G/(G-1) (n-1)/(n-p)      s = sum of u_i x_i in the cluster

Frequencies count as repeated rows in all of them. Tests use Student's t and F with n - p degrees of freedom, after
clustering G - 1; the normal and chi-squared distributions where a family's dispersion is known, as binomial and Poisson.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from gramian import errors
from gramian.inference.covariances.base import CovarianceKind
from gramian.inference.covariances.classical import Classical
from gramian.inference.covariances.cluster import Cluster
from gramian.inference.covariances.hc import HC
from gramian.sources.sidecar import Sidecar

CovarianceLike: TypeAlias = str | CovarianceKind
"""What `cov=` takes: a value, or the shorthand of a registered one."""

COVARIANCES: dict[str, CovarianceKind] = {
    "classical": Classical(),
    "HC0": HC(0),
    "HC1": HC(1),
    "HC2": HC(2),
    "HC3": HC(3),
    "cluster": Cluster(),
}
"""The one list: each shorthand with its value. Every door, message, table and saved model reads it."""


def covariance_kind(given: object) -> CovarianceKind:
    """The value itself, or that of a shorthand; raises ArgumentError with the nearest name."""
    if isinstance(given, CovarianceKind):
        return given
    found = COVARIANCES.get(given) if isinstance(given, str) else None
    if found is None:
        raise errors.not_a_choice("cov", given, COVARIANCES)
    return found


def covariance_beside(given: object, clusters: object) -> tuple[CovarianceKind, Any]:
    """The covariance of a fit, and its clusters (a column's name, or one label a row): what cov= and clusters= say together.

    Clusters alone mean clustered errors; a value that names its column needs no clusters=, and a column named by clusters=
    becomes part of the value. Raises ArgumentError where the two contradict each other or there are no clusters.
    """
    kind = covariance_kind(given)
    if clusters is not None and not kind.reads_clusters:
        if kind != Classical():
            reading = [f'"{name}"' for name, each in COVARIANCES.items() if each.reads_clusters]
            allowed = f"{' or '.join(reading)} where clusters are given"
            raise errors.bad_argument("cov", str(kind), allowed, "leave clusters= or cov= out")
        kind = Cluster()
    if not kind.reads_clusters:
        return kind, None
    kind.sums()  # refuses what is not computed, before a pass is made
    if not kind.columns:
        if clusters is None:
            raise errors.no_clusters(str(kind))
        return (Cluster(clusters) if kind == Cluster() and isinstance(clusters, str) else kind), clusters
    (column,) = kind.columns
    if clusters is not None and not (isinstance(clusters, str) and clusters == column):
        raise errors.bad_argument("clusters", clusters, f"{column!r}, as cov={kind!r} has it", "leave clusters= out")
    return kind, column


def covariance_of_fit(given: object, clusters: Sidecar | None) -> CovarianceKind:
    """The covariance asked of a finished fit, whose rows have these clusters. Raises ArgumentError for other ones."""
    kind = covariance_kind(given)
    column = None if clusters is None else clusters.column
    if kind == Cluster() and column is not None:
        return Cluster(column)
    if kind.reads_clusters and kind.columns and kind.columns != (column,):
        kind.sums()  # refuses what is not computed
        has = None if clusters is None else "an array" if column is None else repr(column)
        raise errors.not_the_clusters_of_the_fit(spelled(kind), kind.columns[0], has)
    return kind


def spelled(kind: CovarianceKind) -> str:
    """The argument that asks for it, for messages: "cov='HC3'", "cov=Cluster('firm')"."""
    short = str(kind)
    return f"cov={short!r}" if COVARIANCES.get(short) == kind else f"cov={kind!r}"


def covariances_table() -> list[tuple[str, str, str]]:
    """(shorthand, value, what it assumes or does) of every covariance, from the registry."""
    return [(name, repr(kind), kind.what) for name, kind in COVARIANCES.items()]


def to_json(kind: CovarianceKind) -> dict[str, Any]:
    """Class and fields."""
    return {"class": type(kind).__name__, "fields": kind.fields()}


def from_json(data: Mapping[str, Any] | None, name: str) -> CovarianceKind:
    """The value again, of a registered class; `name` is its shorthand, which is all that files without fields have.

    Raises ModelError where no covariance of that name is registered, TypeError or KeyError for other fields.
    """
    classes = {type(kind).__name__: type(kind) for kind in COVARIANCES.values()}
    if data is None:
        found = COVARIANCES.get(name)
        if found is None:
            raise errors.unknown_saved_covariance(name, COVARIANCES)
        return found
    kind = classes.get(str(data["class"]))
    if kind is None:
        raise errors.unknown_saved_covariance(str(data["class"]), classes)
    return kind.of_fields(cast(Mapping[str, Any], data["fields"]))
