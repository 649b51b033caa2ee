"""What a row costs: value, first and second derivative in the linear predictor eta; mean, link and deviance of the family.

With weights w the objective is J = 1/(sum w) sum w loss(eta, y) + ridge/(2 sum w) ||b||^2; for the squared loss that is the
texts' 1/(2m) sum (h - y)^2. Reference: McCullagh and Nelder (1989), Generalized Linear Models, chapter 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.special import special

Rowwise = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Loss:
    """One row's loss as a function of eta and y; every function takes and returns arrays of one shape.

    `code` names the loss to compiled loops; `curvature` bounds the second derivative over all eta (inf: no bound).
    `deviance` is twice the log-likelihood lost against a perfect fit; `scale` says that the family has a dispersion to
    estimate; `allowed` tells which targets can be: the words of an error.

    For inference: `expected` is the mean of the second derivative over y (the second derivative itself where the link is
    canonical), `variance` that of y for dispersion 1, `density` the log-density of y at eta with weight w and dispersion
    phi, as R's glm counts it.

    `absorb(y, w, offset)` gives the (y, w) with which no offset is needed: the loss is the same but for a constant. None
    where there is no such thing.
    """

    name: str
    code: int
    value: Rowwise
    first: Rowwise
    second: Rowwise
    mean: Callable[[Floats], Floats]
    link: Callable[[Floats], Floats]
    deviance: Callable[[Floats, Floats], Floats]
    curvature: float
    scale: bool
    allowed: str
    expected: Callable[[Floats], Floats]
    variance: Callable[[Floats], Floats]
    density: Callable[[Floats, Floats, Floats, float], Floats]
    absorb: Callable[[Floats, Floats, Floats], tuple[Floats, Floats]] | None = None

    def __reduce__(self) -> tuple[Callable[[str], Loss], tuple[str]]:
        """Pickled by name: it is one of LOSSES."""
        return _registered, (self.name,)


def _squared() -> Loss:
    return Loss(
        "gaussian",
        0,
        value=lambda eta, y: 0.5 * (eta - y) ** 2,
        first=lambda eta, y: eta - y,
        second=lambda eta, y: np.ones_like(eta),
        mean=lambda eta: eta,
        link=lambda mu: mu,
        deviance=lambda mu, y: (y - mu) ** 2,
        curvature=1.0,
        scale=True,
        allowed="finite numbers",
        expected=np.ones_like,
        variance=np.ones_like,
        density=lambda eta, y, w, phi: 0.5 * (np.log(w / (2.0 * np.pi * phi)) - w * (y - eta) ** 2 / phi),
        absorb=lambda y, w, o: (y - o, w),
    )


def _logistic() -> Loss:
    # log(1 + e^eta) - y eta, with y in {0, 1} or a share between them.
    def deviance(mu: Floats, y: Floats) -> Floats:
        return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) + special.xlog1py(1 - y, -y) - special.xlog1py(1 - y, -mu))

    def second(eta: Floats, y: Floats) -> Floats:
        p = special.expit(eta)
        return p * special.expit(-eta)

    def density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
        # w trials with a share y of successes.
        ways = special.gammaln(w + 1) - special.gammaln(w * y + 1) - special.gammaln(w * (1 - y) + 1)
        return ways + w * (y * special.log_expit(eta) + (1 - y) * special.log_expit(-eta))

    return Loss(
        "binomial",
        1,
        # Written with 1 - y and y apart, so that nothing cancels where a row is fitted well.
        value=lambda eta, y: (1 - y) * np.logaddexp(0.0, eta) + y * np.logaddexp(0.0, -eta),
        first=lambda eta, y: (1 - y) * special.expit(eta) - y * special.expit(-eta),
        second=second,
        mean=special.expit,
        link=special.logit,
        deviance=deviance,
        curvature=0.25,
        scale=False,
        allowed="0 and 1, or shares between them",
        expected=lambda eta: special.expit(eta) * special.expit(-eta),
        variance=lambda mu: mu * (1 - mu),
        density=density,
    )


def _poisson() -> Loss:
    return Loss(
        "poisson",
        2,
        value=lambda eta, y: np.exp(eta) - y * eta,
        first=lambda eta, y: np.exp(eta) - y,
        second=lambda eta, y: np.exp(eta),
        mean=np.exp,
        link=np.log,
        deviance=lambda mu, y: 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu)),
        curvature=float("inf"),
        scale=False,
        allowed="counts, zero or more",
        expected=np.exp,
        variance=lambda mu: mu,
        density=lambda eta, y, w, phi: w * (y * eta - np.exp(eta) - special.gammaln(y + 1)),
        # w (e^(eta + o) - y eta) = w e^o (e^eta - y e^-o eta)
        absorb=lambda y, w, o: (y * np.exp(-o), w * np.exp(o)),
    )


def _gamma() -> Loss:
    # Log link: y e^-eta + eta.
    def density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
        a = 1.0 / phi
        return w * (a * (np.log(a * y) - eta - y * np.exp(-eta)) - np.log(y) - special.gammaln(a))

    return Loss(
        "gamma",
        3,
        value=lambda eta, y: y * np.exp(-eta) + eta,
        first=lambda eta, y: 1.0 - y * np.exp(-eta),
        second=lambda eta, y: y * np.exp(-eta),
        mean=np.exp,
        link=np.log,
        deviance=lambda mu, y: 2.0 * ((y - mu) / mu - np.log(y / mu)),
        curvature=float("inf"),
        scale=True,
        allowed="positive numbers",
        expected=np.ones_like,
        variance=lambda mu: mu**2,
        density=density,
        absorb=lambda y, w, o: (y * np.exp(-o), w),
    )


LOSSES: MappingProxyType[str, Loss] = MappingProxyType(
    {loss.name: loss for loss in (_squared(), _logistic(), _poisson(), _gamma())}
)


def _registered(name: str) -> Loss:
    return LOSSES[name]
