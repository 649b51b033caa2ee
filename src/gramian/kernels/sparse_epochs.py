"""Stochastic epochs over CSR rows, as `epochs` over dense ones; a row costs its stored values.

Columns are scaled and not centred: z = (x * inverse, 1), for a centre would fill every row. The intercept comes last.
What moves all of theta in every step (the ridge, the mean gradient of SAGA and SVRG) is applied to a coordinate only when a
row needs it: with c = 1 - h shrink, d steps that did not touch it are, in closed form,

    theta = c^d theta - h mean (1 - c^d) / (1 - c),      d mean in place of the last factor where shrink is 0.

The sum of the iterates is late in the same way: a coordinate that no row touched adds d times its value, or with a ridge
c (1 - c^d) / (1 - c) times its value before.

Reference for the delayed updates: Schmidt, Le Roux and Bach (2017), Math. Program. 162, section 4.1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.fetch import AHEAD, ask_line
from gramian.kernels.rows import compiled, gathering, inlined, row_first
from gramian.kernels.rules import end_batch, step_at


class SparseRows(NamedTuple):
    """What an epoch takes of the rows: stored values, their columns and where rows end; the rest as for dense ones."""

    data: Floats
    columns: Ints
    ends: Ints
    y: Floats
    w: Floats
    order: Ints
    inverse: Floats
    code: int
    share: float
    shrink: Floats


@inlined
def late(h: float, shrink: float, mean: float, d: int, value: float) -> float:
    """A coordinate after d steps that no row touched."""
    if shrink == 0.0:
        return value - h * d * mean
    factor = (1.0 - h * shrink) ** d
    return factor * value - mean * (1.0 - factor) / shrink


@inlined
def catch_up(h: float, shrink: Floats, mean: Floats, theta: Floats, since: Ints, t: int, j: int) -> None:
    """Brings coordinate j of every target to step t."""
    d = t - since[j]
    if d > 0:
        for a in range(theta.shape[0]):
            theta[a, j] = late(h, shrink[j], mean[a, j], d, theta[a, j])
        since[j] = t


@gathering
def dot_row(data: Floats, columns: Ints, lo: Any, hi: Any, inverse: Floats, b: Floats) -> float:
    """The product z'b over the stored values lo .. hi."""
    total = float(b[inverse.size]) if b.size > inverse.size else 0.0
    for at in range(lo, hi):
        j = np.uint32(columns[at])
        total += data[at] * inverse[j] * b[j]
    return total


@gathering
def move_row(
    data: Floats, columns: Ints, lo: Any, hi: Any, inverse: Floats, move: float, h: float, shrink: Floats, b: Floats
) -> None:
    """Takes move z + h shrink b off b at the stored values lo .. hi and the intercept; shrink is empty without a ridge."""
    for at in range(lo, hi):
        j = np.uint32(columns[at])
        b[j] -= move * data[at] * inverse[j] + (h * shrink[j] * b[j] if shrink.size else 0.0)
    if b.size > inverse.size:
        b[inverse.size] -= move


@inlined
def ask_row(data: Floats, columns: Ints, ends: Ints, order: Ints, at: int) -> None:
    """Asks memory for the stored values that are due in AHEAD rows; one line of each, the next follow by themselves."""
    if at + AHEAD < order.size:
        lo = ends[order[at + AHEAD]]
        ask_line(data.ctypes.data + lo * data.itemsize)
        ask_line(columns.ctypes.data + lo * columns.itemsize)


@inlined
def powers(x: float, d: int) -> float:
    """The sum of (1 - x)^e over e = 1 .. d."""
    if x == 0.0:
        return float(d)
    fallen = -math.expm1(d * math.log1p(-x)) if d * x < 0.1 else 1.0 - (1.0 - x) ** d
    return (1.0 - x) * fallen / x


@inlined
def add_late(h: float, shrink: Floats, theta: Floats, total: Floats, since: Ints, first: int, t: int, j: int) -> None:
    """Adds to the total the iterates since[j] + 1 .. t of coordinate j, those after `first` of them; before it is caught up.

    No row has touched the coordinate in these steps.
    """
    over = max(first - since[j], 0)
    d = t - since[j] - over
    if d > 0:
        often = powers(h * shrink[j], d)
        if over > 0:
            often *= (1.0 - h * shrink[j]) ** over
        for a in range(theta.shape[0]):
            total[a, j] += often * theta[a, j]


@compiled
def plain_epoch(
    rows: SparseRows,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    total: Floats,
    begin: int,
    stride: int,
) -> bool:
    """Steps theta = theta - h (u z + shrink theta) for one row after another; whether theta is finite at the end.

    Under a ridge h is renewed every `stride` rows, when all of theta is brought up to date; else with every row. Where total is
    not empty, the iterates from update `begin` on are added to it.
    """
    data, columns, ends, y, w, order, inverse, code, share, shrink = rows
    k, p = theta.shape
    n = inverse.size
    first = max(begin - 1 - counters[0], 0)
    ridge, averaging = np.any(shrink), total.size > 0 and first < order.size
    none = np.zeros((k, p))
    since = np.zeros(p, dtype=np.int64)
    h = step_at(settings, counters[0] + 1)
    pull = shrink if ridge else shrink[:0]
    for t in range(order.size):
        ask_row(data, columns, ends, order, t)
        i = order[t]
        lo, hi = ends[i], ends[i + 1]
        if ridge and t % stride == 0:
            for j in range(n):
                if averaging:
                    add_late(h, shrink, theta, total, since, first, t, j)
                catch_up(h, shrink, none, theta, since, t, j)
            h = step_at(settings, counters[0] + 1)
        if not ridge:
            h = step_at(settings, counters[0] + 1)
        if averaging:
            for at in range(lo, hi):
                add_late(h, shrink, theta, total, since, first, t, columns[at])
                if not ridge:
                    since[columns[at]] = t
        if ridge:
            for at in range(lo, hi):
                catch_up(h, shrink, none, theta, since, t, columns[at])
        counters[0] += 1
        weight = share * w[i] if w.size else share
        for a in range(k):
            b = theta[a]
            move = h * weight * row_first(code, dot_row(data, columns, lo, hi, inverse, b), y[i, a])
            move_row(data, columns, lo, hi, inverse, move, h, pull, b)
            if averaging and t >= first and p > n:
                total[a, n] += b[n]
        if ridge:
            for at in range(lo, hi):
                j = columns[at]
                since[j] = t + 1
                if averaging and t >= first:
                    for a in range(k):
                        total[a, j] += theta[a, j]
    for j in range(n):
        if averaging:
            add_late(h, shrink, theta, total, since, first, order.size, j)
        if ridge:
            catch_up(h, shrink, none, theta, since, order.size, j)
    if averaging:
        counters[2] += order.size - first
    return bool(np.all(np.isfinite(theta)))


@compiled
def batch_epoch(
    rows: SparseRows,
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
    """An update of all coordinates after every `batch` rows; whether theta is finite at the end."""
    data, columns, ends, y, w, order, inverse, code, share, shrink = rows
    k, p = theta.shape
    n = inverse.size
    for i in order:
        lo, hi = ends[i], ends[i + 1]
        weight = share * w[i] if w.size else share
        for a in range(k):
            s = sums[a]
            u = weight * row_first(code, dot_row(data, columns, lo, hi, inverse, theta[a]), y[i, a])
            for at in range(lo, hi):
                j = columns[at]
                s[j] += u * data[at] * inverse[j]
            if p > n:
                s[n] += u
        counters[1] += 1
        if counters[1] == batch:
            end_batch(rule, settings, counters, shrink, sums, theta, m, v, total, begin)
    return bool(np.all(np.isfinite(theta)))


@compiled
def reduced_epoch(
    rows: SparseRows,
    h: float,
    lift: Floats,
    table: Floats,
    snapshot: Floats,
    mean: Floats,
    theta: Floats,
) -> bool:
    """SAGA where `table` has rows, SVRG from `snapshot` where it has none; whether theta is finite at the end.

    `lift` as in the dense `saga_epoch`.
    """
    data, columns, ends, y, w, order, inverse, code, share, shrink = rows
    k, p = theta.shape
    n = inverse.size
    saga = table.shape[0] > 0
    one = 1.0 / (ends.size - 1)
    since = np.zeros(p, dtype=np.int64)
    for t in range(order.size):
        ask_row(data, columns, ends, order, t)
        i = order[t]
        lo, hi = ends[i], ends[i + 1]
        for at in range(lo, hi):
            catch_up(h, shrink, mean, theta, since, t, columns[at])
            since[columns[at]] = t + 1
        weight = share * w[i] if w.size else share
        for a in range(k):
            b, g = theta[a], mean[a]
            u = weight * row_first(code, dot_row(data, columns, lo, hi, inverse, b), y[i, a])
            if saga:
                change = u - table[i, a]
                table[i, a] = u
            else:
                change = u - weight * row_first(code, dot_row(data, columns, lo, hi, inverse, snapshot[a]), y[i, a])
            move = change * lift[i] if lift.size else change
            for at in range(lo, hi):
                j = columns[at]
                z = data[at] * inverse[j]
                b[j] -= h * (move * z + g[j] + shrink[j] * b[j])
                if saga:
                    g[j] += one * change * z
            if p > n:
                b[n] -= h * (move + g[n])
                if saga:
                    g[n] += one * change
    for j in range(n):
        catch_up(h, shrink, mean, theta, since, order.size, j)
    return bool(np.all(np.isfinite(theta)))
