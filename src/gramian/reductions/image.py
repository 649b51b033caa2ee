"""Image: the Gram matrix of X W for a factor W, from one read of the rows: how far X W is from orthonormal.

With X about `centre`, V = X W is made a few rows at a time; where W is triangular only its upper half is used. Chains of sums
over columns of X are as short as `group` asks. V'V may be summed in float32, which is twice as fast, over RUN rows at a time:
it tells how far V is from orthonormal to 1e-4 of the number of columns at worst, and V itself is rounded in float64. Then

    gram = V'V,   sums = 1'V,   across = V'r,   off = 1'r,   r = y - t - X b
    |V - exact| <= gamma_width |X||W|,   |gram - exact| <= (gamma_chain + single) |V|'|V|.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.errors import SourceError
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import gamma
from gramian.reductions.gradient import Point

STRIP, FEW = 96, 256
"""Columns and rows of V made at once (measured: 100,000 x 500 take 0.34 s, in one piece 0.55 s)."""
GROUP = 128
"""Columns of X multiplied at once where chains must be short: a third dearer (measured)."""
RUN = 512
"""Rows of V multiplied by themselves at once."""
SINGLE = 2.0**-24
MOST_SINGLE, LARGE = 512, 4e9
"""Columns up to which V'V in float32 tells its defect to a tenth, and products m q^2 from which it saves 0.02 s and more."""


def in_single(rows: float, columns: int) -> bool:
    """Whether V'V is summed in float32."""
    return columns <= MOST_SINGLE and rows * columns**2 > LARGE


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """gram (q, q), sums (q,), across (q, k) and off (k,) of the weighted X W; width, chain and single bound their rounding."""

    counts: Counts
    gram: Floats
    sums: Floats
    across: Floats
    off: Floats
    width: int
    chain: int
    single: float = 0.0

    @staticmethod
    def of(rows: Rows, runner: Runner, at: Point, W: Floats, group: int, single: bool) -> Image:
        """One pass. at.centre (n,) is taken off where the rows are centred; W (n, q); single: V'V in float32."""
        total = runner.fold(rows, ImageSums(at, W, _strips(W, group), group, single, rows.centred, not rows.in_memory))
        if total is None:
            raise SourceError("no rows were left on a later pass over the data")
        return total


@dataclass(frozen=True, slots=True, eq=False)
class ImageSums(BlockReduction[Image]):
    """The image under W (n, q) at a point. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "image"

    at: Point
    W: Floats
    strips: _Strips
    group: int
    single: bool
    centred: bool
    whole: bool

    def of_block(self, block: Block, origin: Origin) -> Image:
        counts = Counts.of(block, self.whole)
        if not isinstance(block.X, np.ndarray):
            return _sparse(block, block.X, counts, self.at, self.W)
        dtype = np.float32 if self.single else np.float64
        return _dense(block, block.X, counts, self.at, self.centred, self.W, self.strips, self.group, dtype)

    def merge(self, a: Image, b: Image) -> Image:
        return merge(a, b)


def merge(a: Image, b: Image) -> Image:
    return Image(
        a.counts + b.counts,
        a.gram + b.gram,
        a.sums + b.sums,
        a.across + b.across,
        a.off + b.off,
        max(a.width, b.width),
        max(a.chain, b.chain) + 1,
        max(a.single, b.single),
    )


_Strips = list[tuple[int, int, list[tuple[int, int, Floats]]]]


def _strips(W: Floats, group: int) -> _Strips:
    """Columns of W in strips, each with its pieces of at most `group` rows down to the last that is not zero."""
    found: _Strips = []
    for lo in range(0, W.shape[1], STRIP):
        strip = W[:, lo : lo + STRIP]
        used = np.flatnonzero(np.any(strip, axis=1))
        last = int(used[-1]) + 1 if used.size else 0
        cuts = range(0, last, group)
        pieces = [(i, min(i + group, last), np.ascontiguousarray(strip[i : min(i + group, last)])) for i in cuts]
        found.append((lo, lo + strip.shape[1], pieces))
    return found


@np.errstate(over="ignore", invalid="ignore")  # the reader looks for what is not finite
def _dense(
    block: Block,
    X: Floats,
    counts: Counts,
    at: Point,
    centred: bool,
    W: Floats,
    strips: _Strips,
    group: int,
    dtype: type[np.floating],
) -> Image:
    n, q = W.shape
    k = at.coef.shape[1]
    gram, sums, across, off = np.zeros((q, q)), np.zeros(q), np.zeros((q, k)), np.zeros(k)
    held, product = np.empty((RUN, q), dtype), np.empty((q, q), dtype)
    V, room = np.empty((FEW, q)), np.empty((FEW, STRIP))
    for run in range(0, block.rows, RUN):
        end = min(run + RUN, block.rows)
        for start in range(run, end, FEW):
            few = slice(start, min(start + FEW, end))
            A = X[few] - at.centre if centred else X[few]
            v = _product(A, strips, V[: A.shape[0]], room)
            r = block.y[few] - at.level - A @ at.coef
            if block.w is not None:
                root = np.sqrt(block.w[few, None])
                v *= root
                r *= root
                sums += root[:, 0] @ v
                off += root[:, 0] @ r
            else:
                sums += np.add.reduce(v, axis=0)
                off += np.add.reduce(r, axis=0)
            across += v.T @ r
            held[start - run : few.stop - run] = v
        H = held[: end - run]
        gram += np.matmul(H.T, H, out=product)
    chain = RUN + -(-block.rows // FEW) + 6
    single = gamma(RUN + 3, SINGLE) if dtype is np.float32 else 0.0
    return Image(counts, gram, sums, across, off, min(n, group) + -(-n // group) + 4, chain, single)


def _product(A: Floats, strips: _Strips, V: Floats, room: Floats) -> Floats:
    """A W, in V."""
    for lo, hi, pieces in strips:
        strip = V[:, lo:hi]
        if not pieces:
            strip[:] = 0.0
        for first, last, part in pieces:
            if first:
                strip += np.matmul(A[:, first:last], part, out=room[: A.shape[0], : hi - lo])
            else:
                np.matmul(A[:, :last], part, out=strip)
    return V


def _sparse(block: Block, X: sp.csr_array, counts: Counts, at: Point, W: Floats) -> Image:
    q, k = W.shape[1], at.coef.shape[1]
    gram, sums, across, off = np.zeros((q, q)), np.zeros(q), np.zeros((q, k)), np.zeros(k)
    level = at.level - at.centre @ at.coef
    longest = int(np.max(np.diff(X.indptr), initial=0))
    for start in range(0, block.rows, RUN):
        few = slice(start, start + RUN)
        A = X[few]
        root = np.ones((A.shape[0], 1)) if block.w is None else np.sqrt(block.w[few, None])
        v = root * cast(Floats, np.asarray(A @ W))
        r = root * (block.y[few] - level - cast(Floats, np.asarray(A @ at.coef)))
        sums += root[:, 0] @ v
        off += root[:, 0] @ r
        across += v.T @ r
        gram += v.T @ v
    return Image(counts, gram, sums, across, off, longest + 4, RUN + -(-block.rows // RUN) + 6)
