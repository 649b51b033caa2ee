"""Tail probabilities and quantiles of Student's t and Fisher's F, to about 14 digits in the tails as well.

Infinite degrees of freedom make t normal, and F chi-squared over its degrees of freedom.

From scipy.special alone, imported on first use: it costs 30 ms to import, scipy.stats half a second.
"""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats

SMALLEST_P = 2e-16
"""Probabilities below this are printed as below it: no data determine the digits of so far a tail."""


def two_sided_t(t: Floats, df: float | Floats) -> Floats:
    """P(|T| > |t|) for T of Student's t with `df` degrees of freedom; NaN where t is NaN or df is not positive."""
    from scipy.special import ndtr, stdtr

    if np.all(np.isinf(df)):
        return 2.0 * np.asarray(ndtr(-np.abs(t)), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        p = 2.0 * np.asarray(stdtr(_positive(df), -np.abs(t)), dtype=np.float64)
    return np.where(np.isinf(t) & (_positive(df) > 0), 0.0, p)


def t_quantile(level: float, df: float | Floats) -> Floats:
    """The t of which P(|T| <= t) = level, taken from the lower tail so that levels near 1 keep their digits."""
    from scipy.special import ndtri, stdtrit

    if np.all(np.isinf(df)):
        return -np.asarray(ndtri(0.5 * (1.0 - level)), dtype=np.float64)
    return -np.asarray(stdtrit(_positive(df), 0.5 * (1.0 - level)), dtype=np.float64)


def upper_f(f: Floats, df_num: float | Floats, df_den: float | Floats) -> Floats:
    """P(F > f); NaN where f is NaN or a degree of freedom is not positive.

    Of the two incomplete beta functions that are equal to it, the one whose argument does not cancel is taken: written
    in 1/f where f is large, in f where it is small.
    """
    from scipy.special import betainc, betaincc, chdtrc

    if np.all(np.isinf(df_den)):
        with np.errstate(invalid="ignore"):
            return np.asarray(chdtrc(_positive(df_num), _positive(df_num) * np.where(f >= 0, f, np.nan)))
    f = np.asarray(f, dtype=np.float64)
    a, b = 0.5 * _positive(df_num), 0.5 * _positive(df_den)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        ratio = np.where(f >= 0, f, np.nan) * a / b
        small: Floats = betaincc(a, b, np.where(ratio < 1, ratio / (1 + ratio), np.nan))
        large: Floats = betainc(b, a, np.where(ratio < 1, np.nan, 1 / (1 + ratio)))
    return np.where(ratio < 1, small, large)


def _positive(df: float | Floats) -> Floats:
    values = np.asarray(df, dtype=np.float64)
    return np.where(values > 0, values, np.nan)
