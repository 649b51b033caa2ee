"""What the certificate is computed from: the gradient as the data, or a view of them, give it, with its rounding bounded."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gramian.certification.certificate import Correction, Evidence
from gramian.data.coordinates import Coordinates
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import UNIT, Double, add, exactly, multiply
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U
from gramian.problem.solution import Factor, Solution
from gramian.problem.wanted import Wanted
from gramian.reductions.gradient import Gradient
from gramian.reductions.gradient_bound import Seeing, Sized


def evidence_of_view(view: Seeing, solution: Solution, request: Wanted, factor: Factor) -> Evidence:
    """The gradient as a reduction of the rows gives it, with its own rounding bounded."""
    b, ridge = solution.coef, request.penalty.quadratic(view.n)[:, None]
    seen = view.at(b)
    bound = seen.bound + 3 * U * (ridge * np.abs(b) + np.abs(seen.g))
    g = seen.g - ridge * b
    return _evidence(
        "moments", view, solution, g, seen.residual_bound, bound, seen.level_bound, seen.rss, factor.defect, ridge
    )


def evidence_of_data(
    view: Sized, solution: Solution, request: Wanted, gradient: Gradient, defect: float
) -> tuple[Evidence, Floats]:
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
    return _evidence("data", view, solution, total, residual, bound, level_bound, gradient.rss, defect, ridge), level


def _evidence(
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
) -> Evidence:
    n = view.n
    norms, raw = view.norms, view.raw_norms
    return Evidence(
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
    evidence: Evidence, correction: Correction, level: Floats, weight: float, solution: Solution, request: Wanted
) -> Floats:
    """||r||^2 at the corrected answer: with d the correction and g that of the penalised problem,
    ||r||^2 - 2 d'(g + ridge b) + d'g - d'ridge d - weight * level^2.
    """
    d = correction.coef if correction.made else np.zeros_like(correction.coef)
    ridge = request.penalty.quadratic(d.shape[0])[:, None]
    before = solution.coef - d
    change = np.einsum("ij,ij->j", d, evidence.g + 2.0 * ridge * before + ridge * d)
    return np.maximum(evidence.rss - change - weight * level**2, 0.0)


def distance(evidence: Evidence, s: Floats, weight: float, coordinates: Coordinates, mu: float) -> Floats:
    """Bound on |b - b*| (n, k) from ||theta - theta*|| <= ||grad J|| / mu, infinite where mu is 0.

    The gradient of J about `coordinates.centre` is g + (centre of the evidence - that centre) s, s the sum of residuals (k,).
    """
    if not mu > 0:
        return np.full_like(evidence.g, np.inf)
    offset = (evidence.centre - coordinates.centre)[:, None]
    g = np.abs(evidence.g + offset * s) + evidence.bound + np.outer(evidence.norms, evidence.residual_bound)
    g = g / coordinates.scale[:, None]
    if coordinates.intercept:
        g = np.concatenate([np.abs(s)[None, :] + np.sqrt(weight) * evidence.residual_bound, g])
    return column_norms(g) / (weight * mu) / coordinates.scale[:, None]
