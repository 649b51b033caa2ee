"""The few LAPACK calls that solvers are made of, with types."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy.linalg import lapack

from gramian.arraytypes import Floats

_lapack = cast(Any, lapack)  # scipy generates this module; it declares no types


def cholesky_upper(A: Floats) -> Floats | None:
    """R with R'R = A, or None where A is not positive definite in floating point."""
    if A.size == 0:
        return A
    R, failed = _lapack.dpotrf(A, lower=0, clean=1)
    return None if failed else R


def inverse_upper(R: Floats) -> Floats:
    """R^-1 of an upper triangle without zeros on its diagonal."""
    return cast(Floats, _lapack.dtrtri(R)[0]) if R.size else R


def triangle_of(A: Floats) -> Floats:
    """R of the QR factorisation of A (m, n), (min(m, n), n), by Householder reflections; releases the interpreter lock."""
    return cast(Floats, np.linalg.qr(A, mode="r"))
