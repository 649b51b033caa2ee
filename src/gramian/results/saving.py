"""What a saved model or saved moments hold, and how they are written: plain JSON, without training data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gramian.certification.certificate import Certificate
from gramian.formula import saved
from gramian.formula.design import Design
from gramian.inference.covariance import Covariance
from gramian.inference.covariances import to_json
from gramian.inference.estimate import Estimate
from gramian.reductions.moments import MomentSums
from gramian.reductions.sandwich import Projection
from gramian.storage import json_file as jsonfile
from gramian.storage.json_file import array, number

MODEL, MOMENTS, VERSION = "gramian-model", "gramian-moments", 1

CERTIFICATE = {
    "gradient": 1,
    "backward_error": 1,
    "forward_bound": 2,
    "intercept_bound": 1,
    "digits": 1,
    "digits_each": 2,
    "digits_intercept": 1,
    "beside_target": 1,
    "ceiling": 1,
}
"""The arrays of a certificate and their dimensions."""


def write_model(
    path: str | Path,
    design: Design,
    estimate: Estimate,
    projection: Projection,
    covariance: Covariance,
    certificate: Certificate,
    story: dict[str, Any],
) -> None:
    """`story` is plain JSON: how the fit was found, and what is said about it."""
    content = {
        "design": saved.to_json(design),
        "estimate": _estimate(estimate),
        "projection": {
            **{name: array(getattr(projection, name)) for name in ("coef", "root", "level", "mean")},
            "weight_sum": number(projection.weight_sum),
        },
        "covariance": {
            "kind": str(covariance.kind),
            "value": to_json(covariance.kind),
            "root": array(covariance.root),
            "df": number(covariance.df),
            "clusters": covariance.clusters,
            "errors": None if covariance.errors is None else array(covariance.errors),
            "notes": list(covariance.notes),
        },
        "certificate": {
            "evidence": certificate.evidence,
            "written": certificate.written,
            "condition": number(certificate.condition),
            **{name: array(getattr(certificate, name)) for name in CERTIFICATE},
        },
        "story": story,
    }
    jsonfile.write(path, MODEL, VERSION, content)


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "coef": array(estimate.coef),
        "nobs": number(estimate.nobs),
        "weight_sum": number(estimate.weight_sum),
        "log_weight_sum": number(estimate.log_weight_sum),
        "rss": array(estimate.rss),
        "tss": array(estimate.tss),
        "explained": None if estimate.explained is None else array(estimate.explained),
        "variances": None if estimate.variances is None else array(estimate.variances),
        "rank": estimate.rank,
        "dropped": [asdict(item) for item in estimate.dropped],
        "ridge": number(estimate.ridge),
        **({"penalty": estimate.penalty} if estimate.penalty else {}),
        "frequency": estimate.frequency,
        "likelihood": None if estimate.likelihood is None else _plain(asdict(estimate.likelihood)),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: number(value) if isinstance(value, float) else value for name, value in values.items()}


def write_moments(path: str | Path, design: Design, sums: MomentSums, frequency: bool) -> None:
    counts = asdict(sums.counts)
    content = {
        "design": saved.to_json(design),
        "frequency": frequency,
        "counts": {**counts, "bits": str(counts["bits"])},
        "mean": array(sums.mean.hi),
        "mean_lo": array(sums.mean.lo),
        "gram": array(sums.gram),
        "noise": array(sums.noise),
        "chain": sums.chain,
        "mean_chain": sums.mean_chain,
    }
    jsonfile.write(path, MOMENTS, VERSION, content)
