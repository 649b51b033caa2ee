"""Rows in the coordinates of a fit, in double-double, against the exact solution of columns near 1.7e15 that nearly repeat."""

from __future__ import annotations

import mpmath
import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.kernels.exact import Double
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.problem.penalties import NoPenalty
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_fitted import ExactFactor, ExactSurface
from gramian.reductions.exact_inner import SlicedFactor, inner
from gramian.reductions.moments import MomentSums
from gramian.solving.solve import solve


def test_leverage_and_residuals_keep_their_digits_at_any_condition() -> None:
    rng = np.random.default_rng(0)
    m, n = 60, 3
    start = np.round(1.7e15 + rng.uniform(0, 1e6, m))
    end = start + rng.integers(1, 1001, m)
    X = np.column_stack([start, end, end - start + 1e-8 * rng.standard_normal(m)])
    y = 0.3 * X[:, 2] + 1e-3 * (start - 1.7e15) + rng.standard_normal(m)
    rows = ArrayRows.of(X, y, centred=True)
    view = MomentSums.of(rows, Threads(1))
    found = solve(Problem(rows, Wanted(NoPenalty(), "drop")), "qr", "data", Threads(1)).solution
    assert view is not None
    assert found.factor is not None
    mean, W = Double(view.mean.hi[:n], view.mean.lo[:n]), found.factor.W
    norms, raw = view.norms[:n], view.raw_norms[:n]
    seen = inner(rows, Threads(1), mean, W, norms, raw)
    R = cholesky_upper(np.eye(n) + seen.E)
    assert R is not None
    z = ExactFactor(mean, seen.shift, W, inverse_upper(R), SlicedFactor.of(W, norms, raw)).z(X)
    surface = ExactSurface(
        Double(found.centre, np.zeros(n)), Double(found.level, found.level_lo), Double(found.coef, found.coef_lo)
    )
    _, residual = surface.residuals(next(rows.parts()[0].blocks()))
    with mpmath.workdps(120):
        A = mpmath.matrix([[1.0, *row] for row in X.tolist()])
        inverse = (A.T * A) ** -1
        b = inverse * (A.T * mpmath.matrix(y.tolist()))
        true = mpmath.matrix(y.tolist()) - A * b
        leverage = [(A[i, :] * inverse * A[i, :].T)[0] for i in range(m)]
        for i in range(m):
            assert abs(float(1 / m + z[i] @ z[i]) - leverage[i]) <= 1e-14
            assert abs(float(residual[i, 0]) - true[i]) <= 1e-14 * max(1.0, float(np.max(np.abs(residual))))
    assert abs(np.sum(z**2) - n) <= 1e-13
