"""The few LAPACK calls that solvers are made of, with types."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy.linalg import lapack

from gramian.kernels.array_types import Floats

_lapack = cast(Any, lapack)  # scipy generates this module; it declares no types


def cholesky_upper(A: Floats) -> Floats | None:
    """R with R'R = A, or None where A is not positive definite in floating point."""
    if A.size == 0:
        return A
    R, failed = _lapack.dpotrf(A, lower=0, clean=1)
    return None if failed else R


def inverse_upper(R: Floats) -> Floats:
    """W = R^-1 of an upper triangle without zeros on its diagonal, with |R W - I| <= gamma_n |R| |W|.

    Column by column, R w = e: dtrtri makes W R near to I instead, and R W may then be far from it, by the condition of R squared,
    where columns and rows are graded. What follows from a factor W of X'X rests on X W.
    """
    return cast(Floats, _lapack.dtrtrs(R, np.eye(R.shape[0]))[0]) if R.size else R


def triangle_of(A: Floats) -> Floats:
    """R of the QR factorisation of A (m, n), (min(m, n), n), by Householder reflections; releases the interpreter lock."""
    return cast(Floats, np.linalg.qr(A, mode="r"))
