"""A sample of a few rows before the plan: whether the condition number is one that a Gram matrix can carry.

A pass for a Gram matrix that cannot carry it is lost, and costs as much as a third of the methods that can. Rows sampled
evenly through the data show it for a hundredth of that. They decide nothing but the order of the plan: an answer is
certified on all rows, whichever method made it.
"""

from __future__ import annotations

import numpy as np

from gramian.data.blocks import Rows
from gramian.execution.blas import factorising
from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper, inverse_upper, triangle_of
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import CONSTANT
from gramian.kernels.spectra import largest_singular

WORTH = 3e9
"""Products of a Gram matrix, m n^2, from which a sample is worth its price: about 0.05 s (measured, 2 cores)."""
SHARES = (2, 8)
"""Rows of the sample for each column; the second sample is taken where the first finds columns dependent, as rare dummies are."""
DEPENDENT = 1e14
"""Condition on a few rows from which columns may depend on each other there alone."""
BLOCKS = 16
SLACK = 4.0
"""A sample of few rows finds conditions up to six times that of all rows (measured on random rows)."""


def sampled_condition(rows: Rows, limit: float, threads: int = 1) -> float | None:
    """Scaled condition on a few rows where it is above `limit`; None where not, or where no sample is worth it."""
    m, n = rows.rows, rows.n
    if not rows.in_memory or rows.sparse or m is None or m * n**2 < WORTH or m < 16 * n:
        return None
    condition = None
    with factorising(n, threads):
        for share in SHARES:
            Z = _scaled(_few(rows, share * n), rows.centred)
            condition = _above(Z, SLACK * limit)
            if condition is None or condition < DEPENDENT:
                return condition
    return condition


def _few(rows: Rows, wanted: int) -> Floats:
    """Rows at equal distances in a few blocks at equal distances, weighted."""
    parts = rows.parts()
    count = min(BLOCKS, len(parts))
    found: list[Floats] = []
    for i in range(count):
        for block in parts[i * len(parts) // count].blocks():
            step = max(block.rows * count // wanted, 1)
            X = block.X[::step]
            assert isinstance(X, np.ndarray)
            found.append(X if block.w is None else X * np.sqrt(block.w[::step, None]))
            break
    return np.concatenate(found)


def _scaled(X: Floats, centred: bool) -> Floats:
    """Columns of norm 1, those that are constant on these rows left out."""
    raw = column_norms(X)
    if centred:
        X = X - np.mean(X, axis=0)
    norms = column_norms(X)
    varied = norms > CONSTANT * raw
    return X[:, varied] / norms[varied]


def _above(Z: Floats, limit: float) -> float | None:
    """The condition of Z where it is above the limit."""
    if not np.all(np.isfinite(Z)) or Z.shape[0] <= Z.shape[1]:
        return None
    R = cholesky_upper(Z.T @ Z)
    if R is not None and largest_singular(R) * largest_singular(inverse_upper(R)) <= limit:
        return None
    R = triangle_of(Z)
    if not np.all(np.diag(R)):
        return np.inf
    condition = largest_singular(R) * largest_singular(inverse_upper(R))
    return condition if condition > limit else None
