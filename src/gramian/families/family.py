"""A family: what a row costs, how its mean follows from the linear predictor, and what can be said of its targets.

With weights w the objective is J = 1/(sum w) sum w loss(eta, y) + ridge/(2 sum w) ||b||^2; for the squared loss that is the
texts' 1/(2m) sum (h - y)^2. A family is one value in a file of its own, and one line of the registry.
Reference: McCullagh and Nelder (1989), Generalized Linear Models, chapter 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gramian.families.link import Link
from gramian.families.losses import Absorb, Rowwise
from gramian.families.targets import Recession, Targets
from gramian.kernels.array_types import Floats
from gramian.kernels.row_functions import SQUARED, RowFunctions, code_of


@dataclass(frozen=True, slots=True, eq=False)
class Dispersion:
    """The variance of a target is `dispersion` times the family's own, and is estimated by Pearson's statistic.

    `loglik(weight, deviance, density)`: the log-likelihood at the dispersion deviance / weight, as R's logLik of a glm;
    weight is the sum of the weights, density the log-density at dispersion 1.
    """

    loglik: Callable[[float, float, float], float]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One row's loss as a function of eta and y, and all else that is particular to a distribution of the target.

    value, first, second: the loss and its derivatives in eta; functions take and return arrays of one shape. kernel: how
    compiled loops call them, a code of `row_functions` or the three functions of one row. curvature: a bound on the second
    derivative over all eta (inf: none); where there is none, `ahead(eta)` bounds it near eta, and is 8 where that is None.

    deviance(mu, y): twice the log-likelihood lost against a perfect fit. expected(eta): the mean of the second derivative
    over y (the second derivative itself where the link is canonical). variance(mu): that of y for dispersion 1.
    density(eta, y, w, phi): the log-density of y with weight w and dispersion phi, as R's glm counts it.

    convex: the loss is, in eta; where it is not, reweighted steps take the expected curvature in place of the second
    derivative (Fisher's scoring). self_concordance: a c with |f'''| <= c f'' in every row, from which the distance to the
    minimum is proven; None where there is none, and then no digits are certified. dispersion: of a family that has one to
    estimate.

    targets: which are allowed. recession: along which a row's loss falls for ever, None where no row's does. inner: bounds
    within which the mean that an iteration starts from is kept, where the link is finite. absorb(y, w, offset): the (y, w)
    with which no offset is needed, the loss being the same but for a constant; None where there is no such thing.
    """

    name: str
    link: Link
    value: Rowwise
    first: Rowwise
    second: Rowwise
    kernel: int | RowFunctions
    deviance: Callable[[Floats, Floats], Floats]
    expected: Callable[[Floats], Floats]
    variance: Callable[[Floats], Floats]
    density: Callable[[Floats, Floats, Floats, float], Floats]
    targets: Targets
    recession: Recession | None = None
    curvature: float = float("inf")
    ahead: Callable[[Floats], Floats] | None = None
    convex: bool = True
    self_concordance: float | None = None
    dispersion: Dispersion | None = None
    inner: tuple[float, float] = (-float("inf"), float("inf"))
    absorb: Absorb | None = None

    @property
    def mean(self) -> Callable[[Floats], Floats]:
        """mu(eta)."""
        return self.link.mean

    @property
    def code(self) -> int:
        """The loss as compiled loops take it."""
        return self.kernel if isinstance(self.kernel, int) else code_of(self.kernel)

    @property
    def quadratic(self) -> bool:
        """Whether the loss is (eta - y)^2 / 2: what direct methods minimise."""
        return isinstance(self.kernel, int) and self.kernel == SQUARED

    def __reduce__(self) -> tuple[Callable[[str], Family], tuple[str]]:
        """Pickled by name."""
        return _registered, (self.name,)


FAMILIES: dict[str, Family] = {}
"""By name; `gramian.families` fills it."""


def _registered(name: str) -> Family:
    return FAMILIES[name]
