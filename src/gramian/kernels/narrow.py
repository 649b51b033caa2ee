"""Stochastic epochs over narrow dense rows, of eight numbers at most with the intercept: theta is one value of `lanes`.

Rows are read eight numbers at a time; what follows a shorter row is covered. One row a step goes by pairs, both from one read of
theta, for step t moves it along a known direction:

    theta_{t+1} = d - m z_t,   d = theta_t - h shrink theta_t,   so that   z_{t+1}'theta_{t+1} = z_{t+1}'d - m z_{t+1}'z_t.

Least squares at one step for all, no weights and no ridge, goes by fours: alone in its loop, a row's arithmetic stays in
registers, where what any other case may call for pushes it out. The steps are the same ones. On 20,433 x 8 a row takes 5 ns by
fours, 7 by pairs, 9 by itself, 12 in the loops of `epochs`; in batches of 16, 4 ns and 18 (measured).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.epochs import DenseRows
from gramian.kernels.fetch import AHEAD, ask_line
from gramian.kernels.lanes import WIDTH, added, eight, eight_at, keep, product, standardised, times, zero
from gramian.kernels.rows import compiled, inlined, row_first
from gramian.kernels.rules import fallen

SOON = 2 * AHEAD
"""Rows between asking and reading."""


@inlined
def padded(values: Floats) -> Floats:
    """The first eight numbers, zeros behind them."""
    found = np.zeros(2 * WIDTH)
    for j in range(values.size):
        found[j] = values[j]
    return found


@inlined
def address_of(at: Any, size: int, first: Any, end: Any) -> Any:
    """Where the eight numbers from place `at` are: in X, or for what reaches beyond it, among its last eight at `end`."""
    return first + at * 8 if at + WIDTH <= size else end + (at - max(size - WIDTH, 0)) * 8


@inlined
def by_fours(rows: DenseRows, at: Any, h: float, b: Any, first: Any, end: Any, c: Any, s: Any, o: Any) -> Any:
    """Theta after each of the four rows from place `at` of the order, under squares and a step h."""
    X, y, order, n, one = rows.X, rows.y, rows.order, rows.X.shape[1], np.uint64(1)
    ahead, k = np.uint64(min(at + SOON, order.size - 4)), np.uint64(at)
    for due in range(4):
        ask_line(first + order[ahead + np.uint64(due)] * n * 8)
        ask_line(first + order[ahead + np.uint64(due)] * n * 8 + n * 8 - 1)
    i0, i1, i2, i3 = order[k], order[k + one], order[k + one + one], order[k + one + one + one]
    z0 = standardised(eight_at(address_of(i0 * n, X.size, first, end)), c, s, o)
    z1 = standardised(eight_at(address_of(i1 * n, X.size, first, end)), c, s, o)
    z2 = standardised(eight_at(address_of(i2 * n, X.size, first, end)), c, s, o)
    z3 = standardised(eight_at(address_of(i3 * n, X.size, first, end)), c, s, o)
    m0 = h * (product(z0, b) - y[np.uint64(i0), 0])
    m1 = h * (product(z1, b) - y[np.uint64(i1), 0] - m0 * product(z0, z1))
    m2 = h * (product(z2, b) - y[np.uint64(i2), 0] - m0 * product(z0, z2) - m1 * product(z1, z2))
    m3 = h * (product(z3, b) - y[np.uint64(i3), 0] - m0 * product(z0, z3) - m1 * product(z1, z3) - m2 * product(z2, z3))
    b0 = added(b, -m0, z0)
    b1 = added(b0, -m1, z1)
    b2 = added(b1, -m2, z2)
    return b0, b1, b2, added(b2, -m3, z3)


@compiled
def plain_narrow(
    rows: DenseRows,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    total: Floats,
    begin: int,
) -> bool:
    """Steps theta = theta - h (u z + shrink theta) for one row after another; total += theta, as in `plain_epoch`."""
    X, y, w, order, centre, inverse, code, share, shrink = rows
    n, p = X.shape[1], theta.shape[1]
    end, rest = padded(X.reshape(-1)[max(X.size - WIDTH, 0) :]), np.zeros(WIDTH)
    rest[n:p] = 1.0
    c, s, o, pull = eight(padded(centre), 0), eight(padded(inverse), 0), eight(rest, 0), eight(padded(shrink), 0)
    b, sum_of, ridge = eight(padded(theta[0]), 0), zero(), np.any(shrink)
    # Numbers alone from here on: an array that is passed on in a loop is counted each time, which doubles the time.
    first, last, size, step, decay, power = X.ctypes.data, end.ctypes.data, X.size, settings[0], settings[1], settings[2]
    t, at = counters[0], 0
    while code == 0 and decay == 0.0 and not ridge and not w.size and at + 3 < order.size:
        b0, b1, b2, b = by_fours(rows, at, step * share, b, first, last, c, s, o)
        sum_of = added(zero() if t + 1 == begin else sum_of, 1.0, b0)
        sum_of = added(zero() if t + 2 == begin else sum_of, 1.0, b1)
        sum_of = added(zero() if t + 3 == begin else sum_of, 1.0, b2)
        sum_of = added(zero() if t + 4 == begin else sum_of, 1.0, b)
        t += 4
        at += 4
    while at + 1 < order.size:
        for due in range(at + SOON, min(at + SOON + 2, order.size)):
            ask_line(first + order[due] * n * 8)
            ask_line(first + order[due] * n * 8 + n * 8 - 1)
        z0 = standardised(eight_at(address_of(order[at] * n, size, first, last)), c, s, o)
        z1 = standardised(eight_at(address_of(order[at + 1] * n, size, first, last)), c, s, o)
        i0, i1 = np.uint64(order[at]), np.uint64(order[at + 1])
        h0, h1 = fallen(step, decay, power, t + 1), fallen(step, decay, power, t + 2)
        w0, w1 = (share * w[i0], share * w[i1]) if w.size else (share, share)
        d = added(b, -h0, times(pull, b)) if ridge else b
        m0 = h0 * w0 * row_first(code, product(z0, b), y[i0, 0])
        m1 = h1 * w1 * row_first(code, product(z1, d) - m0 * product(z0, z1), y[i1, 0])
        d = added(d, -m0, z0)
        sum_of = added(zero() if t + 1 == begin else sum_of, 1.0, d)
        b = added(added(d, -h1, times(pull, d)) if ridge else d, -m1, z1)
        sum_of = added(zero() if t + 2 == begin else sum_of, 1.0, b)
        t += 2
        at += 2
    if at < order.size:
        i = np.uint64(order[at])
        z = standardised(eight_at(address_of(order[at] * n, size, first, last)), c, s, o)
        t += 1
        h = fallen(step, decay, power, t)
        m = h * (share * w[i] if w.size else share) * row_first(code, product(z, b), y[i, 0])
        b = added(added(b, -h, times(pull, b)), -m, z)
        sum_of = added(zero() if t == begin else sum_of, 1.0, b)
    end[0] = 0.0  # in use until here
    return finished(counters, t, b, sum_of, theta, total, begin)


@compiled
def batch_narrow(
    rows: DenseRows,
    batch: int,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    sums: Floats,
    total: Floats,
    begin: int,
) -> bool:
    """Steps theta = theta - h (mean of u z + shrink theta) after every `batch` rows, as `batch_epoch` under the first rule."""
    X, y, w, order, centre, inverse, code, share, shrink = rows
    n, p = X.shape[1], theta.shape[1]
    end, rest = padded(X.reshape(-1)[max(X.size - WIDTH, 0) :]), np.zeros(WIDTH)
    rest[n:p] = 1.0
    c, s, o, pull = eight(padded(centre), 0), eight(padded(inverse), 0), eight(rest, 0), eight(padded(shrink), 0)
    b, g, sum_of, ridge = eight(padded(theta[0]), 0), eight(padded(sums[0]), 0), zero(), np.any(shrink)
    first, last, size, step, decay, power = X.ctypes.data, end.ctypes.data, X.size, settings[0], settings[1], settings[2]
    t, waiting, at = counters[0], counters[1], 0
    while at < order.size:
        stop = min(at + batch - waiting, order.size)
        waiting += stop - at
        for place in range(at, stop):
            if place + SOON < order.size:
                ask_line(first + order[place + SOON] * n * 8)
                ask_line(first + order[place + SOON] * n * 8 + n * 8 - 1)
            i = np.uint64(order[place])
            z = standardised(eight_at(address_of(order[place] * n, size, first, last)), c, s, o)
            g = added(g, (share * w[i] if w.size else share) * row_first(code, product(z, b), y[i, 0]), z)
        at = stop
        if waiting == batch:
            t += 1
            h = fallen(step, decay, power, t)
            b = added(added(b, -h, times(pull, b)) if ridge else b, -h / batch, g)
            sum_of = added(zero() if t == begin else sum_of, 1.0, b)
            g, waiting = zero(), 0
    left = np.zeros(WIDTH)
    keep(left, 0, g)
    sums[0] = left[:p]
    counters[1] = waiting
    end[0] = 0.0  # in use until here
    return finished(counters, t, b, sum_of, theta, total, begin)


@inlined
def finished(counters: Ints, t: Any, b: Any, sum_of: Any, theta: Floats, total: Floats, begin: int) -> bool:
    """Writes what the loop held in registers, sum_of where update `begin` has come; whether theta is finite."""
    p, found = theta.shape[1], np.zeros(WIDTH)
    keep(found, 0, b)
    theta[0] = found[:p]
    if total.size and t >= begin:
        keep(found, 0, sum_of)
        total[0] += found[:p]
        counters[2] += t - max(counters[0], begin - 1)
    counters[0] = t
    return bool(np.all(np.isfinite(theta)))
