"""gm.moments: what a linear model needs of its rows, in n^2 numbers that merge, subtract and travel.

An update with new rows costs only the new rows; a fit from moments reads none. What it cannot give is what needs rows:
robust errors, leverage, and digits beyond those that the rounding of the Gram matrix leaves (the certificate says how many).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gramian.covariance import covariance
from gramian.data import saved
from gramian.data.design import Design
from gramian.data.open import as_source
from gramian.errors import DataError, FormulaError, RankError, listed, message, needs_rows
from gramian.frames_out import kind_of
from gramian.kernels.exact import Double
from gramian.lstsq import checked_threads
from gramian.naming import fitted, named
from gramian.plan import Machine, choose
from gramian.problem import Facts
from gramian.report.table import Like
from gramian.result import Fit
from gramian.saving import write_moments
from gramian.solvers import SOLVERS
from gramian.solvers.base import Request
from gramian.solving import Accuracy, check_finite, no_rows, refine, solve_view
from gramian.views import moments as reduction
from gramian.views.base import Threads


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums of [X y] of a formula over rows: `a + b` merges, `a - b` takes rows out again, `save` and `load` keep them."""

    design: Design
    sums: reduction.Moments
    frequency: bool = False
    frame: Like = "dict"

    @property
    def names(self) -> tuple[str, ...]:
        return self.design.names

    @property
    def targets(self) -> tuple[str, ...]:
        return self.design.targets

    @property
    def nobs(self) -> int:
        return self.sums.counts.used

    def __add__(self, other: Moments) -> Moments:
        self._check_alike(other)
        return replace(self, sums=self.sums + other.sums)

    def __sub__(self, other: Moments) -> Moments:
        """Without the rows of `other`, which must be among these."""
        self._check_alike(other)
        if other.sums.counts.used >= self.sums.counts.used:
            got = f"{other.nobs:,} rows cannot be taken out of {self.nobs:,}"
            raise DataError(message(got, "Fewer rows than there are", "subtract the part from the whole"))
        return replace(self, sums=self.sums - other.sums)

    def update(self, data: Any, threads: int | None = None) -> Moments:
        """These and the rows of `data`, which pass through the same design: only the new rows are read."""
        return self + _reduced(self.design, data, self.frequency, threads)

    def fit(
        self, formula: str, request: Request, method: str = "auto", accuracy: Accuracy = "data", cov: str = "classical"
    ) -> Fit:
        """As gm.fit(formula, moments); the formula's columns and targets must be among these."""
        design, places = self._part(formula)
        n = len(design.names)
        view = select(self.sums, places, n)
        check_finite(view)
        facts = Facts(view.counts.used, n, len(design.targets), None, False, view.centred, False, False)
        reading = {name for name, solver in SOLVERS.items() if solver.view is reduction.Moments}
        if method != "auto" and method in SOLVERS and method not in reading:
            raise needs_rows(f"method={method!r}")
        plan = choose(facts, Machine(), method, 1)
        plan = replace(
            plan, candidates=tuple(c for c in plan.candidates if c.name in reading), reason="rows are not held"
        )
        solution, plan = solve_view(plan, view, request)
        if not solution.status.ok:
            raise RankError(message(solution.status.value, hint="fit from the rows themselves"))
        answer = refine(None, view, solution, request, accuracy, None, plan)
        estimate, projection = named(design, answer, request, self.frequency)
        return fitted(design, answer, estimate, projection, covariance(cov, estimate), self.frame, None)

    def save(self, path: str | Path) -> None:
        """Write as JSON; the file is replaced whole or not at all."""
        write_moments(path, self.design, self.sums, self.frequency)

    def __repr__(self) -> str:
        size = f"{len(self.names)} columns, {len(self.targets)} targets"
        return f"Moments({self.design.formula.text!r}, {self.nobs:,} rows, {size})"

    def _check_alike(self, other: Moments) -> None:
        mine, theirs = saved.to_json(self.design), saved.to_json(other.design)
        if (self.names, self.targets, mine["states"], self.frequency) != (
            other.names,
            other.targets,
            theirs["states"],
            other.frequency,
        ):
            raise DataError(
                message(
                    f"moments of {self.design.formula.text!r} and {other.design.formula.text!r} differ in columns or levels",
                    f"Columns here: {listed(self.names)}; there: {listed(other.names)}",
                    "use a.update(new_rows), which reads new rows through the same design",
                )
            )

    def _part(self, formula: str) -> tuple[Design, list[int]]:
        """The design of a formula whose columns are among these, and their places in [X y]."""
        design = Design.of(formula, self.design.schema).sharing(self.design)
        if design.intercept != self.design.intercept:
            has = "an" if self.design.intercept else "no"
            got = f"these moments are of a formula with {has} intercept"
            raise FormulaError(message(got, hint="give gm.fit the same intercept, or make moments of that formula"))
        held = {name: j for j, name in enumerate((*self.names, *self.targets))}
        gone = [name for name in (*design.names, *design.targets) if name not in held]
        if gone:
            raise DataError(
                message(
                    f"moments of {self.design.formula.text!r} do not hold {listed(gone)}",
                    f"Columns: {listed(held)}",
                    "make moments of a formula that names every column wanted",
                )
            )
        return design, [held[name] for name in (*design.names, *design.targets)]


def select(sums: reduction.Moments, places: list[int], n: int) -> reduction.Moments:
    """The moments of some of the columns: the first n of `places` as X, the others as targets."""
    at = np.array(places, dtype=np.intp)
    mean = Double(sums.mean.hi[at], sums.mean.lo[at])
    return replace(sums, n=n, mean=mean, gram=sums.gram[np.ix_(at, at)], noise=sums.noise[at])


def moments(
    formula: str,
    data: Any,
    *,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    missing: Literal["drop", "error"] = "drop",
    threads: int | None = None,
) -> Moments:
    """One pass over `data`: the moments of the columns of `formula`, ready to merge and to fit from.

    Arguments as in gm.fit. Raises FormulaError, DataError or ArgumentError.
    """
    source = as_source(data)
    beside = {"weights": weights, "freq_weights": freq_weights, "offset": offset}
    design = Design.of(formula, source.schema, **beside, missing=missing, where=source.name).learned(source, threads)
    return replace(_reduced(design, source, freq_weights is not None, threads), frame=kind_of(data))


def _reduced(design: Design, data: Any, frequency: bool, threads: int | None) -> Moments:
    rows = design.rows(as_source(data))
    sums = reduction.Moments.of(rows, Threads(checked_threads(threads)))
    if sums is None or sums.counts.used == 0:
        raise no_rows(rows, None if sums is None else sums.counts)
    return Moments(design, sums, frequency)
