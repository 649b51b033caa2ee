"""gm.fit: the whole path on one screen, from rows of any kind to an answer with names.

source -> design -> rows -> (plan, view, solver, certificate) -> estimate -> Fit
"""

from __future__ import annotations

from typing import Any, Literal

from gramian.api.progress import progress_for
from gramian.errors import (
    ArgumentError,
    bad_argument,
    message,
    needs_rows,
    no_clusters,
    not_for_family,
    warn_diverged,
)
from gramian.execution.threads import Threads
from gramian.families import GAUSSIAN
from gramian.formula.labels import with_coded_target
from gramian.inference.covariance import covariance, covariance_kind
from gramian.problem.problem import Problem, Words
from gramian.problem.solution import Status
from gramian.problem.wanted import RankPolicy
from gramian.results.fit import Fit, Training
from gramian.results.frame_kind import kind_of
from gramian.results.moments import Moments
from gramian.results.named import estimated, fitted
from gramian.solving.options import ask_table, checked_family, settings_of
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
    cov: str = "classical",
    clusters: Any = None,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    ridge: float = 0.0,
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
    progress: bool | None = None,
) -> Fit:
    """Fit a linear model to any table, and say how many digits to trust.

    family: "gaussian", or by their canonical links "binomial" (a target of 0 and 1, shares, or text with two levels)
    and "poisson" (counts), and "gamma" with log link. formula: "price ~ sqft + C(city)"; an intercept is added unless
    "- 1". data: a DataFrame of any kind, Arrow, a DuckDB relation, a dict of arrays, a path, folder, glob or URL of
    CSV, TSV, Parquet or Feather files, "-" for CSV on standard input, or Moments. method: "auto" or a solver's name.
    accuracy: "data" (all digits that the data support; default in memory and for small files), a number of digits
    (default 8 for large files), or "exact": double-double at any size, which small tables get anyway. cov: "classical",
    "HC0" to "HC3", or "cluster" with `clusters`. clusters, weights (analytic, as R's lm), freq_weights (rows repeated),
    offset: a column's name, or one value a row. ridge: added to the diagonal of X'X, in the user's units. missing: rows
    with missing values are dropped, and counted, or an error. rank: "drop" dependent columns by name, "min-norm", or
    "error". tol: the rank tolerance, default max(30, n, 4 sqrt(min(rows, 4096))) eps. decimal: True takes each number of
    double precision as the shortest decimal that reads as it, so that 0.1 is a tenth, and products and powers in the
    formula are as exact; False takes the float64 number; None takes columns of small tables so whose numbers all have at
    most 15 digits, and says it in the notes.
    step, batch, max_iter, seed: of methods that iterate, as in gm.lstsq. threads: default all processors. progress:
    None shows a bar on a terminal after a second.

    Raises FormulaError, DataError, ArgumentError or RankError, each with what was got and what is allowed.
    """
    kind = checked_family(family)
    covariance_kind(cov)
    if clusters is not None:
        cov = with_clusters(cov)
    elif cov == "cluster":
        raise no_clusters()
    running: dict[str, Any] = {"step": step, "batch": batch, "max_iter": max_iter, "seed": seed, "suboptimality": suboptimality}
    how: dict[str, Any] = {"ridge": ridge, "rank": rank, "tol": tol, "threads": threads, "decimal": decimal, "errors": True}
    settings = settings_of(method, accuracy, **how, **running)
    request, what = settings.request, "decimal=True" if decimal else 'accuracy="exact"'
    if isinstance(data, Moments):
        if any(given is not None for given in (weights, freq_weights, offset, clusters)):
            raise ArgumentError(
                message("Moments already hold their weights and offset", hint="give them to gm.moments")
            )
        if settings.accuracy == "exact":
            raise needs_rows(what)
        if not kind.quadratic:
            raise not_for_family("Moments", kind.name, "rows, which are read again in every step")
        return data.fit(formula, request, method, settings.accuracy, cov, settings.threads)
    source = as_source(data)
    with progress_for(progress) as shown:
        beside = {"weights": weights, "freq_weights": freq_weights, "offset": offset, "clusters": clusters}
        if not kind.quadratic and settings.accuracy == "exact":
            raise not_for_family(what, kind.name, 'a number of digits, or "data"')
        source, coded = with_coded_target(source, formula, kind)
        asked, design = ask_table(formula, source, beside, missing, settings, shown, kind)
        words = Words(design.names, design.targets[0])
        problem = Problem(asked.rows, request, kind, words=words, frequency=freq_weights is not None)
        try:
            answer = solve(problem, method, asked.accuracy, asked.runner)
        except NotFinite as error:
            raise too_large((*design.names, *design.targets), error, design.weights is not None) from None
        if answer.solution.status is Status.DIVERGED:
            warn_diverged(answer.plan.method, answer.plan.notes)
        estimate, projection, rows = estimated(design, answer, problem)
        found = covariance(cov, estimate, rows, asked.runner, projection)
    training = Training(rows, Threads(asked.runner.threads)) if rows.rereadable else None
    return fitted(design, answer, estimate, projection, found, kind_of(data), training, coded)


def with_clusters(cov: str) -> str:
    """Whoever names clusters wants errors by cluster; another covariance beside them is a contradiction."""
    if cov not in ("classical", "cluster"):
        raise bad_argument("cov", cov, '"cluster" where clusters are given', "leave clusters= or cov= out")
    return "cluster"
