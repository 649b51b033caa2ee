"""gm.fit: the whole path on one screen, from rows of any kind to an answer with names.

source -> design -> rows -> (plan, view, solver, certificate) -> estimate -> Fit
"""

from __future__ import annotations

from typing import Any, Literal

from gramian.api.options import FitOptions
from gramian.api.progress import progress_for
from gramian.errors import ArgumentError, message, needs_rows, not_for_family, warn_diverged
from gramian.execution.runner import Runner
from gramian.families import FAMILIES, GAUSSIAN
from gramian.formula.labels import with_coded_target
from gramian.inference.covariance import covariance
from gramian.inference.covariances.base import CovarianceKind
from gramian.problem.penalty import Penalty
from gramian.problem.problem import Problem, Words
from gramian.problem.solution import Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy
from gramian.results.fit import Fit, Training
from gramian.results.frame_kind import kind_of
from gramian.results.moments import Moments
from gramian.results.named import estimated, fitted
from gramian.solving.options import SolveOptions, TableOptions, ask_table
from gramian.solving.reduction_checks import NotFinite, too_large
from gramian.solving.solve import solve
from gramian.sources.open import as_source


def fit(
    formula: str,
    data: Any,
    *,
    family: str = GAUSSIAN.name,
    method: str = "auto",
    accuracy: Literal["data", "exact"] | float | None = None,
    cov: str | CovarianceKind = "classical",
    clusters: Any = None,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    ridge: float = 0.0,
    penalty: Penalty | None = None,
    missing: Literal["drop", "error"] = "drop",
    rank: RankPolicy = "drop",
    tol: float | None = None,
    decimal: bool | None = None,
    suboptimality: float | None = None,
    step: float | str | None = None,
    batch: int | None = None,
    max_iter: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    runner: str | Runner | None = None,
    progress: bool | None = None,
) -> Fit:
    """Fit a linear model to any table, and say how many digits to trust.

    family: "gaussian", or by their canonical links "binomial" (a target of 0 and 1, shares, or text with two levels)
    and "poisson" (counts), and "gamma" with log link. formula: "price ~ sqft + C(city)"; an intercept is added unless
    "- 1". data: a DataFrame of any kind, Arrow, a DuckDB relation, a dict of arrays, a path, folder, glob or URL of
    CSV, TSV, Parquet or Feather files, "-" for CSV on standard input, or Moments. method: "auto" or a solver's name.
    accuracy: "data" (all digits that the data support; default in memory and for small files), a number of digits
    (default 8 for large files), or "exact": double-double at any size, which small tables get anyway. cov: a value of gm.cov,
    as gm.cov.HC(3) or gm.cov.Cluster("firm"), or its shorthand: "classical", "HC0" to "HC3", "cluster" with `clusters`.
    clusters, weights (analytic, as R's lm), freq_weights (rows repeated), offset: a column's name, or one value a row.
    ridge: added to the diagonal of X'X, in the user's units. penalty: instead of a ridge, a value such as
    gm.RidgePenalty(np.array([0.0, 2.5])), one weight a column. missing: rows with missing values are dropped, and counted, or
    an error. rank: "drop" dependent columns by name, "min-norm", or "error". tol: the rank tolerance, default
    max(30, n, 4 sqrt(min(rows, 4096))) eps. decimal: True takes each number of double precision as the shortest decimal that
    reads as it, so that 0.1 is a tenth, and products and powers in the formula are as exact; False takes the float64 number;
    None takes columns of small tables so whose numbers all have at most 15 digits, and says it in the notes.
    step, batch, max_iter, seed: of methods that iterate, as in gm.lstsq. threads: default all processors. runner: who
    reads the rows, a name or a Runner; default "threads". progress: None shows a bar on a terminal after a second.

    Raises FormulaError, DataError, ArgumentError or RankError, each with what was got and what is allowed.
    """
    options = FitOptions.of(
        TableOptions(weights, freq_weights, offset, clusters, missing),
        SolveOptions(
            method, accuracy, ridge, rank, tol, decimal, threads,
            SolverOptions(step, batch, max_iter, seed, suboptimality=suboptimality), errors=True, penalty=penalty, runner=runner,
        ),
        family=family,
        cov=cov,
        progress=progress,
    )  # fmt: skip
    return fit_with(formula, data, options)


def fit_with(formula: str, data: Any, options: FitOptions) -> Fit:
    """As `fit`, of options that are checked."""
    table, how, family = options.table, options.solve, FAMILIES[options.family]
    if isinstance(data, Moments):
        if any(given is not None for _, given in table.beside):
            raise ArgumentError(
                message("Moments already hold their weights and offset", hint="give them to gm.moments")
            )
        if how.aim == "exact":
            raise needs_rows(how.exactness)
        if not family.quadratic:
            raise not_for_family("Moments", family.name, "rows, which are read again in every step")
        return data.fit(formula, how, options.cov)
    source = as_source(data)
    with progress_for(options.progress) as shown:
        if not family.quadratic and how.aim == "exact":
            raise not_for_family(how.exactness, family.name, 'a number of digits, or "data"')
        source, coded = with_coded_target(source, formula, family, how.readers(shown))
        asked, design = ask_table(formula, source, table, how, shown, family)
        words = Words(design.names, design.targets[0])
        problem = Problem(asked.rows, asked.request, family, words=words, frequency=table.freq_weights is not None)
        try:
            answer = solve(problem, asked.method, asked.accuracy, asked.runner)
        except NotFinite as error:
            raise too_large((*design.names, *design.targets), error, design.weights is not None) from None
        if answer.solution.status is Status.DIVERGED:
            warn_diverged(answer.plan.method, answer.plan.notes)
        estimate, projection, rows = estimated(design, answer, problem)
        found = covariance(options.cov, estimate, rows, asked.runner, projection)
    training = Training(rows, asked.runner.reporting(None)) if rows.rereadable else None
    return fitted(design, answer, estimate, projection, found, kind_of(data), training, coded)
