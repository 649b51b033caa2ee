"""What the certificate is computed from: the gradient as the data, or a view of them, give it, with its rounding bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Protocol

import numpy as np

from gramian.arraytypes import Floats
from gramian.certificate import Correction, Evidence
from gramian.kernels.exact import UNIT, Double, add, exactly, multiply
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.kernels.norms import column_norms
from gramian.solution import Factor, Solution
from gramian.solvers.base import Request, largest_singular
from gramian.views.gradient import Gradient
from gramian.views.moments import Counts, Moments, U, gamma
from gramian.views.objective import Coordinates
from gramian.views.triangle import Triangle


class Sized(Protocol):
    """What bounds take from a view: sizes of the columns of [X y] and their means."""

    @property
    def n(self) -> int: ...
    @property
    def centred(self) -> bool: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def mean(self) -> Double: ...
    @property
    def norms(self) -> Floats: ...
    @property
    def raw_norms(self) -> Floats: ...
    @property
    def mean_error(self) -> Floats: ...


def evidence_of_view(view: Moments | Triangle, solution: Solution, request: Request, factor: Factor) -> Evidence:
    """The gradient as the Gram matrix or the triangle gives it, with their own rounding bounded."""
    n, b = view.n, solution.coef
    if isinstance(view, Moments):
        noise = view.noise
        gradient = view.gram[:n, n:] - view.gram[:n, :n] @ b
        error = view.gamma + gamma(n + 4)
    else:
        noise = view.norms
        gradient = view.R[:, :n].T @ (view.R[:, n:] - view.R[:, :n] @ b)
        error = 2.0 * view.gamma + gamma(2 * n + 4)
    spread = noise[n:] + noise[:n] @ np.abs(b)
    ridge = request.penalty.ridge
    bound = error * np.outer(noise[:n], spread) + 3 * U * ridge * np.abs(b)
    level = error * spread / np.sqrt(view.counts.weight) if view.centred else np.zeros(b.shape[1])
    rss = _rss_of_view(view, b)
    residual = np.zeros_like(level)
    return _evidence("moments", view, solution, gradient - ridge * b, residual, bound, level, rss, factor.defect)


def evidence_of_data(
    view: Sized, solution: Solution, request: Request, gradient: Gradient, defect: float
) -> tuple[Evidence, Floats]:
    """The gradient about the exact means, and the correction of the level (k,)."""
    n, b, weight = view.n, solution.coef, view.counts.weight
    ridge = request.penalty.ridge
    g = Double(gradient.g, np.broadcast_to(gradient.g_lo, gradient.g.shape))
    level = np.zeros_like(gradient.s)
    penal = multiply(Double(b, solution.coef_lo), exactly(np.float64(ridge)))
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
    return _evidence("data", view, solution, total, residual, bound, level_bound, gradient.rss, defect), level


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
    )


def _rss_of_view(view: Moments | Triangle, b: Floats) -> Floats:
    n = view.n
    if isinstance(view, Triangle):
        rest = view.R[:, n:] - view.R[:, :n] @ b
        return np.sum(rest**2, axis=0)
    cross = view.gram[:n, n:]
    rss = np.diag(view.gram)[n:] - np.einsum("ij,ij->j", b, 2.0 * cross - view.gram[:n, :n] @ b)
    return np.maximum(rss, 0.0)


def residual_known(view: Moments | Triangle, b: Floats, rss: Floats, digits: float) -> bool:
    """The residual sum of squares holds so many digits, after the cancellation in y'y - 2 b'X'y + b'X'X b or in z - R b."""
    n = view.n
    noise = view.noise if isinstance(view, Moments) else view.norms
    spread = noise[n:] + noise[:n] @ np.abs(b)
    if isinstance(view, Triangle):
        return bool(np.all(np.sqrt(rss) >= 10.0**digits * view.gamma * spread))
    return bool(np.all(rss >= 10.0**digits * view.gamma * spread**2))


def orthonormalised(view: Moments | Triangle, request: Request, factor: Factor, seen: Gradient) -> Factor:
    """W W2 with W2 from the Cholesky factor of W'(X'X + ridge)W as a pass over the data saw it (probes W).

    Its defect is what the rounding of that pass leaves, infinite where the data do not confirm that the columns of the
    factor are independent. Second step of CholeskyQR2: Yamamoto, Nakatsukasa, Yanagisawa and Fukaya (2015), ETNA 44.
    """
    n, W = view.n, factor.W
    low, root = view.mean.lo[:n], np.sqrt(view.counts.weight)
    norms = np.hypot(view.norms[:n], root * low)
    off = root * (low @ W)
    penalty = request.penalty.ridge * (W.T @ W)
    G = seen.probes + penalty - np.outer(off, off)
    reach = norms @ np.abs(W)  # at least the norm of each column of |X||W|
    trace = float(np.trace(seen.probes + penalty))
    product = 1.01 * gamma(n + 3) * float(column_norms(reach))
    mean = root * float(column_norms((view.mean_error[:n] + gamma(n) * np.abs(low)) @ np.abs(W)))
    error = 2.0 * (product + mean) * np.sqrt(trace) + product**2 + gamma(seen.chain + 3) * trace
    R = cholesky_upper(G) if np.all(np.isfinite(G)) else None
    if R is None:
        return replace(factor, defect=np.inf)
    inverse = inverse_upper(R)
    stretch = largest_singular(inverse)
    rounding = gamma(2 * factor.rank + 6) * (2.0 * float(column_norms(reach @ np.abs(inverse))) + trace * stretch**2)
    defect = 1.1 * (error * stretch**2 + rounding)
    new = W @ inverse
    condition = max(factor.condition, largest_singular(norms[:, None] * new))
    return replace(factor, W=new, defect=defect if defect < 1 else np.inf, condition=condition)


def rss_after(
    evidence: Evidence, correction: Correction, level: Floats, weight: float, solution: Solution, request: Request
) -> Floats:
    """||r||^2 at the corrected answer: with d the correction and g that of the penalised problem,
    ||r||^2 - 2 d'(g + ridge b) + d'g - ridge d'd - weight * level^2.
    """
    d, ridge = correction.coef, request.penalty.ridge
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
