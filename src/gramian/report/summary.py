"""Composes what a fit found into a Summary, the value that prints itself."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gramian.families import FAMILIES
from gramian.inference.estimate import Dropped, Likelihood
from gramian.inference.statistics import Inference, checked_level
from gramian.kernels.array_types import Floats
from gramian.report import html, latex, text
from gramian.report.content import Content, Fact, Panel, Row
from gramian.report.numbers import p_value, share, short

MOST_DROPPED = 20
"""Dropped columns that are named one by one."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Prints as text, as wide as the terminal; in a notebook shows as HTML.

    `rows` limits the coefficients shown of each target, None shows all.
    """

    content: Content

    def text(self, width: int = 80, rows: int | None = 60) -> str:
        """Plain text of at most `width` columns, 40 or more; intervals, then t and p are left out where they would not fit."""
        return text.render(self.content, width, rows)

    def html(self, rows: int | None = 200) -> str:
        """Self-contained, names escaped."""
        return html.render(self.content, rows)

    def latex(self, rows: int | None = None) -> str:
        """A booktabs table."""
        return latex.render(self.content, rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; None where a number is not defined."""
        return _jsonable(asdict(self.content))

    def __str__(self) -> str:
        return self.text(terminal_width())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.html()


def terminal_width() -> int:
    """Columns of the terminal, from 40 to 120; 100 where there is none."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)


def summarise(
    inference: Inference,
    *,
    title: str,
    digits: Floats | None = None,
    level: float = 0.95,
    method: str = "",
    certificate: str = "",
    missing: int = 0,
    weights: str = "",
    notes: Sequence[str] = (),
) -> Summary:
    """A Summary from plain inputs, for a fit just made or one that was loaded.

    title: the formula. digits (p, k): certified digits of each coefficient. method: "cholesky on moments, 2 passes; chosen
    because ...". certificate: "at least 12.3 in every coefficient (...)". missing: rows dropped for missing values.
    weights: the name of the weights' column, if any. notes: more sentences for the foot.
    """
    e = inference.estimate
    checked_level(level)
    gone = [f"{missing:,} {'row' if missing == 1 else 'rows'} with missing values dropped"] if missing else []
    content = Content(
        title=title,
        facts=_shared(inference, weights),
        panels=_panels(inference, digits, level),
        level=level,
        method=method,
        certificate=certificate,
        notes=(*gone, *inference.notes, *notes, *_dropped(e.dropped)),
        statistic="z" if math.isinf(inference.covariance.df) else "t",
    )
    return Summary(content)


def _dropped(columns: Sequence[Dropped]) -> list[str]:
    """What the first dependent columns equal."""
    rest = len(columns) - MOST_DROPPED
    more = [f"dropped {rest:,} more columns; all in fit.dropped, or under 'dropped' with --json"] if rest > 0 else []
    return [*(f"dropped {column.brief()}" for column in columns[:MOST_DROPPED]), *more]


def _shared(inference: Inference, weights: str) -> tuple[Fact, ...]:
    e = inference.estimate
    facts = [Fact("Family", _family(e.likelihood))] if e.likelihood is not None else []
    facts += [Fact("Rows", f"{e.nobs:,.12g}"), Fact("Coefficients", _counted(inference))]
    if weights:
        facts.append(Fact("Frequencies" if e.frequency else "Weights", weights))
    facts.append(Fact("Residual df", f"{e.df_resid:,.12g}"))
    if e.penalised:
        name, _, size = e.penalty.partition("=")
        facts.append(Fact(name.capitalize(), size))
    else:
        facts.append(Fact("Std errors", inference.covariance.label))
    return tuple(facts)


def _family(likelihood: Likelihood) -> str:
    return f"{likelihood.family}, {FAMILIES[likelihood.family].link.name} link"


def _counted(inference: Inference) -> str:
    e = inference.estimate
    gone = int(np.count_nonzero(~e.estimated))
    return f"{e.p - gone:,}" + (f" ({gone:,} dropped)" if gone else "")


def _panels(inference: Inference, digits: Floats | None, level: float) -> tuple[Panel, ...]:
    e = inference.estimate
    low, high = inference.conf_int(level)
    known = np.full(e.coef.shape, np.nan) if digits is None else np.asarray(digits).reshape(e.coef.shape)
    stacked = np.stack([inference.coef, inference.se, inference.tvalues, inference.pvalues, low, high, known])
    facts = _figures(inference)
    return tuple(
        Panel(
            target,
            tuple(Row(name, *map(float, stacked[:, i, j])) for i, name in enumerate(e.names)),
            facts[j],
        )
        for j, target in enumerate(e.targets)
    )


def _figures(inference: Inference) -> list[tuple[Fact, ...]]:
    """The figures of each target's fit; those that are not defined are left out."""
    e = inference.estimate
    f, p = inference.fvalue, inference.f_pvalue
    r2, adjusted, sigma = inference.rsquared, inference.rsquared_adj, inference.sigma
    aic, bic = inference.aic, inference.bic
    found: list[tuple[Fact, ...]] = []
    for j in range(e.k):
        if e.likelihood is not None:
            found.append(_of_family(e.likelihood, r2[j], aic[j], bic[j]))
            continue
        facts = [Fact("R-squared", share(r2[j]))]
        if not math.isnan(adjusted[j]):
            facts.append(Fact("Adjusted", share(adjusted[j])))
        if not math.isnan(sigma[j]):
            facts.append(Fact("Sigma", short(sigma[j])))
        if not math.isnan(f[j]):
            shown = p_value(p[j])
            sign = "" if shown.startswith("<") else "= "
            df = f"{e.df_model:,} and {inference.covariance.df:,.12g} df"
            facts.append(Fact("F", f"{short(f[j])} on {df}, p {sign}{shown}"))
        if math.isfinite(aic[j]):
            facts.append(Fact("AIC, BIC", f"{aic[j]:,.2f}, {bic[j]:,.2f}"))
        found.append(tuple(facts))
    return found


def _of_family(likelihood: Likelihood, explained: float, aic: float, bic: float) -> tuple[Fact, ...]:
    facts = [
        Fact("Deviance", plain_number(likelihood.deviance)),
        Fact("Null deviance", f"{plain_number(likelihood.null_deviance)}, {share(explained)} explained"),
    ]
    if likelihood.scaled and not math.isnan(likelihood.dispersion):
        facts.append(Fact("Dispersion", short(likelihood.dispersion)))
    if math.isfinite(aic):
        facts += [Fact("Log-likelihood", plain_number(likelihood.loglik)), Fact("AIC, BIC", f"{aic:,.2f}, {bic:,.2f}")]
    return tuple(facts)


def plain_number(value: float) -> str:
    return f"{value:,.2f}" if abs(value) >= 0.01 or value == 0 else f"{value:.3g}"


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
