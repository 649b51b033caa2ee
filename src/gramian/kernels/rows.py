"""What compiled passes do to a few rows at a time: dot products, the loss, and sums back into the columns.

A group of rows is small enough to stay in the first-level cache, so that X is read from memory once for both products. Four
rows go together: each column is then loaded once for four. Sums may be reordered for vector units (`reassoc`, `contract`);
NaN and infinity keep their meaning. B is (k, n) for dense rows, (n, k) for sparse ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats
from gramian.kernels.fetch import ask_line
from gramian.kernels.indirect import call_row
from gramian.kernels.row_functions import RECIPROCAL

Indices: TypeAlias = NDArray[np.integer[Any]]
F = TypeVar("F", bound=Callable[..., Any])

LAST = RECIPROCAL
"""Above it the code of a loss is an address."""
FAST = {"reassoc", "contract", "nsz"}
GROUP_BYTES = 8 << 10
"""A group of rows: a quarter of the smallest first-level cache; 8 to 12 KB were best, measured on 1,000,000 x 50."""
AHEAD_BYTES = 12 << 10
"""How far ahead rows are asked for: a pass over 1,000,000 x 50 takes 0.035 s without, 0.025 s with, on one thread."""


def compiled(function: F) -> F:
    """Compiled when first called, kept on disk, run without the interpreter lock."""
    return _kept(function, fastmath=FAST)


def gathering(function: F) -> F:
    """As `compiled`, sums in order: rows with few stored values are quicker without vector units (measured, 1.3 x).

    Places and columns are taken as unsigned numbers, which spares the test for a negative index (a fifth, measured).
    """
    return _kept(function)


def _kept(function: F, **options: Any) -> F:
    settings: dict[str, Any] = {"nogil": True, "error_model": "numpy"} | options
    try:
        return cast(F, njit(cache=True, **settings)(function))
    except RuntimeError:  # no folder at all can be written to
        return cast(F, njit(**settings)(function))


def inlined(function: F) -> F:
    """For a few lines inside a compiled loop."""
    return cast(F, njit(inline="always", fastmath=FAST, error_model="numpy")(function))


@compiled
def group_rows(n: int) -> int:
    """Rows of a group of n columns: a multiple of 4."""
    return min(max(GROUP_BYTES // (8 * max(n, 1)) // 4 * 4, 4), 256)


@inlined
def ask_rows(X: Floats, i: int) -> None:
    """Asks memory for four rows from i on, there or not: four streams at once are more than it foresees by itself."""
    first = X.ctypes.data + i * X.shape[1] * 8
    for line in range(0, 4 * X.shape[1] * 8, 64):
        ask_line(first + line)


@compiled
def dots(X: Floats, lo: int, hi: int, c: Floats, B: Floats, t: Floats, eta: Floats) -> None:
    """eta[i, a] = t[a] + (x_i - c)'B_a for the rows lo .. hi of dense X."""
    n = X.shape[1]
    ahead = max(AHEAD_BYTES // (8 * max(n, 1)), 4)
    for a in range(B.shape[0]):
        b = B[a]
        i = lo
        while i + 4 <= hi:
            if a == 0:
                ask_rows(X, i + ahead)
            x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
            s0 = s1 = s2 = s3 = 0.0
            for j in range(n):
                s0 += (x0[j] - c[j]) * b[j]
                s1 += (x1[j] - c[j]) * b[j]
                s2 += (x2[j] - c[j]) * b[j]
                s3 += (x3[j] - c[j]) * b[j]
            eta[i - lo, a] = t[a] + s0
            eta[i - lo + 1, a] = t[a] + s1
            eta[i - lo + 2, a] = t[a] + s2
            eta[i - lo + 3, a] = t[a] + s3
            i += 4
        while i < hi:
            x0 = X[i]
            s0 = 0.0
            for j in range(n):
                s0 += (x0[j] - c[j]) * b[j]
            eta[i - lo, a] = t[a] + s0
            i += 1


@compiled
def add_back(X: Floats, lo: int, hi: int, c: Floats, u: Floats, g: Floats, s: Floats) -> None:
    """g[a] += sum_i u[i, a] (x_i - c), s[a] += sum_i u[i, a] for the rows lo .. hi of dense X; g is (k, n)."""
    n = X.shape[1]
    for a in range(g.shape[0]):
        ga = g[a]
        total = 0.0
        i = lo
        while i + 4 <= hi:
            x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
            u0, u1, u2, u3 = u[i - lo, a], u[i - lo + 1, a], u[i - lo + 2, a], u[i - lo + 3, a]
            total += u0 + u1 + u2 + u3
            for j in range(n):
                ga[j] += u0 * (x0[j] - c[j]) + u1 * (x1[j] - c[j]) + u2 * (x2[j] - c[j]) + u3 * (x3[j] - c[j])
            i += 4
        while i < hi:
            x0, u0 = X[i], u[i - lo, a]
            total += u0
            for j in range(n):
                ga[j] += u0 * (x0[j] - c[j])
            i += 1
        s[a] += total


@gathering
def sparse_dots(
    data: Floats, columns: Indices, ends: Indices, lo: int, hi: int, B: Floats, t: Floats, eta: Floats
) -> None:
    """eta[i, a] = t[a] + x_i'B_a for the rows lo .. hi of CSR X; B is (n, k)."""
    k = B.shape[1]
    if k == 1:
        b = B.reshape(-1)
        for i in range(lo, hi):
            total = t[0]
            for at in range(np.uint64(ends[i]), np.uint64(ends[i + 1])):
                total += data[at] * b[np.uint64(columns[at])]
            eta[i - lo, 0] = total
        return
    for i in range(lo, hi):
        for a in range(k):
            eta[i - lo, a] = t[a]
        for at in range(ends[i], ends[i + 1]):
            value, j = data[at], np.uint32(columns[at])
            for a in range(k):
                eta[i - lo, a] += value * B[j, a]


@gathering
def sparse_add_back(
    data: Floats, columns: Indices, ends: Indices, lo: int, hi: int, u: Floats, g: Floats, s: Floats
) -> None:
    """g[:, a] += sum_i u[i, a] x_i, s[a] += sum_i u[i, a] for the rows lo .. hi of CSR X; g is (n, k)."""
    k = g.shape[1]
    if k == 1:
        flat = g.reshape(-1)
        for i in range(lo, hi):
            ui = u[i - lo, 0]
            s[0] += ui
            for at in range(np.uint64(ends[i]), np.uint64(ends[i + 1])):
                flat[np.uint64(columns[at])] += ui * data[at]
        return
    for i in range(lo, hi):
        for a in range(k):
            s[a] += u[i - lo, a]
        for at in range(ends[i], ends[i + 1]):
            value, j = data[at], np.uint32(columns[at])
            for a in range(k):
                g[j, a] += value * u[i - lo, a]


@compiled
def loss_first(code: int, eta: Floats, y: Floats, w: Floats, lo: int, count: int, u: Floats) -> float:
    """Makes u = w loss'(eta, y); returns the sum of w loss. Codes as in `row_functions`."""
    total = 0.0
    if code > LAST:  # apart, so that the loop below stays one of vector instructions
        for i in range(count):
            wi = w[lo + i] if w.size else 1.0
            for a in range(eta.shape[1]):
                total += wi * call_row(code, 0, eta[i, a], y[lo + i, a])
                u[i, a] = wi * call_row(code, 1, eta[i, a], y[lo + i, a])
        return total
    for i in range(count):
        wi = w[lo + i] if w.size else 1.0
        for a in range(eta.shape[1]):
            e, target = eta[i, a], y[lo + i, a]
            value, first = row_loss(code, e, target)
            total += wi * value
            u[i, a] = wi * first
    return total


@inlined
def row_loss(code: int, eta: float, y: float) -> tuple[float, float]:
    """(loss, loss') of one row, of the losses that have a code."""
    if code == 0:
        r = eta - y
        return 0.5 * r * r, r
    if code == 1:
        # log(1 + e^eta) and 1 / (1 + e^-eta) from the exponential that cannot overflow.
        small = math.exp(-abs(eta))
        share = (1.0 if eta >= 0 else small) / (1.0 + small)
        return max(eta, 0.0) + math.log1p(small) - y * eta, share - y
    if code == 2:
        mean = math.exp(eta)
        return mean - y * eta, mean - y
    ratio = y * math.exp(-eta)
    return ratio + eta, 1.0 - ratio


@inlined
def row_first(code: int, eta: float, y: float) -> float:
    """The loss' of one row."""
    if code == 0:
        return eta - y
    if code == 1:
        small = math.exp(-abs(eta))
        return (1.0 if eta >= 0 else small) / (1.0 + small) - y
    if code == 2:
        return math.exp(eta) - y
    if code > LAST:
        return call_row(code, 1, eta, y)
    return 1.0 - y * math.exp(-eta)


@inlined
def row_second(code: int, eta: float, y: float) -> float:
    """The loss'' of one row, of the losses that have a code."""
    if code == 0:
        return 1.0
    if code == 1:
        small = math.exp(-abs(eta))
        return small / ((1.0 + small) * (1.0 + small))
    if code == 2:
        return math.exp(eta)
    return y * math.exp(-eta)
