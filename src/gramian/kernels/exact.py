"""Double-double arithmetic on arrays: a value is an unevaluated sum hi + lo, good to about 2^-104.

Error-free transforms in plain float64 operations, which numpy never contracts or reorders: TwoSum (Knuth 1969), the
splitting and TwoProd of Dekker (1971); sums and products as in Ogita, Rump and Oishi (2005), SIAM J. Sci. Comput. 26(6).
Finite for magnitudes below 2^996 / products above 2^-969.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gramian.kernels.array_types import Floats

SPLITTER = 2.0**27 + 1.0
UNIT = 2.0**-104
"""Relative error of one double-double operation, rounded up."""


class Double(NamedTuple):
    """hi + lo with |lo| at most half an ulp of hi."""

    hi: Floats
    lo: Floats

    def rounded(self) -> Floats:
        return self.hi + self.lo

    def __neg__(self) -> Double:
        return Double(-self.hi, -self.lo)


def exactly(values: Floats | float) -> Double:
    """A float64 array as a Double."""
    hi = np.asarray(values, dtype=np.float64)
    return Double(hi, np.zeros_like(hi))


def two_sum(a: Floats, b: Floats) -> Double:
    """A + b without error."""
    s = a + b
    t = s - a
    return Double(s, (a - (s - t)) + (b - t))


def _renormalised(hi: Floats, lo: Floats) -> Double:
    s = hi + lo
    return Double(s, lo - (s - hi))


def two_prod(a: Floats, b: Floats) -> Double:
    """A * b without error."""
    p = a * b
    t = SPLITTER * a
    a_hi = t - (t - a)
    a_lo = a - a_hi
    t = SPLITTER * b
    b_hi = t - (t - b)
    b_lo = b - b_hi
    return Double(p, ((a_hi * b_hi - p) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo)


def add(a: Double, b: Double) -> Double:
    """A + b, relative error of about 2^-104 also under cancellation."""
    s, e = two_sum(a.hi, b.hi)
    t, f = two_sum(a.lo, b.lo)
    s, e = _renormalised(s, e + t)
    return _renormalised(s, e + f)


def multiply(a: Double, b: Double) -> Double:
    p, e = two_prod(a.hi, b.hi)
    return _renormalised(p, e + (a.hi * b.lo + a.lo * b.hi))


def divide(a: Double, b: Double) -> Double:
    """By long division, three quotients of float64 each."""
    first = a.hi / b.hi
    rest = add(a, -multiply(exactly(first), b))
    second = rest.hi / b.hi
    rest = add(rest, -multiply(exactly(second), b))
    return add(_renormalised(first, second), exactly(rest.hi / b.hi))


def power(a: Double, exponent: int) -> Double:
    """By repeated squaring; a negative exponent divides 1 by the power."""
    result, base, left = exactly(np.ones_like(a.hi)), a, abs(exponent)
    while left:
        if left & 1:
            result = multiply(result, base)
        left >>= 1
        base = multiply(base, base) if left else base
    return divide(exactly(np.ones_like(a.hi)), result) if exponent < 0 else result


def square_root(a: Double) -> Double:
    """The root of hi and one step of Newton; 0 of 0."""
    root = np.sqrt(a.hi)
    rest = add(a, -two_prod(root, root))
    low = np.divide(rest.hi, 2.0 * root, out=np.zeros_like(root), where=root > 0)
    return _renormalised(root, low)


def total(a: Double) -> Double:
    """Sum over the last axis, by halving, so that the error grows with the logarithm of its length."""
    hi, lo = a.hi, a.lo
    while hi.shape[-1] > 1:
        half = hi.shape[-1] // 2
        rest = Double(hi[..., 2 * half :], lo[..., 2 * half :])
        paired = add(Double(hi[..., :half], lo[..., :half]), Double(hi[..., half : 2 * half], lo[..., half : 2 * half]))
        hi = np.concatenate([paired.hi, rest.hi], axis=-1)
        lo = np.concatenate([paired.lo, rest.lo], axis=-1)
    if hi.shape[-1] == 0:
        return exactly(np.zeros(hi.shape[:-1]))
    return Double(hi[..., 0], lo[..., 0])


def dot(a: Double, b: Double) -> Double:
    """Sum of a * b over the last axis."""
    return total(multiply(a, b))
