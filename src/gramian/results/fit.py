"""Fit: what gm.fit returns and gm.load brings back. Thin: inference, influence and reports are computed elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from gramian.certification.certificate import Certificate
from gramian.data.blocks import Rows
from gramian.errors import bad_argument, needs_rows, not_a_choice
from gramian.execution.runner import Runner
from gramian.formula.design import Design
from gramian.inference.covariance import Covariance, covariance
from gramian.inference.covariances import CovarianceLike, covariance_of_fit
from gramian.inference.estimate import Estimate
from gramian.inference.family_influence import FamilyInfluence, family_influence
from gramian.inference.fit_statistics import FitStatistics
from gramian.inference.influence import Influence, influence
from gramian.inference.statistics import Interval
from gramian.inference.wald import TermTests, WaldTest
from gramian.kernels.array_types import Floats
from gramian.planning import Plan
from gramian.problem.solution import Stats
from gramian.reductions.irls_pass import WorkingRows
from gramian.reductions.sandwich import Projection
from gramian.report import Summary, as_frame, summarise, table
from gramian.report.table import Like
from gramian.results.prediction import intervals, predict, predict_table
from gramian.results.saving import write_model

IntervalKind: TypeAlias = Literal["confidence", "prediction"] | None


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """The rows of the fit, for what takes another pass."""

    rows: Rows
    runner: Runner


@dataclass(frozen=True, eq=False)
class Fit(FitStatistics):
    """A fitted linear model.

    `how` is the line on method and reason; `plan` what was chosen and done, its text on a loaded model; `trusted` says
    that the accuracy asked for is certified; `missing` counts the rows dropped.

    Coefficients are in printed order, the intercept first; arrays are (p,) for one target and (p, k) for k. Columns that
    depend on others have coefficient NaN and stand in `dropped` with their equation. `certificate` holds the digits in the
    order of the columns of X, `digits` those of the printed coefficients.
    """

    formula: str
    design: Design
    estimate: Estimate
    projection: Projection
    covariance: Covariance
    certificate: Certificate
    method: str
    how: str
    plan: Plan | str
    stats: Stats
    trusted: bool
    notes: tuple[str, ...]
    missing: int
    frame: Like
    training: Training | None = None

    # ---- coefficients

    @property
    def names(self) -> tuple[str, ...]:
        return self.estimate.names

    @property
    def targets(self) -> tuple[str, ...]:
        return self.estimate.targets

    @property
    def terms(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Each term of the formula with the positions of its coefficients."""
        return self.estimate.terms

    @property
    def coef(self) -> Floats:
        return self._one(self.estimate.coef)

    @property
    def digits(self) -> Floats:
        """Certified digits of each coefficient, NaN where it was dropped."""
        return self._one(self._digits)

    @property
    def _digits(self) -> Floats:
        each = self.certificate.digits_each
        if self.estimate.intercept:
            each = np.concatenate([self.certificate.digits_intercept[None, :], each])
        return np.where(np.isnan(self.estimate.coef), np.nan, each)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The dependent columns, each as an equation in the ones that were kept."""
        return tuple(str(column) for column in self.estimate.dropped)

    # ---- inference, with the covariance that the fit was asked for

    @property
    def se(self) -> Floats:
        return self._one(self.inference.se)

    @property
    def tvalues(self) -> Floats:
        return self._one(self.inference.tvalues)

    @property
    def pvalues(self) -> Floats:
        return self._one(self.inference.pvalues)

    def conf_int(self, level: float = 0.95) -> Floats:
        """(p, 2) for one target, (p, k, 2) for k."""
        low, high = self.inference.conf_int(level)
        return np.stack([self._one(low), self._one(high)], axis=-1)

    def cov(self, kind: CovarianceLike | None = None) -> Floats:
        """The covariance of the coefficients, (p, p) or (k, p, p). kind: as cov= of gm.fit; default that of the fit.

        Robust kinds take one pass over the rows. Raises NeedsData on a loaded model.
        """
        matrix = self.with_cov(kind).inference.cov
        return matrix[0] if len(self.targets) == 1 else matrix

    def with_cov(self, kind: CovarianceLike | None) -> Fit:
        """The same fit with its errors, tests and intervals from another covariance; nothing is refitted.

        Clusters are those that the fit read: a column named here must be the one named there.
        """
        wanted = self.covariance.kind if kind is None else covariance_of_fit(kind, self.design.clusters)
        if wanted == self.covariance.kind:
            return self
        training = self.training
        if training is None:
            return replace(self, covariance=covariance(wanted, self.estimate))
        found = covariance(wanted, self.estimate, training.rows, training.runner, self.projection)
        return replace(self, covariance=found)

    def test(self, hypothesis: str | Floats, value: Floats | float = 0.0) -> WaldTest:
        """Wald F test of linear hypotheses, as text ("sqft = 2 * beds, age = 0") or as a matrix R with R b = value."""
        return self.inference.test(hypothesis, value)

    def test_term(self, term: str) -> WaldTest:
        """That all coefficients of a term are zero."""
        return self.inference.test_term(term)

    def test_terms(self) -> TermTests:
        """That test for every term."""
        return self.inference.test_terms()

    # ---- rows

    def predict(
        self,
        new: Any,
        interval: IntervalKind = None,
        level: float = 0.95,
        offset: Any = None,
        kind: Literal["response", "link"] = "response",
    ) -> Any:
        """Predictions for new rows, (rows,) or (rows, k); NaN where a predictor is missing.

        For another family than the normal these are means, as probabilities; kind "link" gives the linear predictor.

        With interval "confidence" (of the mean) or "prediction" (of a new observation): a table with fit, lower and upper
        in the kind of frame that `new` is. Raises DataError for a missing column or a level never seen.
        """
        if kind not in ("response", "link"):
            raise not_a_choice("kind", kind, ("response", "link"))
        if interval is None:
            return self._one(predict(self.design, self.estimate, new, offset, kind == "link"))
        if kind == "link" and self.estimate.likelihood is not None:
            raise bad_argument("kind", kind, "'response' beside an interval, whose limits are those of the mean")
        return predict_table(self.design, self.inference, new, interval, level, offset)

    def intervals(self, new: Any, kind: Literal["confidence", "prediction"], level: float = 0.95) -> Interval:
        """The same intervals as arrays."""
        return intervals(self.design, self.inference, new, kind, level, None)

    def influence(self) -> Influence | FamilyInfluence:
        """Residuals, leverage, Cook's distance and the like for each row of the data, NaN for rows left out. One pass.

        Raises NeedsData on a loaded model.
        """
        if self.training is None:
            raise needs_rows("influence")
        likelihood = self.estimate.likelihood
        if likelihood is not None:
            assert isinstance(self.training.rows, WorkingRows)
            return family_influence(
                self.training.rows,
                self.training.runner,
                self.projection,
                dispersion=likelihood.dispersion,
                scaled=likelihood.scaled,
                df=self.df_resid,
                rank=self.estimate.rank,
            )
        found = influence(
            self.training.rows,
            self.training.runner,
            self.projection,
            sigma=self.inference.sigma,
            df=self.df_resid,
            rank=self.estimate.rank,
        )
        return found.squeezed()

    def residuals(self) -> Floats:
        """(rows,) or (rows, k), aligned with the data, NaN for rows left out. One pass."""
        return self.influence().residuals

    def fitted(self) -> Floats:
        """As residuals, the fitted values."""
        return self.influence().fitted

    # ---- pictures

    def plot(
        self, kind: Literal["residuals", "coefficients", "ridge"] = "residuals", target: int = 0, level: float = 0.95
    ) -> Any:
        """A matplotlib Figure (the extra `plot`): four pictures of the residuals, the coefficients, or a ridge path.

        "residuals" and "ridge" take a pass over the rows; "ridge" is for the normal family. target: which of several. Raises
        NeedsData on a loaded model, ArgumentError for another kind or without matplotlib.
        """
        from gramian.plots.pictures import picture

        return picture(self, kind, target, level)

    # ---- answers

    def summary(self, level: float = 0.95) -> Summary:
        """The printed answer: str() is text; it renders as HTML in a notebook, and .latex() gives LaTeX."""
        weights = self.design.weights
        return summarise(
            self.inference,
            title=self.formula,
            digits=self._digits,
            level=level,
            method=self.how,
            certificate=self.certificate.sentence(),
            missing=self.missing,
            weights="" if weights is None else weights.column or "given",
            notes=self.notes,
        )

    def table(self, level: float = 0.95) -> Any:
        """The coefficient table in the kind of frame that the data came in, a dict of arrays for files."""
        return as_frame(table(self.inference, self._digits, level), self.frame)

    def save(self, path: str | Path) -> None:
        """Write the model as JSON, without training data; the file is replaced whole or not at all."""
        story: dict[str, Any] = {
            "formula": self.formula,
            "method": self.method,
            "how": self.how,
            "plan": str(self.plan),
            "stats": asdict(self.stats),
            "trusted": self.trusted,
            "notes": list(self.notes),
            "missing": self.missing,
        }
        write_model(path, self.design, self.estimate, self.projection, self.covariance, self.certificate, story)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary().html()
