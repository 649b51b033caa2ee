"""gm.fit: the whole path on one screen, from rows of any kind to an answer with names.

source -> design -> rows -> (plan, view, solver, certificate) -> estimate -> Fit
"""

from __future__ import annotations

from typing import Any, Literal

from gramian.accumulate import Moments
from gramian.covariance import covariance, covariance_kind
from gramian.data.design import Design
from gramian.data.open import as_source
from gramian.errors import ArgumentError, bad_argument, message, no_clusters, not_a_choice, not_for_family
from gramian.frames_out import kind_of
from gramian.losses import LOSSES
from gramian.lstsq import checked_accuracy, checked_rank, checked_threads, checked_tol, running_of
from gramian.naming import fitted, named, too_large
from gramian.problem import Penalty
from gramian.progress import progress_for
from gramian.result import Fit, Training
from gramian.solvers.base import RankPolicy, Request
from gramian.solving import NotFinite, solve
from gramian.views.base import Threads
from gramian.views.exact import small

FILE_DIGITS = 8.0
"""Digits asked of a fit from files by default: what one pass can usually certify."""


def fit(
    formula: str,
    data: Any,
    *,
    family: Literal["gaussian", "binomial", "poisson", "gamma"] = "gaussian",
    method: str = "auto",
    accuracy: Literal["data"] | float | None = None,
    cov: str = "classical",
    clusters: Any = None,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    ridge: float = 0.0,
    missing: Literal["drop", "error"] = "drop",
    rank: RankPolicy = "drop",
    tol: float | None = None,
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
    accuracy: "data" (all digits that the data support; default in memory and for small files) or a number of digits
    (default 8 for large files). cov: "classical", "HC0" to "HC3", or "cluster" with `clusters`. clusters, weights
    (analytic, as R's lm), freq_weights (rows repeated), offset: a column's name, or one value a row. ridge: added to
    the diagonal of X'X, in the user's units. missing: rows with missing values are dropped, and counted, or an error.
    rank: "drop" dependent columns by name, "min-norm", or "error". tol: the rank tolerance, default
    max(30, n, 4 sqrt(min(rows, 4096))) eps.
    step, batch, max_iter, seed: of methods that iterate, as in gm.lstsq. threads: default all processors. progress:
    None shows a bar on a terminal after a second.

    Raises FormulaError, DataError, ArgumentError or RankError, each with what was got and what is allowed.
    """
    if family not in LOSSES:
        raise not_a_choice("family", family, LOSSES)
    covariance_kind(cov)
    if clusters is not None:
        cov = with_clusters(cov)
    elif cov == "cluster":
        raise no_clusters()
    digits = checked_accuracy(accuracy, "data")
    running = running_of(accuracy, step=step, batch=batch, max_iter=max_iter, seed=seed, suboptimality=suboptimality)
    request = Request(Penalty(float(ridge)), checked_rank(rank), checked_tol(tol), running)
    if isinstance(data, Moments):
        if any(given is not None for given in (weights, freq_weights, offset, clusters)):
            raise ArgumentError(
                message("Moments already hold their weights and offset", hint="give them to gm.moments")
            )
        if family != "gaussian":
            raise not_for_family("Moments", family, "rows, which are read again in every step")
        return data.fit(formula, request, method, digits if accuracy is not None else "data", cov)
    source = as_source(data)
    with progress_for(progress) as shown:
        runner = Threads(checked_threads(threads), shown)
        beside = {"weights": weights, "freq_weights": freq_weights, "offset": offset, "clusters": clusters}
        if family != "gaussian":
            from gramian.families import fit_family  # a linear fit need not wait for it

            return fit_family(
                formula, source, LOSSES[family], beside, request, method, digits, cov, missing, runner, kind_of(data)
            )
        design = Design.of(formula, source.schema, **beside, missing=missing, where=source.name)
        design = design.learned(source, runner.threads)
        rows = design.rows(source)
        if accuracy is None and not (source.in_memory or small(rows)):
            digits = FILE_DIGITS
        try:
            answer = solve(rows, request, method, digits, runner)
        except NotFinite as error:
            raise too_large((*design.names, *design.targets), error, design.weights is not None) from None
        estimate, projection = named(design, answer, request, freq_weights is not None)
        found = covariance(cov, estimate, rows, runner, projection)
    training = Training(rows, Threads(runner.threads)) if rows.rereadable else None
    return fitted(design, answer, estimate, projection, found, kind_of(data), training)


def with_clusters(cov: str) -> str:
    """Whoever names clusters wants errors by cluster; another covariance beside them is a contradiction."""
    if cov not in ("classical", "cluster"):
        raise bad_argument("cov", cov, '"cluster" where clusters are given', "leave clusters= or cov= out")
    return "cluster"
