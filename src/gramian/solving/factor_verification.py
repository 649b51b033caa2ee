"""A factor confirmed on the rows: each pass forms W'(X'X)W, and its Cholesky factor turns W into one that is orthonormal.

It is the step that the methods of Cholesky QR repeat, and what proves a factor whose own bound says too little, whichever
solver made it (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015, ETNA 44). With E the error of V = X W and S that of V'V,

    ||W'X'XW - G|| <= 2 ||V|| ||E|| + ||E||^2 + ||S||,   ||E|| <= gamma_width || |X||W| ||,   ||S|| <= gamma_chain trace G.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gramian.data.blocks import Rows
from gramian.data.counts import check_unchanged
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.kernels.lapack import cholesky_upper, inverse_upper
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import CONSTANT, U, gamma
from gramian.kernels.spectra import largest_singular
from gramian.kernels.split import bits, split_product
from gramian.planning import Plan
from gramian.planning.plan import Step
from gramian.problem.solution import Factor, Solution, Stats
from gramian.problem.wanted import Wanted
from gramian.reductions.gradient import Point
from gramian.reductions.gradient_bound import Sized
from gramian.reductions.image import GROUP, Image, in_single

PROVEN = 0.1
"""A factor whose defect is bounded below this needs no test on the data."""
MOST_PASSES = 3
SHARP = 5e-3
"""Bound on the error of X W below which its sums may run over all columns."""
TINY = 1e-30
"""Above what float32 loses to underflow."""
LONGEST = 1e100
"""||R^-1|| from which its square may overflow."""
NEAR = 10.0
"""||R|| and ||R^-1|| of the factor of W'X'XW below which another pass finds no better one."""


def proven(
    rows: Rows, view: Sized, solution: Solution, request: Wanted, runner: Runner, plan: Plan, refined: bool = True
) -> tuple[Solution, Plan]:
    """The solution with a factor that the data confirm, by more passes where its own bound does not say enough.

    Its coefficients are `refined` by what those passes see, or stay as they are.
    """
    for _ in range(MOST_PASSES):
        factor = solution.factor
        if factor is None or factor.defect < PROVEN:
            return solution, plan
        started = time.perf_counter()
        probes = factor.W if view.is_evidence else np.concatenate([factor.W, _probing(view, factor)], axis=1)
        at = Point(solution.centre, solution.level, solution.coef, solution.level_lo, solution.coef_lo)
        # Of a sketch V is near orthonormal; a shifted Gram matrix may leave a condition that float32 cannot square.
        single = not view.is_evidence and in_single(view.counts.used, probes.shape[1])
        seen = Image.of(rows, runner, at, probes, group_of(view, factor), single)
        check_unchanged(rows.name, view.counts, seen.counts)
        better, inverse, near = orthonormalised(view, request, factor, seen)
        if refined and near and better.defect < 1:
            solution = _stepped(solution, view, request, factor.W, inverse, seen)
        seconds = time.perf_counter() - started
        solution = replace(solution, factor=better).costing(Stats(passes=1, seconds=seconds))
        plan = plan.done(Step("confirm", f"factor on the data, defect {better.defect:.1e}", seconds))
        if near:
            return solution, plan
    # Each pass found a factor far from the one before: nothing is known of the last.
    assert solution.factor is not None
    unproven = replace(solution.factor, defect=np.inf) if solution.factor.defect >= PROVEN else solution.factor
    return replace(solution, factor=unproven), plan


def group_of(view: Sized, factor: Factor) -> int:
    """Columns of X that a chain of sums may run over: all where that keeps the bound on W'X'XW small."""
    n = view.n
    reach = np.hypot(view.norms[:n], np.sqrt(view.counts.weight) * np.abs(view.mean.lo[:n])) @ np.abs(factor.W)
    return n if gamma(n + 5) * float(column_norms(reach)) < SHARP else GROUP


def _stepped(solution: Solution, view: Sized, request: Wanted, W: Floats, inverse: Floats, seen: Image) -> Solution:
    """One step of refinement from what the pass saw: b + V V'(X'r - ridge b) with V = W R^-1."""
    n, r = view.n, W.shape[1]
    across = seen.across[:r] - W.T @ (request.penalty.quadratic(n)[:, None] * solution.coef)
    level = np.zeros(solution.coef.shape[1])
    if view.centred:
        level = seen.off / view.counts.weight
        across -= np.outer(seen.sums[:r], level)
    step = W @ (inverse @ (inverse.T @ across))
    if not np.all(np.isfinite(step)):
        return solution
    return solution.corrected_by(step, level - view.mean.lo[:n] @ step)


def orthonormalised(view: Sized, request: Wanted, factor: Factor, seen: Image) -> tuple[Factor, Floats, bool]:
    """W R^-1 with R the Cholesky factor of W'(X'X + ridge)W as a pass over the data saw it, R^-1, and whether that was near.

    Its defect bounds what the rounding of that pass leaves; from 1 on it proves nothing. It is infinite where the data do not
    confirm that the columns of the factor are independent, or that its dependences hold.
    """
    n, r, W, weight = view.n, factor.rank, factor.W, view.counts.weight
    lost = replace(factor, defect=np.inf), np.eye(r), True
    if not np.all(np.isfinite(seen.gram)) or not _depend(view, request, factor, seen):
        return lost
    raw, s = seen.gram[:r, :r], seen.sums[:r] / np.sqrt(weight)
    if not view.centred:
        s = np.zeros(r)
    penalty = W.T @ (request.penalty.quadratic(n)[:, None] * W) if not request.penalty.is_zero else np.zeros((r, r))
    G = raw + penalty - np.outer(s, s)
    R = cholesky_upper(G)
    if R is None:
        return lost
    inverse = inverse_upper(R)
    stretch = largest_singular(inverse)
    if not stretch < LONGEST:
        return lost
    new = W + split_product(W, inverse - np.eye(r))
    # Columns about the centre that was taken off, not about their means.
    off = np.abs(view.mean.lo[:n]) + view.mean_error[:n] if view.centred else np.zeros(n)
    norms = 1.01 * np.hypot(view.norms[:n], np.sqrt(weight) * off)
    reach = norms @ np.abs(W)  # at least the norm of each column of |X||W|
    trace = float(np.trace(raw) + np.trace(penalty))
    product = 1.01 * gamma(seen.width) * float(column_norms(reach))
    sums = (gamma(seen.chain + n + 3) + seen.single) * trace + (TINY if seen.single else 0.0)
    # With Q = V R^-1, the error of V'V comes to R^-T (V'E + E'V) R^-1 = Q'E R^-1 + its transpose, and ||Q|| is 1.
    error = 2.0 * product * stretch + (product**2 + sums) * stretch**2
    if view.centred:
        level = product + gamma(seen.chain) * np.sqrt(trace)
        error += (2.0 * float(column_norms(s)) * level + level**2) * stretch**2
    rounding = gamma(2 * r + 6) * trace * stretch**2 + _rounded(norms, W, inverse, new)
    defect = 1.1 * (error + rounding)
    condition = max(factor.condition, largest_singular(norms[:, None] * new))
    if not view.decides_rank and not _independent(norms, new, request.tolerance(n, view.counts.used)):
        return lost
    near = max(stretch, largest_singular(R)) < NEAR
    return replace(factor, W=new, defect=defect, condition=condition), inverse, near


def _rounded(norms: Floats, W: Floats, inverse: Floats, new: Floats) -> float:
    """What the rounding of W + W (R^-1 - I) does to the defect, twice its image."""
    r = W.shape[1]
    each = 4.0 * U * column_norms(norms @ np.abs(new))
    largest = float(np.max(np.abs(inverse), initial=0.0)) * (norms @ np.max(np.abs(W), axis=1, initial=0.0))
    rest = 4.0 * r * 2.0 ** -bits(r) * gamma(r) * largest
    return 2.0 * float(each + np.sqrt(r) * rest)


def _independent(norms: Floats, W: Floats, tol: float) -> bool:
    """The test of the rank decision, on a triangle that the data confirmed; true of other factors."""
    if W.shape[0] != W.shape[1] or np.any(np.tril(W, -1)):
        return True
    return bool(np.all(tol * (norms @ np.abs(W)) < 1.0))


def nullspace(factor: Factor) -> Floats:
    """Columns that X takes to zero where the dependences of the factor hold, (n, dropped)."""
    N = np.zeros((factor.W.shape[0], len(factor.dependencies)))
    for i, found in enumerate(factor.dependencies):
        N[found.column, i] = 1.0
        N[list(found.others), i] = -np.array(found.weights)
    return N


def _probing(view: Sized, factor: Factor) -> Floats:
    """The null space in columns that X takes to less than 1, each scaled by a power of two: float32 has room beside X W."""
    N = nullspace(factor)
    return np.ldexp(N, -_exponents(view, N))


def _exponents(view: Sized, N: Floats) -> NDArray[np.int32]:
    """Powers of two above sum_i |x_i| |N_ij|, the norms about zero, (columns of N,)."""
    n = view.n
    return np.frexp(np.hypot(view.norms[:n], view.raw_norms[:n]) @ np.abs(N))[1]


def _depend(view: Sized, request: Wanted, factor: Factor, seen: Image) -> bool:
    """Whether the dropped columns are as near to their equations as the rank decision asks, but for the sketch's distortion."""
    count = seen.gram.shape[0] - factor.rank
    if not count:
        return True
    n = view.n
    norms = np.hypot(view.norms[:n], np.sqrt(request.penalty.quadratic(n)))
    tol = request.tolerance(n, view.counts.used)
    N = nullspace(factor)
    reach = norms @ np.abs(N)
    flat = np.array([CONSTANT * view.raw_norms[found.column] for found in factor.dependencies])
    allowed = np.ldexp(4.0 * np.maximum(tol * reach, flat), -_exponents(view, N))
    return bool(np.all(_distances(seen, factor.rank) <= allowed))


def _distances(seen: Image, r: int) -> Floats:
    """Of the dropped columns from the span of the kept ones: what X W does not explain of the small rest X N.

    The equations come from a triangle, whose rounding leaves a part of the kept columns in them.
    """
    G = seen.gram
    across = G[:r, r:]
    R = cholesky_upper(G[:r, :r])
    explained = np.zeros(G.shape[0] - r) if R is None else np.sum((inverse_upper(R).T @ across) ** 2, axis=0)
    return np.sqrt(np.maximum(np.diag(G)[r:] - explained, 0.0))
