"""A finished fit reduced to what inference needs: coefficients by name, a root of (X'WX)^-1, and a few sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column left out because it equals sum of weights[i] * others[i] + constant."""

    name: str
    others: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    constant: float = 0.0

    def __str__(self) -> str:
        return self.brief(None)

    def brief(self, most: int | None = 6) -> str:
        """The equation, cut after `most` terms."""
        used = [(weight, other) for weight, other in zip(self.weights, self.others, strict=True) if weight]
        if not used:
            return f"{self.name} = {self.constant:.6g}"
        rest = 0 if most is None else len(used) - most
        terms = "".join(_signed(weight, other) for weight, other in used[:most])
        leading = terms[3:] if terms.startswith(" + ") else "-" + terms[3:]
        tail = f" {'-' if self.constant < 0 else '+'} {abs(self.constant):.6g}" if self.constant else ""
        if rest > 0:
            tail = f" and {rest:,} more terms" if rest > 1 else " and 1 more term"
        return f"{self.name} = {leading}{tail}"


def _signed(weight: float, name: str) -> str:
    size = f"{abs(weight):.6g}"
    return f" {'-' if weight < 0 else '+'} {name if size == '1' else f'{size} * {name}'}"


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What a family other than the normal adds, for its one target. `dispersion` is 1, or estimated when `scaled`.

    loglik, and with it AIC and BIC, as R's glm: for an estimated dispersion at deviance / sum of weights, counted as one
    more parameter; `dispersion` itself is Pearson's statistic over the residual degrees of freedom.
    """

    family: str
    deviance: float
    null_deviance: float
    pearson: float
    loglik: float
    dispersion: float
    scaled: bool


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """p coefficients in printed order, the intercept first when there is one, for k targets.

    names: of the p coefficients. terms: each term's name and its positions among the p; the intercept is no term.
    coef (p, k): NaN for a dropped column. root (p, s): (X'WX + penalty)^-1 = root root', zero rows where dropped.
    nobs: rows of positive weight, or the sum of the weights when they are frequencies. log_weight_sum: sum of log w
    over the rows of positive weight, 0 without weights; not used for frequencies. rss (k,): weighted residual sum of
    squares. tss (k,): that of the target, about its weighted mean when there is an intercept, else about zero.
    For another family `likelihood` is there, rss is the deviance, and tss that of the null model.
    rank: of X with the intercept.
    """

    names: tuple[str, ...]
    terms: tuple[tuple[str, tuple[int, ...]], ...]
    targets: tuple[str, ...]
    coef: Floats
    root: Floats
    nobs: float
    weight_sum: float
    log_weight_sum: float
    rss: Floats
    tss: Floats
    rank: int
    intercept: bool
    dropped: tuple[Dropped, ...] = ()
    ridge: float = 0.0  # the largest weight of a quadratic penalty
    penalty: str = ""  # its name and size as "ridge=2.5", empty where there is none
    frequency: bool = False
    likelihood: Likelihood | None = None
    explained: Floats | None = None  # tss - rss (k,), where it is known better than by their difference
    variances: Floats | None = None  # the diagonal of (X'WX)^-1 (p,), where it is known better than by root

    @property
    def fall(self) -> Floats:
        """Tss - rss, (k,)."""
        return self.tss - self.rss if self.explained is None else self.explained

    @property
    def penalised(self) -> bool:
        return bool(self.penalty)

    @property
    def p(self) -> int:
        return len(self.names)

    @property
    def k(self) -> int:
        return len(self.targets)

    @property
    def df_resid(self) -> float:
        """Rows less the rank; the divisor of sigma^2. Never below zero."""
        return max(self.nobs - self.rank, 0.0)

    @property
    def df_tests(self) -> float:
        """Degrees of freedom of t; infinite, which makes it normal, where the dispersion is known."""
        return np.inf if self.likelihood is not None and not self.likelihood.scaled else self.df_resid

    @property
    def df_model(self) -> int:
        return self.rank - self.intercept

    @property
    def sigma2(self) -> Floats:
        """Residual variance (k,) of a row of weight 1; NaN without residual degrees of freedom or under a penalty.

        For another family, its dispersion.
        """
        known = self.likelihood is not None and not self.likelihood.scaled
        if (self.df_resid <= 0 and not known) or self.penalised:
            return np.full(self.k, np.nan)
        if self.likelihood is not None:
            return np.array([self.likelihood.dispersion])
        return self.rss / self.df_resid

    @property
    def estimated(self) -> NDArray[np.bool_]:
        """Which of the p coefficients were estimated, that is, not dropped."""
        return np.asarray(~np.isnan(self.coef).any(axis=1), dtype=np.bool_)
