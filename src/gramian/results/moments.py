"""Moments of a formula's columns: they merge, subtract, fit, and are kept in files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gramian.errors import ArgumentError, DataError, FormulaError, RankError, counted, listed, message, needs_rows
from gramian.execution.blas import factorising
from gramian.execution.pooling import available_threads
from gramian.execution.registry import runner_for
from gramian.execution.runner import Runner
from gramian.formula import saved
from gramian.formula.design import Design
from gramian.inference.covariance import covariance
from gramian.inference.covariances import CovarianceLike
from gramian.kernels.exact import Double
from gramian.planning import choose, here
from gramian.problem.facts import Facts
from gramian.problem.solution import Status
from gramian.reductions import moments as reduction
from gramian.report.table import Like
from gramian.results.fit import Fit
from gramian.results.named import fitted, named
from gramian.results.saving import write_moments
from gramian.solvers import SOLVERS
from gramian.solving.options import SolveOptions, TableOptions, checked_threads
from gramian.solving.reduction_checks import NotFinite, check_finite, no_rows, too_large
from gramian.solving.refining import refine
from gramian.solving.scaling import asked_in, restored, units_of_moments
from gramian.solving.solve import solve_view
from gramian.sources.open import as_source
from gramian.sources.sidecar import Sidecar


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums of [X y] of a formula over rows: `a + b` merges, `a - b` takes rows out again, `save` and `load` keep them."""

    design: Design
    sums: reduction.MomentSums
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
        """Without the rows of `other`, which must be among these. Raises DataError where they cannot be."""
        self._check_alike(other)
        sums = self.sums - other.sums if other.sums.counts.used < self.sums.counts.used else None
        if sums is None or not sums.counts.weight > 0 or np.any(np.diag(sums.gram) < -1e-8 * sums.noise**2):
            got = f"these {other.nobs:,} rows are not among the {self.nobs:,}"
            raise DataError(message(got, "a - b takes out rows that a holds", "subtract the part from the whole"))
        return replace(self, sums=sums)

    def update(self, data: Any, threads: int | None = None) -> Moments:
        """These and the rows of `data`, which pass through the same design: only the new rows are read.

        Raises ArgumentError when weights or offset were given as arrays, which say nothing of new rows.
        """
        given = [side.what for side in self._beside if side is not None and side.column is None]
        if given:
            hint = "name a column, or make moments of the new rows and add them"
            raise ArgumentError(message(f"{given[0]} was given as an array, which has no values for new rows", hint=hint))
        return self + moments_of_source(self.design, data, self.frequency, runner_for(None, checked_threads(threads)))

    def fit(self, formula: str, how: SolveOptions, cov: CovarianceLike = "classical") -> Fit:
        """As gm.fit(formula, moments); the formula's columns and targets must be among these."""
        with factorising(len(self.names), how.threads or available_threads()):
            return self._fit(formula, how, cov)

    def _fit(self, formula: str, how: SolveOptions, cov: CovarianceLike) -> Fit:
        request, method = how.request, how.method
        design, places = self._part(formula)
        n = len(design.names)
        view = select(self.sums, places, n)
        names = (*design.names, *design.targets)
        asked, units = request, None
        try:
            check_finite(view)
        except NotFinite as error:
            units = units_of_moments(view, request)
            if units is None:
                raise too_large(names, error) from None
            view, asked = view.divided(units.both), asked_in(request, units)
        facts = Facts(view.counts.used, n, len(design.targets), None, False, view.centred, False, False)
        facts = facts.penalised(request.penalty)
        reading = {
            name for name, solver in SOLVERS.items() if solver.view is reduction.MomentSums and not solver.traits.confirmed
        }
        if method != "auto" and method in SOLVERS and method not in reading:
            raise needs_rows(f"method={method!r}")
        plan = choose(facts, here(), method, 1)
        plan = replace(
            plan, candidates=tuple(c for c in plan.candidates if c.name in reading), reason="rows are not held"
        )
        if not plan.order:  # fewer rows than columns
            raise RankError(message(Status.CANNOT_TELL.value, hint="fit from the rows themselves"))
        solution, plan = solve_view(plan, view, asked)
        if not solution.status.ok:
            raise RankError(message(solution.status.value, hint="fit from the rows themselves"))
        answer = refine(None, view, solution, asked, how.aim, None, plan)
        try:
            answer = answer if units is None else restored(answer, units, request, view.counts)
        except NotFinite as error:
            raise too_large(names, error) from None
        estimate, projection = named(design, answer, request, self.frequency)
        return fitted(design, answer, estimate, projection, covariance(cov, estimate), self.frame, None)

    def save(self, path: str | Path) -> None:
        """Write as JSON; the file is replaced whole or not at all."""
        write_moments(path, self.design, self.sums, self.frequency)

    def __repr__(self) -> str:
        size = f"{counted(len(self.names), 'column')}, {counted(len(self.targets), 'target')}"
        return f"Moments({self.design.formula.text!r}, {counted(self.nobs, 'row')}, {size})"

    @property
    def _beside(self) -> tuple[Sidecar | None, Sidecar | None]:
        return self.design.weights, self.design.offset

    @property
    def _kind(self) -> tuple[object, ...]:
        """What two moments must share to be of the same columns."""
        beside = [side and (side.what, side.column) for side in self._beside]
        return self.names, self.targets, self.design.intercept, self.frequency, *beside

    def _check_alike(self, other: Moments) -> None:
        same = self._kind == other._kind
        if not same or saved.to_json(self.design)["states"] != saved.to_json(other.design)["states"]:
            raise DataError(
                message(
                    f"moments of {self.design.formula.text!r} and {other.design.formula.text!r} differ in columns, levels, "
                    "intercept, weights or offset",
                    f"Columns here: {listed(self.names)}; there: {listed(other.names)}",
                    "use a.update(new_rows), which reads new rows through the same design",
                )
            )

    def _part(self, formula: str) -> tuple[Design, list[int]]:
        """The design of a formula whose columns are among these, and their places in [X y]."""
        whole = self.design
        weights, offset = self._beside
        shift = None if offset is None else offset.column
        named = TableOptions(offset=shift, missing=whole.missing)
        if weights is not None:
            repeats = weights.what == "freq_weights"
            named = replace(named, freq_weights=weights.column) if repeats else replace(named, weights=weights.column)
        design = named.design(formula, whole.schema, "these moments").sharing(whole)
        design = replace(design, weights=whole.weights, offset=whole.offset)
        if design.intercept != whole.intercept:
            has = "an" if whole.intercept else "no"
            got = f"these moments are of a formula with {has} intercept"
            raise FormulaError(message(got, hint="give gm.fit the same intercept, or make moments of that formula"))
        held = {name: j for j, name in enumerate((*self.names, *self.targets))}
        gone = [name for name in (*design.names, *design.targets) if name not in held]
        if gone:
            raise DataError(
                message(
                    f"moments of {whole.formula.text!r} do not hold {listed(gone)}",
                    f"Columns: {listed(held)}",
                    "make moments of a formula that names every column wanted",
                )
            )
        others = [name for name in whole.columns if name not in design.columns]
        if others and self.sums.counts.missing:
            note = f"rows that miss a value of {listed(others)} are left out too, as the moments have it"
            design = replace(design, notes=(*design.notes, note))
        return design, [held[name] for name in (*design.names, *design.targets)]


def select(sums: reduction.MomentSums, places: list[int], n: int) -> reduction.MomentSums:
    """The moments of some of the columns: the first n of `places` as X, the others as targets."""
    at = np.array(places, dtype=np.intp)
    mean = Double(sums.mean.hi[at], sums.mean.lo[at])
    return replace(sums, n=n, mean=mean, gram=sums.gram[np.ix_(at, at)], noise=sums.noise[at])


def moments_of_source(design: Design, data: Any, frequency: bool, runner: Runner) -> Moments:
    rows = design.rows(as_source(data))
    sums = reduction.MomentSums.of(rows, runner)
    if sums is None or sums.counts.used == 0:
        raise no_rows(rows, None if sums is None else sums.counts)
    return Moments(design, sums, frequency)
