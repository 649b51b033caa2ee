"""The gradient at an answer with a bound on its rounding, as the data, or a reduction of them, give it.

g = X'W(y - Xb) - (weights of the quadratic penalty) b, about the means of the columns beside an intercept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.exact import UNIT, Double, add, exactly, multiply
from gramian.kernels.rounding import U
from gramian.problem.solution import Factor, Solution
from gramian.problem.wanted import Wanted
from gramian.reductions.gradient import Gradient
from gramian.reductions.gradient_bound import Seeing, Sized


@dataclass(frozen=True, slots=True, eq=False)
class BoundedGradient:
    """The gradient at coef (n, k) and what its bound is made of; all about the centre, in the user's units.

    `kind` "data": a pass over the rows; "moments": the Gram alone. `norms` (n,) are the column norms about the centre,
    `raw_norms` those about zero, `y_norm` and `raw_y_norm` (k,) likewise; `centre` (n,); `weight` the sum of weights.
    The error of g is X'W dr + e with ||dr|| <= `residual_bound` (k,) and |e| <= `bound` (n, k); `level_bound` (k,) bounds
    the error of the level. `defect` is that of the factor which turns g into a correction.
    """

    kind: Literal["data", "moments"]
    g: Floats
    residual_bound: Floats
    bound: Floats
    level_bound: Floats
    rss: Floats
    norms: Floats
    raw_norms: Floats
    y_norm: Floats
    raw_y_norm: Floats
    centre: Floats
    defect: float
    weight: float
    ridge: Floats  # weights of the quadratic penalty, (n,)

    @staticmethod
    def of_view(view: Seeing, solution: Solution, request: Wanted, factor: Factor) -> BoundedGradient:
        """The gradient as a reduction of the rows gives it, with its own rounding bounded."""
        b, ridge = solution.coef, request.penalty.quadratic(view.n)[:, None]
        seen = view.at(b)
        bound = seen.bound + 3 * U * (ridge * np.abs(b) + np.abs(seen.g))
        g = seen.g - ridge * b
        return _made(
            "moments", view, solution, g, seen.residual_bound, bound, seen.level_bound, seen.rss, factor.defect, ridge
        )

    @staticmethod
    def of_data(
        view: Sized, solution: Solution, request: Wanted, gradient: Gradient, defect: float
    ) -> tuple[BoundedGradient, Floats]:
        """The gradient about the exact means, and the correction of the level (k,)."""
        n, b, weight = view.n, solution.coef, view.counts.weight
        ridge = request.penalty.quadratic(n)[:, None]
        g = Double(gradient.g, np.broadcast_to(gradient.g_lo, gradient.g.shape))
        level = np.zeros_like(gradient.s)
        penal = multiply(Double(b, solution.coef_lo), exactly(np.broadcast_to(ridge, b.shape)))
        bound = view.norms[:n, None] * gradient.sum_error + 16 * UNIT * ridge * np.abs(b)
        level_bound = np.zeros_like(level)
        residual = gradient.residual_error
        if view.centred:
            low, off = np.abs(view.mean.lo[:n]), view.mean_error[:n]
            g = add(g, exactly(-np.outer(view.mean.lo[:n], gradient.s)))
            # s is the product of r with a column of ones, whose norm is sqrt(weight).
            root = np.sqrt(weight)
            bound += np.outer(off + 3 * U * low, np.abs(gradient.s))
            bound += root * (np.outer(low + off, gradient.sum_error) + np.outer(off, residual))
            level = gradient.s / weight
            level_bound = (residual + gradient.sum_error) / root + U * np.abs(level)
        # Rounding the difference to one float64 is left to the reader of g, as it shrinks with it.
        total = add(g, -penal).rounded()
        return _made("data", view, solution, total, residual, bound, level_bound, gradient.rss, defect, ridge), level


def _made(
    kind: Literal["data", "moments"],
    view: Sized,
    solution: Solution,
    g: Floats,
    residual: Floats,
    bound: Floats,
    level: Floats,
    rss: Floats,
    defect: float,
    ridge: Floats,
) -> BoundedGradient:
    n = view.n
    norms, raw = view.norms, view.raw_norms
    return BoundedGradient(
        kind,
        g,
        residual,
        bound,
        level,
        rss,
        norms[:n],
        raw[:n],
        norms[n:],
        raw[n:],
        solution.centre,
        defect,
        view.counts.weight,
        ridge[:, 0],
    )


def rss_after(
    gradient: BoundedGradient, step: Floats, level: Floats, weight: float, solution: Solution, request: Wanted
) -> Floats:
    """||r||^2 at the corrected answer: with d the step that was made and g that of the penalised problem,
    ||r||^2 - 2 d'(g + ridge b) + d'g - d'ridge d - weight * level^2.
    """
    ridge = request.penalty.quadratic(step.shape[0])[:, None]
    before = solution.coef - step
    change = np.einsum("ij,ij->j", step, gradient.g + 2.0 * ridge * before + ridge * step)
    return np.maximum(gradient.rss - change - weight * level**2, 0.0)
