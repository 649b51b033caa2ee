"""What a reduction of the rows tells of the least-squares problem at given coefficients, without the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeGuard

import numpy as np

from gramian.data.counts import Counts
from gramian.kernels.array_types import Floats
from gramian.kernels.exact import Double
from gramian.kernels.rounding import U, gamma


@dataclass(frozen=True, slots=True, eq=False)
class GradientBound:
    """At coefficients (n, k): g (n, k) = X'W(y - Xb) up to X'W dr + e, and the residual sum of squares rss (k,).

    ||dr|| <= residual_bound (k,), |e| <= bound (n, k); level_bound (k,) bounds the error of the level of the surface through
    the means; rss_bound (k,) that of the root of rss where a triangle saw it, of rss itself where a Gram matrix did, told by
    `squared`.
    """

    g: Floats
    residual_bound: Floats
    bound: Floats
    level_bound: Floats
    rss: Floats
    rss_bound: Floats
    squared: bool

    def residual_known(self, rss: Floats, digits: float) -> bool:
        """Whether the residual sum of squares `rss` at these coefficients holds so many digits."""
        size = rss if self.squared else rss**0.5
        return bool((size >= 10.0**digits * self.rss_bound).all())


class Sized(Protocol):
    """Sizes of the p columns of [X y] and their means.

    is_evidence: it gives a gradient whose rounding is bounded, see Seeing. decides_rank: it holds so many digits of X that a
    scan of it has decided which columns are independent.
    """

    is_evidence: ClassVar[bool]
    decides_rank: ClassVar[bool]

    @property
    def n(self) -> int: ...
    @property
    def centred(self) -> bool: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def mean(self) -> Double: ...
    @property
    def norms(self) -> Floats: ...
    @property
    def raw_norms(self) -> Floats: ...
    @property
    def mean_error(self) -> Floats:
        """Bound on the error of `mean`, (p,)."""
        ...


class Seeing(Sized, Protocol):
    """A view of the rows that a direct method solves from."""

    def at(self, b: Floats) -> GradientBound: ...


def sees(view: Sized) -> TypeGuard[Seeing]:
    """Whether the reduction by itself proves something of an answer, without the rows."""
    return view.is_evidence


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Sizes and means alone, where no reduction holds them, or holds others."""

    is_evidence: ClassVar[bool] = False
    decides_rank: ClassVar[bool] = False

    n: int
    centred: bool
    counts: Counts
    mean: Double
    norms: Floats
    raw_norms: Floats
    mean_error: Floats

    @staticmethod
    def of_sums(n: int, centred: bool, counts: Counts, mean: Double, norms: Floats, raw_norms: Floats) -> Sizes:
        """Of means summed one number after the other; zero where rows are not centred."""
        error = np.zeros_like(mean.hi)
        if centred:
            error = gamma(counts.used + 6) * norms / np.sqrt(counts.weight) + U * np.abs(mean.hi)
        return Sizes(n, centred, counts, mean, norms, raw_norms, error)
