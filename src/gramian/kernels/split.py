"""A product of matrices with an error far below that of one float64 product, by splitting both factors.

Leading parts of `BITS` bits have exact products and sums, so that only the rest is rounded (Ozaki, Ogita, Oishi and Rump
2012, Numerical Algorithms 59).
"""

from __future__ import annotations

import math

import numpy as np

from gramian.kernels.array_types import Floats


def bits(inner: int) -> int:
    """Bits of the leading parts for sums of `inner` products: 2 bits + log2(inner) stay within 53."""
    return (52 - math.ceil(math.log2(max(inner, 2)))) // 2


def split_product(A: Floats, B: Floats) -> Floats:
    """A B with an error of at most 2 u |A B| + 2 inner 2^-bits gamma_inner row_max(A) col_max(B), and no overflow near 1e290."""
    keep = bits(A.shape[1])
    a, b = _leading(A, 1, keep), _leading(B, 0, keep)
    return a @ b + (a @ (B - b) + (A - a) @ B)


def _leading(A: Floats, axis: int, keep: int) -> Floats:
    """A rounded to multiples of 2^-keep times the power of two above its largest value along the axis."""
    largest = np.max(np.abs(A), axis=axis, keepdims=True, initial=0.0)
    _, exponent = np.frexp(largest)
    shift = np.ldexp(0.75, exponent + 54 - keep)
    return (A + shift) - shift
