"""Builds Estimate, Projection and in-memory Rows straight from numpy, independent of the solvers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gramian.data.blocks import Block
from gramian.inference.estimate import Dropped, Estimate
from gramian.reductions.sandwich import Projection


@dataclass(frozen=True)
class Part:
    rows: TableRows
    first: int | None
    start: int
    stop: int
    label: str = "part"

    def blocks(self) -> Iterator[Block]:
        r = self.rows
        for a in range(self.start, self.stop, r.block):
            b = min(a + r.block, self.stop)
            use = r.used[a:b]
            kept = None if use.all() else np.flatnonzero(use)
            take = slice(a, b) if kept is None else a + kept
            w = None if r.w is None else r.w[take]
            cluster = None if r.cluster is None else r.cluster[take]
            yield Block(a - self.start, r.X[take], r.y[take], w, cluster, b - a, kept, False)


@dataclass(frozen=True)
class TableRows:
    """Rows of [X y] in parts; rows with a missing value or of weight zero are not `used`."""

    X: np.ndarray
    y: np.ndarray
    used: np.ndarray
    w: np.ndarray | None = None
    cluster: np.ndarray | None = None
    centred: bool = True
    part: int = 40
    block: int = 16
    numbered: bool = True
    sparse: bool = False
    rereadable: bool = True
    in_memory: bool = True
    name: str = "a table"

    @property
    def n(self) -> int:
        return self.X.shape[1]

    @property
    def k(self) -> int:
        return self.y.shape[1]

    @property
    def rows(self) -> int | None:
        return self.y.shape[0] if self.numbered else None

    @property
    def weighted(self) -> bool:
        return self.w is not None

    def parts(self) -> Sequence[Part]:
        m = self.y.shape[0]
        return [Part(self, a if self.numbered else None, a, min(a + self.part, m)) for a in range(0, m, self.part)]


@dataclass(frozen=True)
class Fitted:
    estimate: Estimate
    projection: Projection
    rows: TableRows


def fitted(
    X: np.ndarray,
    y: np.ndarray,
    *,
    w: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    intercept: bool = True,
    frequency: bool = False,
    names: Sequence[str] | None = None,
    terms: Sequence[tuple[str, Sequence[int]]] | None = None,
    dropped: Sequence[Dropped] = (),
    **layout: int | bool,
) -> Fitted:
    """Least squares by numpy's QR. Columns in `dropped` must be the last ones of X."""
    y = y.reshape(len(y), -1)
    used = ~(np.isnan(X).any(axis=1) | np.isnan(y).any(axis=1)) & (np.ones(len(y), bool) if w is None else w > 0)
    Xu, yu = X[used], y[used]
    wu = np.ones(used.sum()) if w is None else w[used]
    names = tuple(f"x{j}" for j in range(X.shape[1])) if names is None else tuple(names)
    keep = X.shape[1] - len(dropped)
    root_w, W = np.sqrt(wu)[:, None], wu.sum()
    mean = wu @ Xu / W if intercept else np.zeros(X.shape[1])
    level = wu @ yu / W if intercept else np.zeros(y.shape[1])
    Q, R = np.linalg.qr(root_w * (Xu - mean)[:, :keep])
    root = np.zeros((X.shape[1], keep))
    root[:keep] = np.linalg.inv(R) if keep else 0.0
    slopes = root @ (Q.T @ (root_w * (yu - level)))
    residual = yu - level - (Xu - mean) @ slopes
    coef = slopes.copy()
    coef[keep:] = np.nan
    projection = Projection(coef, root, level, mean, intercept, float(W), frequency)
    bread = projection.bread()
    if intercept:
        coef = np.vstack([level - mean @ slopes, coef])
        names = ("Intercept", *names)
    estimate = Estimate(
        names=names,
        terms=tuple((n, tuple(p)) for n, p in terms)
        if terms is not None
        else tuple((name, (j,)) for j, name in enumerate(names) if name != "Intercept"),
        targets=tuple(f"y{j}" for j in range(y.shape[1])) if y.shape[1] > 1 else ("y",),
        coef=coef,
        root=bread,
        nobs=float(W if frequency else used.sum()),
        weight_sum=float(W),
        log_weight_sum=float(np.log(wu).sum()),
        rss=(wu[:, None] * residual**2).sum(axis=0),
        tss=(wu[:, None] * (yu - level) ** 2).sum(axis=0),
        rank=keep + intercept,
        intercept=intercept,
        dropped=tuple(dropped),
        frequency=frequency,
    )
    return Fitted(estimate, projection, TableRows(X, y, used, w, cluster, intercept, **layout))
