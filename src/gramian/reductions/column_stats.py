"""Means and norms of the columns of [X y], from one cheap pass: what standardising takes.

Each block is shifted by its own first rows and merged by the update of Chan, Golub and LeVeque (1983), so that a large mean
costs no digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, Rows
from gramian.data.coordinates import Coordinates
from gramian.execution.reduction import NARROW, BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats

CONSTANT = 2.0**-50
"""A column whose norm about its mean is below this share of its norm about zero is constant to rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnStats:
    """Of [X y], p = n + k columns: weight, mean (p,), squares (p,) summed about the mean."""

    weight: float
    mean: Floats
    squares: Floats

    @staticmethod
    def of(rows: Rows, runner: Runner) -> ColumnStats | None:
        """One pass; None when there is no row."""
        return runner.fold(rows, ColumnStatsOfRows())

    @property
    def finite(self) -> bool:
        """Whether no value was NaN or infinite; False also where a sum of squares is beyond every float."""
        return bool(np.isfinite(self.weight) and np.all(np.isfinite(self.mean)) and np.all(np.isfinite(self.squares)))

    @property
    def norms(self) -> Floats:
        """Column norms about the mean."""
        return np.sqrt(self.squares)

    @property
    def raw_norms(self) -> Floats:
        """Column norms about zero."""
        return np.hypot(self.norms, np.sqrt(self.weight) * self.mean)

    def standardised(self, n: int, intercept: bool, centre: bool, ridge: Floats, bend: float) -> Coordinates:
        """Each of the first n columns scaled so that J, with loss'' = bend, bends alike along all; a ridge (n,) is counted in.

        A column that is constant to rounding keeps scale 1: beside an intercept its deviation is rounding.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            squares = (self.squares if intercept else self.squares + self.weight * self.mean**2)[:n]
            scale = np.sqrt((squares + ridge / bend) / self.weight)
            flat = (np.sqrt(squares) <= CONSTANT * self.raw_norms[:n]) & (ridge == 0)
        scale = np.where(flat | ~(np.isfinite(scale) & (scale > 0)), 1.0, scale)
        return Coordinates(self.mean[:n].copy() if centre else np.zeros(n), scale, intercept)


@dataclass(frozen=True, slots=True)
class ColumnStatsOfRows(BlockReduction[ColumnStats]):
    """ColumnStats of all rows."""

    label: ClassVar[str] = "means and scales"
    narrow: ClassVar[int] = NARROW

    def of_block(self, block: Block, origin: Origin) -> ColumnStats:
        return spread_of_block(block)

    def merge(self, a: ColumnStats, b: ColumnStats) -> ColumnStats:
        return merge(a, b)


def merge(a: ColumnStats, b: ColumnStats) -> ColumnStats:
    """Chan's update: mean = mean_a + (W_b / W) d,  squares = squares_a + squares_b + (W_a W_b / W) d^2."""
    if a.weight == 0 or b.weight == 0:
        return b if a.weight == 0 else a
    weight = a.weight + b.weight
    with np.errstate(over="ignore", invalid="ignore"):
        d = b.mean - a.mean
        share = b.weight / weight
        return ColumnStats(weight, a.mean + share * d, a.squares + b.squares + (a.weight * share) * d**2)


def spread_of_block(block: Block) -> ColumnStats:
    """Overflow and NaN are left in the sums, for the caller to find."""
    w = block.w
    weight = float(block.rows) if w is None else float(np.sum(w))
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [_dense(block.X, w) if isinstance(block.X, np.ndarray) else _sparse(block.X, w), _dense(block.y, w)]
    shift, sums, squares = (np.concatenate(each) for each in zip(*parts, strict=True))
    if weight == 0:
        return ColumnStats(0.0, shift, squares)
    with np.errstate(over="ignore", invalid="ignore"):
        return ColumnStats(weight, shift + sums / weight, np.maximum(squares - sums**2 / weight, 0.0))


def _dense(X: Floats, w: Floats | None) -> tuple[Floats, Floats, Floats]:
    """(shift, sum of w (x - shift), sum of w (x - shift)^2)."""
    from gramian.kernels import passes

    X = np.ascontiguousarray(X)  # first: a mean of columns in another layout may round otherwise
    shift = np.mean(X[:64], axis=0) if X.shape[0] else np.zeros(X.shape[1])
    sums, squares = np.zeros_like(shift), np.zeros_like(shift)
    passes.dense_spread(X, np.empty(0) if w is None else w, shift, sums, squares)
    return shift, sums, squares


def _sparse(X: sp.csr_array, w: Floats | None) -> tuple[Floats, Floats, Floats]:
    n = cast(tuple[int, int], X.shape)[1]
    data = cast(Floats, X.data)
    each = data if w is None else data * np.repeat(w, np.diff(X.indptr))
    sums, squares = (np.bincount(X.indices, weights=v, minlength=n) for v in (each, each * data))
    return np.zeros(n), sums.astype(np.float64), squares.astype(np.float64)
