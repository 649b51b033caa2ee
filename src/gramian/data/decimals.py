"""Numbers as the decimals that they were printed as: what a float64 leaves of them, lo = decimal - float64.

A float64 read from text stands for the decimal that was written, 0.1 and not 0.1000000000000000055. Where that decimal has
at most 15 significant digits it is the shortest one that reads back to the same bits, so it can be found again. With N the
decimal without its point and d its places, N < 2^53 and 10^d <= 10^22 are float64 numbers, so that fl(N / 10^d) = x tells
exactly whether N / 10^d is read as x (Clinger 1990), and the rest is

    lo = (N - 10^d x) / 10^d,   10^d x = p + e without error, N - p without error,

good to 2^-105 of x. The few numbers beyond that range go through Python's own shortest text.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats
from gramian.kernels.exact import two_prod

DIGITS = 15
"""Every decimal of so many digits survives a float64 and back."""
TENS = np.array([float(10**places) for places in range(23)])
EXACT = 2.0**53
SAMPLE = 16


def digits(value: float) -> int:
    """Significant digits of the shortest decimal that reads back to the same bits."""
    mantissa = repr(float(value)).lstrip("-").split("e")[0]
    return len(mantissa.replace(".", "").strip("0")) or 1


def low_part(value: float) -> float:
    """Shortest decimal - value, rounded once."""
    return float(Fraction(repr(float(value))) - Fraction(float(value)))


def low_parts(values: NDArray[Any], any_digits: bool = False) -> Floats | None:
    """(rows,): shortest decimal - value, 0 for whole numbers up to 2^53, NaN and infinity.

    None where a number has more than 15 significant digits, unless `any_digits`: a number that was computed is what it is.
    a float32 has no more decimals than its own eight digits, and integers are exact: zeros for both, but for integers
    above 2^53, whose last bits a float64 does not hold.
    """
    if values.dtype.kind in "iu":
        return _of_integers(np.ravel(values)).reshape(values.shape)
    if values.dtype != np.float64:
        return np.zeros(values.shape)
    found = _of_floats(np.ravel(values), any_digits)
    return None if found is None else found.reshape(values.shape)


def _of_floats(x: Floats, any_digits: bool) -> Floats | None:
    low = np.zeros(x.shape)
    left = np.flatnonzero(np.isfinite(x) & ((x != np.rint(x)) | (np.abs(x) > EXACT)))
    if left.size and not any_digits and digits(float(x[left[0]])) > DIGITS:
        return None
    # Most columns have so many places everywhere as their first numbers show: one round, mostly.
    for ten in (TENS[_places(x[left[:SAMPLE]])], *TENS[1:]):
        if not left.size:
            return low
        v = x[left]
        with np.errstate(over="ignore", invalid="ignore"):
            p, e = two_prod(v, ten)
            N = np.rint(p)
            found = (np.abs(N) < 10.0**DIGITS) & (N / ten == v)
            low[left[found]] = (((N - p) - e) / ten)[found]
        left = left[~found]
    for at in left.tolist():
        value = float(x[at])
        if not any_digits and digits(value) > DIGITS:
            return None
        low[at] = low_part(value)
    return low


def _places(values: Floats) -> int:
    """The most places after the point among the shortest decimals of the values, at most 22."""
    written = [repr(value).partition(".")[2] for value in values.tolist()]
    return min(max((len(places) for places in written if "e" not in places), default=0), 22)


def _of_integers(values: NDArray[Any]) -> Floats:
    low = np.zeros(values.shape)
    if values.dtype.itemsize < 8 or not values.size:
        return low
    for at in np.flatnonzero((values > 2**53) | (values < -(2**53))):
        low[at] = float(int(values[at]) - int(np.float64(values[at])))
    return low
