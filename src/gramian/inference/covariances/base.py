"""What a covariance is: a frozen value that names the sums it needs, its small-sample rule and its degrees of freedom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, cast

from gramian.inference.estimate import Estimate
from gramian.kernels.array_types import Floats
from gramian.reductions.sandwich import RowWork


@dataclass(frozen=True, slots=True, eq=False)
class CovarianceRoot:
    """Of k targets, before the small-sample rule: matrix_j = root_j root_j', root (k, p, s).

    NaN rows belong to coefficients without a variance; `notes` says why. errors (p, k): the standard errors, where they are
    known better than by root.
    """

    root: Floats
    clusters: int | None = None
    notes: tuple[str, ...] = ()
    errors: Floats | None = None


class CovarianceKind(ABC):
    """One way to estimate the covariance of the coefficients.

    A subclass is a frozen dataclass whose fields go to JSON (numbers, texts, tuples of them). The engine
    (`inference.covariance`) takes all `sums` in one pass over the rows, asks for the root, and multiplies the covariance by
    `factor`.
    """

    __slots__ = ()
    reads_clusters: ClassVar[bool] = False
    """Whether blocks must hold cluster labels."""

    @abstractmethod
    def __str__(self) -> str:
        """The shorthand that users type and reports print, as "HC3"."""

    @property
    def what(self) -> str:
        """What it assumes or does, in a line, for tables: by default the first sentence of the class."""
        return " ".join((type(self).__doc__ or "").split()).split(". ")[0].rstrip(".")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that the value names itself, beside those of the formula."""
        return ()

    def sums(self) -> tuple[RowWork[Any], ...]:
        """What is summed over the rows, in one pass that all share; nothing where the fit is enough."""
        return ()

    @abstractmethod
    def root(self, estimate: Estimate, bread: Floats, sums: Sequence[Any]) -> CovarianceRoot:
        """From bread (p, s), a root of (X'WX)^-1, and the results of `sums`, in their order."""

    def factor(self, estimate: Estimate, found: CovarianceRoot) -> float:
        """The small-sample rule: what multiplies the covariance, NaN where it is not defined. Default 1."""
        return 1.0

    def df(self, estimate: Estimate, found: CovarianceRoot) -> float:
        """Degrees of freedom of t, and of the denominator of F. Default n - p, infinite for a known dispersion."""
        return estimate.df_tests

    def fields(self) -> dict[str, Any]:
        """The value as JSON has it."""
        return {field.name: getattr(self, field.name) for field in fields(cast(Any, self))}

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The value that `fields` wrote. Raises ArgumentError or TypeError for other fields."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


def ratio(over: float, under: float) -> float:
    """NaN where the divisor is not positive."""
    return over / under if under > 0 else float("nan")
