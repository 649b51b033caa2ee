"""The objective over rows: J, its gradient, Hessian and lines, each from one read of the rows.

    J(theta) = 1/W sum_i w_i loss(eta_i, y_i) + ridge/(2 W) ||b||^2,    eta = t + ((x - centre) / scale) beta,

W the sum of the weights, theta = (t, beta) with an intercept, b = beta / scale in the user's units. Coordinates are
standardised lazily: X is never copied for it, the sums are taken in the user's columns and scaled once a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian import errors
from gramian.data.blocks import Rows
from gramian.data.coordinates import Coordinates
from gramian.data.counts import Counts
from gramian.execution.reduction import BlockReduction, P, RowMap
from gramian.execution.runner import Runner
from gramian.families import GAUSSIAN
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.objectives import row_products as products
from gramian.objectives.cached_rows import CachedRows, placed
from gramian.objectives.curvature import bounds
from gramian.objectives.hessian_lower_bound import HessianLowerBound
from gramian.objectives.lines import Parabola, RowLine
from gramian.objectives.many_targets import Sums, Surface
from gramian.objectives.objective import Curvature, Line
from gramian.objectives.row_passes import (
    FittedValues,
    GradientPass,
    HessianPass,
    LargestRow,
    LineValues,
    ParabolaPass,
    ProductPass,
    RowSizes,
    SizesOfRows,
    ValuePass,
)
from gramian.objectives.row_products import RowVector
from gramian.problem.penalties import NoPenalty
from gramian.problem.penalty import Penalty
from gramian.reductions.column_stats import ColumnStats

SMALL = 1 << 20
"""Entries of X up to which a pass is over before threads have started: 0.2 ms for two, measured; the bits are the same."""


@dataclass(slots=True)
class _Spent:
    """Passes so far, and what need not be computed twice."""

    passes: float = 0.0
    gram: Floats | None = None
    curvature: Curvature | None = None
    row: float | None = None
    floor: HessianLowerBound | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinearObjective:
    """J over rows; theta is (p, k). `spread` tells the means and norms of the columns of [X y]."""

    label: ClassVar[str] = "rows"

    rows: CachedRows
    runner: Runner
    loss: Loss
    penalty: Penalty
    coordinates: Coordinates
    spread: ColumnStats
    spent: _Spent

    @staticmethod
    def of(
        rows: Rows,
        runner: Runner,
        loss: Loss,
        penalty: Penalty,
        standardise: bool = True,
        *,
        intercept: bool | None = None,
        centre: bool | None = None,
    ) -> LinearObjective:
        """One or two cheap passes: rows that fit in memory are held, and means and scales are taken.

        intercept: as the rows are centred when None; a sparse X takes one as a parameter. centre: about the means when
        there is an intercept; False leaves the columns where they are, so that a step on one sparse row costs its stored
        values. Without `standardise`, theta are the user's own coefficients, an intercept first.
        """
        intercept = rows.centred if intercept is None else intercept
        ready = placed(rows, runner)
        spread = ColumnStats.of(ready, runner)
        if spread is None:
            raise errors.no_rows_for("a fit", rows.name)
        shape = Coordinates.raw(rows.n, intercept)
        if standardise:
            bend = loss.curvature if np.isfinite(loss.curvature) else 1.0
            centre = intercept if centre is None else centre
            shape = spread.standardised(rows.n, intercept, centre, penalty.quadratic(rows.n), bend)
        if ready.held and ready.counts.used * rows.n <= SMALL:
            runner = runner.at_most(1).reporting(None)
        return LinearObjective(ready, runner, loss, penalty, shape, spread, _Spent(ready.passes + 1.0))

    # ---- sizes ----

    @property
    def counts(self) -> Counts:
        return self.rows.counts

    @property
    def weight(self) -> float:
        return self.counts.weight

    @property
    def n(self) -> int:
        return self.rows.n

    @property
    def shape(self) -> tuple[int, int]:
        return self.coordinates.size, self.rows.k

    @property
    def norms(self) -> Floats:
        """Of the columns of [X y], about their means where there is an intercept."""
        return self.spread.norms if self.coordinates.intercept else self.spread.raw_norms

    @property
    def raw_norms(self) -> Floats:
        return self.spread.raw_norms

    @property
    def passes(self) -> float:
        return self.spent.passes

    @property
    def quadratic(self) -> bool:
        return self.loss.quadratic

    @property
    def shrink(self) -> Floats:
        """Weights of the penalty in these coordinates, (p,): J has shrink / (2 W) theta^2; 0 for an intercept."""
        first = int(self.coordinates.intercept)
        return np.concatenate([np.zeros(first), self.penalty.quadratic(self.n) / self.coordinates.scale**2])

    def start(self) -> Floats:
        return np.zeros(self.shape)

    def count(self, passes: float) -> None:
        """Adds passes that another reader of these rows made."""
        self.spent.passes += passes

    # ---- first order ----

    def value(self, theta: Floats) -> float:
        total = self.complete(self.over_rows(ValuePass(self.surface(theta), self.loss)))
        return total.value / self.weight + self._ridge(theta, theta) / 2

    def gradient(self, theta: Floats) -> tuple[float, Floats]:
        """J and its gradient (p, k), from one read of the rows."""
        total = self.complete(self.over_rows(GradientPass(self.surface(theta), self.loss)))
        return total.value / self.weight + self._ridge(theta, theta) / 2, self._gradient_of(total, theta)

    def forward(self, theta: Floats) -> Floats:
        """Eta of every used row, (m, q) for theta (p, q)."""
        eta = np.empty((self.counts.used, theta.shape[1]))
        self.mapped(FittedValues(self.surface(theta)), eta)
        return eta

    # ---- second order ----

    def hessian(self, theta: Floats) -> Floats:
        """(k, p, p); (1, p, p) for the squared loss, read once and kept."""
        if self.quadratic and self.spent.gram is not None:
            return self.spent.gram.copy()
        H = self.hessian_at(None if self.quadratic else self.surface(theta))
        if self.quadratic:
            self.spent.gram = H
        return H.copy()

    def hessian_at(self, at: Surface | None, bend: float = 1.0) -> Floats:
        """That of J at a surface; without one, with every second derivative equal to `bend`."""
        first = int(self.coordinates.intercept)
        total = self.over_rows(HessianPass(self.coordinates.centre, at, self.loss))
        unit = np.concatenate([np.ones(first), 1.0 / self.coordinates.scale])
        H = total[:, 1 - first :, 1 - first :] * (unit[:, None] * unit * (bend / self.weight))
        return H + np.diag(self.shrink / self.weight)

    def hessian_vector(self, theta: Floats, v: Floats) -> Floats:
        """H(theta) v, (p, k); one pass."""
        total = self.complete(self.over_rows(ProductPass(self.surface(theta), self.surface(v), self.loss)))
        return self._gradient_of(total, v)

    def line(self, theta: Floats, d: Floats) -> Line:
        """J along theta + step d; one pass."""
        penalty = Parabola(self._ridge(theta, theta) / 2, self._ridge(theta, d), self._ridge(d, d))
        both, k = self.surface(np.concatenate([theta, d], axis=1)), self.shape[1]
        if self.quadratic:
            bent = self.over_rows(ParabolaPass(both)) / self.weight
            return Parabola(bent[0] / 2 + penalty.start, bent[1] + penalty.tilt, bent[2] + penalty.bend)
        m, store = self.counts.used, self.rows.store
        eta, q = np.empty((m, k)), np.empty((m, k))
        if store is not None:
            self.mapped(LineValues(both), eta, q)
            return RowLine(self.loss, eta, q, store.y, store.w, self.weight, penalty)
        y, w = np.empty((m, k)), np.ones(m) if self.rows.weighted else None
        self.mapped(LineValues(both), eta, q, y, *([] if w is None else [w]))
        return RowLine(self.loss, eta, q, y, w, self.weight, penalty)

    def curvature(self) -> Curvature:
        """Bounds on the Hessian, exact but for rounding where p is moderate; see `views.curvature`."""
        if self.spent.curvature is None:
            self.spent.curvature = Curvature(*bounds(self), self.row_curvature())
        return self.spent.curvature

    def row_curvature(self) -> float:
        """Bound on the Hessian of N w_i / W loss(eta_i) + ridge / (2 W) ||b||^2, N the number of rows; one pass."""
        if self.spent.row is None:
            sizes = self._row_sizes()
            self.spent.row = sizes.share * self.over_rows(LargestRow(sizes)) + float(np.max(self.shrink)) / self.weight
        return self.spent.row

    def row_curvatures(self) -> Floats:
        """That of each row by itself (m,), without the ridge; one pass."""
        found = np.empty(self.counts.used)
        self.mapped(SizesOfRows(self._row_sizes()), found)
        self.spent.row = float(np.max(found, initial=0.0)) + float(np.max(self.shrink)) / self.weight
        return found

    def _row_sizes(self) -> RowSizes:
        return RowSizes.of(self.coordinates, self.loss, self.counts.used, self.weight)

    # ---- products for Krylov methods: see `views.products` ----

    def targets(self) -> RowVector:
        return products.targets(self)

    def fused(self, v: Floats, u: RowVector | None, alpha: Floats | float = 0.0) -> tuple[RowVector, Floats]:
        """(A v - alpha u, A' of it) in one pass; u is overwritten, None is zero. v (p, k), alpha (k,)."""
        return products.fused(self, v, u, alpha)

    # ---- the rows, and the coordinates they are seen in ----

    def surface(self, theta: Floats) -> Surface:
        """Theta (p, q) in the user's columns."""
        B, t = self.coordinates.to_user(theta)
        return Surface(self.coordinates.centre, np.ascontiguousarray(B), t)

    def without_centre(self, scaled: bool = True) -> LinearObjective:
        """The same objective with the columns not centred, and as they are unless `scaled`; no pass."""
        raw = Coordinates.raw(self.n, self.coordinates.intercept)
        raw = replace(raw, scale=self.coordinates.scale) if scaled else raw
        return replace(self, coordinates=raw, spent=_Spent(passes=self.spent.passes))

    def squared(self) -> LinearObjective:
        """The squared loss of the same rows in the same coordinates, without the penalty; passes count for both."""
        return replace(self, penalty=NoPenalty(), loss=GAUSSIAN)

    # ---- passes ----

    def complete(self, total: Sums) -> Sums:
        """The sums of a pass. Raises SourceError where not all rows went in."""
        if total.rows != self.counts.used:
            raise errors.changed_between_passes(self.rows.name)
        return total

    def over_rows(self, reduction: BlockReduction[P]) -> P:
        """What a pass comes to. Raises SourceError where no row is left."""
        return self._counted(self.runner.fold(self.rows, reduction))

    def mapped(self, mapped: RowMap[P], *vectors: Floats) -> P:
        """The same of a pass that overwrites vectors with a row for each row."""
        return self._counted(self.runner.map_rows(self.rows, mapped, vectors))

    def _counted(self, total: P | None) -> P:
        if total is None:
            raise errors.changed_between_passes(self.rows.name)
        self.count(1.0)
        return total

    def _gradient_of(self, total: Sums, theta: Floats) -> Floats:
        return (self.unscaled(total) + self.shrink[:, None] * theta) / self.weight

    def unscaled(self, total: Sums) -> Floats:
        beta = total.g / self.coordinates.scale[:, None]
        return np.concatenate([total.s[None, :], beta]) if self.coordinates.intercept else beta

    def _ridge(self, a: Floats, b: Floats) -> float:
        return float(self.shrink @ np.sum(a * b, axis=1)) / self.weight if not self.penalty.is_zero else 0.0
