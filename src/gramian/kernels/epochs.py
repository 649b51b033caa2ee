"""Stochastic epochs over dense rows: mini-batches under any update rule, SAGA and SVRG.

With N rows, row i stands for (N w_i / W) loss(eta_i) + 1/2 sum shrink_j theta_j^2, so that the mean over the rows is J;
share is N / W, and shrink (p,) comes divided by W. A row is seen as z = ((x - centre) * inverse, 1), the 1 with an
intercept only, which comes last in theta, m, v, sums, total and mean, all (k, p). z is made once, in the first-level cache, for
both its uses. Rows are asked from memory eight places ahead, which halves the time of an epoch in random order (measured).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.fetch import AHEAD, ask_line
from gramian.kernels.rows import compiled, inlined, row_first
from gramian.kernels.rules import add_iterate, end_batch, step_at


class DenseRows(NamedTuple):
    """What an epoch takes of the rows: X (m, n), y (m, k), w (m,) or empty, their order, and how they are seen."""

    X: Floats
    y: Floats
    w: Floats
    order: Ints
    centre: Floats
    inverse: Floats
    code: int
    share: float
    shrink: Floats


@inlined
def apart(p: int) -> Floats:
    """Ones, p of them, with half a kilobyte free on both sides.

    A loop that writes z and sums is run without vector units where z lies too near to what it reads, and adds in another order:
    bits would depend on where arrays happen to lie.
    """
    return np.ones(p + 128)[64 : 64 + p]


@inlined
def seen(X: Floats, i: int, centre: Floats, inverse: Floats, b: Floats, z: Floats) -> Any:
    """Makes z of row i, and returns z'b."""
    n = X.shape[1]
    total = float(b[n]) if b.size > n else 0.0
    for j in range(n):
        d = (X[i, j] - centre[j]) * inverse[j]
        z[j] = d
        total += d * b[j]
    return total


@inlined
def dot(z: Floats, b: Floats) -> float:
    total = 0.0
    for j in range(b.size):
        total += z[j] * b[j]
    return total


@inlined
def ask(X: Floats, order: Ints, at: int) -> None:
    """Asks memory for the row that is due in AHEAD rows."""
    if at + AHEAD < order.size:
        size = X.shape[1] * 8
        first = X.ctypes.data + order[at + AHEAD] * size
        for line in range(0, size + 63, 64):
            ask_line(first + line)


@compiled
def plain_epoch(
    rows: DenseRows,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    total: Floats,
    begin: int,
) -> bool:
    """Steps theta = theta - h (u z + shrink theta) for one row after another; whether theta is finite at the end."""
    X, y, w, order, centre, inverse, code, share, shrink = rows
    k, p = theta.shape
    z = apart(p)
    ridge = np.any(shrink)
    t = counters[0]
    for at in range(order.size):
        ask(X, order, at)
        i = order[at]
        eta = seen(X, i, centre, inverse, theta[0], z)
        t += 1
        h = step_at(settings, t)
        weight = share * w[i] if w.size else share
        for a in range(k):
            b = theta[a]
            eta = eta if a == 0 else dot(z, b)
            move = h * weight * row_first(code, eta, y[i, a])
            if ridge:
                for j in range(p):
                    b[j] -= move * z[j] + h * shrink[j] * b[j]
            else:
                for j in range(p):
                    b[j] -= move * z[j]
        if total.size and t >= begin:
            add_iterate(counters, theta, total)
    counters[0] = t
    return bool(np.all(np.isfinite(theta)))


@compiled
def batch_epoch(
    rows: DenseRows,
    batch: int,
    rule: int,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    m: Floats,
    v: Floats,
    sums: Floats,
    total: Floats,
    begin: int,
) -> bool:
    """An update after every `batch` rows, counted on from call to call; whether theta is finite at the end."""
    X, y, w, order, centre, inverse, code, share, shrink = rows
    k, p = theta.shape
    z = apart(p)
    for at in range(order.size):
        ask(X, order, at)
        i = order[at]
        eta = seen(X, i, centre, inverse, theta[0], z)
        weight = share * w[i] if w.size else share
        for a in range(k):
            eta = eta if a == 0 else dot(z, theta[a])
            u = weight * row_first(code, eta, y[i, a])
            s = sums[a]
            for j in range(p):
                s[j] += u * z[j]
        counters[1] += 1
        if counters[1] == batch:
            end_batch(rule, settings, counters, shrink, sums, theta, m, v, total, begin)
    return bool(np.all(np.isfinite(theta)))


@compiled
def saga_epoch(
    rows: DenseRows,
    h: float,
    lift: Floats,
    table: Floats,
    mean: Floats,
    theta: Floats,
) -> bool:
    """Steps theta = theta - h ((u - table_i) z lift_i + mean + shrink theta), mean += (u - table_i) z / N, table_i = u.

    lift_i is 1 / (N p_i) where rows come with chances p_i, empty where each comes once.
    """
    X, y, w, order, centre, inverse, code, share, shrink = rows
    k, p = theta.shape
    z = apart(p)
    one = 1.0 / X.shape[0]
    for at in range(order.size):
        ask(X, order, at)
        i = order[at]
        eta = seen(X, i, centre, inverse, theta[0], z)
        weight = share * w[i] if w.size else share
        for a in range(k):
            b, g = theta[a], mean[a]
            eta = eta if a == 0 else dot(z, b)
            u = weight * row_first(code, eta, y[i, a])
            change = u - table[i, a]
            table[i, a] = u
            move = change * lift[i] if lift.size else change
            for j in range(p):
                b[j] -= h * (move * z[j] + g[j] + shrink[j] * b[j])
                g[j] += one * change * z[j]
    return bool(np.all(np.isfinite(theta)))


@compiled
def svrg_epoch(
    rows: DenseRows,
    h: float,
    snapshot: Floats,
    mean: Floats,
    theta: Floats,
) -> bool:
    """Steps theta = theta - h ((u(theta) - u(snapshot)) z + mean + shrink theta), mean the gradient at the snapshot, no ridge."""
    X, y, w, order, centre, inverse, code, share, shrink = rows
    k, p = theta.shape
    z = apart(p)
    for at in range(order.size):
        ask(X, order, at)
        i = order[at]
        eta = seen(X, i, centre, inverse, theta[0], z)
        weight = share * w[i] if w.size else share
        for a in range(k):
            b, g = theta[a], mean[a]
            eta = eta if a == 0 else dot(z, b)
            change = weight * (row_first(code, eta, y[i, a]) - row_first(code, dot(z, snapshot[a]), y[i, a]))
            for j in range(p):
                b[j] -= h * (change * z[j] + g[j] + shrink[j] * b[j])
    return bool(np.all(np.isfinite(theta)))
