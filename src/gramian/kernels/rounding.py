"""The unit of float64 rounding, and the bound of a chain of roundings."""

from __future__ import annotations

EPS = 2.0**-52
CONSTANT = 4 * EPS
"""A column whose norm about its mean is below this share of its norm about zero is constant to rounding."""

U = 2.0**-53


def gamma(chain: float, unit: float = U) -> float:
    """Relative error bound of a chain of so many operations, in float64: Higham, Accuracy and Stability, lemma 3.1."""
    return chain * unit / (1.0 - chain * unit)
