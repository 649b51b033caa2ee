"""A fit as plain JSON values under stable keys, for `gramian fit --json`.

    formula, targets, names      text; `names` are the coefficients in printed order, and all lists below follow it
    coef, se, t, p, digits       a number for each name; `digits` are the certified ones
    conf_int, level              [low, high] for each name
    nobs, df_model, df_resid, rss, sigma, rsquared, rsquared_adj, fvalue, f_pvalue, loglik, aic, bic, cov
    family, deviance, null_deviance, dispersion   "gaussian" unless another one was asked for
    dropped, missing_rows        equations of the columns left out; rows left out for missing values
    method, reason, trusted      how it was computed; `trusted` is false where the exit status is 1
    certificate                  evidence, digits, condition, backward_error, gradient, ceiling
    notes                        sentences
    plan                         text, with --plan only

A number that is not defined is null. With several targets, a number becomes a list, one for each of `targets`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gramian.results.fit import Fit


def document(fit: Fit, level: float, plan: bool = False) -> dict[str, Any]:
    """The values that the head of this page lists."""
    found: dict[str, Any] = {
        "formula": fit.formula,
        "targets": fit.targets,
        "names": fit.names,
        "coef": fit.coef,
        "se": fit.se,
        "t": fit.tvalues,
        "p": fit.pvalues,
        "digits": fit.digits,
        "conf_int": fit.conf_int(level),
        "level": level,
        "nobs": fit.nobs,
        "df_model": fit.df_model,
        "df_resid": fit.df_resid,
        "rss": fit.rss,
        "sigma": fit.sigma,
        "rsquared": fit.rsquared,
        "rsquared_adj": fit.rsquared_adj,
        "fvalue": fit.fvalue,
        "f_pvalue": fit.f_pvalue,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "bic": fit.bic,
        "cov": fit.covariance.label,
        "family": fit.family,
        "deviance": fit.deviance,
        "null_deviance": fit.null_deviance,
        "dispersion": fit.dispersion,
        "dropped": fit.dropped,
        "missing_rows": fit.missing,
        "method": fit.method,
        "reason": fit.how,
        "trusted": fit.trusted,
        "certificate": _certificate(fit),
        "notes": (*fit.inference.notes, *fit.notes),
    }
    if plan:
        found["plan"] = str(fit.plan)
    return {key: plain(value) for key, value in found.items()}


def _certificate(fit: Fit) -> dict[str, Any]:
    certificate, one = fit.certificate, len(fit.targets) == 1
    values = {name: getattr(certificate, name) for name in ("digits", "backward_error", "gradient", "ceiling")}
    return {
        "evidence": certificate.evidence,
        "condition": certificate.condition,
        **{name: value[0] if one else value for name, value in values.items()},
    }


def plain(value: Any) -> Any:
    """Nested lists of JSON's own types; None where a number is not finite."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
