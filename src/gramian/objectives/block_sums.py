"""What one pass takes from one block of rows, dense or CSR: sums over rows of functions of eta, in the user's columns.

With z = x - centre and eta = t + z'B for each target, and u = w loss'(eta, y) or what the pass makes of it,

    g = sum_i u_i z_i  (n, k),     s = sum_i u_i  (k,).

Dense rows lose their centre as they are read, so that a large mean costs no digits. Sparse rows are read as they are and
the centre is folded into t and g, so that a row costs its stored values.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import scipy.sparse as sp

from gramian.data.blocks import Block, Matrix, stored, weights
from gramian.data.coordinates import Coordinates
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.objectives import many_targets as manytargets
from gramian.objectives.many_targets import Sums, Surface, chunks

FEW = 6
"""Columns of B up to which the compiled loops are quicker than BLAS, measured; a line has two for each target."""


def forward(X: Matrix, at: Surface) -> Floats:
    """Eta of all rows (rows, q)."""
    if not isinstance(X, np.ndarray):
        return np.asarray(X @ at.B) + (at.t - at.centre @ at.B)
    if not _few(at.t.size):
        return (X - at.centre) @ at.B + at.t
    from gramian.kernels import passes

    eta = np.empty((X.shape[0], at.t.size))
    passes.dense_forward(np.ascontiguousarray(X), at.centre, at.across, at.t, eta)
    return eta


def value(block: Block, at: Surface, loss: Loss) -> Sums:
    """Sum of w loss; g and s are zero."""
    return gradient(block, at, loss, wanted=False)


def gradient(block: Block, at: Surface, loss: Loss, wanted: bool = True) -> Sums:
    """Sum of w loss and, where wanted, its gradient."""
    X, y, w = block.X, np.ascontiguousarray(block.y), weights(block)
    if isinstance(X, np.ndarray) and not _few(at.t.size):
        return manytargets.gradient(block, at, loss)
    from gramian.kernels import passes

    s = np.zeros(at.t.size)
    if isinstance(X, np.ndarray):
        g = np.zeros_like(at.across)
        X = np.ascontiguousarray(X)
        total = passes.dense_gradient(X, y, w, at.centre, at.across, at.t, loss.code, g, s, wanted)
        return Sums(total, g.T, s, block.rows)
    g, t = np.zeros_like(at.B), at.t - at.centre @ at.B
    total = passes.sparse_gradient(*stored(X), y, w, at.B, t, loss.code, g, s, wanted)
    return Sums(total, g - np.outer(at.centre, s), s, block.rows)


def product(block: Block, at: Surface, d: Surface, loss: Loss) -> Sums:
    """Sum of w loss'' (z'd) z: the Hessian at `at` times d."""
    X, y, w = block.X, np.ascontiguousarray(block.y), weights(block)
    if isinstance(X, np.ndarray) and not _few(at.t.size):
        return manytargets.product(block, at, d, loss)
    from gramian.kernels import passes

    s = np.zeros(at.t.size)
    if isinstance(X, np.ndarray):
        g = np.zeros_like(at.across)
        X = np.ascontiguousarray(X)
        passes.dense_product(X, y, w, at.centre, at.across, at.t, d.across, d.t, loss.code, g, s)
        return Sums(0.0, g.T, s, block.rows)
    g, t, move = np.zeros_like(at.B), at.t - at.centre @ at.B, d.t - d.centre @ d.B
    passes.sparse_product(*stored(X), y, w, at.B, t, d.B, move, loss.code, g, s)
    return Sums(0.0, g - np.outer(at.centre, s), s, block.rows)


def fused(block: Block, v: Surface, u: Floats, alpha: Floats) -> Sums:
    """Makes u = A v - alpha u, in place, and A'u, where A has the rows sqrt(w) z; value is not used."""
    X, w = block.X, weights(block)
    if isinstance(X, np.ndarray) and not _few(v.t.size):
        return manytargets.fused(block, v, u, alpha)
    from gramian.kernels import passes

    s = np.zeros(v.t.size)
    if isinstance(X, np.ndarray):
        g = np.zeros_like(v.across)
        passes.dense_fused(np.ascontiguousarray(X), w, v.centre, v.across, v.t, u, alpha, g, s)
        return Sums(0.0, g.T, s, block.rows)
    g, t = np.zeros_like(v.B), v.t - v.centre @ v.B
    passes.sparse_fused(*stored(X), w, v.B, t, u, alpha, g, s)
    return Sums(0.0, g - np.outer(v.centre, s), s, block.rows)


def gram(block: Block, centre: Floats, at: Surface | None, loss: Loss) -> Floats:
    """Sum of v [1 z][1 z]' (k, n + 1, n + 1) with v = w loss''; k = 1 for the squared loss, which needs no `at`."""
    k = 1 if at is None else block.y.shape[1]
    total = np.zeros((k, block.n + 1, block.n + 1))
    for part in chunks(block):
        curves = np.ones((part.rows, 1))
        if at is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                curves = loss.second(forward(part.X, at), part.y)
        if part.w is not None:
            curves = curves * part.w[:, None]
        for a in range(k):
            _add_gram(total[a], part.X, centre, curves[:, a])
    return total


def _add_gram(total: Floats, X: Matrix, centre: Floats, v: Floats) -> None:
    root = np.sqrt(v)
    if isinstance(X, np.ndarray):
        Z = (X - centre) * root[:, None]
        total[1:, 1:] += Z.T @ Z
        border = root @ Z
    else:
        A = cast(sp.csr_array, sp.diags_array(root) @ X)
        raw = np.asarray(root @ A)
        weight = float(np.sum(v))
        border = raw - weight * centre
        # sum v (x - c)(x - c)' = sum v x x' - c raw' - raw c' + weight c c'
        total[1:, 1:] += (A.T @ A).toarray()
        total[1:, 1:] -= np.outer(centre, raw) + np.outer(border, centre)
    total[0, 1:] += border
    total[1:, 0] += border
    total[0, 0] += float(np.sum(v))


def parabola(block: Block, both: Surface) -> Floats:
    """(sum w r^2, sum w r q, sum w q^2) over rows and targets: both.B holds theta, then d; r = eta - y."""
    total = np.zeros(3)
    if isinstance(block.X, np.ndarray) and _few(both.t.size):
        from gramian.kernels import passes

        X, y = np.ascontiguousarray(block.X), np.ascontiguousarray(block.y)
        passes.dense_parabola(X, y, weights(block), both.centre, both.across, both.t, total)
        return total
    for part in chunks(block):
        eta, q = np.hsplit(forward(part.X, both), 2)
        r = eta - part.y
        for at, (a, b) in enumerate(((r, r), (r, q), (q, q))):
            each = np.einsum("ij,ij->i", a, b)
            total[at] += np.sum(each) if part.w is None else part.w @ each
    return total


def row_sizes(block: Block, shape: Coordinates, loss: Loss, bounded: bool) -> Floats:
    """W ||(1, z / scale)||^2 of each row, times |loss''| at eta = 0 where that has no bound."""
    sizes = _squares(block.X, shape) + float(shape.intercept)
    if block.w is not None:
        sizes *= block.w
    if not bounded:
        sizes *= np.max(np.abs(loss.second(np.zeros_like(block.y), block.y)), axis=1)
    return sizes


def _squares(X: Matrix, shape: Coordinates) -> Floats:
    if isinstance(X, np.ndarray):
        from gramian.kernels import passes

        sizes = np.empty(X.shape[0])
        passes.dense_squares(np.ascontiguousarray(X), shape.centre, 1.0 / shape.scale, sizes)
        return sizes
    shift = shape.centre / shape.scale
    A = cast(sp.csr_array, X @ sp.diags_array(1.0 / shape.scale))
    return np.asarray((A * A).sum(axis=1)) - 2.0 * np.asarray(A @ shift) + shift @ shift


def _few(columns: int) -> bool:
    """Few enough for dot products one after another; more are a product of matrices."""
    return columns <= FEW

