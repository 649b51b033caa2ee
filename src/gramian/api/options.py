"""What the public calls are asked: one frozen value each, made and checked once at the call, and passed on whole.

    FitOptions    gm.fit, gm.explain of a table, `gramian fit`, `gramian explain`
    RaceOptions   gm.race, `gramian race`

`LstsqOptions`, of gm.lstsq, stands in `api.lstsq`, which needs no table and no inference.

Their shared parts are values too: `SolveOptions` (how to solve), in it `SolverOptions` (of a method that iterates), and
`TableOptions` (what is read beside the formula).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from gramian.errors import bad_argument, not_a_choice
from gramian.families import FAMILIES
from gramian.inference.covariances import CovarianceLike, covariance_beside
from gramian.inference.covariances.base import CovarianceKind
from gramian.solvers import SOLVERS
from gramian.solving.options import SolveOptions, TableOptions, one_of


@dataclass(frozen=True, slots=True, eq=False)
class FitOptions:
    """A fit of a formula on a table, by `of`. progress: as gm.fit."""

    table: TableOptions
    solve: SolveOptions
    family: str
    cov: CovarianceKind
    progress: bool | None

    @classmethod
    def of(
        cls,
        table: TableOptions,
        solve: SolveOptions,
        *,
        family: str = "gaussian",
        cov: CovarianceLike = "classical",
        progress: bool | None = None,
    ) -> FitOptions:
        """Checked against each other; a covariance that names a column of clusters puts it into `table`. Raises ArgumentError."""
        kind, clusters = covariance_beside(cov, table.clusters)
        return cls(replace(table, clusters=clusters), solve, checked_family(family), kind, progress)


@dataclass(frozen=True, slots=True, eq=False)
class RaceOptions:
    """A race, by `of`. methods: names, None for all that can do it. budget: seconds. accuracy: digits at which a run ends."""

    table: TableOptions
    solve: SolveOptions
    family: str
    methods: tuple[str, ...] | None
    budget: float
    accuracy: float

    @classmethod
    def of(
        cls,
        table: TableOptions,
        solve: SolveOptions,
        *,
        family: str,
        methods: str | Iterable[str] | None,
        budget: float,
        accuracy: float,
    ) -> RaceOptions:
        """Checked. methods: names, or one text with commas. Raises ArgumentError."""
        names = _methods(methods)
        _check_positive("budget", budget, "a number of seconds above 0")
        _check_positive("accuracy", accuracy, "a number of digits above 0 and up to 15", 15.0)
        return cls(table, solve, checked_family(family), names, float(budget), float(accuracy))


def checked_family(family: object) -> str:
    """Raises ArgumentError with the nearest name."""
    if not one_of(family, FAMILIES):
        raise not_a_choice("family", family, FAMILIES)
    return str(family)


def _methods(methods: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if methods is None:
        return None
    listed = [name.strip() for name in methods.split(",")] if isinstance(methods, str) else list(methods)
    if not listed:
        raise bad_argument("methods", listed, f"some of {', '.join(SOLVERS)}", "leave methods out to race all that can")
    for name in listed:
        if not one_of(name, SOLVERS):
            raise not_a_choice("a method to race", name, SOLVERS)
    return tuple(dict.fromkeys(listed))


def _check_positive(what: str, value: object, allowed: str, most: float = float("inf")) -> None:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0 < float(cast(float, value)) <= most or float(cast(float, value)) == float("inf"):
        raise bad_argument(what, value, allowed)
