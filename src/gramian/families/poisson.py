"""The Poisson family with log link: e^eta - y eta, for counts and rates."""

from __future__ import annotations

import numpy as np

from gramian.families.family import Family
from gramian.families.link import LOG
from gramian.families.targets import Recession, Targets
from gramian.kernels.array_types import Floats
from gramian.kernels.row_functions import EXPONENTIAL
from gramian.kernels.special import special


def _deviance(mu: Floats, y: Floats) -> Floats:
    return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu))


def _density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
    return w * (y * eta - np.exp(eta) - special.gammaln(y + 1))


POISSON = Family(
    "poisson",
    LOG,
    value=lambda eta, y: np.exp(eta) - y * eta,
    first=lambda eta, y: np.exp(eta) - y,
    second=lambda eta, y: np.exp(eta),
    kernel=EXPONENTIAL,
    deviance=_deviance,
    expected=np.exp,
    variance=lambda mu: mu,
    density=_density,
    targets=Targets(
        "counts, zero or more",
        lambda y: (y >= 0) & (y < np.inf),
        whole=True,
        hint="for rates, fit the counts with the log of the exposure as offset; else family='gamma'",
    ),
    recession=Recession(
        down=lambda y: y == 0,
        up=None,
        needed="at least one count above zero",
        down_words="of 0",
        other_words="with a count above 0",
        verb="count 0",
    ),
    # A step may raise eta by about 1.
    ahead=lambda eta: np.exp(np.clip(eta + 1.0, -30, 30)),
    self_concordance=1.0,
    inner=(0.01, np.inf),
    # w (e^(eta + o) - y eta) = w e^o (e^eta - y e^-o eta)
    absorb=lambda y, w, o: (y * np.exp(-o), w * np.exp(o)),
)
