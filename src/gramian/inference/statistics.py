"""Standard errors, tests, intervals and fit statistics of an estimate. No rows are read here.

Conventions are those of R's lm: sigma^2 = rss / (n - rank) for a row of weight 1, log-likelihood with the weights in
it, sigma counted as a parameter by AIC and BIC, R^2 about zero when there is no intercept. After a robust covariance
t, p, intervals and F follow it. A ridge fit has no classical inference: its coefficients are biased by design, and NaN
with the reason in `notes` stands where a number would mislead.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from gramian import errors
from gramian.inference.covariance import Covariance, covariance
from gramian.inference.covariances.classical import Classical
from gramian.inference.estimate import Dropped, Estimate
from gramian.inference.hypotheses import Hypothesis, from_matrix, parse, zero
from gramian.inference.tails import t_quantile, two_sided_t, upper_f
from gramian.inference.wald import TermTests, WaldTest, wald
from gramian.kernels.array_types import Floats

__all__ = ["Dropped", "Estimate", "Inference", "Interval", "Kind", "checked_level"]

Kind: TypeAlias = Literal["confidence", "prediction"]

PERFECT = 1e-28
"""rss below this times tss is rounding: the fit is exact as far as doubles can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Fitted values, their standard errors and limits, each (rows, k); se of the mean response for both kinds."""

    fit: Floats
    se: Floats
    lower: Floats
    upper: Floats
    kind: Kind
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """An estimate with one covariance. Arrays are (p, k) for coefficients, (k,) for the fit; NaN where undefined."""

    estimate: Estimate
    covariance: Covariance

    @classmethod
    def classical(cls, estimate: Estimate) -> Inference:
        return cls(estimate, covariance(Classical(), estimate))

    # ---- coefficients

    @property
    def coef(self) -> Floats:
        return self.estimate.coef

    @property
    def se(self) -> Floats:
        return np.where(np.isnan(self.coef), np.nan, self.covariance.se)

    @property
    def tvalues(self) -> Floats:
        """NaN for a constant target too, which leaves no error to compare with."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self._constant, np.nan, self.coef / self.se)

    @property
    def pvalues(self) -> Floats:
        """Two-sided, of Student's t on `covariance.df` degrees of freedom."""
        return two_sided_t(self.tvalues, self.covariance.df)

    def conf_int(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper limits."""
        half = t_quantile(checked_level(level), self.covariance.df) * self.se
        return self.coef - half, self.coef + half

    @property
    def cov(self) -> Floats:
        """(k, p, p); NaN rows and columns for dropped coefficients."""
        matrix = self.covariance.matrix
        gone = ~self.estimate.estimated
        matrix[:, gone, :] = np.nan
        matrix[:, :, gone] = np.nan
        return matrix

    # ---- the fit as a whole

    @property
    def df_resid(self) -> float:
        return self.estimate.df_resid

    @property
    def df_model(self) -> int:
        return self.estimate.df_model

    @property
    def sigma(self) -> Floats:
        """Residual standard error."""
        return np.sqrt(self.estimate.sigma2)

    @property
    def rsquared(self) -> Floats:
        """1 - rss / tss; NaN for a constant target. For another family, the share of the null deviance explained."""
        e = self.estimate
        if e.explained is None:
            return 1.0 - self._unexplained()
        return np.divide(e.explained, e.tss, out=np.full(e.k, np.nan), where=e.tss > 0)

    @property
    def rsquared_adj(self) -> Floats:
        e = self.estimate
        if e.df_resid <= 0 or e.penalised or e.likelihood is not None:
            return np.full(e.k, np.nan)
        return 1.0 - self._unexplained() * ((e.nobs - e.intercept) / e.df_resid)

    @property
    def fvalue(self) -> Floats:
        """All coefficients but the intercept are zero; a Wald F when the covariance is robust. NaN without any."""
        e = self.estimate
        if not e.df_model or e.df_resid <= 0 or e.penalised or e.likelihood is not None:
            return np.full(e.k, np.nan)
        if self.covariance.kind == Classical():
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(e.tss > 0, e.fall / e.rss, np.nan)
            return np.maximum(ratio, 0.0) * (e.df_resid / e.df_model)
        places = np.flatnonzero(e.estimated)
        slopes = tuple(int(j) for j in places[1 if e.intercept else 0 :])
        test = wald(e, self.covariance, zero(slopes, e.names, "all coefficients = 0"))
        return np.where(e.tss > 0, np.atleast_1d(test.statistic), np.nan)

    @property
    def f_pvalue(self) -> Floats:
        return upper_f(self.fvalue, self.estimate.df_model, self.covariance.df)

    @property
    def loglik(self) -> Floats:
        """Normal log-likelihood at its maximum (sigma^2 = rss / n), weights included; inf for rss = 0.

        For another family, its own.
        """
        e = self.estimate
        if e.penalised:
            return np.full(e.k, np.nan)
        if e.likelihood is not None:
            return np.array([e.likelihood.loglik])
        logs = 0.0 if e.frequency else e.log_weight_sum
        with np.errstate(divide="ignore"):
            return 0.5 * (logs - e.nobs * (np.log(2.0 * np.pi) + 1.0 - np.log(e.nobs) + np.log(e.rss)))

    @property
    def aic(self) -> Floats:
        return 2.0 * self._parameters - 2.0 * self.loglik

    @property
    def bic(self) -> Floats:
        return np.log(self.estimate.nobs) * self._parameters - 2.0 * self.loglik

    @property
    def _parameters(self) -> int:
        """The coefficients, and the dispersion where it is estimated."""
        e = self.estimate
        return e.rank + int(e.likelihood is None or e.likelihood.scaled)

    @property
    def _constant(self) -> NDArray[np.bool_]:
        """Which targets (k,) do not vary at all: about their mean, or about zero without an intercept."""
        e = self.estimate
        return np.asarray(e.tss <= 0) & (e.likelihood is None)

    def _unexplained(self) -> Floats:
        e = self.estimate
        return np.divide(e.rss, e.tss, out=np.full(e.k, np.nan), where=e.tss > 0)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that say why a value above is NaN or not to be relied on."""
        e = self.estimate
        found: list[str] = []
        if e.penalised:
            found.append(self._reason())
        elif e.df_resid <= 0:
            used = f"{errors.counted(e.rank, 'coefficient')} for {errors.counted(e.nobs, 'row')}"
            found.append(f"{used}: none is left to estimate sigma from")
        if e.likelihood is not None:
            return (*found, *self.covariance.notes)
        for name, rss, tss in zip(e.targets, e.rss, e.tss, strict=True):
            if tss <= 0:
                what = "constant" if e.intercept else "zero"
                found.append(f"target {name!r} is {what}: R-squared, t, p and F are undefined")
            elif rss <= PERFECT * tss and e.df_resid > 0:
                found.append(f"target {name!r} is fitted exactly: standard errors are rounding")
        clusters = self.covariance.clusters
        if clusters is not None and clusters <= e.df_model and e.df_resid > 0 and not e.penalised:
            found.append(
                f"no F of all {e.df_model:,} coefficients: {errors.counted(clusters, 'cluster')} allow a joint test "
                f"of at most {clusters - 1:,}"
            )
        return (*found, *self.covariance.notes)

    def _reason(self) -> str:
        return f"{self.estimate.penalty} shrinks the coefficients: standard errors and tests do not apply"

    # ---- hypotheses

    def test(self, hypothesis: str | Floats, value: Floats | float = 0.0) -> WaldTest:
        """Test equations ("a = 2 * b, c = 0"), a term by its name, or R b = value for R (q, p) over `names`.

        Raises FormulaError where the text cannot be read, ArgumentError for what cannot be tested.
        """
        self._testable("a hypothesis")
        return wald(self.estimate, self.covariance, self._read(hypothesis, value))

    def _read(self, hypothesis: str | Floats, value: Floats | float) -> Hypothesis:
        e = self.estimate
        if not isinstance(hypothesis, str):
            return from_matrix(hypothesis, value, e.names)
        text = hypothesis.strip()
        if text in dict(e.terms) and text not in e.names:
            return self._term(text)
        return parse(hypothesis, e.names)

    def test_term(self, term: str) -> WaldTest:
        """All coefficients of one term are zero; dropped ones are left out."""
        self._testable(repr(term))
        return wald(self.estimate, self.covariance, self._term(term))

    def test_terms(self) -> TermTests:
        """`test_term` for every term of which a coefficient was estimated."""
        self._testable("the terms")
        estimated = self.estimate.estimated
        names = tuple(name for name, places in self.estimate.terms if any(estimated[j] for j in places))
        return TermTests(names, tuple(self.test_term(name) for name in names))

    def _term(self, term: str) -> Hypothesis:
        e = self.estimate
        terms = dict(e.terms)
        if term not in terms:
            raise errors.unknown_term(term, terms)
        places = tuple(j for j in terms[term] if e.estimated[j])
        if not places:
            raise errors.no_test(repr(term), "all its columns were dropped")
        return zero(places, e.names, f"{term} = 0")

    def _testable(self, what: str) -> None:
        if self.estimate.penalised:
            raise errors.no_test(what, self._reason(), f"fit without {self.estimate.penalty.partition('=')[0]}")
        if self.estimate.df_resid <= 0:
            raise errors.no_test(what, self.notes[0], "fit fewer columns, or more rows")

    # ---- prediction

    def interval(
        self, X: Floats, kind: Kind = "confidence", level: float = 0.95, offset: Floats | None = None
    ) -> Interval:
        """Limits for rows X (rows, p), the column of ones included; a row with NaN gets NaN.

        "confidence" is for the mean response, "prediction" for a new target of weight 1, whose own variance is sigma^2
        whatever the covariance. offset (rows,) is added. Raises ArgumentError without standard errors.
        """
        if kind not in ("confidence", "prediction"):
            raise errors.not_a_choice("interval", kind, ("confidence", "prediction"))
        e = self.estimate
        if e.likelihood is not None and kind == "prediction":
            raise errors.no_inference("a prediction interval", f"a {e.likelihood.family} target is not normal about its mean")
        if e.penalised or e.df_resid <= 0:
            raise errors.no_inference(f"a {kind} interval", self.notes[0])
        quantile = t_quantile(checked_level(level), self.covariance.df)
        use = e.estimated
        fit = X[:, use] @ e.coef[use]
        if offset is not None:
            fit = fit + offset[:, None]
        spread = np.stack([np.square(X[:, use] @ root[use]).sum(axis=1) for root in self.covariance.root], axis=1)
        half = quantile * np.sqrt(spread + (e.sigma2 if kind == "prediction" else 0.0))
        return Interval(fit, np.sqrt(spread), fit - half, fit + half, kind, level)


def checked_level(level: float) -> float:
    """A confidence level strictly between 0 and 1."""
    number = isinstance(cast(object, level), Real) and not isinstance(level, bool | np.bool_)
    if not (number and 0.0 < level < 1.0):
        hint = f"did you mean {level / 100:g}?" if number and 50.0 <= level < 100.0 else ""
        raise errors.bad_argument("level", level, "a number between 0 and 1, such as 0.95", hint)
    return level
