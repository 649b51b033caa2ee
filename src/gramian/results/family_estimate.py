"""What a family other than the normal adds to an estimate: its likelihood, and errors from the expected information."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gramian.families import Family
from gramian.formula.design import Design
from gramian.inference.estimate import Estimate, Likelihood
from gramian.problem.problem import Problem
from gramian.problem.solution import Factor
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Reduced
from gramian.reductions.likelihood import GoodnessOfFit
from gramian.reductions.sandwich import Projection
from gramian.solvers import SOLVERS
from gramian.solving.family_sums import FamilySums


def with_likelihood(
    estimate: Estimate, problem: Problem, sums: FamilySums, factor: Factor, design: Design
) -> tuple[Estimate, Projection]:
    """The estimate with its likelihood and errors, and the projection of the working rows, which robust errors read."""
    known = _information_factor(sums.information, problem.wanted, problem.family, factor)
    projection = _projection(sums.information, known, design, problem.frequency)
    likelihood = _likelihood(sums.goodness, problem.family, estimate.df_resid)
    return replace(estimate, root=projection.bread(), likelihood=likelihood), projection


def _likelihood(good: GoodnessOfFit, family: Family, df: float) -> Likelihood:
    scaled = family.dispersion is not None
    dispersion = 1.0 if not scaled else good.pearson / df if df > 0 else float("nan")
    return Likelihood(
        family.name, good.deviance, good.null, good.pearson, good.loglik(family), dispersion, scaled=scaled
    )


def _information_factor(view: Reduced, request: Wanted, family: Family, factor: Factor) -> Factor:
    """Of the expected information, on the columns that the fit kept."""
    if family.dispersion is None:
        return factor
    direct = (solver for solver in SOLVERS.values() if not (solver.traits.iterates or solver.traits.confirmed))
    found = next(solver for solver in direct if solver.view is type(view)).solve(view, request).factor
    return factor if found is None or found.W.shape != factor.W.shape else found


def _projection(view: Reduced, factor: Factor, design: Design, frequency: bool) -> Projection:
    """Of the working residuals, whose own coefficients are zero."""
    n = len(design.names)
    mean = view.mean.hi[:n] if design.intercept else np.zeros(n)
    zero = np.zeros((n, 1))
    return Projection(zero, factor.W, np.zeros(1), mean, design.intercept, view.counts.weight, frequency)
