"""Targets and families of generalised linear models."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import ArgumentError, DataError
from gramian.errors.wording import listed, message


def bad_target(name: str, value: float, row: str, family: str, allowed: str, hint: str) -> DataError:
    return DataError(message(f"target {name} is {value:.12g} at {row}", f"Allowed for {family}: {allowed}", hint))


def one_value(name: str, value: float, family: str, needed: str) -> DataError:
    return DataError(
        message(
            f"target {name} is {value:.12g} in every row",
            f"Allowed for {family}: {needed}",
            "check the filter that made the table: there is nothing to distinguish",
        )
    )


def not_two_levels(name: str, levels: Iterable[str], family: str) -> DataError:
    found = list(levels)
    return DataError(
        message(
            f"target {name!r} holds {len(found):,} different texts: {listed(found, 6)}",
            f"Allowed for {family}: text with two levels, or numbers from 0 to 1",
            "keep the rows of two levels, or make a column of 0 and 1 that says what to predict",
        )
    )


def separated(name: str, how: str, penalty: str) -> DataError:
    """penalty: how the caller gives one, as "ridge=1.0"."""
    return DataError(
        message(
            f"target {name} is separated: {how}",
            "Allowed: targets that no combination of columns predicts without exception; else coefficients grow for ever",
            f"leave that column out, merge it with others, or give a penalty, as {penalty}, which keeps coefficients finite",
        )
    )


def classes_separated(how: str) -> DataError:
    return DataError(
        message(
            f"the classes are separated: {how}",
            "Allowed without a penalty: classes that overlap; else coefficients grow for ever",
            "leave that column out, or give a penalty, as C=1.0",
        )
    )


def one_target_only(family: str, targets: Iterable[str]) -> ArgumentError:
    return ArgumentError(
        message(
            f"family={family!r} with the targets {listed(targets)}", "Allowed: one target", "fit each target by itself"
        )
    )


def not_for_family(what: str, family: str, allowed: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"{what} with family={family!r}", f"Allowed: {allowed}", hint))


def diverged_online(step: float, stable: float, own: str) -> DataError:
    """own: the argument that gave the step, "step" or "eta0"; empty where the curvature gave it. stable: 0 where it overflows."""
    what = f"the steps of {step:.6g} diverged: coefficients are no longer finite; the model stays as it was"
    allowed = f"Allowed: steps below about {stable:.6g}, which is 2 / (the largest curvature of a row)"
    if stable == 0.0:
        what = "the squares of a row overflow, so that no step is small enough; the model stays as it was"
        allowed, hint = "Allowed: rows whose squares are finite numbers", "divide X and y by their sizes"
    elif own:
        curvature = "step=None" if own == "step" else 'learning_rate="auto"'
        hint = f"take a smaller {own}, or {curvature}, which takes it from the curvature"
    else:
        hint = "begin another model, with a first batch of some hundred rows like those to come: it sets the scales"
    return DataError(message(what, allowed, hint))


def sparse_after_dense(columns: int) -> DataError:
    return DataError(
        message(
            f"X is sparse, and the {columns:,} columns of this model were centred when it began with dense rows",
            "Allowed: dense rows, or a model that begins with sparse ones",
            "begin another model with a sparse X; it then takes both",
        )
    )
