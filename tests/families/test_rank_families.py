"""Dependent columns by every family, method and rank policy: what is certified is what is returned, and it is the optimum.

A method that iterates ends wherever its path led along the null space; its coefficients are moved from there. Judged by the
score X'(y - mu) at the returned coefficients, by fitted values, by the shortest coefficients being orthogonal to the null
space in the user's units, and by claimed digits against an optimum in multiple precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from bench.family_truth import optimum
from bench.stress_families import able, run_all
from bench.truth import spread
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.kernels.rounding import EPS
from gramian.problem.penalties import RidgePenalty
from gramian.problem.problem import Problem as Question
from gramian.problem.problem import Words
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.solvers import SOLVERS
from gramian.solving.solve import solve

pytestmark = pytest.mark.filterwarnings("ignore::gramian.GramianWarning")

PROBLEMS, CHUNKS = 240, 8
M, NAMES = 60, ("a", "b", "total", "c", "twice")
KEPT = (0, 1, 3)
NULL = np.array([[1.0, 1, -1, 0, 0], [0, 0, 0, 2, -1]])
"""total = a + b and twice = 2 c, to the last bit; beside an intercept twice = 2 c + 1."""
OPTIONS = ("plain", "weights", "offset", "ridge", "no intercept", "sparse", "weights and ridge")
STEPS = {"max_iter": 60}
"""Of stochastic methods, whose answers are held to what they claim alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows of one family with one option; eta is of size 1, so that no targets are separated."""

    family: str
    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    offset: np.ndarray | None
    ridge: float
    centred: bool
    sparse: bool

    @property
    def kept(self) -> tuple[int, ...]:
        return tuple(range(len(NAMES))) if self.ridge else KEPT


@cache
def problem(family: str, option: str) -> Problem:
    rng = np.random.default_rng(11)
    centred = option not in ("no intercept", "sparse")
    a, b, c = np.round(64 * rng.standard_normal((M, 3)).T) / 64
    if option == "sparse":
        a, b, c = (np.where(rng.random(M) < 0.5, column, 0.0) for column in (a, b, c))
    X = np.column_stack([a, b, a + b, c, 2 * c + float(centred)])
    offset = 0.3 * rng.standard_normal(M) if option == "offset" else None
    eta = 0.4 * a - 0.3 * b + 0.2 * c + 0.5 * centred + (0.0 if offset is None else offset)
    y = {
        "gaussian": lambda: eta + rng.standard_normal(M),
        "binomial": lambda: (rng.random(M) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "gamma": lambda: np.exp(eta) * rng.gamma(2.0, 0.5, M),
    }[family]()
    w = rng.uniform(0.5, 3.0, M) if "weights" in option else None
    return Problem(family, X, y, w, offset, 0.7 if "ridge" in option else 0.0, centred, option == "sparse")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An answer, whichever door it came through: NaN for dropped columns; `digits` of the coefficients and the intercept."""

    coef: np.ndarray
    intercept: float
    digits: np.ndarray
    digits_intercept: float
    trusted: bool

    @property
    def used(self) -> np.ndarray:
        return np.nan_to_num(self.coef)


def given(p: Problem, method: str, rank: RankPolicy, **settings: Any) -> Given:
    if p.sparse:
        return _of_sparse(p, method, rank, settings)
    data = dict(zip(NAMES, p.X.T, strict=True)) | {"y": p.y, "w": p.w, "o": p.offset}
    data = {name: values for name, values in data.items() if values is not None}
    beside = {"weights": "w" if p.w is not None else None, "offset": "o" if p.offset is not None else None}
    formula = "y ~ " + " + ".join(NAMES) + ("" if p.centred else " - 1")
    fit = gm.fit(
        formula, data, family=p.family, method=method, rank=rank, ridge=p.ridge, threads=1, **beside, **settings
    )
    first, certificate = int(p.centred), fit.certificate
    intercept = float(fit.coef[0]) if first else 0.0
    each = float(certificate.digits_intercept[0]) if first else 0.0
    return Given(fit.coef[first:], intercept, certificate.digits_each[:, 0], each, fit.trusted)


def _of_sparse(p: Problem, method: str, rank: RankPolicy, settings: dict[str, Any]) -> Given:
    X = sp.csr_array(p.X)
    if p.family == "gaussian":
        found = gm.lstsq(X, p.y, method, weights=p.w, ridge=p.ridge, rank=rank, threads=1, **settings)
        coef, certificate, dependencies, trusted = found.coef.copy(), found.certificate, found.dependencies, found.trusted
    else:
        rows = ArrayRows.of(X, p.y, weights=p.w)
        request = Wanted(RidgePenalty(p.ridge), rank)
        request = replace(request, running=replace(request.running, **settings))
        question = Question(rows, request, FAMILIES[p.family], nnz=rows.nnz, words=Words(NAMES))
        answer = solve(question, method, "data", Threads(1))
        if answer.solution.status.name == "DEPENDENT":
            raise gm.RankError("total, twice depend on columns before them")
        factor = answer.solution.factor
        assert factor is not None
        coef, certificate, trusted = answer.solution.coef[:, 0].copy(), answer.certificate, answer.met
        dependencies = factor.dependencies
    if rank == "drop":
        gone = [each.column for each in dependencies]
        np.testing.assert_array_equal(coef[gone], 0.0)
        coef[gone] = np.nan
    return Given(coef, 0.0, certificate.digits_each[:, 0], 0.0, trusted)


@cache
def truth(family: str, option: str, rank: RankPolicy) -> tuple[list[Fraction], Fraction]:
    """Coefficients of all columns, zero for dropped ones, and the intercept."""
    p = problem(family, option)
    found = optimum(family, p.X[:, list(p.kept)], p.y, p.w, p.ridge, p.centred, p.offset)
    dropped = [found.coef[p.kept.index(j)] if j in p.kept else Fraction(0) for j in range(len(NAMES))]
    if rank == "drop" or p.ridge:
        return dropped, found.intercept
    short = spread(p.X, p.kept, list(found.coef), p.centred)
    row = [Fraction(float(value)) for value in p.X[0]]
    moved = sum(((a - b) * x for a, b, x in zip(dropped, short, row, strict=True)), Fraction(0))
    return short, found.intercept + moved


def score(p: Problem, found: Given) -> float:
    """The largest |x_j'(y - mu) - ridge b_j|, beside ||x_j|| ||y - mu||, the intercept a column of ones."""
    w = np.ones(M) if p.w is None else p.w
    eta = p.X @ found.used + found.intercept + (0.0 if p.offset is None else p.offset)
    r = -w * FAMILIES[p.family].first(eta, p.y)
    g = p.X.T @ r - p.ridge * found.used
    columns = p.X
    if p.centred:
        g, columns = np.append(g, np.sum(r)), np.column_stack([p.X, np.ones(M)])
    return float(np.max(np.abs(g) / (np.linalg.norm(columns, axis=0) * np.linalg.norm(r))))


CASES = [(family, method) for family in FAMILIES for method in able(family)]


def settings_of(method: str) -> dict[str, Any]:
    return STEPS if SOLVERS[method].traits.seeded else {}


def refuses(p: Problem, method: str) -> bool:
    """An offset that the loss cannot absorb is taken by the method that reweights alone."""
    return p.offset is not None and FAMILIES[p.family].absorb is None and not SOLVERS[method].traits.reweights


@pytest.mark.parametrize("rank", ["drop", "min-norm"])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("family", "method"), CASES)
def test_the_answer_is_the_optimum(family: str, method: str, option: str, rank: RankPolicy) -> None:
    p = problem(family, option)
    if refuses(p, method):
        with pytest.raises(gm.ArgumentError, match="offset"):
            given(p, method, rank)
        return
    found = given(p, method, rank, **settings_of(method))
    gone = [j for j in range(len(NAMES)) if j not in p.kept] if rank == "drop" else []
    assert sorted(np.flatnonzero(np.isnan(found.coef))) == gone
    if rank == "min-norm" and not p.ridge:
        assert np.max(np.abs(NULL @ found.coef)) <= 100 * EPS * np.linalg.norm(found.coef)
    holds(found, *truth(family, option, rank))
    if SOLVERS[method].traits.seeded:
        return
    assert found.trusted
    assert score(p, found) <= 1e-7
    newton = given(p, "newton", rank)
    apart = p.X @ (found.used - newton.used) + found.intercept - newton.intercept
    assert np.max(np.abs(apart)) <= 1e-6


def holds(found: Given, coef: list[Fraction], intercept: Fraction) -> None:
    """No digits claim nothing."""
    claims = [*zip(found.used, coef, found.digits, strict=True), (found.intercept, intercept, found.digits_intercept)]
    for value, want, digits in claims:
        assert digits == 0 or abs(Fraction(float(value)) - want) <= Fraction(10.0 ** -float(digits) * 1.001) * abs(want)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("family", "method"), CASES)
def test_an_error_is_raised_where_asked(family: str, method: str, option: str) -> None:
    p = problem(family, option)
    if refuses(p, method):
        return
    if p.ridge:
        holds(given(p, method, "error", **settings_of(method)), *truth(family, option, "error"))
        return
    with pytest.raises(gm.RankError, match=r"depend on columns before them"):
        given(p, method, "error", **settings_of(method))


@pytest.mark.parametrize("method", ["newton", "lbfgs", "gradient"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rank", ["drop", "min-norm"])
def test_a_ridge_below_rounding_decides_nothing(family: str, rank: RankPolicy, method: str) -> None:
    # Far below the rounding of X'X: columns count as dependent, and the minimum is within rounding of that without a ridge.
    p = replace(problem(family, "plain"), ridge=1e-40)
    found = given(p, method, rank)
    assert np.any(np.isnan(found.coef)) == (rank == "drop")
    holds(found, *truth(family, "plain", rank))
    assert score(p, found) <= 1e-7


@pytest.mark.parametrize("steps", [1, 3, 10])
@pytest.mark.parametrize("rank", ["drop", "min-norm"])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_early_end_claims_no_more_than_it_has(family: str, rank: RankPolicy, steps: int) -> None:
    for method in ("gradient", "lbfgs", "newton"):
        holds(given(problem(family, "plain"), method, rank, max_iter=steps), *truth(family, "plain", rank))


@pytest.mark.parametrize("rank", ["drop", "min-norm"])
def test_columns_alike_but_for_rows_that_lost_their_weight_are_no_dependence(rank: RankPolicy) -> None:
    # a and b differ where c = 1, by more than rounding; the fit takes the weight of those rows down to 1e-14.
    rng = np.random.default_rng(0)
    a, lost = np.round(rng.standard_normal(80) * 64) / 64, np.arange(80) < 16
    b = np.where(lost, a + np.round(rng.standard_normal(80) * 64) * 2.0**-38, a)
    y = np.where(lost, 1e-14, rng.random(80) < 1 / (1 + np.exp(-0.4 * a - 0.2)))
    fit = gm.fit("y ~ a + b + c", {"a": a, "b": b, "c": lost * 1.0, "y": y}, family="binomial", method="lbfgs", rank=rank)
    assert not np.any(np.nan_to_num(fit.digits))
    assert not fit.trusted


# ---- random problems


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_claim_about_a_family_is_broken(chunk: int) -> None:
    """Each by a few methods by turns; `python -m bench certificate families N` runs as many others as wanted."""
    size = PROBLEMS // CHUNKS
    claimed = 0
    for verdict in run_all(range(chunk * size, (chunk + 1) * size)):
        assert not verdict.broken, f"seed {verdict.case.seed}, {verdict.route}: {verdict.broken}"
        claimed += len(verdict.claimed)
    assert claimed >= 2 * size, "the sweep is empty"


def test_the_judge_sees_coefficients_that_were_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gramian.solving.ranked.moved", lambda coef, *rest: coef)
    assert any(verdict.broken for verdict in run_all(range(40)))
