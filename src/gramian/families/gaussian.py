"""The normal family: least squares, (eta - y)^2 / 2."""

from __future__ import annotations

import numpy as np

from gramian.families.family import Dispersion, Family
from gramian.families.link import IDENTITY
from gramian.families.targets import Targets
from gramian.kernels.array_types import Floats
from gramian.kernels.row_functions import SQUARED


def _density(eta: Floats, y: Floats, w: Floats, phi: float) -> Floats:
    return 0.5 * (np.log(w / (2.0 * np.pi * phi)) - w * (y - eta) ** 2 / phi)


def _loglik(weight: float, deviance: float, density: float) -> float:
    # density is (sum log w - m log 2 pi - deviance) / 2; at phi = deviance / W the squares sum to W, and W counts the rows.
    phi = deviance / weight
    return density + 0.5 * (deviance - weight - weight * float(np.log(phi)))


GAUSSIAN = Family(
    "gaussian",
    IDENTITY,
    value=lambda eta, y: 0.5 * (eta - y) ** 2,
    first=lambda eta, y: eta - y,
    second=lambda eta, y: np.ones_like(eta),
    kernel=SQUARED,
    deviance=lambda mu, y: (y - mu) ** 2,
    expected=np.ones_like,
    variance=np.ones_like,
    density=_density,
    targets=Targets("finite numbers", np.isfinite),
    curvature=1.0,
    self_concordance=0.0,
    dispersion=Dispersion(_loglik),
    absorb=lambda y, w, o: (y - o, w),
)
