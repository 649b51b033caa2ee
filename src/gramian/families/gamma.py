"""The gamma family with log link: y e^-eta + eta, for positive targets whose spread grows with their mean."""

from __future__ import annotations

import numpy as np

from gramian.families.family import Dispersion, Family
from gramian.families.link import LOG
from gramian.families.targets import Targets
from gramian.kernels.array_types import Floats
from gramian.kernels.row_functions import RECIPROCAL
from gramian.kernels.special import special


def _density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
    a = 1.0 / phi
    return w * (a * (np.log(a * y) - eta - y * np.exp(-eta)) - np.log(y) - special.gammaln(a))


def _loglik(weight: float, deviance: float, density: float) -> float:
    # With A = sum w (log y - eta - y e^-eta) = -deviance/2 - W, a = 1/phi and B = sum w log y,
    # l(a) = a A + W (a log a - log Gamma(a)) - B, and l(1) = A - B.
    W, a = weight, weight / deviance if deviance > 0 else np.inf
    A = -0.5 * deviance - W
    return float(a * A + W * (a * np.log(a) - special.gammaln(a)) - (A - density))


GAMMA = Family(
    "gamma",
    LOG,
    value=lambda eta, y: y * np.exp(-eta) + eta,
    first=lambda eta, y: 1.0 - y * np.exp(-eta),
    second=lambda eta, y: y * np.exp(-eta),
    kernel=RECIPROCAL,
    deviance=lambda mu, y: 2.0 * ((y - mu) / mu - np.log(y / mu)),
    expected=np.ones_like,
    variance=lambda mu: mu**2,
    density=_density,
    targets=Targets(
        "positive numbers",
        lambda y: (y > 0) & (y < np.inf),
        hint="leave zeros out, or use family='poisson' for counts",
    ),
    self_concordance=1.0,
    dispersion=Dispersion(_loglik),
    inner=(0.01, np.inf),
    absorb=lambda y, w, o: (y * np.exp(-o), w),
)
