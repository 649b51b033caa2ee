"""Columns whose squares leave the range of a float64 are read in units of powers of two; the answer is in the user's.

A column of norm 1e150 or 1e-150 is a matter of its unit: nothing is refused that can be answered. What has no answer, because a
coefficient itself lies outside the range of a float64, is refused by name; a residual sum of squares that does is NaN, with
a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gramian.certification.certificate import Certificate, digits_of
from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.data.scaled import Exponents, Scaled, Units, largest_exponents
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.problem.solution import Dependency, Factor, Solution
from gramian.problem.wanted import Wanted
from gramian.reductions.moments import MomentSums
from gramian.solving.reduction_checks import BeyondRange, Uneven
from gramian.solving.refining import Answer

EVEN = 600
"""Exponents of columns that lie within so many of each other share one unit: their norms stay within 2^-300 to 2^300."""
RIDGE, APART = 300, 660
"""Exponents that a ridge may lie above a column of norm 1 before the column's unit changes, and before it is refused."""
LARGEST = 2.0**990
"""A mean or a slope beyond this leaves their product no room for its error."""
NOTE = (
    "squares of some columns are beyond a float64: rows were read in units of powers of two, which changes no digit of the "
    "answer"
)
NO_RSS = (
    "the residual sum of squares is beyond the range of a float64: no standard errors; divide or multiply the target by a "
    "power of ten"
)


@dataclass(frozen=True, slots=True)
class ExponentsOfRows(BlockReduction[tuple[Exponents, Counts]]):
    """The exponents of the largest values of [X y], (p,), and the counts. `whole`: the bits of X are counted."""

    label: ClassVar[str] = "sizes"

    whole: bool

    def of_block(self, block: Block, origin: Origin) -> tuple[Exponents, Counts]:
        return largest_exponents(block), Counts.of(block, self.whole)

    def merge(self, a: tuple[Exponents, Counts], b: tuple[Exponents, Counts]) -> tuple[Exponents, Counts]:
        return np.maximum(a[0], b[0]), a[1] + b[1]


def units_of(rows: Rows, request: Wanted, runner: Runner) -> tuple[Units, Counts] | None:
    """By one pass, with its counts; None where a value is not finite, or where no units help."""
    if not rows.rereadable:
        return None
    found = runner.fold(rows, ExponentsOfRows(not rows.in_memory))
    if found is None or np.any(found[0] == 4096):
        return None
    units = chosen(found[0], rows.n, request)
    return None if units is None else (units, found[1])


def units_of_moments(view: MomentSums, request: Wanted) -> Units | None:
    """From the norms in the Gram matrix, whose squares must have been inside the range."""
    # About the means, where there are any: it is these squares that were added up.
    norms = view.norms
    inside = (norms == 0) | ((norms > 2.0**-497) & (norms < 2.0**510))
    if not np.all(inside):
        return None
    return chosen(np.where(norms > 0, np.frexp(norms)[1], -4096).astype(np.int64), view.n, request)


def chosen(exponents: Exponents, n: int, request: Wanted) -> Units | None:
    """Units from the exponents of the largest values of [X y], (p,), -4096 for zeros; None where a ridge leaves none."""
    columns, targets = exponents[:n], exponents[n:]
    seen = columns > -4096
    weights = request.penalty.quadratic(n)
    if not np.any(seen):
        columns = np.zeros_like(columns)
    elif np.max(columns[seen]) - np.min(columns[seen]) <= EVEN:
        columns = np.full_like(columns, (np.max(columns[seen]) + np.min(columns[seen])) // 2)
    else:
        columns = np.where(seen, columns, 0)
    if not request.penalty.is_zero:
        above = np.where(weights > 0, np.frexp(np.sqrt(weights))[1], -4096).astype(np.int64)
        if np.any(above - columns > APART):
            return None
        columns = np.maximum(columns, above - RIDGE) if np.any(above - columns > RIDGE) else columns
    return Units(columns, np.where(targets > -4096, targets, 0))


def in_units(rows: Rows, request: Wanted, units: Units) -> tuple[Rows, Wanted]:
    """The problem in these units."""
    return Scaled(rows, units), asked_in(request, units)


def asked_in(request: Wanted, units: Units) -> Wanted:
    """Each coefficient's penalty changes with the unit of its column."""
    return replace(request, penalty=request.penalty.scaled(units.columns), in_units=True)


@np.errstate(over="ignore", under="ignore")  # what leaves the range is found below, and reported
def restored(answer: Answer, units: Units, request: Wanted, counts: Counts) -> Answer:
    """The answer in the user's units, with counts of the rows as they are.

    Raises BeyondRange where a coefficient, or the scale of its error, is no float64, and Uneven where the shortest solution
    is wanted and cannot be determined.
    """
    found, certificate = answer.solution, answer.certificate
    if found.factor is not None and found.factor.dependencies and request.rank == "min-norm" and not units.even:
        raise Uneven([d.column for d in found.factor.dependencies], [])
    coef = units.coefficients(found.coef)
    centre = np.ldexp(found.centre, units.columns.astype(np.int32))
    factor = None if found.factor is None else _factor(found.factor, units)
    # A coefficient that underflows is lost where it is known to be no zero.
    far = np.any(np.isinf(coef) | (_tiny(coef) & (np.abs(found.coef) > certificate.forward_bound)), axis=1)
    if np.any(centre):
        far |= np.any(np.abs(coef) > LARGEST, axis=1)
    if factor is not None:
        far |= ~np.all(np.isfinite(factor.W), axis=1)
    far |= np.abs(centre) > LARGEST
    if np.any(far):
        raise BeyondRange([int(j) for j in np.flatnonzero(far)], _sizes(found.coef, units)[far].tolist())
    solution = replace(
        found,
        coef=coef,
        coef_lo=units.coefficients(found.coef_lo),
        centre=centre,
        level=_of_targets(found.level, units),
        level_lo=_of_targets(found.level_lo, units),
        factor=factor,
    )
    plan = answer.plan.noted(NOTE)
    tss, rss = (_of_targets(_of_targets(values, units), units) for values in (answer.tss, answer.rss))
    if np.any(_left(answer.rss, rss)) or np.any(_left(answer.tss, tss)):
        tss, rss, plan = np.full_like(tss, np.nan), np.full_like(rss, np.nan), plan.noted(NO_RSS)
    certificate = _with_low_parts_lost(_certificate(certificate, found, units), solution)
    explained = None if answer.explained is None else _of_targets(_of_targets(answer.explained, units), units)
    answer = replace(answer, counts=counts, tss=tss, rss=rss, explained=explained, inverse=None)
    return replace(answer, solution=solution, certificate=certificate, plan=plan)


def _of_targets(values: Floats, units: Units) -> Floats:
    """What is measured in units of the targets, (k,)."""
    return np.ldexp(values, units.targets.astype(np.int32))


def _tiny(values: Floats) -> NDArray[np.bool_]:
    """Which values are too small to hold all the digits of a float64."""
    return np.abs(values) < 2.0**-1022


def _left(before: Floats, after: Floats) -> NDArray[np.bool_]:
    """Which sums of squares are no longer what they were."""
    return (before > 0) & (_tiny(after) | np.isinf(after))


def _sizes(coef: Floats, units: Units) -> Floats:
    """log10 of the largest coefficient of each column, (n,), or of the unit of one where all are zero."""
    with np.errstate(divide="ignore"):
        size = np.max(np.log2(np.abs(coef)) + units.targets[None, :], axis=1, initial=-np.inf)
    return np.asarray((np.where(np.isfinite(size), size, 0.0) - units.columns) * np.log10(2.0), dtype=np.float64)


def _factor(factor: Factor, units: Units) -> Factor:
    e = units.columns
    W = np.ldexp(factor.W, (-e[:, None]).astype(np.int32))
    equations: list[Dependency] = []
    for d in factor.dependencies:
        weights = [float(np.ldexp(w, int(e[d.column] - e[i]))) for i, w in zip(d.others, d.weights, strict=True)]
        equations.append(Dependency(d.column, d.others, tuple(weights)))
    return replace(factor, W=W, dependencies=tuple(equations))


def _certificate(certificate: Certificate, found: Solution, units: Units) -> Certificate:
    """Bounds in the user's units, with what underflow adds to them; digits are the same but for coefficients that underflow."""
    coef = units.coefficients(found.coef)
    small = _tiny(coef) & (found.coef != 0)
    bound = units.coefficients(certificate.forward_bound)
    bound = np.where(_tiny(bound) & (certificate.forward_bound > 0) | small, bound + 2.0**-1073, bound)
    each = np.where(small, np.minimum(digits_of(bound, np.abs(coef)), certificate.digits_each), certificate.digits_each)
    intercept = _of_targets(certificate.intercept_bound, units)
    gap = None if certificate.gap is None else _of_targets(_of_targets(certificate.gap, units), units)
    return replace(certificate, forward_bound=bound, intercept_bound=intercept, digits_each=each, gap=gap)


def _with_low_parts_lost(certificate: Certificate, solution: Solution) -> Certificate:
    """With what the intercept loses where the low part of a coefficient is too small to be held in full."""
    lost = 2.0**-1074 * (np.abs(solution.centre) @ _tiny(solution.coef_lo))
    if not np.any(lost):
        return certificate
    bound = certificate.intercept_bound + lost
    digits = np.minimum(certificate.digits_intercept, digits_of(bound, np.abs(solution.intercept)))
    return replace(certificate, intercept_bound=bound, digits_intercept=digits)
