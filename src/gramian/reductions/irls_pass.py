"""One step of iteratively reweighted least squares as one pass: at a point, the value, the score and the weighted Gram of X.

With eta = offset + level + (x - centre) b and derivatives f', f'' of the loss of a row, the pass returns

    F = sum w f,    g = -sum w f' (x - centre),    s = -sum w f',    and a view of X under the weights v = w f'',

so that the Newton step is the least-squares problem of the working residuals r = -f'/f'' under v. Their rounding is bounded
as in `views.gradient`: the computed score is v (r + dr) with

    ||dr||_v <= gamma_{n+5} (||level||_v + sum_k ||x_k||_v |b_k|) + 4 u (||1||_v + ||r||_v).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias, cast

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartOver, Rows, RowsOver
from gramian.data.counts import Counts
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.kernels.array_types import Floats
from gramian.reductions.gram import CHUNK
from gramian.reductions.moments import MomentSums, moments_of_block
from gramian.reductions.moments import merge as merge_moments
from gramian.reductions.triangle import Triangle, triangle_of_block
from gramian.reductions.triangle import merge as merge_triangles

Reduced: TypeAlias = MomentSums | Triangle

FLAT = 2.0**-52
"""Least curvature of a row. Below it a row is fitted to rounding; keeping this much only makes a step shorter."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The surface level + (x - centre) @ coef of one target: level a number, coef and centre (n,)."""

    centre: Floats
    level: float
    coef: Floats

    def moved(self, coef: Floats, level: float) -> Place:
        return Place(self.centre, self.level + level, self.coef + coef)


@dataclass(frozen=True, slots=True, eq=False)
class Lean:
    """How rows lean along a direction q = level + x'd: the largest |q|, and the largest by which a row loses by moving on.

    A direction along which no row loses, and some gain, has no end: the targets are separated.
    """

    size: float
    against: float

    def merged(self, other: Lean) -> Lean:
        return Lean(max(self.size, other.size), max(self.against, other.against))


@dataclass(frozen=True, slots=True, eq=False)
class Working:
    """Sums at a point. `score` is ||r||_v^2, `reach` (n,) the largest |x - centre| of each column, `chain` that of g.

    `lent` is what FLAT added: v is above w f'' by no more than a sum of this over the rows.
    """

    counts: Counts
    value: float
    g: Floats
    s: float
    score: float
    reach: Floats
    extent: float  # the largest |eta|
    lean: Lean
    view: Reduced
    chain: int
    lent: float = 0.0

    @staticmethod
    def of(
        rows: Rows,
        runner: Runner,
        loss: Family,
        at: Place,
        kind: type[Reduced] = MomentSums,
        along: Place | None = None,
        reach: Floats | None = None,
    ) -> Working | None:
        """One pass; None when there is no block. `along` is a direction to look along, its centre that of `at`; `reach` is
        that of an earlier pass about the same centre, which saves looking for it.
        """
        return runner.fold(rows, WorkingSums(loss, at, kind, along, rows.centred, not rows.in_memory, reach))


@dataclass(frozen=True, slots=True, eq=False)
class WorkingSums(BlockReduction[Working]):
    """Working of all rows; fields as `Working.of`. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "reweighted moments"

    loss: Family
    at: Place
    kind: type[Reduced]
    along: Place | None
    centred: bool
    whole: bool
    reach: Floats | None

    def of_block(self, block: Block, origin: Origin) -> Working:
        return _of_block(block, self.loss, self.at, self.kind, self.along, self.centred, self.whole, self.reach)

    def merge(self, a: Working, b: Working) -> Working:
        return _merge(a, b)


def centred_eta(block: Block, at: Place) -> Floats:
    """The linear predictor of each row, its offset included; the centre is taken off a dense X first."""
    if not isinstance(block.X, np.ndarray):
        eta = np.asarray(block.X @ at.coef) - float(at.centre @ at.coef)
    elif not np.any(at.centre):
        eta = block.X @ at.coef
    else:
        eta = np.empty(block.rows)
        for start in range(0, block.rows, CHUNK):
            eta[start : start + CHUNK] = (block.X[start : start + CHUNK] - at.centre) @ at.coef
    eta += at.level
    return eta if block.offset is None else eta + block.offset


def _of_block(
    block: Block,
    loss: Family,
    at: Place,
    kind: type[Reduced],
    along: Place | None,
    centred: bool,
    whole: bool,
    reach: Floats | None,
) -> Working:
    counts = Counts.of(block, whole)
    y = block.y[:, 0]
    w = np.ones(block.rows) if block.w is None else block.w
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        read = _read(block, loss, at, along, w, reach is None)
        eta = read.eta
        first = loss.first(eta, y)
        curve = loss.second(eta, y) if loss.convex else loss.expected(eta)
        second = np.maximum(curve, FLAT)
        lent = FLAT * float(np.sum(w[curve < FLAT]))
        value = float(np.sum(w * loss.value(eta, y)))
        u, v = -w * first, w * second
        score = float(np.sum(w * first * (first / second)))
        lean = Lean(0.0, 0.0) if along is None else _lean(loss, read.lean + along.level, y)
        if not np.all(np.isfinite(v)):
            v = np.ones(block.rows)  # the value is not finite either: the caller goes back
        bare = replace(block, y=np.zeros((block.rows, 0)), w=v)
        # Last, because it may overwrite X.
        view: Reduced = (
            moments_of_block(bare, centred, False) if kind is MomentSums else triangle_of_block(bare, centred, False)
        )
    extent = float(np.max(np.abs(eta), initial=0.0))
    chain = min(block.rows, CHUNK) + -(-block.rows // CHUNK) + 6
    found = read.reach if reach is None else reach
    return Working(counts, value, read.g, float(np.sum(u)), score, found, extent, lean, view, chain, lent)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What one look at X gives: eta and x'd of each row, sum of u (x - centre), the largest |x - centre| of each column."""

    eta: Floats
    lean: Floats
    g: Floats
    reach: Floats


def _read(block: Block, loss: Family, at: Place, along: Place | None, w: Floats, far: bool) -> _Read:
    """`far` asks for the reach; each chunk of X less its centre serves all of them while it lies in the cache."""
    n, y = block.n, block.y[:, 0]
    if not isinstance(block.X, np.ndarray):
        return _read_sparse(block, loss, at, along, w)
    coefs = np.column_stack([at.coef] if along is None else [at.coef, along.coef])
    looks = np.empty((block.rows, coefs.shape[1]))
    g, low, high = np.zeros(n), np.full(n, np.inf), np.full(n, -np.inf)
    room = np.empty((min(block.rows, CHUNK), n), order="F" if block.X.flags.f_contiguous else "C")
    moved = bool(np.any(at.centre))
    for start in range(0, block.rows, CHUNK):
        rows = slice(start, start + CHUNK)
        X = block.X[rows]
        D = np.subtract(X, at.centre, out=room[: len(X)]) if moved else X
        np.matmul(D, coefs, out=looks[rows])
        looks[rows, 0] += at.level
        if block.offset is not None:
            looks[rows, 0] += block.offset[rows]
        g -= D.T @ (w[rows] * loss.first(looks[rows, 0], y[rows]))
        if far:
            np.minimum(low, D.min(axis=0), out=low)
            np.maximum(high, D.max(axis=0), out=high)
    reach = np.maximum(np.abs(low), np.abs(high)) if far and block.rows else np.zeros(n)
    return _Read(looks[:, 0].copy(), looks[:, -1].copy(), g, reach)


def _read_sparse(block: Block, loss: Family, at: Place, along: Place | None, w: Floats) -> _Read:
    X, eta = cast(Any, block.X), centred_eta(block, at)
    lean = eta if along is None else np.asarray(X @ along.coef)
    u = -w * loss.first(eta, block.y[:, 0])
    reach = np.asarray(abs(X).max(axis=0).toarray()).ravel() if block.rows else np.zeros(block.n)
    return _Read(eta, lean, np.asarray(X.T @ u), reach)


def _lean(loss: Family, q: Floats, y: Floats) -> Lean:
    """A row whose loss falls for ever along +1 (or -1) may move that way; every other row must stay where it is."""
    against = np.abs(q)
    if loss.recession is not None:
        down, up = loss.recession.sides(y)
        against = np.where(up, -q, np.where(down, q, against))
    return Lean(float(np.max(np.abs(q), initial=0.0)), float(np.max(against, initial=0.0)))


def _merge(a: Working, b: Working) -> Working:
    merged = merge_moments if isinstance(a.view, MomentSums) else merge_triangles
    return Working(
        a.counts + b.counts,
        a.value + b.value,
        a.g + b.g,
        a.s + b.s,
        a.score + b.score,
        np.maximum(a.reach, b.reach),
        max(a.extent, b.extent),
        a.lean.merged(b.lean),
        merged(cast(Any, a.view), cast(Any, b.view)),
        max(a.chain, b.chain) + 1,
        a.lent + b.lent,
    )


@dataclass(frozen=True, slots=True, eq=False)
class WorkingRows(RowsOver):
    """The rows as the least-squares problem at a point: w becomes w E f'', y the working residual -f' / E f''.

    E f'' is the expected curvature, so that X'WX is the information that R's glm inverts. Robust errors and leverage are those
    of this problem; `curve` of a block keeps E f'' apart from the weights.
    """

    loss: Family
    at: Place

    @property
    def k(self) -> int:
        return 1

    def parts(self) -> Sequence[BlockPart]:
        return [_WorkingPart(part, self) for part in self.of.parts()]


@dataclass(frozen=True, slots=True, eq=False)
class _WorkingPart(PartOver):
    rows: WorkingRows

    def blocks(self) -> Iterator[Block]:
        for block in self.part.blocks():
            yield working_block(block, self.rows.loss, centred_eta(block, self.rows.at))


def working_block(block: Block, loss: Family, eta: Floats) -> Block:
    """The block as rows of that least-squares problem."""
    y = block.y[:, 0]
    curve = np.maximum(loss.expected(eta), FLAT)
    w = curve if block.w is None else block.w * curve
    return replace(block, y=(-loss.first(eta, y) / curve)[:, None], w=w, curve=curve, offset=None)
