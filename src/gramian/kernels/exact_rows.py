"""Residual and gradient in double-double in one read of the rows, compiled: for more entries than numpy's arrays can take.

A group of rows is turned so that each operation runs over GROUP rows side by side, in vector registers. A product and its
error are p = fl(a b) and fma(a, b, -p); sums are Knuth's. No reordering is allowed, or the errors would be folded away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from gramian.kernels.array_types import Floats

F = TypeVar("F", bound=Callable[..., Any])
GROUP = 16
"""Rows side by side: buffers of 50 columns stay in the first-level cache."""
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False}


def _kept(function: F) -> F:
    try:
        return cast(F, njit(cache=True, **SETTINGS)(function))
    except RuntimeError:  # no folder at all can be written to
        return cast(F, njit(**SETTINGS)(function))


def _inlined(function: F) -> F:
    return cast(F, njit(inline="always", **SETTINGS)(function))


def _fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """A * b + c, rounded once."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), code


fma: Callable[[float, float, float], float] = cast(Any, intrinsic)(_fma)


@_inlined
def two_sum(a: float, b: float) -> tuple[float, float]:
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@_inlined
def two_prod(a: float, b: float) -> tuple[float, float]:
    p = a * b
    return p, fma(a, b, -p)


@_inlined
def add_product(
    hi: float, lo: float, a_hi: float, a_lo: float, b_hi: float, b_lo: float
) -> tuple[float, float]:
    """Hi + lo + a b; the error is relative to the terms, not to what is left of them."""
    p, e = two_prod(a_hi, b_hi)
    e += a_hi * b_lo + a_lo * b_hi
    s, f = two_sum(hi, p)
    f += lo + e
    hi = s + f
    return hi, f - (hi - s)


@_inlined
def add_one(hi: float, lo: float, a_hi: float, a_lo: float) -> tuple[float, float]:
    s, f = two_sum(hi, a_hi)
    f += lo + a_lo
    hi = s + f
    return hi, f - (hi - s)


@_kept
def gradient(
    X: Floats,
    X_lo: Floats,
    y: Floats,
    y_lo: Floats,
    w: Floats,
    c: Floats,
    b: Floats,
    b_lo: Floats,
    t: Floats,
    t_lo: Floats,
    g: Floats,
    g_lo: Floats,
    sums: Floats,
    sums_lo: Floats,
) -> None:
    """With d = y - t and r = d - (X - c) b: g (k, n) = sum w r (x - c); sums (k, 4) of w r, w r^2, w d, w d^2.

    b and b_lo are (k, n); X_lo, y_lo and w may be empty; every sum comes as hi and lo.
    """
    m, n = X.shape
    k = t.size
    x, x_lo = np.zeros((n, GROUP)), np.zeros((n, GROUP))
    r, r_lo = np.zeros(GROUP), np.zeros(GROUP)
    v = np.zeros(GROUP)
    G, G_lo = np.zeros((k, n, GROUP)), np.zeros((k, n, GROUP))
    S, S_lo = np.zeros((k, 4, GROUP)), np.zeros((k, 4, GROUP))
    for first in range(0, m, GROUP):
        count = min(GROUP, m - first)
        for i in range(GROUP):
            v[i] = (w[first + i] if w.size else 1.0) if i < count else 0.0
        _turn(X, X_lo, c, first, count, x, x_lo)
        for a in range(k):
            for i in range(GROUP):
                if i < count:
                    r[i], r_lo[i] = two_sum(y[first + i, a], -t[a])
                    low = (y_lo[first + i, a] if y_lo.size else 0.0) - t_lo[a]
                    r[i], r_lo[i] = add_one(r[i], r_lo[i], low, 0.0)
                else:
                    r[i], r_lo[i] = 0.0, 0.0
            _weigh(r, r_lo, v, S[a, 2], S_lo[a, 2], S[a, 3], S_lo[a, 3])
            for j in range(n):
                bj, bj_lo = -b[a, j], -b_lo[a, j]
                for i in range(GROUP):
                    r[i], r_lo[i] = add_product(r[i], r_lo[i], x[j, i], x_lo[j, i], bj, bj_lo)
            _weigh(r, r_lo, v, S[a, 0], S_lo[a, 0], S[a, 1], S_lo[a, 1])
            for i in range(GROUP):
                p, e = two_prod(r[i], v[i])
                e += r_lo[i] * v[i]
                r[i] = p + e
                r_lo[i] = e - (r[i] - p)
            for j in range(n):
                for i in range(GROUP):
                    G[a, j, i], G_lo[a, j, i] = add_product(
                        G[a, j, i], G_lo[a, j, i], x[j, i], x_lo[j, i], r[i], r_lo[i]
                    )
    for a in range(k):
        for j in range(n):
            for i in range(GROUP):
                g[a, j], g_lo[a, j] = add_one(g[a, j], g_lo[a, j], G[a, j, i], G_lo[a, j, i])
        for j in range(4):
            for i in range(GROUP):
                sums[a, j], sums_lo[a, j] = add_one(sums[a, j], sums_lo[a, j], S[a, j, i], S_lo[a, j, i])


@_kept
def _turn(X: Floats, X_lo: Floats, c: Floats, first: int, count: int, x: Floats, x_lo: Floats) -> None:
    """Rows first .. first + count of X + X_lo - c, turned; zeros beyond."""
    n = x.shape[0]
    for i in range(count):
        for j in range(n):
            x[j, i] = X[first + i, j]
    for j in range(n):
        for i in range(count):
            s, e = two_sum(x[j, i], -c[j])
            if X_lo.size:
                e += X_lo[first + i, j]
            x[j, i] = s + e
            x_lo[j, i] = e - (x[j, i] - s)
        for i in range(count, GROUP):
            x[j, i], x_lo[j, i] = 0.0, 0.0


@_kept
def _weigh(
    r: Floats, r_lo: Floats, v: Floats, sums: Floats, sums_lo: Floats, squares: Floats, squares_lo: Floats
) -> None:
    """Adds v r and v r^2."""
    for i in range(GROUP):
        p, e = two_prod(r[i], v[i])
        e += r_lo[i] * v[i]
        sums[i], sums_lo[i] = add_one(sums[i], sums_lo[i], p, e)
        squares[i], squares_lo[i] = add_product(squares[i], squares_lo[i], r[i], r_lo[i], p, e)
