"""The sums of one pass over a dense block with many targets, through BLAS: runs of 2,048 rows stay in cache.

Beyond a handful of targets X B and X'U are matrix products, and BLAS is quicker than a dot product at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from gramian.data.blocks import Block
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.reductions.gram import CHUNK


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """eta = t + (x - centre)'B: centre (n,), B (n, q), t (q,)."""

    centre: Floats
    B: Floats
    t: Floats

    @property
    def across(self) -> Floats:
        """B as (q, n), a row for each target."""
        return np.ascontiguousarray(self.B.T)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over rows: value, g (n, k), s (k,), and the rows that went in."""

    value: float
    g: Floats
    s: Floats
    rows: int

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.value + other.value, self.g + other.g, self.s + other.s, self.rows + other.rows)


def gradient(block: Block, at: Surface, loss: Loss) -> Sums:
    """Sum of w loss, and its gradient."""
    sums = _zero(block)
    for part in chunks(block):
        Z = part.dense() - at.centre
        with np.errstate(over="ignore", invalid="ignore"):
            eta = Z @ at.B + at.t
            each, u = loss.value(eta, part.y), loss.first(eta, part.y)
            if part.w is not None:
                each, u = part.w[:, None] * each, part.w[:, None] * u
            sums += Sums(float(np.sum(each)), Z.T @ u, np.add.reduce(u, axis=0), part.rows)
    return sums


def product(block: Block, at: Surface, d: Surface, loss: Loss) -> Sums:
    """Sum of w loss'' (z'd) z."""
    sums = _zero(block)
    for part in chunks(block):
        Z = part.dense() - at.centre
        with np.errstate(over="ignore", invalid="ignore"):
            u = Z @ d.B + d.t
            if not loss.quadratic:
                u *= loss.second(Z @ at.B + at.t, part.y)
            if part.w is not None:
                u *= part.w[:, None]
            sums += Sums(0.0, Z.T @ u, np.add.reduce(u, axis=0), part.rows)
    return sums


def fused(block: Block, v: Surface, u: Floats, alpha: Floats) -> Sums:
    """Makes u = A v - alpha u, in place, and A'u."""
    sums = _zero(block)
    for part in chunks(block):
        Z = part.dense() - v.centre
        root = np.ones((part.rows, 1)) if part.w is None else np.sqrt(part.w)[:, None]
        first = part.start - block.start
        here = u[first : first + part.rows]
        here *= -alpha
        here += root * (Z @ v.B + v.t)
        weighed = root * here
        sums += Sums(0.0, Z.T @ weighed, np.add.reduce(weighed, axis=0), part.rows)
    return sums


def chunks(block: Block) -> list[Block]:
    """The block in runs of 2,048 rows, which stay in cache; CSR blocks whole."""
    if not isinstance(block.X, np.ndarray) or block.rows <= CHUNK:
        return [block]
    return [_rows(block, first, min(first + CHUNK, block.rows)) for first in range(0, block.rows, CHUNK)]


def _rows(block: Block, first: int, stop: int) -> Block:
    w = None if block.w is None else block.w[first:stop]
    X = cast(Floats, block.X)[first:stop]
    return Block(block.start + first, X, block.y[first:stop], w, None, stop - first, None, False)


def _zero(block: Block) -> Sums:
    k = block.y.shape[1]
    return Sums(0.0, np.zeros((block.n, k)), np.zeros(k), 0)
