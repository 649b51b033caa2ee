"""Double-double with a bound on what it has lost: running error analysis (Wilkinson 1963; Higham, section 3.3).

A value x is held as hi + lo with |hi + lo - x| <= u2 e, where u2 = 2^-104 is `UNIT`. With a' = hi + lo of a, |.| of it by
its hi (the last place of which the factor `COVER` takes), and d the rounding of the operation itself,

    z = a + b:    e = e_a + e_b + d
    z = a b:      e = |a'| e_b + |b'| e_a + u2 e_a e_b + d
    z = a / b:    e = (e_a + |z'| e_b) / (|b'| - u2 e_b) + 8 |z'|        infinite where b may be 0
    z = sqrt(a):  e = min(e_a / sqrt(a'), sqrt(e_a / u2)) + 4 |z'|

A sum rounds twice, a product once where hi and lo are put together, and TwoSum returns each rounding without error: sums of
numbers that fit cost nothing, and where one term swamps the other d is what it swamps. A product leaves a_lo b_lo out and
rounds its two mixed products: d has |a_lo b_lo| + 2u (|a_hi b_lo| + |a_lo b_hi|) besides. Products and quotients add `TINY`
for what falls below the smallest numbers, and one in 2^30 covers the roundings of e itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gramian.kernels import exact
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import UNIT, Double, exactly, two_prod, two_sum
from gramian.kernels.rounding import U

TINY = 2.0**-960
"""Units of error where a product or its error underflows: a few times 2^-1074 / 2^-104."""
COVER = 1.0 + 2.0**-30


class Bounded(NamedTuple):
    """`value`, which is off by at most UNIT * `error`, entry by entry."""

    value: Double
    error: Floats

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error)

    @property
    def size(self) -> Floats:
        return np.abs(self.value.hi)


def certain(values: Floats | float) -> Bounded:
    """Float64 numbers that are meant as they are."""
    value = exactly(values)
    return Bounded(value, np.zeros_like(value.hi))


def add(a: Bounded, b: Bounded) -> Bounded:
    """As `exact.add`, step by step."""
    s, e = two_sum(a.value.hi, b.value.hi)
    t, f = two_sum(a.value.lo, b.value.lo)
    e, first = two_sum(e, t)
    s, e = two_sum(s, e)
    e, second = two_sum(e, f)
    rounding = (np.abs(first) + np.abs(second)) / UNIT
    return Bounded(two_sum(s, e), COVER * (a.error + b.error + rounding))


def multiply(a: Bounded, b: Bounded) -> Bounded:
    """As `exact.multiply`, step by step."""
    p, e = two_prod(a.value.hi, b.value.hi)
    one, two = a.value.hi * b.value.lo, a.value.lo * b.value.hi
    e, last = two_sum(e, one + two)
    left_out = np.abs(a.value.lo * b.value.lo) + 2.0 * U * (np.abs(one) + np.abs(two))
    rounding = (np.abs(last) + left_out) / UNIT
    passed = a.size * b.error + b.size * a.error + UNIT * (a.error * b.error)
    return Bounded(two_sum(p, e), COVER * (passed + rounding) + TINY)


def divide(a: Bounded, b: Bounded) -> Bounded:
    value = exact.divide(a.value, b.value)
    size, least = np.abs(value.hi), b.size * (1.0 - 2.0**-50) - UNIT * b.error
    error = np.where(least > 0, (a.error + size * b.error) / np.where(least > 0, least, 1.0), np.inf)
    # What the long division takes off a is known to TINY alone.
    return Bounded(value, COVER * (error + 8.0 * size + TINY / np.where(least > 0, least, 1.0)) + TINY)


def power(a: Bounded, exponent: int) -> Bounded:
    """By repeated squaring; a negative exponent divides 1 by the power."""
    result, base, left = certain(np.ones_like(a.value.hi)), a, abs(exponent)
    first = True
    while left:
        if left & 1:
            result, first = (base if first else multiply(result, base)), False
        left >>= 1
        base = multiply(base, base) if left else base
    return divide(certain(np.ones_like(a.value.hi)), result) if exponent < 0 else result


def square_root(a: Bounded) -> Bounded:
    value = exact.square_root(a.value)
    root = np.abs(value.hi)
    error = np.sqrt(a.error / UNIT)
    error = np.minimum(error, np.divide(a.error, root, out=np.full_like(error, np.inf), where=root > 0))
    return Bounded(value, COVER * (error + 4.0 * root) + TINY)
