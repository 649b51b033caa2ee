"""From columns by index to coefficients by name: the answer of a solver becomes an Estimate and a Fit."""

from __future__ import annotations

import math

import numpy as np

from gramian.arraytypes import Floats
from gramian.covariance import Covariance
from gramian.data.design import Design
from gramian.errors import RankError, listed
from gramian.estimate import Dropped, Estimate
from gramian.lstsq import dependent_message
from gramian.report.table import Like
from gramian.result import Fit, Training
from gramian.solution import Dependency, Status
from gramian.solvers.base import Request
from gramian.solving import Answer
from gramian.views.sandwich import Projection


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
) -> Fit:
    """The Fit of an answer."""
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
        notes=(*design.notes, *answer.plan.notes, *_shortest(design, answer, estimate)),
        missing=answer.counts.missing,
        frame=frame,
        training=training,
    )


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
    view = plan.candidates[0].solver.view.__name__.lower()
    passes = f"{stats.passes} pass{'es' if stats.passes != 1 else ''}"
    return f"{plan.method} on {view}, {passes}; {plan.reason}"


def named(design: Design, answer: Answer, request: Request, frequency: bool) -> tuple[Estimate, Projection]:
    """The solution in printed order, the intercept first. Raises RankError under rank="error", naming the columns."""
    solution, counts = answer.solution, answer.counts
    factor = solution.factor
    assert factor is not None
    dropped = tuple(
        Dropped(
            design.names[d.column],
            tuple(design.names[j] for j in d.others),
            d.weights,
            constant_of(d, solution.centre) if design.intercept else 0.0,
        )
        for d in factor.dependencies
    )
    if solution.status is Status.DEPENDENT:
        raise RankError(dependent_message([str(item) for item in dropped]))
    coef = solution.coef.copy()
    shortest = request.rank == "min-norm"
    if not shortest:
        coef[[d.column for d in factor.dependencies]] = np.nan
    shift = int(design.intercept)
    projection = Projection(
        solution.coef, factor.W, solution.level, solution.centre, design.intercept, counts.weight, frequency
    )
    root = projection.bread()
    if design.intercept:
        coef = np.concatenate([solution.intercept[None, :], coef])
    estimate = Estimate(
        names=(("Intercept",) if design.intercept else ()) + design.names,
        terms=tuple((term.name, tuple(j + shift for j in term.columns)) for term in design.terms),
        targets=design.targets,
        coef=coef,
        unscaled=root @ root.T,
        nobs=counts.weight if frequency else float(counts.used),
        weight_sum=counts.weight,
        log_weight_sum=counts.log_weight,
        rss=answer.rss,
        tss=answer.tss,
        rank=solution.rank + shift,
        intercept=design.intercept,
        dropped=() if shortest else dropped,
        ridge=request.penalty.ridge,
        frequency=frequency,
        root=root,
    )
    return estimate, projection
