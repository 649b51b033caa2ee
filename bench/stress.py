"""What is claimed about the answers to random problems, by every route to an answer, held against the exact solution."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import numpy as np

import gramian as gm
from bench.judging import Found, Verdict, judge
from bench.problems import TROUBLES, Case, CaseRows, make, problem, scaled_condition
from bench.truth import Floats, Truth, exact, norms
from gramian.errors import GramianError
from gramian.execution.threads import Threads
from gramian.problem.penalties import NoPenalty, RidgePenalty
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.reductions import exact_gradient as exact_view
from gramian.solvers import SOLVERS
from gramian.solving import sampled_pcg as conjugate
from gramian.solving import solve as solving

__all__ = ["OUTER", "ROUTES", "Case", "CaseRows", "Exact", "Found", "Route", "answer", "judge", "make", "problem", "run"]

UNREACHED = 0.01
"""A problem whose scaled condition is below this share of 1 / tol must be answered at full rank."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way to an answer: the method, from where the certificate takes its evidence, in what arithmetic, through what door."""

    method: str
    rereadable: bool = True
    exact: bool = True
    accuracy: str | float | None = "data"
    door: str = "rows"  # "rows" by blocks, "lstsq", "fit", or "moments" of two halves
    part: bool = False  # the factor is to be proven by half of the rows, as those of a large table are

    def __str__(self) -> str:
        if self.door != "rows":
            asked = "" if self.accuracy in ("data", None) else f", {self.accuracy}"
            return f"gm.{self.door}, {self.method}{asked}"
        kind = "view alone" if not self.rereadable else "double-double" if self.exact else "float64"
        kind += ", half the rows" if self.part else ""
        return f"{self.method}, {kind}" + ("" if self.accuracy == "data" else f", {self.accuracy} digits")


DIRECT = tuple(name for name, solver in SOLVERS.items() if not solver.traits.iterates)
ROUTES = (
    *(Route(name) for name in ("qr", "cholesky")),
    *(Route(name, exact=False) for name in DIRECT),
    Route("cholesky", rereadable=False),
    Route("qr", rereadable=False),
    Route("cholesky", exact=False, accuracy=8.0),
    Route("sketched", exact=False, part=True),
)
OUTER = (
    Route("auto", accuracy=None, door="lstsq"),
    Route("auto", accuracy=None, door="fit"),
    Route("auto", accuracy="exact", door="fit"),
    Route("auto", accuracy=8.0, exact=False, door="lstsq"),
    Route("auto", accuracy=None, exact=False, door="fit"),
    Route("auto", accuracy=None, door="moments"),
    Route("lsmr", accuracy=None, exact=False, door="lstsq"),
    Route("cg", accuracy=None, door="lstsq"),
    Route("gradient", accuracy=3.0, exact=False, door="lstsq"),
    Route("lsqr", accuracy=None, exact=False, door="fit"),
)
"""Routes from the front door; each problem takes a few of them by turns."""
TURNS = 2


def answer(case: Case, route: Route) -> Found | GramianError:
    """The answer by this route, or the error with which the library refuses."""
    entries = exact_view.ENTRIES if route.exact else 0
    try:
        with patch.object(exact_view, "ENTRIES", entries), _halved(route.part):
            return _DOORS[route.door](case, route)
    except GramianError as error:
        return error


@contextmanager
def _halved(part: bool) -> Iterator[None]:
    """Takes the way of large ill-conditioned tables with few rows of any condition."""
    if not part:
        yield
        return
    with patch.object(conjugate, "thinning", lambda rows, n, k: 2), patch.object(conjugate, "falls_short", lambda n, kappa: True):
        yield


def _by_rows(case: Case, route: Route) -> Found:
    rows = CaseRows(case, rereadable=route.rereadable)
    request = Wanted(RidgePenalty(case.ridge), "drop")
    found = solving.solve(Problem(rows, request), route.method, route.accuracy, Threads(1))
    solution = found.solution
    kept = range(rows.n) if solution.factor is None else solution.factor.kept
    return Found(solution.coef, solution.intercept if case.centred else None, tuple(sorted(kept)), found.certificate)


def _by_lstsq(case: Case, route: Route) -> Found:
    X = case.X.astype(np.float32) if case.single else case.X
    steps = {"max_iter": 40} if route.method in SOLVERS and SOLVERS[route.method].traits.iterates else {}
    found = gm.lstsq(
        X, case.y, route.method, ridge=case.ridge, weights=case.w, rank="drop", accuracy=route.accuracy, threads=1, **steps
    )
    dropped = {d.column for d in found.dependencies}
    kept = tuple(j for j in range(X.shape[1]) if j not in dropped)
    return Found(found.coef.reshape(X.shape[1], -1), None, kept, found.certificate)


def _by_fit(case: Case, route: Route) -> Found:
    formula, data = _table(case)
    steps = {"max_iter": 40} if route.method in SOLVERS and SOLVERS[route.method].traits.iterates else {}
    weights = None if case.w is None else "w"
    accuracy: Any = route.accuracy
    return _of_fit(
        case,
        gm.fit(
            formula, data, method=route.method, accuracy=accuracy, weights=weights, ridge=case.ridge, threads=1,
            decimal=False, **steps,
        ),
    )  # fmt: skip


def _by_moments(case: Case, route: Route) -> Found:
    """Of two halves of the rows, merged."""
    formula, data = _table(case)
    half = (len(case.y) + 1) // 2
    weights = None if case.w is None else "w"
    parts = [
        gm.moments(formula, {name: values[rows] for name, values in data.items()}, weights=weights, threads=1)
        for rows in (slice(None, half), slice(half, None))
        if len(case.y[rows])
    ]
    return _of_fit(case, gm.fit(formula, sum(parts[1:], parts[0]), ridge=case.ridge))


def _table(case: Case) -> tuple[str, dict[str, Floats]]:
    names = [f"x{j}" for j in range(case.X.shape[1])]
    targets = [f"y{t}" for t in range(case.y.shape[1])]
    columns = case.X.astype(np.float32) if case.single else case.X
    data: dict[str, Any] = {name: columns[:, j].copy() for j, name in enumerate(names)}
    data |= {name: case.y[:, t].copy() for t, name in enumerate(targets)}
    if case.w is not None:
        data["w"] = case.w
    return f"{' + '.join(targets)} ~ {' + '.join(names)}{'' if case.centred else ' - 1'}", data


def _of_fit(case: Case, fit: Any) -> Found:
    coef = np.asarray(fit.coef).reshape(len(fit.names), -1)
    shift = int(case.centred)
    kept = tuple(int(j) for j in np.flatnonzero(~np.isnan(coef[shift:, 0])))
    return Found(coef[shift:], coef[0] if shift else None, kept, fit.certificate)


_DOORS = {"rows": _by_rows, "lstsq": _by_lstsq, "fit": _by_fit, "moments": _by_moments}


class Exact:
    """Truths of one case by the columns kept, made once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._truths: dict[tuple[int, ...], tuple[Truth, list[Fraction]]] = {}

    def of(self, kept: tuple[int, ...], centred: bool) -> tuple[Truth, list[Fraction]]:
        key = (*kept, int(centred) - 2)
        if key not in self._truths:
            c, columns = self._case, self._case.X[:, list(kept)]
            self._truths[key] = exact(columns, c.y, c.w, c.ridge, centred), norms(columns, c.w, centred)
        return self._truths[key]


def run(seeds: Sequence[int], routes: Sequence[Route] = ROUTES, of=make, refusals: bool = False) -> Iterator[Verdict]:
    """All routes on all seeds; `refusals` are left out unless asked for."""
    for seed in seeds:
        yield from verdicts(of(seed), routes, refusals)


def verdicts(case: Case, routes: Sequence[Route], refusals: bool = True) -> Iterator[Verdict]:
    truths = Exact(case)
    for route in routes:
        try:
            found = answer(case, route)
        except Exception as error:  # neither an answer nor a refusal
            yield Verdict(case, route, [f"{type(error).__name__}: {error}"])
            continue
        verdict = Verdict(case, route) if isinstance(found, GramianError) else judge(case, route, truths, found)
        if isinstance(found, GramianError):
            verdict.refused = _reason(found)
        full = isinstance(found, Found) and len(found.kept) == case.X.shape[1]
        if not full and not case.ridge and _must_reach(route, verdict.refused):
            centred = case.centred and route.door != "lstsq"
            tolerance = Wanted(NoPenalty(), "drop").tolerance(case.X.shape[1], len(case.y))
            verdict.unreached = scaled_condition(replace(case, centred=centred)) < UNREACHED / tolerance
        if refusals or not verdict.refused:
            yield verdict


def _must_reach(route: Route, refused: str) -> bool:
    """Ways that decide the rank themselves; a coefficient, or the square of an error, that no float64 holds is another matter."""
    beyond = "outside the range" in refused or "standard errors" in refused
    if route.door == "moments" or not route.rereadable or beyond:
        return False
    return route.method == "auto" or SOLVERS[route.method].traits.decides_rank


def _reason(error: GramianError) -> str:
    """The first line of the message without its numbers and names."""
    line = str(error).split("\n")[0]
    for words in ("outside the range", "standard errors", "too large", "too small", "cannot tell", "rows left"):
        if words in line:
            return words
    return line[:60]


def of_turn(seed: int, most: int | None = None) -> tuple[Route, ...]:
    """The routes of a problem: those by rows, and some of the front door's by turns; or only so many of all, by turns."""
    if most is None:
        return (*ROUTES, *(OUTER[(seed * TURNS + i) % len(OUTER)] for i in range(TURNS)))
    every = (*ROUTES, *OUTER)
    # Kinds of problems take turns too: the first summand moves on where they begin again.
    return tuple(every[(seed // len(TROUBLES) + seed * most + i) % len(every)] for i in range(most))


def run_all(seeds: Sequence[int], most: int | None = None) -> Iterator[Verdict]:
    """Problems of every kind, each by its routes; warnings of methods that stopped early are no errors here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", gm.GramianWarning)
        for seed in seeds:
            yield from verdicts(problem(seed), of_turn(seed, most))
