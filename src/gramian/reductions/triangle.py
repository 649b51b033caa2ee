"""Triangle: R of the QR factorisation of [X y], by merged QR of blocks (TSQR); it squares no condition number.

Centred blocks merge with one more row, as Chan's update does for moments: with a = W_a W_b / W and d = mean_b - mean_a,

    R = qr([R_a; R_b; sqrt(a) d']).

The factor is that of [X y] + E with |E_j| <= gamma |[X y]_j| column by column (Demmel, Grigori, Hoemmen and Langou,
SIAM J. Sci. Comput. 34, 2012; Higham, Accuracy and Stability, theorem 19.4). The last k columns hold Q'y and its rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.execution.reduction import NARROW_QR, BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, exactly, two_sum
from gramian.kernels.lapack import triangle_of
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U, gamma
from gramian.reductions.gradient_bound import GradientBound
from gramian.reductions.moments import merged_mean

FEW, VALUES, CACHED = 1024, 1 << 15, 256
"""Rows or numbers of a piece of a block, and columns up to which pieces gain: half the time at 32, a fifth at 256 (measured)."""


@dataclass(frozen=True, slots=True, eq=False)
class Triangle:
    """R (min(rows, p), p) of the centred [X y] with p = n + k; mean (p,) as a Double, zero when not centred."""

    label: ClassVar[str] = "triangle"
    is_evidence: ClassVar[bool] = True
    decides_rank: ClassVar[bool] = True

    n: int
    centred: bool
    counts: Counts
    mean: Double
    R: Floats

    @property
    def gamma(self) -> float:
        """Columnwise relative backward error. Theorem 19.4 has m p u; measured are 30 u at most, on up to 300,000 rows of up to
        50 columns (bench/triangle.py), because sums of a block are taken in parts, and blocks merge in a tree.
        """
        p = self.R.shape[1]
        return 8.0 * U * float(np.sqrt(min(self.counts.used + 1.0, 256.0))) * float(np.sqrt(p))

    @property
    def norms(self) -> Floats:
        """Column norms about the mean (about zero when not centred), (p,)."""
        return column_norms(self.R)

    @property
    def raw_norms(self) -> Floats:
        """Column norms about zero, (p,)."""
        return np.hypot(self.norms, np.sqrt(self.counts.weight) * self.mean.hi)

    @property
    def mean_error(self) -> Floats:
        """Bound on the error of `mean`, (p,)."""
        return (self.gamma if self.centred else 0.0) * self.norms / np.sqrt(self.counts.weight)

    def at(self, b: Floats) -> GradientBound:
        """The gradient R'(z - R b). With [X y] + E = Q [R z] it is (X + E)'(r + E_y - E b): E_y - E b is an error of the
        residual, which X'W passes on without growth, and only E'r goes from entry to entry.
        """
        n, R = self.n, self.R
        rest = R[:, n:] - R[:, :n] @ b
        norms = self.norms
        spread = norms[n:] + norms[:n] @ np.abs(b)
        error = (self.gamma + gamma(n + 3)) * spread
        size = column_norms(rest)
        return GradientBound(
            g=R[:, :n].T @ rest,
            residual_bound=error,
            bound=(self.gamma + gamma(R.shape[0] + 3)) * np.outer(norms[:n], size + error),
            level_bound=(error if self.centred else 0.0 * error) / np.sqrt(self.counts.weight),
            rss=size**2,
            rss_bound=error,
            squared=False,
        )

    @staticmethod
    def of(rows: Rows, runner: Runner) -> Triangle | None:
        """One pass; None when there is no block. Sparse blocks are made dense one at a time."""
        return runner.fold(rows, TriangleOfRows(rows.centred, not rows.in_memory))


@dataclass(frozen=True, slots=True)
class TriangleOfRows(BlockReduction[Triangle]):
    """The triangle of all rows. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "triangle"
    narrow: ClassVar[int] = NARROW_QR

    centred: bool
    whole: bool

    def of_block(self, block: Block, origin: Origin) -> Triangle:
        return triangle_of_block(block, self.centred, self.whole)

    def merge(self, a: Triangle, b: Triangle) -> Triangle:
        return merge(a, b)


@np.errstate(over="ignore", invalid="ignore")  # the caller looks for norms that are not finite
def merge(a: Triangle, b: Triangle) -> Triangle:
    counts = a.counts + b.counts
    if a.counts.used == 0 or b.counts.used == 0:
        return replace(b if a.counts.used == 0 else a, counts=counts)
    stack = [a.R, b.R]
    mean = a.mean
    if a.centred:
        share = b.counts.weight / counts.weight
        d = add(b.mean, -a.mean).rounded()
        stack.append(np.sqrt(a.counts.weight * share) * d[None, :])
        mean = merged_mean(a, b, d)
    return Triangle(a.n, a.centred, counts, mean, triangle_of(np.concatenate(stack)))


@np.errstate(over="ignore", invalid="ignore")
def triangle_of_block(block: Block, centred: bool, whole: bool) -> Triangle:
    n, k = block.n, block.y.shape[1]
    counts = Counts.of(block, whole)
    dense = block.dense()
    Z = np.concatenate([dense, block.y], axis=1)
    mean = exactly(np.zeros(n + k))
    if block.rows == 0:
        return Triangle(n, centred, counts, mean, np.zeros((0, n + k)))
    if centred:
        # Twice: the second mean takes out what the rounding of the first left, so the pair is good to u^2.
        first = _mean(Z, block.w)
        Z -= first
        second = _mean(Z, block.w)
        Z -= second
        mean = two_sum(first, second)
    if block.w is not None:
        Z *= np.sqrt(block.w)[:, None]
    return Triangle(n, centred, counts, mean, _reduced(Z))


def _reduced(Z: Floats) -> Floats:
    """R of Z by a few rows at a time, where those stay in the cache and LAPACK's columns do not run through memory."""
    m, p = Z.shape
    few = max(FEW, VALUES // p)
    if p > CACHED or m < 2 * few:
        return triangle_of(Z)
    return triangle_of(np.concatenate([triangle_of(Z[i : i + few]) for i in range(0, m, few)]))


def _mean(values: Floats, w: Floats | None) -> Floats:
    if w is None:
        return np.add.reduce(values, axis=0) / values.shape[0]
    return (w @ values) / np.sum(w)
