"""Moments of [X y]: weights, means and the centred Gram matrix, from one read of the rows; they merge and subtract.

Each block is centred about its own mean and merged by the update of Chan, Golub and LeVeque (1983), with means kept in
double-double, so that a large mean costs no digits. The rounding of every entry is bounded as it is made:

    |G_ij - exact_ij| <= gamma_K noise_i noise_j,   |mean_j - exact_j| <= gamma_L noise_j / sqrt(sum w),

gamma_K = K u / (1 - K u), u = 2^-53, noise the column norms that went in (Higham, Accuracy and Stability, chapter 3). Taking
the mean off, or merging, adds a product d d' of differences of means. With t the largest |d_j| beside noise_j it costs K

    2 t (L + roundings of d) + 3,

because d is known to within gamma_L noise_j; t is measured, not supposed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import ClassVar, Protocol, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.execution.reduction import NARROW, BlockReduction, Origin, Reduction
from gramian.execution.runner import Runner
from gramian.execution.tree import Carry
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, exactly, two_sum
from gramian.kernels.rounding import gamma
from gramian.reductions.coalesced_rows import CoalescedRows, GatheredBlocks, as_weighted
from gramian.reductions.gradient_bound import GradientBound
from gramian.reductions.gram import CHUNK, FEW, dense_gram, first_means, in_pairs, mark_vanished, norms_of


@dataclass(frozen=True, slots=True, eq=False)
class MomentSums:
    """p = n + k columns [X y]: counts, mean (p,) as a Double (zero when not centred), gram (p, p), noise (p,).

    chain K and mean_chain L: of the bounds on the rounding of gram and mean.
    """

    label: ClassVar[str] = "moments"
    is_evidence: ClassVar[bool] = True
    decides_rank: ClassVar[bool] = False

    n: int
    centred: bool
    counts: Counts
    mean: Double
    gram: Floats
    noise: Floats
    chain: int
    mean_chain: int

    @property
    def gamma(self) -> float:
        return gamma(self.chain)

    @property
    def norms(self) -> Floats:
        """Column norms about the mean (about zero when not centred), (p,)."""
        return norms_of(self.gram)

    @property
    def raw_norms(self) -> Floats:
        """Column norms about zero, (p,)."""
        return np.hypot(self.norms, np.sqrt(self.counts.weight) * self.mean.hi)

    @property
    def mean_error(self) -> Floats:
        """Bound on the error of `mean`, (p,)."""
        return (gamma(self.mean_chain) if self.centred else 0.0) * self.noise / np.sqrt(self.counts.weight)

    def at(self, b: Floats) -> GradientBound:
        """The gradient c - G b; the rounding of the Gram matrix goes from entry to entry, so all of it is in `bound`."""
        n, G, noise = self.n, self.gram, self.noise
        spread = noise[n:] + noise[:n] @ np.abs(b)
        error = self.gamma + gamma(n + 4)
        rss = np.diag(G)[n:] - np.einsum("ij,ij->j", b, 2.0 * G[:n, n:] - G[:n, :n] @ b)
        return GradientBound(
            g=G[:n, n:] - G[:n, :n] @ b,
            residual_bound=np.zeros_like(spread),
            bound=error * np.outer(noise[:n], spread),
            level_bound=(gamma(self.mean_chain + n + 4) if self.centred else 0.0) * spread / np.sqrt(self.counts.weight),
            rss=np.maximum(rss, 0.0),
            rss_bound=self.gamma * spread**2,
            squared=True,
        )

    def divided(self, exponents: NDArray[np.int64]) -> MomentSums:
        """Those of the columns of [X y], each divided by 2^exponents[j], (p,)."""
        e = -exponents.astype(np.int32)
        mean = Double(np.ldexp(self.mean.hi, e), np.ldexp(self.mean.lo, e))
        gram = np.ldexp(np.ldexp(self.gram, e[:, None]), e[None, :])
        return replace(self, mean=mean, gram=gram, noise=np.ldexp(self.noise, e))

    @staticmethod
    def of(rows: Rows, runner: Runner) -> MomentSums | None:
        """One pass; None when there is no block."""
        whole = not rows.in_memory
        if rows.sparse:
            return runner.fold(CoalescedRows(rows), SparseMoments(whole))
        return runner.fold(rows, DenseMoments(rows.centred, whole))

    def __add__(self, other: MomentSums) -> MomentSums:
        return merge(self, other)

    def __sub__(self, other: MomentSums) -> MomentSums:
        """Without the rows of `other`, which must be among these.

        The rounding of both stays in `noise`, and the fewer rows are left the more the error of the means weighs.
        """
        counts = self.counts - other.counts
        total, gone, left = self.counts.weight, other.counts.weight, counts.weight
        delta = _difference(other.mean, self.mean)
        mean = add(self.mean, exactly(-delta * (gone / left))) if self.centred else self.mean
        gram = self.gram - other.gram - np.outer(delta, delta) * (gone * total / left)
        noise = np.hypot(np.hypot(self.noise, other.noise), delta * np.sqrt(gone)) * np.sqrt(total / left)
        L = self.mean_chain + other.mean_chain
        return MomentSums(self.n, self.centred, counts, mean, gram, noise, self.chain + other.chain + 3 * L + 10, L + 10)


@dataclass(frozen=True, slots=True)
class DenseMoments(BlockReduction[MomentSums]):
    """Moments of all rows. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "moments"
    narrow: ClassVar[int] = NARROW

    centred: bool
    whole: bool

    def of_block(self, block: Block, origin: Origin) -> MomentSums:
        return moments_of_block(block, self.centred, self.whole)

    def merge(self, a: MomentSums, b: MomentSums) -> MomentSums:
        return merge(a, b)


@dataclass(slots=True, eq=False)
class _Coalesced:
    """Of a run of sparse parts: the blocks gathered so far, and the tree of what was taken, a place in it for each block."""

    run: GatheredBlocks
    tree: Carry[MomentSums | None]


@dataclass(frozen=True, slots=True)
class SparseMoments(Reduction[Block, _Coalesced, MomentSums, MomentSums]):
    """Moments of CSR rows about zero, several blocks at a time."""

    label: ClassVar[str] = "moments"

    whole: bool

    def init(self) -> _Coalesced:
        return _Coalesced(GatheredBlocks(), Carry(_merged))

    def step(self, state: _Coalesced, item: Block, origin: Origin) -> _Coalesced:
        if state.run.blocks:
            state.tree.push(None)  # the block before was only gathered
        state.run.add(item, self.whole)
        if state.run.full:
            state.tree.push(_sparse_moments(*state.run.take()))
        return state

    def close(self, state: _Coalesced) -> MomentSums | None:
        if state.run.blocks:
            state.tree.push(_sparse_moments(*state.run.take()))
        return state.tree.total()

    def merge(self, a: MomentSums, b: MomentSums) -> MomentSums:
        return merge(a, b)

    def finish(self, total: MomentSums) -> MomentSums:
        return total


def _merged(a: MomentSums | None, b: MomentSums | None) -> MomentSums | None:
    return (b if a is None else a) if a is None or b is None else merge(a, b)


@np.errstate(over="ignore", invalid="ignore")  # the caller looks for norms that are not finite
def merge(a: MomentSums, b: MomentSums) -> MomentSums:
    """Chan's update: G = G_a + G_b + (W_a W_b / W) d d',  d = mean_b - mean_a,  mean = mean_a + (W_b / W) d."""
    counts = a.counts + b.counts
    chain, mean_chain = max(a.chain, b.chain), max(a.mean_chain, b.mean_chain)
    if a.counts.used == 0 or b.counts.used == 0:
        return replace(b if a.counts.used == 0 else a, counts=counts, chain=chain, mean_chain=mean_chain)
    noise = np.hypot(a.noise, b.noise)
    if not a.centred:
        return MomentSums(a.n, False, counts, a.mean, a.gram + b.gram, noise, chain + 1, 0)
    d = _difference(b.mean, a.mean)
    lift = d * np.sqrt(a.counts.weight * (b.counts.weight / counts.weight))
    gram = a.gram + b.gram
    gram += np.outer(lift, lift)
    noise = np.hypot(noise, lift)
    chain += 3 + _lifting(lift, noise, mean_chain, counts)
    return MomentSums(a.n, True, counts, merged_mean(a, b, d), gram, noise, chain, mean_chain + 4)


def _lifting(d: Floats, noise: Floats, mean_chain: int, counts: Counts) -> int:
    """What the product d d' of differences of means adds to the chain."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(d) / noise
    largest = float(np.max(t, initial=0.0, where=np.isfinite(t)))
    return ceil(2.0 * min(largest, 1.0) * (mean_chain + 10 + _weighing(counts)))


def _weighing(counts: Counts) -> int:
    """Roundings in a sum of weights, which numpy takes in pairs; whole numbers are summed without any."""
    return 0 if counts.weight == counts.used else 45


class _Weighed(Protocol):
    @property
    def counts(self) -> Counts: ...
    @property
    def mean(self) -> Double: ...


def merged_mean(a: _Weighed, b: _Weighed, d: Floats) -> Double:
    """The mean of both, d = mean_b - mean_a; from the heavier side, so that d is rounded by its smaller share."""
    total = a.counts.weight + b.counts.weight
    if a.counts.weight >= b.counts.weight:
        return add(a.mean, exactly(d * (b.counts.weight / total)))
    return add(b.mean, exactly(-d * (a.counts.weight / total)))


def _difference(a: Double, b: Double) -> Floats:
    return add(a, -b).rounded()


@np.errstate(over="ignore", invalid="ignore")
def moments_of_block(block: Block, centred: bool, whole: bool) -> MomentSums:
    """Moments of one block."""
    n, p = block.n, block.n + block.y.shape[1]
    counts = Counts.of(block, whole)
    zero = exactly(np.zeros(p))
    if block.rows == 0:
        return MomentSums(n, centred, counts, zero, np.zeros((p, p)), np.zeros(p), 0, 0)
    if not isinstance(block.X, np.ndarray):
        return _sparse_moments(*as_weighted(block, counts))
    root = None if block.w is None else np.sqrt(block.w)
    # A sum of a chunk's products, sums of chunks; each side shifted, rounded once, and times sqrt(w), rounded twice.
    added = min(block.rows, CHUNK) + -(-block.rows // CHUNK)
    chain = added + (2 if centred else 0) + (0 if root is None else 4)
    shift = first_means(block.X, block.y, block.w) if centred else np.zeros(p)
    gram, sums = dense_gram(block.X, block.y, root, shift if centred else None)
    if np.any(np.diag(gram) == 0):
        gram = mark_vanished(gram, block.X - shift[:n], block.y - shift[n:])
    noise = norms_of(gram)
    if not centred:
        return MomentSums(n, False, counts, zero, gram, noise, chain, 0)
    off = sums / np.sqrt(counts.weight)
    gram -= np.outer(off, off)
    mean_chain = added + 6
    chain += 3 + _lifting(off, noise, mean_chain, counts)
    mean = two_sum(shift, sums / counts.weight)
    return MomentSums(n, True, counts, mean, gram, noise, chain, mean_chain + _weighing(counts))


@np.errstate(over="ignore", invalid="ignore")
def _sparse_moments(counts: Counts, X: sp.csr_array, y: Floats) -> MomentSums:
    """Of sqrt(w) X and sqrt(w) y, about zero."""
    m, n = cast(tuple[int, int], X.shape)
    p = n + y.shape[1]
    gram = np.empty((p, p))
    gram[:n, :n] = (X.T @ X).toarray()
    gram[:n, n:] = X.T @ y
    gram[n:, :n] = gram[:n, n:].T
    gram[n:, n:] = in_pairs([y[i : i + FEW].T @ y[i : i + FEW] for i in range(0, max(m, 1), FEW)])
    longest = int(np.bincount(X.indices, minlength=1).max())  # only entries that are there take part in a sum
    chain = max(longest, min(m, FEW) + (m // FEW).bit_length()) + 8
    return MomentSums(n, False, counts, exactly(np.zeros(p)), gram, norms_of(gram), chain, 0)
