"""Bases of regression splines at given knots: B-splines, and the natural cubic spline in its values at the knots.

Both return the basis as columns, NaN where x is, and know nothing of where the knots came from. `extrapolation` says what
stands outside the bounds: the outermost polynomials ("extend"), the values at the nearer bound ("clip"), or zeros ("zero").
"raise" computes as "extend": the caller checks the rows first, and can name the row in its message.

References: de Boor (1978), A Practical Guide to Splines, chapters IX and X; Wood (2006), Generalized Additive Models: An
Introduction with R, section 4.1.2 (the basis) and section 1.8.1 (a linear constraint absorbed into a basis).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solve_banded

from gramian.kernels.array_types import Floats


def b_spline_basis(x: Floats, knots: Sequence[float], degree: int, extrapolation: str) -> list[Floats]:
    """B-splines of the given degree at x, one column (rows,) for each of len(knots) - degree - 1 of them.

    knots: all of them in order, each bound degree + 1 times or, where inner knots lie on it, more often. At a knot the piece
    to its right counts, at the upper bound the last piece that is not empty; splines on the surplus knots there are zero.
    """
    from scipy.interpolate import BSpline  # 50 ms: only formulas with splines wait for it

    lower, upper = knots[0], knots[-1]
    at = np.clip(x, lower, upper) if extrapolation in ("clip", "zero") else x
    missing = np.isnan(x)
    at = np.where(missing, lower, at)
    surplus = sum(knot == upper for knot in knots) - (degree + 1)
    kept = np.asarray(knots[: len(knots) - surplus])
    basis = np.zeros((x.size, len(knots) - degree - 1), order="F")
    basis[:, : kept.size - degree - 1] = BSpline.design_matrix(at, kept, degree, extrapolate=True).toarray(order="F")
    basis[missing] = np.nan
    return _columns(basis, x, lower, upper, extrapolation)


def natural_cubic_basis(
    x: Floats, knots: Sequence[float], means: Sequence[float] | None, extrapolation: str
) -> list[Floats]:
    """The natural cubic spline, linear beyond its knots; a coefficient is the spline's value at a knot.

    knots: distinct, in order, the bounds first and last. means: the mean of each column over the fitted rows; the basis then
    spans the splines of mean zero over those rows, with one column fewer.
    """
    lower, upper = knots[0], knots[-1]
    at = np.clip(x, lower, upper) if extrapolation in ("clip", "zero") else x
    basis = _cubic_in_values(at, np.asarray(knots))
    if means is not None:
        # The null space of the constraint means @ coef = 0: all but the first column of Q of its transpose.
        basis = basis @ np.linalg.qr(np.reshape(means, (-1, 1)), mode="complete")[0][:, 1:]
    return _columns(basis, x, lower, upper, extrapolation)


def _cubic_in_values(x: Floats, knots: Floats) -> Floats:
    """(rows, knots): Wood's a-, a+, c-, c+, with second derivatives F @ values at the knots.

    The cubes are cut off at zero, so that beyond the bounds only their linear parts remain.
    """
    h = np.diff(knots)
    j = np.clip(np.searchsorted(knots, x, side="left") - 1, 0, h.size - 1)
    width, right, left = h[j], knots[j + 1] - x, x - knots[j]
    second = _second_derivatives(h)
    from_right = np.maximum(right, 0.0) ** 3 / (6.0 * width) - width * right / 6.0
    from_left = np.maximum(left, 0.0) ** 3 / (6.0 * width) - width * left / 6.0
    basis = from_right[:, None] * second[j] + from_left[:, None] * second[j + 1]
    rows = np.arange(x.size)
    basis[rows, j] += right / width
    basis[rows, j + 1] += left / width
    return basis


def _second_derivatives(h: Floats) -> Floats:
    """F (knots, knots): second derivatives of the natural spline at its knots from its values there, zero at both ends.

    B F = D by continuity of the first derivative: B tridiagonal with (h_i + h_i+1) / 3 and h_i+1 / 6, D second differences.
    """
    inner = h.size - 1
    found = np.zeros((h.size + 1, h.size + 1))
    if inner:
        beside = h[1:-1] / 6.0
        B = np.stack([np.append(0.0, beside), (h[:-1] + h[1:]) / 3.0, np.append(beside, 0.0)])  # by diagonals
        D = np.zeros((inner, h.size + 1))
        i = np.arange(inner)
        D[i, i], D[i, i + 2] = 1.0 / h[:-1], 1.0 / h[1:]
        D[i, i + 1] = -D[i, i] - D[i, i + 2]
        found[1:-1] = solve_banded((1, 1), B, D)
    return found


def _columns(basis: Floats, x: Floats, lower: float, upper: float, extrapolation: str) -> list[Floats]:
    """The columns, each contiguous; rows outside the bounds are zero where that was asked for."""
    if extrapolation == "zero":
        basis[(x < lower) | (x > upper)] = 0.0
    return [np.ascontiguousarray(basis[:, j]) for j in range(basis.shape[1])]
