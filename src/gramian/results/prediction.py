"""Fitted values and their intervals for new rows of any kind of table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gramian.families import FAMILIES
from gramian.formula.design import Design
from gramian.inference.estimate import Estimate
from gramian.inference.statistics import Inference, Interval, Kind
from gramian.kernels.array_types import Floats
from gramian.report import as_frame
from gramian.results.frame_kind import kind_of
from gramian.sources.open import as_source


def predict(design: Design, estimate: Estimate, new: Any, offset: Any, link: bool = False) -> Floats:
    """(rows, k): X b, plus the offset; NaN where a predictor is missing. Dropped columns count as zero.

    For another family the mean that belongs to it, unless `link`.
    """
    coef = np.where(np.isnan(estimate.coef), 0.0, estimate.coef)
    parts: list[Floats] = []
    for X, shift in _rows(design, new, offset):
        values = X @ coef
        parts.append(values if shift is None else values + shift[:, None])
    eta = np.concatenate(parts) if parts else np.zeros((0, estimate.k))
    return eta if link or estimate.likelihood is None else FAMILIES[estimate.likelihood.family].mean(eta)


def on_response(found: Interval, estimate: Estimate) -> Interval:
    """Limits through the link, which is monotone; standard errors by the delta method. The normal family's are as they are."""
    if estimate.likelihood is None:
        return found
    loss = FAMILIES[estimate.likelihood.family]
    mu = loss.mean(found.fit)
    # dmu/deta, since the expected curvature is (dmu/deta)^2 / variance
    slope = np.sqrt(loss.expected(found.fit) * loss.variance(mu))
    return replace(found, fit=mu, se=found.se * slope, lower=loss.mean(found.lower), upper=loss.mean(found.upper))


def intervals(design: Design, inference: Inference, new: Any, kind: Kind, level: float, offset: Any) -> Interval:
    """Fitted values, standard errors and limits, each (rows, k)."""
    found = [
        on_response(inference.interval(X, kind, level, shift), inference.estimate)
        for X, shift in _rows(design, new, offset)
    ]
    if not found:
        found = [inference.interval(np.zeros((0, inference.estimate.p)), kind, level)]
    fit, se, lower, upper = (
        np.concatenate([getattr(each, field) for each in found]) for field in ("fit", "se", "lower", "upper")
    )
    return Interval(fit, se, lower, upper, kind, level)


def predict_table(design: Design, inference: Inference, new: Any, kind: Kind, level: float, offset: Any) -> Any:
    """Columns fit, se, lower, upper (of each target, when there are several) in the kind of frame that `new` is."""
    columns: dict[str, list[str] | Floats] = {}
    columns.update(_columns(intervals(design, inference, new, kind, level, offset), inference))
    return as_frame(columns, kind_of(new))


def prediction_blocks(
    design: Design, inference: Inference, new: Any, kind: Kind | None, level: float
) -> Iterator[dict[str, Floats]]:
    """The columns of `predict_table`, of `fit` alone without a kind, block after block; memory does not grow with rows."""
    for X, shift in _rows(design, new, None):
        found = on_response(inference.interval(X, kind or "confidence", level, shift), inference.estimate)
        columns = _columns(found, inference)
        yield columns if kind else {name: values for name, values in columns.items() if name.startswith("fit")}


def _columns(found: Interval, inference: Inference) -> dict[str, Floats]:
    targets = inference.estimate.targets
    return {
        name + (f" {target}" if len(targets) > 1 else ""): getattr(found, name)[:, j]
        for j, target in enumerate(targets)
        for name in ("fit", "se", "lower", "upper")
    }


def _rows(design: Design, new: Any, offset: Any) -> Iterator[tuple[Floats, Floats | None]]:
    """X with the column of ones, block after block."""
    for block in design.predict_rows(as_source(new), offset):
        X = block.X
        if design.intercept:
            ones = np.ones((X.shape[0], 1))
            ones[block.missing] = np.nan
            X = np.concatenate([ones, X], axis=1)
        yield X, block.offset
