"""gm.fit for a family other than the normal: from a source to a Fit, with the same names, tables and covariances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gramian.api.options import FitOptions
from gramian.data.source import Source
from gramian.errors import DataError, listed, message, one_target_only
from gramian.execution.blas import factorising
from gramian.execution.runner import Runner
from gramian.families.losses import LOSSES, Loss
from gramian.formula.design import Design
from gramian.formula.labels import Labelled, labelled
from gramian.formula.nodes import Column
from gramian.formula.parser import parse
from gramian.inference.covariance import covariance
from gramian.inference.estimate import Likelihood
from gramian.problem.solution import Factor
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Reduced
from gramian.reductions.sandwich import Projection
from gramian.report.table import Like
from gramian.results.fit import Fit, Training
from gramian.results.named import Found, named
from gramian.solvers import SOLVERS
from gramian.solving.family_fit import FamilyAnswer, solve_family
from gramian.solving.reduction_checks import NotFinite


def target_of_two(source: Source, formula: str, loss: Loss, runner: Runner) -> tuple[Source, tuple[str, ...]]:
    """A text target of a binomial family as 0 and 1, with the note that says which is which."""
    if loss.name != "binomial":
        return source, ()
    targets = parse(formula, source.schema.names, set(), source.name).targets
    node = targets[0].node if len(targets) == 1 else None
    if not isinstance(node, Column) or source.schema.field(node.name).kind != "text":
        return source, ()
    found: Labelled = labelled(source, node.name, runner)
    zero, one = found.levels
    return found, (f"{node.name}: {zero!r} is 0, {one!r} is 1",)


def fit_family(formula: str, source: Source, options: FitOptions, runner: Runner, frame: Like) -> Fit:
    """As gm.fit. Raises FormulaError, DataError, ArgumentError or RankError."""
    table, how, loss = options.table, options.solve, LOSSES[options.family]
    request = how.request
    source, notes = target_of_two(source, formula, loss, runner)
    design = table.design(formula, source.schema, source.name)
    if len(design.targets) != 1:
        raise one_target_only(loss.name, design.targets)
    design = design.learned(source, runner)
    rows = design.rows(source, shifts=False)
    frequency = table.freq_weights is not None
    try:
        with factorising(rows.n, runner.workers):
            answer = solve_family(
                rows, loss, request, how.method, how.aim, runner, design.names, design.targets[0], frequency=frequency
            )
    except NotFinite as error:
        raise DataError(
            message(
                f"the sum of squares of {listed(design.names[j] for j in error.columns)} is too large or too small",
                "Allowed: zeros, and values from about 1e-100 to 1e100 in size",
                "divide or multiply the column by a power of ten",
            )
        ) from None
    found = Found(answer.solution, answer.counts, np.array([answer.goodness.deviance]), np.array([answer.goodness.null]))
    estimate, _ = named(design, found, request, frequency)
    factor = answer.solution.factor
    assert factor is not None
    projection = _projection(answer, _information_factor(answer.information, request, loss, factor), design, frequency)
    root = projection.bread()
    estimate = replace(estimate, root=root)
    estimate = replace(estimate, likelihood=_likelihood(answer, loss, estimate.df_resid))
    robust = covariance(options.cov, estimate, answer.working, runner, projection)
    return Fit(
        formula=design.formula.text,
        design=design,
        estimate=estimate,
        projection=projection,
        covariance=robust,
        certificate=answer.certificate,
        method=answer.method,
        how=answer.how,
        plan=f"plan: {answer.how}",
        stats=answer.solution.stats,
        trusted=answer.met,
        notes=(*design.notes, *notes, *answer.notes),
        missing=answer.counts.missing,
        frame=frame,
        training=Training(answer.working, runner.reporting(None)),
    )


def _likelihood(answer: FamilyAnswer, loss: Loss, df: float) -> Likelihood:
    good = answer.goodness
    dispersion = 1.0 if not loss.scale else good.pearson / df if df > 0 else float("nan")
    return Likelihood(
        loss.name, good.deviance, good.null, good.pearson, good.loglik(loss), dispersion, scaled=loss.scale
    )


def _information_factor(view: Reduced, request: Wanted, loss: Loss, factor: Factor) -> Factor:
    """Of the expected information, on the columns that the fit kept."""
    if not loss.scale:
        return factor
    direct = (solver for solver in SOLVERS.values() if not (solver.traits.iterates or solver.traits.confirmed))
    found = next(solver for solver in direct if solver.view is type(view)).solve(view, request).factor
    return factor if found is None or found.W.shape != factor.W.shape else found


def _projection(answer: FamilyAnswer, factor: Factor, design: Design, frequency: bool) -> Projection:
    """Of the working residuals, whose own coefficients are zero: what robust covariances read."""
    view = answer.information
    n = len(design.names)
    mean = view.mean.hi[:n] if design.intercept else np.zeros(n)
    zero = np.zeros((n, 1))
    return Projection(zero, factor.W, np.zeros(1), mean, design.intercept, view.counts.weight, frequency)
