"""Tests, intervals and covariances that cannot be had."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.arguments import not_a_choice
from gramian.errors.tree import ArgumentError, DataError, FormulaError, ModelError, NeedsData
from gramian.errors.wording import listed, message, nearest


def no_rows_for(what: str, where: str) -> DataError:
    return DataError(message(f"{where} has no rows to compute {what} from", "", "pass the table that was fitted"))


def no_clusters(cov: str = "cluster") -> ArgumentError:
    return ArgumentError(message(f"cov={cov!r} without clusters", "", "name the column: fit(..., clusters='firm')"))


def one_way_only(columns: Iterable[str]) -> ArgumentError:
    every = list(columns)
    got = f"clusters by {len(every)} columns: {listed(every)}"
    hint = "name the column whose clusters matter most, or make one column of all"
    return ArgumentError(message(got, "Allowed: one column, whose values are the clusters", hint))


def not_the_clusters_of_the_fit(asked: str, column: str, fitted: str | None) -> ArgumentError:
    has = "The fit has no clusters" if fitted is None else f"The clusters of the fit are {fitted}"
    return ArgumentError(message(f"{asked} needs column {column!r}, which the fit did not read", has, f"fit(..., {asked})"))


def unknown_saved_covariance(name: str, known: Iterable[str]) -> ModelError:
    got = f"the model's covariance is {name!r}, which is not registered"
    return ModelError(message(got, f"Registered: {listed(known)}", "import the package that defines it before gm.load"))


def one_cluster(labels: Iterable[object]) -> ArgumentError:
    every = list(labels)
    got = f"all rows are in one cluster, {every[0]!r}" if every else "no row is in a cluster"
    allowed = "Allowed: at least 2 clusters, and 20 or more to trust the standard errors"
    return ArgumentError(message(got, allowed, "use cov='HC3', or another column"))


def needs_rows(what: str) -> NeedsData:
    return NeedsData(
        message(
            f"{what} takes another pass over the rows, which are not at hand",
            "A loaded model, merged moments and a one-shot stream hold no rows",
            "fit again from the table, a path or a dataset; cov='classical' needs no rows",
        )
    )


def no_inference(what: str, reason: str) -> ArgumentError:
    return ArgumentError(
        message(f"{what} is not defined for this fit", f"Reason: {reason}", "predict without interval")
    )


def no_test(what: str, reason: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"cannot test {what}", f"Reason: {reason}", hint))


def bad_hypothesis(text: str, at: int, what: str) -> FormulaError:
    hint = 'write equations like "a = 2 * b, c = 0"; put an odd name in backticks'
    return FormulaError(message(what, f"  {text}\n  {' ' * at}^", hint))


def unknown_coefficient(text: str, at: int, name: str, names: Iterable[str]) -> FormulaError:
    options = list(names)
    near = nearest(name, options)
    hint = f"did you mean {near!r}?" if near else "names are those that fit.names lists; put an odd one in backticks"
    place = f"  {text}\n  {' ' * at}^"
    return FormulaError(message(f"{name!r} is no coefficient", f"{place}\nCoefficients: {listed(options)}", hint))


def unknown_term(name: str, terms: Iterable[str]) -> ArgumentError:
    return not_a_choice("term", name, terms)
