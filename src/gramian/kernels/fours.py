"""A plain stochastic epoch over wide dense rows, four steps for each read of theta.

Without a ridge, step t moves theta along its row alone, theta_{t+1} = theta_t - m_t z_t. So the products of the next rows follow
from those with theta_t and from the products of the rows themselves,

    z_{t+1}'theta_{t+1} = z_{t+1}'theta_t - m_t z_{t+1}'z_t,   and so on,

and theta is read and written once for four steps, which then need not wait for one another. The steps are the same ones. Of
50 columns an epoch takes 0.8 of its time; below some 30 the six products more cost what is gained (measured).
"""

from __future__ import annotations

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.epochs import DenseRows, apart, ask
from gramian.kernels.rows import compiled, row_first
from gramian.kernels.rules import step_at

WIDE = 32
"""Columns from which four rows go together."""


@compiled
def plain_fours(
    rows: DenseRows,
    settings: Floats,
    counters: Ints,
    theta: Floats,
    total: Floats,
    begin: int,
) -> int:
    """Steps theta = theta - h u z for one row after another, of all but the last order.size % 4 rows; how many rows.

    The ridge of `rows` is not read.
    """
    X, y, w, order, centre, inverse, code, share, _ = rows
    k, p = theta.shape
    n = X.shape[1]
    t, done = counters[0], order.size // 4 * 4
    last = 1.0 if p > n else 0.0
    v0, v1, v2, v3 = apart(n), apart(n), apart(n), apart(n)
    for at in range(0, done, 4):
        for ahead in range(4):
            ask(X, order, at + ahead)
        i0, i1, i2, i3 = order[at], order[at + 1], order[at + 2], order[at + 3]
        h0, h1, h2, h3 = step_at(settings, t + 1), step_at(settings, t + 2), step_at(settings, t + 3), step_at(settings, t + 4)
        t += 4
        if w.size:
            h0, h1, h2, h3 = h0 * w[i0], h1 * w[i1], h2 * w[i2], h3 * w[i3]
        c01 = c02 = c03 = c12 = c13 = c23 = last
        e0 = e1 = e2 = e3 = theta[0, n] if p > n else 0.0
        for j in range(n):
            c, s, b = centre[j], inverse[j], theta[0, j]
            z0, z1, z2, z3 = (X[i0, j] - c) * s, (X[i1, j] - c) * s, (X[i2, j] - c) * s, (X[i3, j] - c) * s
            v0[j], v1[j], v2[j], v3[j] = z0, z1, z2, z3
            e0 += z0 * b
            e1 += z1 * b
            e2 += z2 * b
            e3 += z3 * b
            c01 += z0 * z1
            c02 += z0 * z2
            c03 += z0 * z3
            c12 += z1 * z2
            c13 += z1 * z3
            c23 += z2 * z3
        for a in range(k):
            if a:
                e0 = e1 = e2 = e3 = theta[a, n] if p > n else 0.0
                for j in range(n):
                    b = theta[a, j]
                    e0 += v0[j] * b
                    e1 += v1[j] * b
                    e2 += v2[j] * b
                    e3 += v3[j] * b
            m0 = share * h0 * row_first(code, e0, y[i0, a])
            m1 = share * h1 * row_first(code, e1 - m0 * c01, y[i1, a])
            m2 = share * h2 * row_first(code, e2 - m0 * c02 - m1 * c12, y[i2, a])
            m3 = share * h3 * row_first(code, e3 - m0 * c03 - m1 * c13 - m2 * c23, y[i3, a])
            for j in range(n):
                theta[a, j] -= m0 * v0[j] + m1 * v1[j] + m2 * v2[j] + m3 * v3[j]
            if p > n:
                theta[a, n] -= m0 + m1 + m2 + m3
            if total.size and t >= begin:
                # The iterates of this group that count, four of them but where the mean begins, seen from the last.
                often = float(min(t - begin + 1, 4))
                m1, m2, m3 = max(often - 3.0, 0.0) * m1, max(often - 2.0, 0.0) * m2, (often - 1.0) * m3
                for j in range(n):
                    total[a, j] += often * theta[a, j] + m1 * v1[j] + m2 * v2[j] + m3 * v3[j]
                if p > n:
                    total[a, n] += often * theta[a, n] + m1 + m2 + m3
    counters[0] = t
    if total.size:
        counters[2] += min(max(t - begin + 1, 0), done)
    return done
