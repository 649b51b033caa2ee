"""gm.load: fits and moments back from their JSON files. Nothing in a file is executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from gramian.certification.certificate import Certificate
from gramian.errors import GramianError
from gramian.errors.models import damaged_model
from gramian.families import FAMILIES
from gramian.formula import saved
from gramian.formula.design import Design
from gramian.inference.covariance import Covariance
from gramian.inference.covariances import from_json
from gramian.inference.estimate import Dropped, Estimate, Likelihood
from gramian.kernels.exact import Double
from gramian.problem.solution import Stats
from gramian.reductions import moments as reduction
from gramian.reductions.sandwich import Projection
from gramian.results.fit import Fit
from gramian.results.moments import Moments
from gramian.results.saving import CERTIFICATE, MODEL, MOMENTS, VERSION
from gramian.storage import json_file as jsonfile
from gramian.storage.json_file import from_array, from_number

LIKELIHOOD = ("deviance", "null_deviance", "pearson", "loglik", "dispersion")
"""The numbers of a likelihood."""
MOST = 2**63 - 1
"""The largest count."""


def load(path: str | Path) -> Fit | Moments:
    """What was saved there: a Fit that predicts, tests and reports, or Moments that merge and fit.

    What needs the training rows raises NeedsData and says so. Raises ModelError for a damaged file or one of another
    version or layout, FormulaError when its formula asks to run code.
    """
    kind, content = jsonfile.read(path, (MODEL, MOMENTS), VERSION)
    try:
        return _fit_in(content) if kind == MODEL else _moments_in(content)
    except GramianError:
        raise
    except KeyError as error:
        raise damaged_model(Path(path).name, f"it has no {error}") from None
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise damaged_model(Path(path).name, f"{type(error).__name__}: {error}") from None


# ---- a fit


def _penalty(held: dict[str, Any]) -> str:
    """In words; files of versions that had a ridge alone hold its size."""
    ridge = from_number(held["ridge"])
    return str(held.get("penalty", f"ridge={ridge:g}" if ridge > 0 else ""))


def _fit_in(data: dict[str, Any]) -> Fit:
    design = saved.from_json(data["design"])
    held, cov, found, story = data["estimate"], data["covariance"], data["certificate"], data["story"]
    projection = _projection(data["projection"], design, held)
    root = projection.bread()
    shift = int(design.intercept)
    estimate = Estimate(
        names=(("Intercept",) if design.intercept else ()) + design.names,
        terms=tuple((term.name, tuple(j + shift for j in term.columns)) for term in design.terms),
        targets=design.targets,
        coef=from_array(held["coef"], 2),
        root=root,
        nobs=from_number(held["nobs"]),
        weight_sum=from_number(held["weight_sum"]),
        log_weight_sum=from_number(held["log_weight_sum"]),
        rss=from_array(held["rss"], 1),
        tss=from_array(held["tss"], 1),
        rank=_count(held["rank"], len(design.names) + shift),
        intercept=design.intercept,
        dropped=tuple(_dropped(item) for item in held["dropped"]),
        ridge=from_number(held["ridge"]),
        penalty=_penalty(held),
        frequency=bool(held["frequency"]),
        likelihood=_likelihood(held["likelihood"]),
        explained=None if held["explained"] is None else from_array(held["explained"], 1),
        variances=None if held["variances"] is None else from_array(held["variances"], 1),
    )
    if estimate.coef.shape != (len(estimate.names), len(estimate.targets)):
        raise ValueError(f"{estimate.coef.shape} coefficients for {len(estimate.names)} names")
    if not np.isfinite(np.delete(estimate.coef, np.flatnonzero(~estimate.estimated), axis=0)).all():
        raise ValueError("a coefficient is not finite")
    arrays = {name: from_array(found[name], ndim) for name, ndim in CERTIFICATE.items()}
    return Fit(
        formula=str(story["formula"]),
        design=design,
        estimate=estimate,
        projection=projection,
        covariance=Covariance(
            from_json(cov.get("value"), str(cov["kind"])),
            from_array(cov["root"], 3),
            from_number(cov["df"]),
            None if cov["clusters"] is None else int(cov["clusters"]),
            tuple(str(note) for note in cov["notes"]),
            None if cov["errors"] is None else from_array(cov["errors"], 2),
        ),
        certificate=Certificate(
            evidence=found["evidence"],
            condition=from_number(found["condition"]),
            written=bool(found["written"]),
            **arrays,
        ),
        method=str(story["method"]),
        how=str(story["how"]),
        plan=str(story["plan"]),
        stats=_stats(story["stats"]),
        trusted=bool(story["trusted"]),
        notes=tuple(str(note) for note in story["notes"]),
        missing=_count(story["missing"]),
        frame="dict",
    )


def _count(value: object, most: int = MOST) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("a count is outside of what it counts")
    return value


def _stats(data: dict[str, Any]) -> Stats:
    for number in data.values():
        from_number(number)
    return Stats(**data)


def _projection(data: dict[str, Any], design: Design, held: dict[str, Any]) -> Projection:
    return Projection(
        from_array(data["coef"], 2),
        from_array(data["root"], 2),
        from_array(data["level"], 1),
        from_array(data["mean"], 1),
        design.intercept,
        from_number(data["weight_sum"]),
        bool(held["frequency"]),
    )


def _likelihood(item: dict[str, Any] | None) -> Likelihood | None:
    if item is None:
        return None
    numbers = {name: from_number(item[name]) for name in LIKELIHOOD}
    if item["family"] not in FAMILIES:
        raise ValueError(f"{item['family']!r} is no family")
    return Likelihood(family=str(item["family"]), scaled=bool(item["scaled"]), **numbers)


def _dropped(item: dict[str, Any]) -> Dropped:
    values = dict(item)
    others = tuple(str(name) for name in cast(list[object], values.pop("others")))
    weights = tuple(from_number(w) for w in cast(list[object], values.pop("weights")))
    return Dropped(others=others, weights=weights, **values)


# ---- moments


def _moments_in(data: dict[str, Any]) -> Moments:
    design = saved.from_json(data["design"])
    counts = reduction.Counts(**{**data["counts"], "bits": int(data["counts"]["bits"])})
    mean = Double(from_array(data["mean"], 1), from_array(data["mean_lo"], 1))
    gram = from_array(data["gram"], 2)
    n = len(design.names)
    p = n + len(design.targets)
    if gram.shape != (p, p) or mean.hi.shape != (p,):
        raise ValueError(f"a Gram matrix of {gram.shape} for {p} columns")
    noise = from_array(data["noise"], 1)
    sums = reduction.MomentSums(n, design.intercept, counts, mean, gram, noise, int(data["chain"]), int(data["mean_chain"]))
    return Moments(design, sums, bool(data["frequency"]))
