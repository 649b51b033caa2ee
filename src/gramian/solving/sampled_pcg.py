"""Corrections by conjugate gradients, in the coordinates of a factor that a part of the rows proves from below.

To form X W for all rows costs more than many passes where columns are many. But rows only add to a Gram matrix: with W_S
orthonormal on a part S of them, up to a defect d that a pass over S proves, and W = (weight of S / weight)^1/2 W_S,

    W'(X'X + ridge)W  >=  lambda = (1 - d) (weight of S / weight),   so that   ||W^+ (b - b*)|| <= ||W'g|| / lambda.

That costs the proof the digits of 1 / lambda, about one, and the answer none: W is as good to the steps as it is on S, a
condition of 3 to 4 for twelve rows a column drawn by chance. So a gradient in double-double, ten steps in float64 for
W'(X'X + ridge)W z = W'g, b <- b + W z, and again until a gradient proves that the answer is one of data within rounding. Where
S proves too little, as where columns differ in a few rows only, all rows confirm the factor, and the pass over S is lost.

Rounding of the residual reaches W'g through X W, which random vectors bound from above.
Reference: the two loops of Epperly, Meier and Nakatsukasa (2024), arXiv 2406.03468; Hestenes and Stiefel (1952); for the random
vectors Halko, Martinsson and Tropp (2011), SIAM Review 53, lemma 4.1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient, rss_after
from gramian.certification.gradient_evidence import GradientEvidence, correct
from gramian.certification.thresholds import FEWEST_DIGITS, doubtful
from gramian.data.blocks import Block, Rows
from gramian.data.counts import check_unchanged
from gramian.execution.blas import single_threaded_blas
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import GAUSSIAN
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import exactly
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import U, gamma
from gramian.objectives.block_sums import product
from gramian.objectives.many_targets import Sums, Surface
from gramian.planning import Plan
from gramian.planning.plan import Step
from gramian.problem.solution import Factor, Solution, Stats
from gramian.problem.wanted import Wanted
from gramian.reductions.exact_gradient import small
from gramian.reductions.gradient import Gradient, Point
from gramian.reductions.gradient_bound import Sized, Sizes
from gramian.reductions.image import Image
from gramian.reductions.sampled_rows import SampledRows
from gramian.solvers.bidiagonal import over
from gramian.solvers.confirmed import thinning
from gramian.solvers.cost import falls_short
from gramian.solving.factor_verification import group_of, orthonormalised
from gramian.solving.refining import MOST_STEPS, Accuracy, Answer, answer_of, gradient_at, summed

DEEP, MOST = 1e-5, 40
"""Share of W'g that the steps leave, and how many they are at most: float64 gives no more at a condition of 1e11."""
LOOSE = 0.9
"""Defect on the part of the rows from which it proves too little."""
PROBES, SMALL = 4, 1e-6
"""Random vectors x, and the share of ||X W|| that ||X W x|| has for one of them at least, but for a chance of SMALL^PROBES of
their draw, which is the same for every table: SEED."""
SEED = 0x9A7
BEYOND = 1.0
"""Digits certified beyond those that are trusted and those that the numbers support."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    """What every step here needs."""

    rows: Rows
    view: Sized
    request: Wanted
    runner: Runner


def conjugated(
    rows: Rows, view: Sized, solution: Solution, request: Wanted, accuracy: Accuracy, runner: Runner, plan: Plan
) -> tuple[Answer | Solution, Plan]:
    """The certified answer; or the solution as it was, with what was spent, where all rows must confirm the factor."""
    factor = solution.factor
    if view.is_evidence or accuracy != "data" or request.errors or factor is None or factor.dependencies:
        return solution, plan
    every = thinning(rows.rows, rows.n, rows.k) if rows.in_memory and not rows.sparse and not small(rows) else 0
    if not every or not falls_short(rows.n, factor.condition):
        return solution, plan
    started = time.perf_counter()
    ask = _Ask(rows, view, request, runner)
    proven, used, off = _below(ask, SampledRows(rows, every), solution, factor)
    seconds = time.perf_counter() - started
    begun = solution.costing(Stats(passes=1.0 / every, seconds=seconds))
    plan = plan.done(Step("confirm", f"factor on {used:,} rows{'' if proven else ', which prove too little'}", seconds))
    if proven is None:
        return begun, plan
    found, plan = _refined(ask, begun, proven, off, plan)
    return (found, plan) if isinstance(found, Answer) else (replace(solution, stats=found.stats), plan)


def _below(ask: _Ask, part: SampledRows, solution: Solution, factor: Factor) -> tuple[Factor | None, int, float]:
    """The factor W that the part proves, if it does, how many rows it has, and a bound on ||W'(mean - centre)||."""
    view, n = ask.view, ask.view.n
    norms = part.norms(ask.runner, solution.centre)
    # X W has the size on the part that it has on all rows.
    factor = replace(factor, W=np.sqrt(part.every) * factor.W)
    seen = Image.of(part, ask.runner, _point(solution), factor.W, group_of(view, factor), False)
    # X about the centre of all rows: there is no mean of these to be taken off.
    sizes = Sizes.of_sums(n, False, seen.counts, exactly(np.zeros(n)), norms, norms)
    better, _, near = orthonormalised(sizes, ask.request, factor, seen)
    weight = view.counts.weight
    share = seen.counts.weight / weight
    W = np.sqrt(share) * better.W
    # The exact means are so far from the centre.
    off = float(column_norms(W.T @ view.mean.lo[:n]) + column_norms(np.abs(W).T @ view.mean_error[:n]))
    # |1 / value - 1| of a value of W'(X'X + ridge)W is below 1 / lambda - 1 for large ones too where lambda is 1/2 at most.
    below = min(0.999 * share * (1.0 - better.defect) - weight * off**2, 0.5)
    proven = near and better.defect < LOOSE and below > 0
    return replace(better, W=W, defect=1.0 - below) if proven else None, seen.counts.used, off


def _refined(ask: _Ask, solution: Solution, factor: Factor, off: float, plan: Plan) -> tuple[Answer | Solution, Plan]:
    """Gradients and steps in turn; a solution where they end short."""
    view, n = ask.view, ask.view.n
    solution, factor, plan = _begun(ask, solution, factor, plan)
    before = np.inf
    for _ in range(MOST_STEPS):
        started = time.perf_counter()
        gradient = gradient_at(ask.rows, view, solution, True, ask.runner)
        check_unchanged(ask.rows.name, view.counts, gradient.counts)
        if gradient.lost is not None:
            return solution, plan.noted("numbers read as decimals ask for a factor that all rows confirm")
        seen, level = BoundedGradient.of_data(view, solution, ask.request, gradient, factor.defect)
        # W z is the error of coefficients that stay as they are: that they are better with it is known, by how much is not.
        correction = replace(correct(seen, factor), made=False)
        shift = np.abs(correction.coef).T @ (np.abs(view.mean.lo[:n]) + view.mean_error[:n])
        seen = replace(seen, level_bound=seen.level_bound + shift + off * correction.bracket)
        size = float(np.max(column_norms(correction.z), initial=0.0))
        solution = solution.corrected_by(np.zeros_like(solution.coef), level)
        rss = rss_after(seen, correction.step, level, view.counts.weight, solution, ask.request)
        seconds = time.perf_counter() - started
        solution = replace(solution, factor=factor).costing(Stats(passes=1, refinements=1, seconds=seconds))
        plan = plan.done(Step("refine", f"exact gradient pass, off by {size:.1e}", seconds))
        answer = answer_of(view, solution, GradientEvidence(replace(seen, rss=rss), factor, correction), "data", plan)
        if gradient.squares is not None:
            answer = summed(answer, gradient, gradient.squares)
        if _enough(answer):
            return answer, plan
        if size > 0.5 * before:
            break
        before = size
        solution, plan = _stepped(ask, solution, factor, correction.z, plan)
    return solution, plan.noted("conjugate gradients ended short: all rows confirm the factor")


def _enough(answer: Answer) -> bool:
    """Whether the answer is proven to be that of data within their rounding, to more digits than these support."""
    certificate = answer.certificate
    wanted = max(FEWEST_DIGITS, float(np.max(certificate.ceiling, initial=0.0))) + BEYOND
    return bool(np.all(certificate.backward_error <= 2.0 * U)) and not doubtful(certificate, min(wanted, 15.0))


def _begun(ask: _Ask, solution: Solution, factor: Factor, plan: Plan) -> tuple[Solution, Factor, Plan]:
    """After the steps from a gradient in float64; its pass bounds ||X W|| as well."""
    started = time.perf_counter()
    view, norms, solution = ask.view, ask.view.norms[: ask.view.n], solution.rounded()
    probes = factor.W @ np.random.default_rng(SEED).standard_normal((factor.rank, PROBES))
    seen = Gradient.of(ask.rows, ask.runner, _point(solution), norms, probes)
    check_unchanged(ask.rows.name, view.counts, seen.counts)
    rounding = gamma(view.n + seen.chain) * float(np.max(norms @ np.abs(probes)))
    longest = np.sqrt(2.0 / np.pi) / SMALL * (np.sqrt(np.max(np.diag(seen.probes))) + rounding)
    factor = replace(factor, longest=max(float(longest), 1.0))
    found, level = BoundedGradient.of_data(view, solution, ask.request, seen, factor.defect)
    solution = solution.corrected_by(np.zeros_like(solution.coef), level)
    seconds = time.perf_counter() - started
    plan = plan.done(Step("refine", "gradient pass", seconds))
    solution = solution.costing(Stats(passes=1, seconds=seconds))
    solution, plan = _stepped(ask, solution, factor, factor.W.T @ found.g, plan)
    return solution, factor, plan


def _stepped(ask: _Ask, solution: Solution, factor: Factor, c: Floats, plan: Plan) -> tuple[Solution, Plan]:
    """The solution moved by W z, with z from conjugate gradients, and the level through the means."""
    started = time.perf_counter()
    z, steps = _solved(ask, solution.centre, factor.W, c)
    step = factor.W @ z
    if np.all(np.isfinite(step)):
        solution = solution.corrected_by(step, -ask.view.mean.lo[: ask.view.n] @ step)
    seconds = time.perf_counter() - started
    plan = plan.done(Step("iterate", f"{steps} conjugate gradients", seconds, passes=steps))
    return solution.costing(Stats(passes=steps, refinements=1, seconds=seconds)), plan


@dataclass(frozen=True, slots=True, eq=False)
class ProductsOfRows(BlockReduction[Sums]):
    """X'X times the coefficients of a surface."""

    label: ClassVar[str] = "products"

    at: Surface

    def of_block(self, block: Block, origin: Origin) -> Sums:
        return product(block, self.at, self.at, GAUSSIAN)

    def merge(self, a: Sums, b: Sums) -> Sums:
        return a + b


def _solved(ask: _Ask, centre: Floats, W: Floats, c: Floats) -> tuple[Floats, int]:
    """(z, steps): W'(X'X + ridge)W z = c but for a share DEEP of c; a step is a pass. z (r, k)."""
    ridge, none = ask.request.penalty.quadratic(W.shape[0])[:, None], np.zeros(c.shape[1])
    z, r, p = np.zeros_like(c), c, c
    size = np.einsum("ij,ij->j", r, r)
    wanted, steps = DEEP**2 * size, 0
    while steps < MOST and np.any(size > wanted):
        with single_threaded_blas():  # other threads would spin on into the pass
            v = W @ p
            at = Surface(centre, v, none)
            found = ask.runner.fold(ask.rows, ProductsOfRows(at))
            assert found is not None
            q = W.T @ (found.g + ridge * v)
        # alpha = r'r / p'q,  z = z + alpha p,  r = r - alpha q,  beta = r'r / (r'r before),  p = r + beta p
        alpha = over(size, np.einsum("ij,ij->j", p, q))
        z, r = z + alpha * p, r - alpha * q
        size, last = np.einsum("ij,ij->j", r, r), size
        p = r + over(size, last) * p
        steps += 1
    return z, steps


def _point(solution: Solution) -> Point:
    return Point(solution.centre, solution.level, solution.coef, solution.level_lo, solution.coef_lo)
