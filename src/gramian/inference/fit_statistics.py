"""The figures of a fit, read off its estimate and its inference: a number for one target, (k,) for k."""

from __future__ import annotations

from abc import ABC
from functools import cached_property
from typing import TYPE_CHECKING

from gramian.families import GAUSSIAN
from gramian.inference.statistics import Inference
from gramian.kernels.array_types import Floats

if TYPE_CHECKING:
    from gramian.inference.covariance import Covariance
    from gramian.inference.estimate import Estimate


class FitStatistics(ABC):
    """What a Fit says about itself in single numbers."""

    estimate: Estimate
    covariance: Covariance

    @cached_property
    def inference(self) -> Inference:
        """Tests and intervals with the covariance that the fit was asked for."""
        return Inference(self.estimate, self.covariance)

    # ---- fit statistics: a float for one target, (k,) for k

    @property
    def nobs(self) -> float:
        return self.estimate.nobs

    @property
    def df_resid(self) -> float:
        return self.estimate.df_resid

    @property
    def df_model(self) -> int:
        return self.estimate.df_model

    @property
    def rss(self) -> float | Floats:
        return self._scalar(self.estimate.rss)

    @property
    def sigma(self) -> float | Floats:
        return self._scalar(self.inference.sigma)

    @property
    def rsquared(self) -> float | Floats:
        return self._scalar(self.inference.rsquared)

    @property
    def rsquared_adj(self) -> float | Floats:
        return self._scalar(self.inference.rsquared_adj)

    @property
    def fvalue(self) -> float | Floats:
        return self._scalar(self.inference.fvalue)

    @property
    def f_pvalue(self) -> float | Floats:
        return self._scalar(self.inference.f_pvalue)

    @property
    def loglik(self) -> float | Floats:
        return self._scalar(self.inference.loglik)

    @property
    def aic(self) -> float | Floats:
        return self._scalar(self.inference.aic)

    @property
    def bic(self) -> float | Floats:
        return self._scalar(self.inference.bic)

    # ---- families

    @property
    def family(self) -> str:
        """The name of the family that was asked for."""
        return GAUSSIAN.name if self.estimate.likelihood is None else self.estimate.likelihood.family

    @property
    def deviance(self) -> float | Floats:
        """Twice the log-likelihood lost against a perfect fit; the residual sum of squares of the normal family."""
        return self._scalar(self.estimate.rss)

    @property
    def null_deviance(self) -> float | Floats:
        """That of the intercept alone (of nothing, without one), the offset included."""
        return self._scalar(self.estimate.tss)

    @property
    def dispersion(self) -> float | Floats:
        """1 for binomial and Poisson; Pearson's statistic over the residual degrees of freedom for Gamma; sigma^2."""
        return self._scalar(self.estimate.sigma2)

    def _one(self, values: Floats) -> Floats:
        return values[..., 0] if len(self.estimate.targets) == 1 else values

    def _scalar(self, values: Floats) -> float | Floats:
        return float(values[0]) if len(self.estimate.targets) == 1 else values
