"""The binomial family with logit link: log(1 + e^eta) - y eta, for targets of 0 and 1 or shares between them."""

from __future__ import annotations

import numpy as np

from gramian.families.family import Family
from gramian.families.link import LOGIT
from gramian.families.targets import Recession, Targets
from gramian.kernels.array_types import Floats
from gramian.kernels.row_functions import LOGISTIC
from gramian.kernels.special import special


def _value(eta: Floats, y: Floats) -> Floats:
    # Written with 1 - y and y apart, so that nothing cancels where a row is fitted well.
    return (1 - y) * np.logaddexp(0.0, eta) + y * np.logaddexp(0.0, -eta)


def _first(eta: Floats, y: Floats) -> Floats:
    return (1 - y) * special.expit(eta) - y * special.expit(-eta)


def _expected(eta: Floats) -> Floats:
    return special.expit(eta) * special.expit(-eta)


def _second(eta: Floats, y: Floats) -> Floats:
    return _expected(eta)


def _deviance(mu: Floats, y: Floats) -> Floats:
    return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) + special.xlog1py(1 - y, -y) - special.xlog1py(1 - y, -mu))


def _density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
    # w trials with a share y of successes.
    ways = special.gammaln(w + 1) - special.gammaln(w * y + 1) - special.gammaln(w * (1 - y) + 1)
    return ways + w * (y * special.log_expit(eta) + (1 - y) * special.log_expit(-eta))


BINOMIAL = Family(
    "binomial",
    LOGIT,
    value=_value,
    first=_first,
    second=_second,
    kernel=LOGISTIC,
    deviance=_deviance,
    expected=_expected,
    variance=lambda mu: mu * (1 - mu),
    density=_density,
    targets=Targets(
        "0 and 1, or shares between them",
        lambda y: (y >= 0) & (y <= 1),
        hint="turn the target into 0 and 1, or use family='poisson' for counts",
        two_texts=True,
    ),
    recession=Recession(
        down=lambda y: y == 0,
        up=lambda y: y == 1,
        needed="both 0 and 1",
        down_words="of 0",
        up_words="of 1",
    ),
    curvature=0.25,
    self_concordance=1.0,
    inner=(0.01, 0.99),
)
