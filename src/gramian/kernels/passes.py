"""One read of the rows for a value and its gradient, a Hessian product, or a Krylov product; dense and CSR."""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.indirect import call_row
from gramian.kernels.rows import (
    LAST,
    Indices,
    add_back,
    compiled,
    dots,
    group_rows,
    loss_first,
    row_second,
    sparse_add_back,
    sparse_dots,
)

SPARSE_GROUP = 256
SHORT = 1000
"""Columns up to which a row stays in the first-level cache from its product to its sum: 32 GB/s on 100,000 x 500, where groups of
rows take 20 (measured, two threads)."""


@compiled
def squares_by_row(X: Floats, y: Floats, w: Floats, c: Floats, B: Floats, t: Floats, g: Floats, s: Floats) -> float:
    """As `dense_gradient` of the squared loss of one target: a row is read once and used twice, one stream for the memory."""
    total = 0.0
    for i in range(X.shape[0]):
        x, r = X[i], t[0] - y[i, 0]
        for j in range(X.shape[1]):
            r += (x[j] - c[j]) * B[0, j]
        u = w[i] * r if w.size else r
        total += 0.5 * u * r
        s[0] += u
        for j in range(X.shape[1]):
            g[0, j] += u * (x[j] - c[j])
    return total


@compiled
def products_by_row(X: Floats, w: Floats, c: Floats, D: Floats, d: Floats, g: Floats, s: Floats) -> None:
    """As `dense_product` likewise."""
    for i in range(X.shape[0]):
        x, q = X[i], d[0]
        for j in range(X.shape[1]):
            q += (x[j] - c[j]) * D[0, j]
        if w.size:
            q *= w[i]
        s[0] += q
        for j in range(X.shape[1]):
            g[0, j] += q * (x[j] - c[j])


@compiled
def dense_gradient(
    X: Floats, y: Floats, w: Floats, c: Floats, B: Floats, t: Floats, code: int, g: Floats, s: Floats, wanted: bool
) -> float:
    """Sum of w loss; with `wanted`, also g (k, n) and s (k,), the sums of w loss' z and w loss'."""
    m, n = X.shape
    if code == 0 and t.size == 1 and wanted and n <= SHORT:
        return squares_by_row(X, y, w, c, B, t, g, s)
    group = group_rows(n)
    eta, u = np.empty((group, t.size)), np.empty((group, t.size))
    total = 0.0
    for lo in range(0, m, group):
        hi = min(lo + group, m)
        dots(X, lo, hi, c, B, t, eta)
        total += loss_first(code, eta, y, w, lo, hi - lo, u)
        if wanted:
            add_back(X, lo, hi, c, u, g, s)
    return total


@compiled
def sparse_gradient(
    data: Floats,
    columns: Indices,
    ends: Indices,
    y: Floats,
    w: Floats,
    B: Floats,
    t: Floats,
    code: int,
    g: Floats,
    s: Floats,
    wanted: bool,
) -> float:
    m = ends.size - 1
    eta, u = np.empty((SPARSE_GROUP, t.size)), np.empty((SPARSE_GROUP, t.size))
    total = 0.0
    for lo in range(0, m, SPARSE_GROUP):
        hi = min(lo + SPARSE_GROUP, m)
        sparse_dots(data, columns, ends, lo, hi, B, t, eta)
        total += loss_first(code, eta, y, w, lo, hi - lo, u)
        if wanted:
            sparse_add_back(data, columns, ends, lo, hi, u, g, s)
    return total


@compiled
def curve_rows(code: int, eta: Floats, y: Floats, w: Floats, lo: int, count: int, q: Floats) -> None:
    """Makes q = w loss''(eta, y) q."""
    if code > LAST:
        for i in range(count):
            wi = w[lo + i] if w.size else 1.0
            for a in range(q.shape[1]):
                q[i, a] *= wi * call_row(code, 2, eta[i, a], y[lo + i, a])
        return
    for i in range(count):
        wi = w[lo + i] if w.size else 1.0
        for a in range(q.shape[1]):
            q[i, a] *= wi * (row_second(code, eta[i, a], y[lo + i, a]) if code else 1.0)


@compiled
def dense_product(
    X: Floats,
    y: Floats,
    w: Floats,
    c: Floats,
    B: Floats,
    t: Floats,
    D: Floats,
    d: Floats,
    code: int,
    g: Floats,
    s: Floats,
) -> None:
    """Adds to g and s the sums of w loss''(eta) (z'D + d) z: B is not read for the squared loss."""
    m, n = X.shape
    if code == 0 and t.size == 1 and n <= SHORT:
        products_by_row(X, w, c, D, d, g, s)
        return
    group = group_rows(n)
    eta, q = np.zeros((group, t.size)), np.empty((group, t.size))
    for lo in range(0, m, group):
        hi = min(lo + group, m)
        if code:
            dots(X, lo, hi, c, B, t, eta)
        dots(X, lo, hi, c, D, d, q)
        curve_rows(code, eta, y, w, lo, hi - lo, q)
        add_back(X, lo, hi, c, q, g, s)


@compiled
def sparse_product(
    data: Floats,
    columns: Indices,
    ends: Indices,
    y: Floats,
    w: Floats,
    B: Floats,
    t: Floats,
    D: Floats,
    d: Floats,
    code: int,
    g: Floats,
    s: Floats,
) -> None:
    m = ends.size - 1
    eta, q = np.zeros((SPARSE_GROUP, t.size)), np.empty((SPARSE_GROUP, t.size))
    for lo in range(0, m, SPARSE_GROUP):
        hi = min(lo + SPARSE_GROUP, m)
        if code:
            sparse_dots(data, columns, ends, lo, hi, B, t, eta)
        sparse_dots(data, columns, ends, lo, hi, D, d, q)
        curve_rows(code, eta, y, w, lo, hi - lo, q)
        sparse_add_back(data, columns, ends, lo, hi, q, g, s)


@compiled
def move_rows(eta: Floats, w: Floats, lo: int, count: int, u: Floats, alpha: Floats) -> None:
    """Makes u = sqrt(w) eta - alpha u for the rows from lo on, eta = sqrt(w) u."""
    for i in range(count):
        root = np.sqrt(w[lo + i]) if w.size else 1.0
        for a in range(eta.shape[1]):
            u[lo + i, a] = root * eta[i, a] - alpha[a] * u[lo + i, a]
            eta[i, a] = root * u[lo + i, a]


@compiled
def dense_fused(
    X: Floats, w: Floats, c: Floats, B: Floats, t: Floats, u: Floats, alpha: Floats, g: Floats, s: Floats
) -> None:
    """Makes u = A v - alpha u; adds A'u to g and s."""
    m, n = X.shape
    group = group_rows(n)
    eta = np.empty((group, t.size))
    for lo in range(0, m, group):
        hi = min(lo + group, m)
        dots(X, lo, hi, c, B, t, eta)
        move_rows(eta, w, lo, hi - lo, u, alpha)
        add_back(X, lo, hi, c, eta, g, s)


@compiled
def sparse_fused(
    data: Floats,
    columns: Indices,
    ends: Indices,
    w: Floats,
    B: Floats,
    t: Floats,
    u: Floats,
    alpha: Floats,
    g: Floats,
    s: Floats,
) -> None:
    m = ends.size - 1
    eta = np.empty((SPARSE_GROUP, t.size))
    for lo in range(0, m, SPARSE_GROUP):
        hi = min(lo + SPARSE_GROUP, m)
        sparse_dots(data, columns, ends, lo, hi, B, t, eta)
        move_rows(eta, w, lo, hi - lo, u, alpha)
        sparse_add_back(data, columns, ends, lo, hi, eta, g, s)


@compiled
def dense_forward(X: Floats, c: Floats, B: Floats, t: Floats, eta: Floats) -> None:
    """The eta (m, q) of all rows."""
    m, n = X.shape
    group = group_rows(n)
    for lo in range(0, m, group):
        dots(X, lo, min(lo + group, m), c, B, t, eta[lo:])


@compiled
def dense_parabola(X: Floats, y: Floats, w: Floats, c: Floats, B: Floats, t: Floats, sums: Floats) -> None:
    """Adds (w r^2, w r q, w q^2) to sums: B and t hold k columns of theta, then k of d; r = eta - y."""
    m, n = X.shape
    k = y.shape[1]
    group = group_rows(n)
    both = np.empty((group, 2 * k))
    for lo in range(0, m, group):
        hi = min(lo + group, m)
        dots(X, lo, hi, c, B, t, both)
        for i in range(hi - lo):
            wi = w[lo + i] if w.size else 1.0
            for a in range(k):
                r, q = both[i, a] - y[lo + i, a], both[i, k + a]
                sums[0] += wi * r * r
                sums[1] += wi * r * q
                sums[2] += wi * q * q


@compiled
def dense_spread(X: Floats, w: Floats, shift: Floats, sums: Floats, squares: Floats) -> None:
    """Sums of w (x - shift) and w (x - shift)^2."""
    m, n = X.shape
    for i in range(m):
        wi = w[i] if w.size else 1.0
        x = X[i]
        for j in range(n):
            d = x[j] - shift[j]
            sums[j] += wi * d
            squares[j] += wi * d * d


@compiled
def dense_squares(X: Floats, c: Floats, inverse: Floats, sizes: Floats) -> None:
    """Squares of the rows of (x - c) / scale."""
    m, n = X.shape
    for i in range(m):
        x = X[i]
        total = 0.0
        for j in range(n):
            z = (x[j] - c[j]) * inverse[j]
            total += z * z
        sizes[i] = total
