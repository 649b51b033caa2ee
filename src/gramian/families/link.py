"""Links: how the mean of a target follows from the linear predictor eta.

Reference: McCullagh and Nelder (1989), Generalized Linear Models, section 2.2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.special import special


def _same(values: Floats) -> Floats:
    return values


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """eta = link(mu), and back, mu = link.mean(eta); both take and return arrays of one shape, and both increase."""

    name: str
    forward: Callable[[Floats], Floats]
    mean: Callable[[Floats], Floats]

    def __call__(self, mu: Floats) -> Floats:
        return self.forward(mu)


IDENTITY = Link("identity", _same, _same)
LOGIT = Link("logit", special.logit, special.expit)
LOG = Link("log", np.log, np.exp)
