"""From columns by index to coefficients by name: the answer of a solver becomes an Estimate and a Fit."""

from __future__ import annotations

import math

import numpy as np

from gramian.certification.certificate import MOST_DIGITS
from gramian.certification.thresholds import FEWEST_DIGITS
from gramian.data.blocks import Rows
from gramian.errors import RankError, counted, errors_beyond_range, listed
from gramian.errors.columns import dependent_message
from gramian.formula.design import Design
from gramian.inference.covariance import Covariance
from gramian.inference.estimate import Dropped, Estimate
from gramian.kernels.array_types import Floats
from gramian.problem.problem import Problem
from gramian.problem.solution import Dependency, Status
from gramian.problem.wanted import Wanted
from gramian.reductions.sandwich import Projection
from gramian.report.table import Like
from gramian.results.fit import Fit, Training
from gramian.solving.refining import Answer


def constant_of(dependency: Dependency, means: Floats) -> float:
    """What is left of the equation at the means; zero where it is rounding."""
    products = [w * float(means[j]) for j, w in zip(dependency.others, dependency.weights, strict=True)]
    mean = float(means[dependency.column])
    left = mean - math.fsum(products)
    return 0.0 if abs(left) <= 1e-9 * (abs(mean) + sum(map(abs, products))) else left


def fitted(
    design: Design,
    answer: Answer,
    estimate: Estimate,
    projection: Projection,
    found: Covariance,
    frame: Like,
    training: Training | None,
    notes: tuple[str, ...] = (),
) -> Fit:
    """The Fit of an answer; `notes` on the target come before those of the plan."""
    solution = answer.solution
    return Fit(
        formula=design.formula.text,
        design=design,
        estimate=estimate,
        projection=projection,
        covariance=found,
        certificate=answer.certificate,
        method=answer.plan.method,
        how=how(answer),
        plan=answer.plan,
        stats=solution.stats,
        trusted=answer.met,
        notes=(*design.notes, *notes, *answer.plan.notes, *_few_digits(design, answer), *_shortest(design, answer, estimate)),
        missing=answer.counts.missing,
        frame=frame,
        training=training,
    )


def _few_digits(design: Design, answer: Answer) -> tuple[str, ...]:
    """Coefficients whose own digits are few although those of all together suffice."""
    if np.min(answer.certificate.digits, initial=MOST_DIGITS) < FEWEST_DIGITS:
        return ()
    each = np.min(answer.certificate.digits_each, axis=1, initial=MOST_DIGITS)
    dropped = {d.column for d in answer.solution.factor.dependencies} if answer.solution.factor else set[int]()
    few = [name for j, name in enumerate(design.names) if each[j] < FEWEST_DIGITS and j not in dropped]
    if not few or not answer.met:
        return ()
    return (f"fewer than {FEWEST_DIGITS} digits are certified of {listed(few, 6)}: too small beside the others",)


def _shortest(design: Design, answer: Answer, estimate: Estimate) -> tuple[str, ...]:
    """Under rank="min-norm" nothing is dropped, but the reader must know that the coefficients are one choice of many."""
    factor = answer.solution.factor
    if factor is None or not factor.dependencies or estimate.dropped:
        return ()
    columns = listed([design.names[d.column] for d in factor.dependencies])
    return (f"{columns} depend on other columns: the coefficients shown are the shortest of all that fit equally well",)


def how(answer: Answer) -> str:
    """One line on method and reason."""
    plan, stats = answer.plan, answer.solution.stats
    solver = plan.candidates[0].solver
    passes = f"{stats.passes:,.5g} pass{'es' if stats.passes != 1 else ''}"
    if answer.family is not None:
        kind = f"reweighted {answer.family.information.label}" if solver.traits.reweights else "rows"
        return f"{plan.method} on {kind}, {counted(stats.iterations, 'step')}, {passes}"
    if solver.traits.iterates:
        # How a run ended otherwise stands in a note.
        status = answer.solution.status
        ended = f": {status.value}" if status.ok else ""
        return f"{plan.method}, {counted(stats.iterations, 'step')}, {passes}{ended}; {plan.reason}"
    return f"{plan.method} on {solver.view.label}, {passes}; {plan.reason}"


def estimated(design: Design, answer: Answer, problem: Problem) -> tuple[Estimate, Projection, Rows]:
    """The estimate, the projection, and the rows that both are of: of another family, those of its working residuals."""
    estimate, projection = named(design, answer, problem.wanted, problem.frequency)
    if answer.family is None:
        return estimate, projection, problem.rows
    from gramian.results.family_estimate import with_likelihood  # least squares need not wait for it

    assert answer.solution.factor is not None
    estimate, projection = with_likelihood(estimate, problem, answer.family, answer.solution.factor, design)
    return estimate, projection, answer.family.working


def named(design: Design, answer: Answer, request: Wanted, frequency: bool) -> tuple[Estimate, Projection]:
    """The solution in printed order, the intercept first. Raises RankError under rank="error", naming the columns."""
    solution, counts = answer.solution, answer.counts
    factor, n = solution.factor, solution.coef.shape[0]
    dependencies = factor.dependencies if factor is not None else ()
    dropped = tuple(
        Dropped(
            design.names[d.column],
            tuple(design.names[j] for j in d.others),
            d.weights,
            constant_of(d, solution.centre) if design.intercept else 0.0,
        )
        for d in dependencies
    )
    if solution.status is Status.DEPENDENT:
        raise RankError(dependent_message([str(item) for item in dropped]))
    coef = solution.coef.copy()
    shortest = request.rank == "min-norm"
    if not shortest:
        coef[[d.column for d in dependencies]] = np.nan
    inverse = answer.inverse
    variances = None if inverse is None else inverse.diagonal
    if inverse is not None and design.intercept:
        variances = np.concatenate([[inverse.constant], inverse.diagonal])
    shift = int(design.intercept)
    # Without a factor the columns are taken to be independent, and nothing that follows from it is known.
    W = factor.W if factor is not None else np.full((n, 1), np.nan)
    projection = Projection(
        solution.coef, W, solution.level, solution.centre, design.intercept, counts.weight, frequency, counts
    )
    with np.errstate(over="ignore"):
        unknown = np.flatnonzero(np.isinf(np.sum(W**2, axis=1)))
    if unknown.size:  # the square of a standard error
        sizes = 2.0 * np.log10(np.max(np.abs(W[unknown]), axis=1))
        raise errors_beyond_range([design.names[j] for j in unknown], sizes)
    root = projection.bread()
    if design.intercept:
        coef = np.concatenate([solution.intercept[None, :], coef])
    for values in (coef, root):
        values.flags.writeable = False  # an answer that can be overwritten would change what it predicts
    estimate = Estimate(
        names=(("Intercept",) if design.intercept else ()) + design.names,
        terms=tuple((term.name, tuple(j + shift for j in term.columns)) for term in design.terms),
        targets=design.targets,
        coef=coef,
        root=root,
        nobs=counts.weight if frequency else float(counts.used),
        weight_sum=counts.weight,
        log_weight_sum=counts.log_weight,
        rss=answer.rss,
        tss=answer.tss,
        rank=(factor.rank if factor is not None else n) + shift,
        intercept=design.intercept,
        dropped=() if shortest else dropped,
        ridge=float(np.max(request.penalty.quadratic(n), initial=0.0)),
        penalty="" if request.penalty.is_zero else request.penalty.text,
        frequency=frequency,
        explained=answer.explained,
        variances=variances,
    )
    return estimate, projection

