"""What a row costs: value, first and second derivative in the linear predictor eta; mean, link and deviance of the family.

With weights w the objective is J = 1/(sum w) sum w loss(eta, y) + ridge/(2 sum w) ||b||^2; for the squared loss that is the
texts' 1/(2m) sum (h - y)^2. Reference: McCullagh and Nelder (1989), Generalized Linear Models, chapter 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import special

from gramian.arraytypes import Floats

Rowwise = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Loss:
    """One row's loss as a function of eta and y; every function takes and returns arrays of one shape.

    `code` names the loss to compiled loops; `curvature` bounds the second derivative over all eta (inf: no bound).
    `deviance` is twice the log-likelihood lost against a perfect fit; `scale` says that the family has a dispersion to
    estimate; `allowed` tells which targets can be: the words of an error.
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
    )


def _logistic() -> Loss:
    # log(1 + e^eta) - y eta, with y in {0, 1} or a share between them.
    def deviance(mu: Floats, y: Floats) -> Floats:
        return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) + special.xlog1py(1 - y, -y) - special.xlog1py(1 - y, -mu))

    def second(eta: Floats, y: Floats) -> Floats:
        p = special.expit(eta)
        return p * special.expit(-eta)

    return Loss(
        "binomial",
        1,
        value=lambda eta, y: np.logaddexp(0.0, eta) - y * eta,
        first=lambda eta, y: special.expit(eta) - y,
        second=second,
        mean=special.expit,
        link=special.logit,
        deviance=deviance,
        curvature=0.25,
        scale=False,
        allowed="0 and 1, or shares between them",
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
    )


def _gamma() -> Loss:
    # Log link: y e^-eta + eta.
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
    )


LOSSES: MappingProxyType[str, Loss] = MappingProxyType(
    {loss.name: loss for loss in (_squared(), _logistic(), _poisson(), _gamma())}
)
