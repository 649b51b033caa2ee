"""Sketch: S [X y] for a sparse-sign embedding S of a few rows for each column, from one read of the rows; sketches add up.

The triangle of S X is that of X for a product of matrices with a condition of about 3, whatever the condition of X. So it is no
reduction to take an answer from, but a preconditioner, and it shows which columns depend on each other. Norms and means of the
columns are those of the rows themselves. Neighbouring parts of the rows go to one table, a lane; lanes depend on the rows
alone, so that any number of threads gives the same bits.

Reference: Martinsson and Tropp (2020), Randomized numerical linear algebra, Acta Numerica 29, section 9.2.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, cast

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartRun, Rows, RowsOver, stored, weights
from gramian.data.counts import NOTHING, Counts
from gramian.execution.reduction import Origin, Reduction
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double, add, exactly, two_sum
from gramian.kernels.lapack import triangle_of
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import gamma
from gramian.reductions.gram import first_means
from gramian.reductions.moments import merged_mean
from gramian.reductions.triangle import Triangle

ZETA = 4
"""Buckets of a row: 2 to 8 gave the same condition on random rows, 4 costs 0.10 s for 100,000 x 500 (measured, 2 threads)."""
TIMES = 4
"""Rows of the sketch for each column: X R^-1 then has a condition of 3."""
MOST_BYTES, MOST_LANES = 1 << 30, 16
WORTH = 8
"""Rows that a lane sees for each row of its table, which is to be filled and merged: 0.03 s of 100,000 x 500 (measured)."""
SALT = 0x5EED
LOST = 1e-6
"""Share of the norms that went in below which those about the mean are lost in rounding."""


def sketch_rows(columns: int) -> int:
    """Rows of the sketch for so many columns of [X y]."""
    return TIMES * columns + 16 * ZETA


class _SketchSums:
    """What a lane adds up: Z (d, p) about `shift`, S 1 (d,), weighted sums and squares (p,)."""

    def __init__(self, d: int, p: int, centred: bool) -> None:
        self.Z, self.ones = np.zeros((d, p)), np.zeros(d)
        self.sums, self.squares = np.zeros(p), np.zeros(p)
        self.noise = np.zeros(p)
        self.mean = exactly(np.zeros(p))
        self.counts = NOTHING
        self.blocks = 0
        self.longest = 0
        self.started = not centred
        self.centred = centred

    def settle(self) -> None:
        """Take the means of what was added so far as the new centre."""
        if not self.centred or not np.any(self.sums):
            return
        off = self.sums / self.counts.weight
        self.squares = np.maximum(self.squares - off * self.sums, 0.0)
        self.Z -= np.outer(self.ones, off)
        self.mean = two_sum(self.mean.hi, off)
        self.sums[:] = 0.0

    def join(self, other: _SketchSums) -> _SketchSums:
        """Chan's update for the means; each table moves to the common mean. `other` comes after."""
        self.settle()
        other.settle()
        counts = self.counts + other.counts
        if self.counts.used and other.counts.used and self.centred:
            d = add(other.mean, -self.mean).rounded()
            mean = merged_mean(self, other, d)
            for one in (self, other):
                one.Z += np.outer(one.ones, add(one.mean, -mean).rounded())
            lift = d * np.sqrt(self.counts.weight * (other.counts.weight / counts.weight))
            self.squares += lift**2
            self.noise = np.hypot(self.noise, lift)
            self.mean = mean
        elif other.counts.used:
            self.mean = other.mean
        self.Z += other.Z
        self.ones += other.ones
        self.squares += other.squares
        self.noise = np.hypot(self.noise, other.noise)
        self.counts = counts
        self.blocks += other.blocks + 6
        self.longest = max(self.longest, other.longest)
        return self


@dataclass(frozen=True, slots=True)
class SketchOfRows(Reduction[Block, _SketchSums | None, _SketchSums, _SketchSums]):
    """A table of d rows for each lane, p columns. zeta: buckets of a row, 0 where rows are taken as they are."""

    label: ClassVar[str] = "sketch"

    d: int
    p: int
    centred: bool
    zeta: int
    whole: bool

    def init(self) -> None:
        """No table until a block comes."""

    def step(self, state: _SketchSums | None, item: Block, origin: Origin) -> _SketchSums:
        into = state or _SketchSums(self.d, self.p, self.centred)
        into.counts += Counts.of(item, self.whole)
        into.blocks += 1
        into.longest = max(into.longest, item.rows)
        if item.rows:
            self._add(item, origin, into)
        return into

    def close(self, state: _SketchSums | None) -> _SketchSums | None:
        return state

    @np.errstate(over="ignore", invalid="ignore")
    def merge(self, a: _SketchSums, b: _SketchSums) -> _SketchSums:
        return a.join(b)

    def finish(self, total: _SketchSums) -> _SketchSums:
        with np.errstate(over="ignore", invalid="ignore"):  # the caller looks for norms that are not finite
            total.settle()
        return total

    def _add(self, block: Block, origin: Origin, into: _SketchSums) -> None:
        from gramian.kernels import sketch

        first, salt = _numbered(block, origin)
        y, w = np.ascontiguousarray(block.y), weights(block)
        if not isinstance(block.X, np.ndarray):
            sketch.sketch_sparse(*stored(block.X), y, w, first, salt, self.zeta, into.Z, into.squares)
            into.noise = np.sqrt(into.squares)
            return
        X = np.ascontiguousarray(block.X)
        if not into.started:
            into.mean = exactly(first_means(X, y, block.w))
            into.started = True
        shift = into.mean.hi
        sketch.sketch_dense(X, y, w, shift, first, salt, self.zeta, into.Z, into.ones, into.sums, into.squares)
        into.noise = np.sqrt(into.squares)


def _numbered(block: Block, origin: Origin) -> tuple[int, np.uint64]:
    """The number of the block's first row, and a salt where only its part knows its place."""
    if origin.first is not None:
        return origin.first + block.start, np.uint64(SALT)
    seen = zlib.crc32(np.ascontiguousarray(block.y).tobytes(), zlib.crc32(origin.label.encode()))
    return block.start, np.uint64(SALT + (seen << 20))


@dataclass(frozen=True, slots=True, eq=False)
class _Laned(RowsOver):
    """The rows in lanes, runs of neighbouring parts that go to one table each."""

    lanes: tuple[PartRun, ...]

    @staticmethod
    def made(rows: Rows, d: int) -> _Laned:
        """For tables of d rows."""
        parts, p = rows.parts(), rows.n + rows.k
        # Lanes are a power of two, so that two workers share them evenly: the largest that does not go beyond what is filled.
        filled = MOST_LANES if rows.rows is None else rows.rows // (WORTH * d)
        lanes = min(max(min(MOST_BYTES // (8 * d * p), 1 << filled.bit_length() >> 1), 2), MOST_LANES, max(len(parts), 1))
        cuts = [len(parts) * i // lanes for i in range(lanes + 1)]
        return _Laned(rows, tuple(PartRun(tuple(parts[a:b])) for a, b in pairwise(cuts) if b > a))

    def parts(self) -> Sequence[BlockPart]:
        return self.lanes

    def few(self, d: int) -> bool:
        """Rows no more than those of the table, which are taken as they are."""
        known = (part.first is not None for lane in self.lanes for part in lane.parts)
        return self.rows is not None and self.rows <= d and all(known)


@dataclass(frozen=True, eq=False)
class Sketch:
    """Z = S [X y] (d, p) about the means with p = n + k; mean (p,) as a Double, zero when not centred.

    norms (p,): of the columns of the rows themselves about the mean; noise (p,): the norms that went into them; chain: of sums.
    """

    label: ClassVar[str] = "sketch"
    is_evidence: ClassVar[bool] = False
    decides_rank: ClassVar[bool] = False

    n: int
    centred: bool
    counts: Counts
    mean: Double
    Z: Floats
    norms: Floats
    noise: Floats
    chain: int

    @property
    def raw_norms(self) -> Floats:
        """Column norms about zero, (p,)."""
        return np.hypot(self.norms, np.sqrt(self.counts.weight) * self.mean.hi)

    @property
    def mean_error(self) -> Floats:
        """Bound on the error of `mean`, (p,)."""
        return (gamma(self.chain) if self.centred else 0.0) * self.noise / np.sqrt(self.counts.weight)

    @cached_property
    def triangle(self) -> Triangle:
        """R of S [X y], for the solvers that read a triangle."""
        return Triangle(self.n, self.centred, self.counts, self.mean, triangle_of(self.Z))

    @staticmethod
    def of(rows: Rows, runner: Runner) -> Sketch | None:
        """One pass; None when there is no block."""
        whole = not rows.in_memory
        most = sketch_rows(rows.n + rows.k)
        few = rows.in_memory and rows.rows is not None and rows.rows < most
        d = cast(int, rows.rows) if few else most
        laned = _Laned.made(rows, d)
        sketching = SketchOfRows(d, rows.n + rows.k, rows.centred, 0 if laned.few(d) else ZETA, whole)
        found = runner.fold(laned, sketching)
        if found is None:
            return None
        norms = np.sqrt(found.squares)
        # Taking the mean off may have left nothing of the squares; the table, centred itself, still tells the size.
        lost = norms <= LOST * found.noise
        norms[lost] = 4.0 * column_norms(found.Z[:, lost])
        norms[(found.noise == 0) & np.any(found.Z, axis=0)] = np.nan  # too small to be squared: the caller looks for it
        chain = 64 + found.longest // 64 + found.blocks + 8
        return Sketch(rows.n, rows.centred, found.counts, found.mean, found.Z, norms, found.noise, chain)
