"""Claims about families with dependent columns, by every method and rank policy, held against optima in multiple precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.sparse as sp

import gramian as gm
from bench.family_problems import NAMES, FamilyCase, problem
from bench.family_truth import NoOptimum, optimum
from bench.judging import Found, Verdict, judge
from bench.truth import Floats, Truth, independent, spread
from gramian.data.arrays import ArrayRows
from gramian.errors import GramianError, RankError
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.problem.penalties import RidgePenalty
from gramian.problem.problem import Problem, Words
from gramian.problem.solution import Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import Wanted
from gramian.solvers import SOLVERS
from gramian.solving.solve import solve

STEPS, SEEDED_STEPS = 100, 5
"""Of methods that may take thousands; the claims of an early end have to hold too."""
PLAIN = 1e9
"""Scaled condition of the weighted columns below which trusted answers must know which are independent."""
WAYS = 3


@dataclass(frozen=True, slots=True)
class FamilyRoute:
    """A family by a method, under a rank policy; sparse rows have a door of their own."""

    family: str
    method: str
    rank: Any
    sparse: bool

    def __str__(self) -> str:
        return f"{self.family}, {self.method}"

    @property
    def steps(self) -> int | None:
        traits = SOLVERS[self.method].traits
        if not traits.iterates or traits.reweights or traits.limited_memory:
            return None
        return SEEDED_STEPS if traits.seeded else STEPS


def able(family: str) -> list[str]:
    """The methods of the registry that answer dependent columns of this family."""
    if family == "gaussian":
        return [name for name, solver in SOLVERS.items() if solver.traits.iterates or solver.traits.decides_rank]
    return [name for name, solver in SOLVERS.items() if solver.traits.losses]


METHODS = {family: able(family) for family in NAMES}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and whether the library trusts it."""

    found: Found
    trusted: bool


def answer(case: FamilyCase, route: FamilyRoute) -> Answered:
    """Raises GramianError where the library refuses."""
    return _by_arrays(case, route) if case.sparse else _by_fit(case, route)


def _by_fit(case: FamilyCase, route: FamilyRoute) -> Answered:
    names = [f"x{j}" for j in range(case.X.shape[1])]
    data: dict[str, Any] = {name: case.X[:, j].copy() for j, name in enumerate(names)} | {"y": case.y[:, 0].copy()}
    beside = {"weights": case.w, "offset": case.offset}
    steps = {} if route.steps is None else {"max_iter": route.steps}
    family: Any = case.family
    fit = gm.fit(
        f"y ~ {' + '.join(names)}{'' if case.centred else ' - 1'}", data, family=family, method=route.method, rank=case.rank,
        ridge=case.ridge, threads=1, decimal=False if case.family == "gaussian" else None, **beside, **steps,
    )  # fmt: skip
    shift = int(case.centred)
    coef = np.asarray(fit.coef)[shift:, None]
    there = ~np.isnan(coef[:, 0]) if case.rank == "drop" else np.ones(len(coef), dtype=bool)
    kept = tuple(int(j) for j in np.flatnonzero(there))
    return Answered(Found(coef, np.asarray(fit.coef)[:1] if shift else None, kept, fit.certificate), fit.trusted)


def _by_arrays(case: FamilyCase, route: FamilyRoute) -> Answered:
    X, n = sp.csr_array(case.X), case.X.shape[1]
    if case.family == "gaussian":
        found = gm.lstsq(
            X, case.y, route.method, weights=case.w, ridge=case.ridge, rank=case.rank, max_iter=route.steps, threads=1
        )
        coef, dependencies, certificate, trusted = found.coef, found.dependencies, found.certificate, found.trusted
    else:
        rows = ArrayRows.of(X, case.y[:, 0], weights=case.w)
        request = Wanted(RidgePenalty(case.ridge), case.rank, None, SolverOptions(max_iter=route.steps))
        names = tuple(f"x{j}" for j in range(n))
        problem = Problem(rows, request, FAMILIES[case.family], nnz=rows.nnz, words=Words(names))
        solved = solve(problem, route.method, "data", Threads(1))
        if solved.solution.status is Status.DEPENDENT:
            raise RankError("columns depend on columns before them")
        factor = solved.solution.factor
        assert factor is not None
        coef, dependencies = solved.solution.coef, factor.dependencies
        certificate, trusted = solved.certificate, solved.met
    dropped = {each.column for each in dependencies} if case.rank == "drop" else set[int]()
    for j in dropped:
        if np.any(coef[j]):
            raise ValueError(f"column {j} is dropped, and its coefficient is {coef[j]}")
    return Answered(Found(coef, None, tuple(j for j in range(n) if j not in dropped), certificate), trusted)


class Optima:
    """Truths of one case by the columns kept, made once; `at` is where columns are measured, as the certificate does."""

    def __init__(self, case: FamilyCase) -> None:
        self._case = case
        self._truths: dict[tuple[int, ...], Truth] = {}
        self.independent = independent(case.X, case.centred)

    def at(self, found: Found) -> _Seen:
        return _Seen(self, self._case, found)

    def of(self, kept: tuple[int, ...]) -> Truth:
        """Of independent columns the optimum; of all where some depend on others, the shortest."""
        if kept not in self._truths:
            self._truths[kept] = self._truth(kept)
        return self._truths[kept]

    def _truth(self, kept: tuple[int, ...]) -> Truth:
        c = self._case
        short = c.rank == "min-norm" and not c.ridge and kept != self.independent
        columns = self.independent if short else kept
        y, offset = c.y[:, 0], c.offset
        if c.family == "gaussian" and offset is not None:
            y, offset = y - offset, None  # one rounding, as of what a formula makes of float64 numbers
        best = optimum(c.family, c.X[:, list(columns)], y, c.w, c.ridge, c.centred, offset)
        if not short:
            return Truth((best.coef,), (best.intercept,), (), ())
        coef = spread(c.X, columns, list(best.coef), c.centred)
        row = [Fraction(float(value)) for value in c.X[0]]
        moved = sum((row[j] * b for j, b in zip(columns, best.coef, strict=True)), Fraction(0))
        moved -= sum((x * b for x, b in zip(row, coef, strict=True)), Fraction(0))
        return Truth((tuple(coef),), (best.intercept + moved * c.centred,), (), ())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What `judge` asks of truths."""

    optima: Optima
    case: FamilyCase
    found: Found

    def of(self, kept: tuple[int, ...], centred: bool) -> tuple[Truth, list[Fraction]]:
        try:
            truth = self.optima.of(kept)
        except NoOptimum:
            raise ZeroDivisionError from None
        root, about = self.weighted(kept)
        sizes = np.linalg.norm(root[:, None] * about, axis=0)
        return truth, [Fraction(float(size)) ** 2 if np.isfinite(size) else Fraction(0) for size in sizes]

    def weighted(self, kept: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Roots of the weights of rows at the answer, and the columns about their weighted means beside an intercept."""
        c, X = self.case, self.case.X[:, list(kept)]
        eta = X @ self.found.coef[list(kept), 0] + (0.0 if self.found.intercept is None else self.found.intercept)
        eta = eta if c.offset is None else eta + c.offset
        with np.errstate(over="ignore", under="ignore"):
            v = np.maximum(FAMILIES[c.family].second(eta, c.y[:, 0]), 2.0**-52)
        v = v if c.w is None else v * c.w
        return np.sqrt(v), X - (v @ X) / np.sum(v) if c.centred else X

    def plain(self, kept: tuple[int, ...]) -> bool:
        """Whether the columns are far from dependent where the answer stands."""
        root, about = self.weighted(kept)
        A = root[:, None] * about
        sizes = np.linalg.norm(A, axis=0)
        if not (np.all(sizes > 0) and np.all(np.isfinite(sizes))):
            return False
        return not kept or bool(np.linalg.cond(A / sizes) < PLAIN)


def verdict_of(case: FamilyCase, route: FamilyRoute, optima: Optima) -> Verdict:
    """Every claim of one answer against the truth, and what the rank policy promises."""
    verdict = Verdict(case, route)
    full = len(optima.independent) == case.X.shape[1]
    try:
        answered = answer(case, route)
    except RankError as error:
        verdict.refused = "dependent columns under rank='error'"
        if case.rank != "error" or (full and not case.ridge):
            verdict.broken.append(f"refused: {str(error).splitlines()[0]}")
        return verdict
    except GramianError as error:
        verdict.refused = str(error).splitlines()[0][:60]
        if "separated" in verdict.refused:
            verdict.broken.append(verdict.refused)
        return verdict
    except Exception as error:  # neither an answer nor a refusal
        verdict.broken.append(f"{type(error).__name__}: {error}")
        return verdict
    if case.rank == "error" and not full and not case.ridge:
        verdict.broken.append("answered dependent columns under rank='error'")
        return verdict
    found, seen = answered.found, optima.at(answered.found)
    if not np.all(np.isfinite(found.coef[list(found.kept)])):
        verdict.refused = "diverged"
        verdict.broken += ["trusted coefficients are not finite"] if answered.trusted else []
        return verdict
    verdict = judge(case, route, seen, found)
    dropped = case.rank == "drop" and not case.ridge and found.kept != optima.independent
    if dropped and answered.trusted and seen.plain(optima.independent):
        verdict.unreached = True
        verdict.broken.append(f"kept {found.kept}, independent are {optima.independent}")
    return verdict


def of_turn(case: FamilyCase, most: int) -> list[FamilyRoute]:
    """So many of the methods that can, by turns: the method that reweights is always the first, what "auto" means."""
    names = METHODS[case.family]
    first = [name for name in names if SOLVERS[name].traits.reweights]
    rest = [name for name in names if name not in first]
    turn = case.seed // len(NAMES) * (most - 1)
    chosen = first + [rest[(turn + i) % len(rest)] for i in range(min(most - 1, len(rest)))]
    return [FamilyRoute(case.family, name, case.rank, case.sparse) for name in chosen]


def run_all(seeds: Sequence[int], most: int = WAYS) -> Iterator[Verdict]:
    """Problems of every family, each by so many methods; warnings of methods that stopped early are no errors here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", gm.GramianWarning)
        for seed in seeds:
            case = problem(seed)
            optima = Optima(case)
            for route in of_turn(case, most):
                yield verdict_of(case, route, optima)
