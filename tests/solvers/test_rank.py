"""Rank: what depends on what, decided as exact arithmetic decides it, by every method and under every policy.

Each case is dependent to the last bit, so that its rank and the columns to keep are known without a tolerance; a column that
is near enough to the span of others counts as dependent too, and that is tested by distance in `test_hard.py`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gramian as gm
from bench.truth import exact, independent, shortest
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.kernels.rounding import EPS
from gramian.problem.penalties import NoPenalty
from gramian.problem.wanted import Wanted
from gramian.reductions.triangle import Triangle
from gramian.solvers import SOLVERS
from gramian.solvers.rank import scan

DIRECT = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
METHODS = ["auto", *DIRECT]
TELLS = [name for name in METHODS if name == "auto" or SOLVERS[name].traits.decides_rank]
M = 36


def _numbers(n: int) -> np.ndarray:
    return np.round(np.random.default_rng(5).standard_normal((M, n)) * 64)


def _dummies(k: int) -> np.ndarray:
    return np.eye(k)[np.arange(M) % k]


def _cases() -> dict[str, np.ndarray]:
    Z = _numbers(6)
    return {
        "one column twice": Z[:, [0, 1, 0]],
        "twice at once": Z[:, [0, 0, 1, 1, 2]],
        "total": np.column_stack([Z[:, :3], Z[:, :3].sum(axis=1)]),
        "total first": np.column_stack([Z[:, :3].sum(axis=1), Z[:, :3]]),
        "weights 3 and -5": np.column_stack([Z[:, 0], Z[:, 1], 3 * Z[:, 0] - 5 * Z[:, 1], Z[:, 2]]),
        "running sums": np.column_stack([np.cumsum(Z[:, :3], axis=1), Z[:, 2]]),
        "zeros": np.column_stack([Z[:, 0], np.zeros(M), Z[:, 1]]),
        "zeros first": np.column_stack([np.zeros(M), Z[:, :2]]),
        "all multiples": np.outer(Z[:, 0], [1.0, 2.0, -4.0]),
        "tiny copy": np.column_stack([Z[:, 0], Z[:, 0] * 2.0**-200, Z[:, 1]]),
        "huge copy": np.column_stack([Z[:, 0], Z[:, 1], Z[:, 1] * 2.0**250]),
        "all levels": np.column_stack([_dummies(4), np.ones(M)]),
        "two factors": np.column_stack([_dummies(3), _dummies(4)]),
        "nothing but zeros": np.zeros((M, 2)),
        "more columns than rows": _numbers(8)[:5],
        "as many columns as rows": np.column_stack([_numbers(3), _numbers(3)[:, 0] + _numbers(3)[:, 1]])[:4],
        "independent": Z,
        "independent and square": _numbers(5)[:5],
        "badly scaled": Z * 2.0 ** np.array([-300.0, 200, 0, 50, -80, 300]),
    }


CASES = _cases()
WITH = {
    **{name: X for name, X in CASES.items() if len(X) == M},
    "constant": np.column_stack([_numbers(2)[:, 0], np.full(M, 7.25), _numbers(2)[:, 1]]),
    "constant to the last bit": np.column_stack([_numbers(2), np.full(M, 0.1)]),
    "far copy": np.column_stack([_numbers(2) + 2.0**30, _numbers(2).sum(axis=1) - 2.0**33]),
}


def target(X: np.ndarray) -> np.ndarray:
    return np.round(np.random.default_rng(6).standard_normal(len(X)) * 64)


def refuses(method: str, kept: tuple[int, ...], n: int) -> bool:
    """A method that cannot decide the rank may refuse what is dependent, and must not answer it."""
    return method not in TELLS and len(kept) < n


def holds(coef: Any, digits: Any, want: list[Fraction]) -> None:
    for value, right, claim in zip(coef, want, digits, strict=True):
        assert claim == 0 or abs(Fraction(float(value)) - right) <= Fraction(10.0 ** -float(claim) * 1.001) * abs(right)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_drop(method: str, name: str) -> None:
    X = CASES[name]
    y, kept = target(X), independent(X)
    if refuses(method, kept, X.shape[1]):
        with pytest.raises(gm.RankError, match=r"cannot tell|do not confirm"):
            gm.lstsq(X, y, method, rank="drop")
        return
    found = gm.lstsq(X, y, method, rank="drop")
    assert found.rank == len(kept)
    dropped = [d.column for d in found.dependencies]
    assert sorted({*range(X.shape[1])} - set(dropped)) == list(kept)
    np.testing.assert_array_equal(found.coef[dropped], 0.0)
    truth = exact(X[:, kept], y, centred=False).coef[0] if kept else ()
    holds(found.coef[list(kept)], found.certificate.digits_each[list(kept), 0], list(truth))
    for d in found.dependencies:  # the equation holds on the rows
        made = X[:, list(d.others)] @ np.array(d.weights)
        np.testing.assert_allclose(made, X[:, d.column], atol=1e-11 * max(float(np.linalg.norm(X[:, d.column])), 1e-300))
        assert set(d.others) <= set(kept)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_min_norm(method: str, name: str) -> None:
    X = CASES[name]
    y, kept = target(X), independent(X)
    if refuses(method, kept, X.shape[1]):
        with pytest.raises(gm.RankError, match=r"cannot tell|do not confirm"):
            gm.lstsq(X, y, method, rank="min-norm")
        return
    found = gm.lstsq(X, y, method, rank="min-norm")
    assert found.rank == len(kept)
    want = shortest(X, y)
    holds(found.coef, found.certificate.digits_each[:, 0], want)
    size = np.linalg.norm(np.array([float(value) for value in want]))
    if not name.startswith("badly"):  # lengths compare only where units do
        np.testing.assert_allclose(found.coef, [float(value) for value in want], rtol=1e-8, atol=1e-11 * size)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_error(method: str, name: str) -> None:
    X = CASES[name]
    kept = independent(X)
    if len(kept) == X.shape[1]:
        assert gm.lstsq(X, target(X), method, rank="error").rank == len(kept)
        return
    with pytest.raises(gm.RankError) as told:
        gm.lstsq(X, target(X), method, rank="error")
    assert "Hint:" in str(told.value)
    if method in TELLS:
        gone = ", ".join(str(j) for j in range(X.shape[1]) if j not in kept)
        assert f"columns {gone} depend on columns before them" in str(told.value)


@pytest.mark.parametrize("name", WITH)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("policy", ["drop", "min-norm", "error"])
def test_beside_an_intercept(method: str, policy: Any, name: str) -> None:
    X = WITH[name]
    y, kept, n = target(X), independent(X, centred=True), X.shape[1]
    data = {f"x{j}": X[:, j] for j in range(n)} | {"y": y}
    formula = "y ~ " + " + ".join(f"x{j}" for j in range(n))
    gone = [f"x{j}" for j in range(n) if j not in kept]
    if gone and (policy == "error" or refuses(method, kept, n)):
        with pytest.raises(gm.RankError) as told:
            gm.fit(formula, data, method=method, rank=policy)
        if method in TELLS:
            assert all(column in str(told.value) for column in gone)
        return
    fit = gm.fit(formula, data, method=method, rank=policy)
    if policy == "min-norm":
        want = shortest(X, y, centred=True)
        holds(fit.coef[1:], fit.digits[1:], want)
        return
    assert [d.name for d in fit.estimate.dropped] == gone
    truth = exact(X[:, kept], y) if kept else None
    if truth is not None:
        places = [0, *(j + 1 for j in kept)]
        holds(fit.coef[places], fit.digits[places], [truth.intercept[0], *truth.coef[0]])
    for d in fit.estimate.dropped:
        made = sum((w * data[other] for w, other in zip(d.weights, d.others, strict=True)), np.full(M, d.constant))
        np.testing.assert_allclose(made, data[d.name], atol=1e-11 * max(float(np.linalg.norm(data[d.name])), 1e-300))


@pytest.mark.parametrize("name", WITH)
def test_moments_alone_are_sure_or_cannot_tell(name: str) -> None:
    X = WITH[name]
    kept, n = independent(X, centred=True), X.shape[1]
    data = {f"x{j}": X[:, j] for j in range(n)} | {"y": target(X)}
    formula = "y ~ " + " + ".join(f"x{j}" for j in range(n))
    moments = gm.moments(formula, data)
    if len(kept) < n:
        with pytest.raises(gm.RankError, match="cannot tell"):
            gm.fit(formula, moments)
    else:
        fit = gm.fit(formula, moments)
        assert fit.certificate.evidence == "moments"
        assert np.all(fit.digits > 5)


def test_moments_of_fewer_rows_than_columns_cannot_tell() -> None:
    X = _numbers(4)[:3]
    data = {f"x{j}": X[:, j] for j in range(4)} | {"y": target(X)}
    formula = "y ~ x0 + x1 + x2 + x3"
    moments = gm.moments(formula, data)
    with pytest.raises(gm.RankError, match="cannot tell"):
        gm.fit(formula, moments)
    np.testing.assert_allclose(
        gm.fit(formula, moments, ridge=1.0).coef, gm.fit(formula, data, ridge=1.0).coef, rtol=1e-9
    )


def test_moments_of_many_rows_cannot_tell_a_copy() -> None:
    # The rounding of long sums leaves a pivot that is not small: a bound says so, no threshold does.
    rng = np.random.default_rng(9)
    x = np.abs(rng.standard_normal((200_000, 2))) + 1
    data = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 0] * 0.3 + x[:, 1] * 0.7, "y": x[:, 0]}
    with pytest.raises(gm.RankError, match="cannot tell"):
        gm.fit("y ~ a + b + c - 1", gm.moments("y ~ a + b + c - 1", data))


@pytest.mark.parametrize("method", ["auto", *(name for name in TELLS if name != "auto")])
def test_one_tolerance_for_all(method: str) -> None:
    """At a distance of twice the tolerance a column is kept, at half of it dropped, whoever decides; tol= moves both."""
    rng = np.random.default_rng(10)
    Q = np.linalg.qr(rng.standard_normal((300, 3)))[0]
    for tol in (1e-4, 1e-8):
        for share, rank in ((0.5, 2), (4.0, 3)):
            near = Q[:, 0] + share * tol * 2.0 * Q[:, 2]  # 1 + sum |weights| is 2
            X = np.column_stack([Q[:, 0], Q[:, 1], near])
            assert gm.lstsq(X, rng.standard_normal(300), method, tol=tol).rank == rank


def test_what_is_below_a_hundredth_of_the_limit_is_of_full_rank() -> None:
    rng = np.random.default_rng(12)
    for n in (2, 5, 20):
        for _ in range(20):
            rows = 300
            tol = Wanted(NoPenalty(), "drop").tolerance(n, rows)
            condition = 0.01 / tol * 0.5
            U = np.linalg.qr(rng.standard_normal((rows, n)))[0]
            V = np.linalg.qr(rng.standard_normal((n, n)))[0]
            X = (U * np.geomspace(1, 1 / condition, n)) @ V.T
            X /= np.linalg.norm(X, axis=0)
            if np.linalg.cond(X) > 0.01 / tol:
                continue
            view = Triangle.of(ArrayRows.of(X, np.ones(rows)), Threads(1))
            assert view is not None
            assert len(scan(view, Wanted(NoPenalty(), "drop")).kept) == n


def test_the_tolerance_is_the_stated_one() -> None:
    assert Wanted(NoPenalty(), "drop").tolerance(3, 10) == 30 * EPS
    assert Wanted(NoPenalty(), "drop").tolerance(500, 10) == 500 * EPS
    assert Wanted(NoPenalty(), "drop").tolerance(3, 10**6) == 256 * EPS
    assert Wanted(NoPenalty(), "drop", tol=1e-3).tolerance(500, 10**6) == 1e-3
