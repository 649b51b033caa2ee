"""Moments of [X y]: weights, means and the centred Gram matrix, from one read of the rows; they merge and subtract.

Each block is centred about its own mean and merged by the update of Chan, Golub and LeVeque (1983), with means kept in
double-double, so that a large mean costs no digits. The rounding of every entry is bounded as it is made:

    |G_ij - exact_ij| <= gamma * noise_i * noise_j,   gamma = K u / (1 - K u),   u = 2^-53,

K the longest chain of operations, noise the column norms that went in (Higham, Accuracy and Stability, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.arraytypes import Floats
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.errors import SourceError, message
from gramian.kernels.exact import Double, add, exactly, two_sum
from gramian.views.base import Runner

U = 2.0**-53
CHUNK = 2048
"""Rows reduced by one BLAS call: short chains keep the rounding bound small, at no cost in speed (measured)."""


WORD = 2**64 - 1


def gamma(chain: float) -> float:
    """Relative error bound of a chain of so many float64 operations."""
    return chain * U / (1.0 - chain * U)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows read, used, left out; and the sums of weights that inference needs."""

    read: int
    used: int
    missing: int
    idle: int
    weight: float
    log_weight: float
    bits: int  # a sum of the values' bit patterns, each times its place: tells whether a later pass saw the same numbers

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.used + other.used,
            self.missing + other.missing,
            self.idle + other.idle,
            self.weight + other.weight,
            self.log_weight + other.log_weight,
            (self.bits + other.bits) & WORD,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.read - other.read,
            self.used - other.used,
            self.missing - other.missing,
            self.idle - other.idle,
            self.weight - other.weight,
            self.log_weight - other.log_weight,
            (self.bits - other.bits) & WORD,
        )

    @staticmethod
    def of(block: Block, whole: bool) -> Counts:
        """`whole` also takes the bits of X, not only those of y; a sparse X always gives its own."""
        w = block.w
        seen = [block.y]
        if not isinstance(block.X, np.ndarray):
            seen.append(cast(Floats, block.X.data)[None, :])
        elif whole:
            seen.append(block.X)
        if w is not None:
            seen.append(w[None, :])
        bits = sum((2 * i + 1) * _bits(values) for i, values in enumerate(seen)) * (2 * block.start + 1) & WORD
        return Counts(
            read=block.read,
            used=block.rows,
            missing=block.missing,
            idle=block.idle,
            weight=float(block.rows) if w is None else float(np.sum(w)),
            log_weight=0.0 if w is None else float(np.sum(np.log(w))),
            bits=bits,
        )


def check_unchanged(name: str, first: Counts, now: Counts) -> None:
    """Raises SourceError when a later pass met other rows than the first did."""
    if (first.read, first.used, first.bits) != (now.read, now.used, now.bits):
        raise SourceError(
            message(
                f"{name} changed between two passes: {first.read:,} rows at first, {now.read:,} rows later"
                if first.read != now.read
                else f"{name} changed between two passes: the same {now.read:,} rows with other values",
                "A source must give the same rows in the same order each time it is read",
                "fit a copy that nothing writes to",
            )
        )


def _bits(values: Floats) -> int:
    """Bit patterns times odd numbers of their row and column, summed modulo 2^64: any swap or change moves it."""
    flat = np.ascontiguousarray(values.T if values.flags.f_contiguous else values).view(np.uint64)
    mixed = flat >> np.uint64(32)
    mixed ^= flat  # else two changes of sign would cancel
    return int((mixed @ _odd(flat.shape[1])) @ _odd(flat.shape[0]))


def _odd(size: int) -> NDArray[np.uint64]:
    return np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C16) + np.uint64(1)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """p = n + k columns [X y]: counts, mean (p,) as a Double (zero when not centred), gram (p, p), noise (p,), chain K."""

    n: int
    centred: bool
    counts: Counts
    mean: Double
    gram: Floats
    noise: Floats
    chain: int

    @property
    def gamma(self) -> float:
        return gamma(self.chain)

    @property
    def norms(self) -> Floats:
        """Column norms about the mean (about zero when not centred), (p,)."""
        return _norms(self.gram)

    @property
    def raw_norms(self) -> Floats:
        """Column norms about zero, (p,)."""
        return np.hypot(self.norms, np.sqrt(self.counts.weight) * self.mean.hi)

    @property
    def mean_error(self) -> Floats:
        """Bound on the error of `mean`, (p,)."""
        return (self.gamma if self.centred else 0.0) * self.noise / np.sqrt(self.counts.weight)

    @staticmethod
    def of(rows: Rows, runner: Runner) -> Moments | None:
        """One pass; None when there is no block."""
        whole = not rows.in_memory

        def piece(part: BlockPart, block: Block) -> Moments:
            return moments_of_block(block, rows.centred, whole)

        return runner.fold(rows, "moments", piece, merge)

    def __add__(self, other: Moments) -> Moments:
        return merge(self, other)

    def __sub__(self, other: Moments) -> Moments:
        """Without the rows of `other`, which must be among these.

        The rounding of both stays in `noise`, and the fewer rows are left the more the error of the means weighs.
        """
        counts = self.counts - other.counts
        total, gone, left = self.counts.weight, other.counts.weight, counts.weight
        delta = _difference(other.mean, self.mean)
        mean = add(self.mean, exactly(-delta * (gone / left))) if self.centred else self.mean
        gram = self.gram - other.gram - np.outer(delta, delta) * (gone * total / left)
        noise = np.hypot(np.hypot(self.noise, other.noise), delta * np.sqrt(gone)) * np.sqrt(total / left)
        return Moments(self.n, self.centred, counts, mean, gram, noise, self.chain + other.chain + 6)


@np.errstate(over="ignore", invalid="ignore")  # the caller looks for norms that are not finite
def merge(a: Moments, b: Moments) -> Moments:
    """Chan's update: G = G_a + G_b + (W_a W_b / W) d d',  d = mean_b - mean_a,  mean = mean_a + (W_b / W) d."""
    counts = a.counts + b.counts
    chain = max(a.chain, b.chain) + 6
    if a.counts.used == 0 or b.counts.used == 0:
        return replace(b if a.counts.used == 0 else a, counts=counts, chain=chain)
    noise = np.hypot(a.noise, b.noise)
    if not a.centred:
        return Moments(a.n, False, counts, a.mean, a.gram + b.gram, noise, chain)
    d = _difference(b.mean, a.mean)
    lift = d * np.sqrt(a.counts.weight * (b.counts.weight / counts.weight))
    gram = a.gram + b.gram
    gram += np.outer(lift, lift)
    return Moments(a.n, True, counts, merged_mean(a, b, d), gram, np.hypot(noise, lift), chain)


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
def moments_of_block(block: Block, centred: bool, whole: bool) -> Moments:
    """Moments of one block."""
    n, p = block.n, block.n + block.y.shape[1]
    counts = Counts.of(block, whole)
    zero = exactly(np.zeros(p))
    if block.rows == 0:
        return Moments(n, centred, counts, zero, np.zeros((p, p)), np.zeros(p), 1)
    if not isinstance(block.X, np.ndarray):
        gram = _sparse_gram(block)
        longest = int(np.bincount(block.X.indices, minlength=1).max())  # only entries that are there take part in a sum
        return Moments(n, False, counts, zero, gram, _norms(gram), max(longest, min(block.rows, 128)) + 8)
    root = None if block.w is None else np.sqrt(block.w)
    chain = min(block.rows, CHUNK) + -(-block.rows // CHUNK) + 8
    shift = first_means(block) if centred else np.zeros(p)
    gram, sums = _dense_gram(block.X, block.y, root, shift if centred else None)
    if np.any(np.diag(gram) == 0):
        gram = _mark_vanished(gram, block.X - shift[:n], block.y - shift[n:])
    noise = _norms(gram)
    if not centred:
        return Moments(n, False, counts, zero, gram, noise, chain)
    off = sums / np.sqrt(counts.weight)
    gram -= np.outer(off, off)
    return Moments(n, True, counts, two_sum(shift, sums / counts.weight), gram, noise, 2 * chain)


def _mark_vanished(gram: Floats, *values: Floats) -> Floats:
    """NaN on the diagonal where all squares are zero and the values are not: too small to be squared."""
    vanished = np.flatnonzero(np.diag(gram) == 0)
    if vanished.size:
        columns = [column for part in values for column in part.T]
        for j in vanished:
            if np.any(columns[j]):
                gram[j, j] = np.nan
    return gram


def _norms(gram: Floats) -> Floats:
    return np.sqrt(np.maximum(np.diag(gram), 0.0))


def first_means(block: Block) -> Floats:
    """The means of the block's first rows, (p,): near enough to the middle to lose nothing by centring about them."""
    return np.concatenate([np.mean(block.X[:256], axis=0), np.mean(block.y[:256], axis=0)])


def _dense_gram(X: Floats, y: Floats, root: Floats | None, shift: Floats | None) -> tuple[Floats, Floats]:
    """The Gram matrix of [X y] - shift under weights root^2, (p, p), and its weighted sums, (p,), zero without a shift.

    A chunk is shifted and scaled while it lies in the cache; X itself is left as it is.
    """
    rows, n = X.shape
    p = n + y.shape[1]
    gram, sums = np.zeros((p, p)), np.zeros(p)
    room = np.empty((min(rows, CHUNK), n), order="F" if X.flags.f_contiguous else "C")
    ones = np.ones(len(room))
    for start in range(0, rows, CHUNK):
        a, b = X[start : start + CHUNK], y[start : start + CHUNK]
        size = len(a)
        if shift is not None:
            a, b = np.subtract(a, shift[:n], out=room[:size]), b - shift[n:]
        weight = ones[:size] if root is None else root[start : start + CHUNK]
        if root is not None:
            a, b = np.multiply(a, weight[:, None], out=room[:size]), b * weight[:, None]
        if shift is not None:
            sums += np.concatenate([weight @ a, weight @ b])
        # numpy hands A'A to dsyrk: half the work, and exactly symmetric.
        gram[:n, :n] += a.T @ a
        gram[:n, n:] += a.T @ b
        gram[n:, n:] += b.T @ b
    gram[n:, :n] = gram[:n, n:].T
    return gram, sums


def _sparse_gram(block: Block) -> Floats:
    n = block.n
    p = n + block.y.shape[1]
    X = cast(sp.csr_array, block.X)
    y = block.y
    if block.w is not None:
        root = np.sqrt(block.w)
        X, y = cast(sp.csr_array, sp.diags_array(root) @ X), y * root[:, None]
    gram = np.empty((p, p))
    gram[:n, :n] = (X.T @ X).toarray()
    gram[:n, n:] = X.T @ y
    gram[n:, :n] = gram[:n, n:].T
    gram[n:, n:] = y.T @ y
    return gram
