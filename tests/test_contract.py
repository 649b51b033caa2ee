"""Every solver of the registry on every kind of problem: the answer is optimal, or the library says why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.solvers import SOLVERS

EPS = np.finfo(float).eps


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A problem; `refusals` are the errors that are a right answer to it."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None = None
    ridge: float = 0.0
    rank: str = "min-norm"
    expected_rank: int | None = None
    refusals: tuple[type[Exception], ...] = ()


def cases() -> dict[str, Case]:
    rng = np.random.default_rng(30)
    X, y = rng.standard_normal((200, 6)), rng.standard_normal(200)
    double = np.column_stack([X, X[:, 1]])
    zero = np.column_stack([X[:, :3], np.zeros(200), X[:, 3:]])
    ones = np.column_stack([np.ones(200), X, np.full(200, 2.5)])
    scales = 10.0 ** np.array([-100, -8, 0, 3, 8, 100])
    weights = rng.uniform(0.01, 100, 200)
    weights[::10] = 0.0
    U = np.linalg.qr(X)[0]
    ill = (U * np.geomspace(1, 1e-6, 6)) @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    worse = (U * np.geomspace(1, 1e-12, 6)) @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    sparse = sp.random_array((300, 8), density=0.2, rng=rng, format="csr")
    cannot_tell = (gm.RankError,)
    return {
        "tall": Case(X, y, expected_rank=6),
        "square": Case(X[:6], y[:6], expected_rank=6, refusals=cannot_tell),
        "wide": Case(X[:4], y[:4], expected_rank=4, refusals=cannot_tell),
        "duplicated column": Case(double, y, expected_rank=6, refusals=cannot_tell),
        "duplicated column, dropped": Case(double, y, rank="drop", expected_rank=6, refusals=cannot_tell),
        "duplicated column, an error": Case(double, y, rank="error", refusals=(gm.RankError,)),
        "zero column": Case(zero, y, expected_rank=6, refusals=cannot_tell),
        "all columns zero": Case(np.zeros((5, 2)), y[:5], expected_rank=0, refusals=cannot_tell),
        "constant column beside ones": Case(ones, y, expected_rank=7, refusals=cannot_tell),
        "weighted": Case(X, y, weights, expected_rank=6),
        "ridge": Case(X, y, ridge=3.0, expected_rank=6),
        "ridge on a duplicated column": Case(double, y, ridge=3.0, expected_rank=7),
        "ridge on a wide matrix": Case(X[:4], y[:4], ridge=0.5, expected_rank=6),
        "weighted ridge": Case(X, y, weights, ridge=3.0, expected_rank=6),
        "several targets": Case(X, rng.standard_normal((200, 3)), expected_rank=6),
        "badly scaled": Case(X * scales, y, expected_rank=6),
        "condition 1e6": Case(ill, y, expected_rank=6),
        "condition 1e12": Case(worse, y, expected_rank=6, refusals=cannot_tell),
        "sparse": Case(sparse, rng.standard_normal(300), expected_rank=8),
        "sparse, weighted": Case(sparse, rng.standard_normal(300), rng.uniform(0.5, 2, 300), expected_rank=8),
        "one row": Case(X[:1], y[:1], expected_rank=1, refusals=cannot_tell),
        "one column": Case(X[:, :1], y, expected_rank=1),
        "one number": Case(X[:1, :1], y[:1], expected_rank=1),
        "a perfect fit": Case(X, X @ np.arange(6.0), expected_rank=6),
        "a zero target": Case(X, np.zeros(200), expected_rank=6),
        "integers": Case(np.arange(40).reshape(10, 4) ** 2, np.arange(10), expected_rank=3, refusals=cannot_tell),
        "single precision": Case(X.astype(np.float32), y.astype(np.float32), expected_rank=6),
        "Fortran order": Case(np.asfortranarray(X), y, expected_rank=6),
    }


CASES = cases()


def complaints(method: str, case: Case) -> list[str]:
    """What is wrong with the method's answer to the case; empty when it is optimal, or refused with the reason."""
    try:
        found = gm.lstsq(case.X, case.y, method, weights=case.weights, ridge=case.ridge, rank=case.rank)
    except gm.GramianError as error:
        told = type(error) in case.refusals and len(str(error)) > 20
        return [] if told else [f"refused: {type(error).__name__}: {error}"]
    X = case.X.toarray() if sp.issparse(case.X) else np.asarray(case.X, dtype=float)
    y = np.asarray(case.y, dtype=float).reshape(len(X), -1)
    b = found.coef.reshape(X.shape[1], -1)
    wrong: list[str] = []
    if found.method != method:
        wrong.append(f"{found.method} answered for {method}")
    if not found.status.ok:
        wrong.append(f"status {found.status.value}")
    if case.expected_rank is not None and found.rank != case.expected_rank:
        wrong.append(f"rank {found.rank}, expected {case.expected_rank}")
    if not np.all(np.isfinite(b)):
        return [*wrong, "coefficients are not finite"]
    return wrong + _optimality(X, y, b, case) + _claims(found)


def _optimality(X: np.ndarray, y: np.ndarray, b: np.ndarray, case: Case) -> list[str]:
    """The gradient at the rounding of the residual (times the columns), and no part in the null space."""
    w = np.ones(len(y)) if case.weights is None else case.weights
    L = X.astype(np.longdouble)
    r = y - L @ b
    gradient = np.abs(L.T @ (w[:, None] * r) - case.ridge * b)
    norms = np.sqrt(w @ X**2)
    # b is rounded to float64 at the end, which alone moves the residual by eps |X||b|.
    spread = np.sqrt(w @ y**2) + norms @ np.abs(b)
    level = 16 * EPS * (np.outer(norms, spread) + case.ridge * np.abs(b))
    wrong = [f"gradient {g:.1e} above {b:.1e}" for g, b in zip(gradient.ravel(), level.ravel(), strict=True) if g > b]
    if case.rank == "min-norm" and not case.ridge:
        null = np.linalg.svd(X * np.sqrt(w)[:, None])[2][np.linalg.matrix_rank(X / np.where(norms > 0, norms, 1)) :]
        beside = np.abs(null @ b)
        if beside.size and np.max(beside) > 1e-11 * np.max(np.abs(b)):
            wrong.append(f"not the shortest: {np.max(beside):.1e} in the null space")
    return wrong


def _claims(found: gm.LstsqResult) -> list[str]:
    c = found.certificate
    numbers = {
        "digits": c.digits,
        "digits_each": c.digits_each,
        "backward_error": c.backward_error,
        "gradient": c.gradient,
    }
    wrong = [f"{name} is not finite" for name, value in numbers.items() if not np.all(np.isfinite(value))]
    if np.any(c.backward_error > 1e-10):
        wrong.append(f"backward error {np.max(c.backward_error):.1e}")
    return wrong


@pytest.mark.parametrize("method", list(SOLVERS))
@pytest.mark.parametrize("name", list(CASES))
def test_every_solver_on_every_case(method: str, name: str) -> None:
    assert complaints(method, CASES[name]) == []


@pytest.mark.parametrize("name", list(CASES))
def test_auto_answers_every_case(name: str) -> None:
    case = CASES[name]
    if case.rank == "error":
        with pytest.raises(gm.RankError, match="depend on columns before them"):
            gm.lstsq(case.X, case.y, rank="error")
        return
    found = gm.lstsq(case.X, case.y, weights=case.weights, ridge=case.ridge, rank=case.rank)
    assert complaints(found.method, case) == []


def test_the_sweep_is_not_empty_and_most_of_it_is_answered() -> None:
    assert len(SOLVERS) >= 3
    assert len(CASES) >= 25
    for method in SOLVERS:
        answered = 0
        for case in CASES.values():
            try:
                gm.lstsq(case.X, case.y, method, weights=case.weights, ridge=case.ridge, rank=case.rank)
            except gm.GramianError:
                continue
            answered += 1
        assert answered >= len(CASES) / 2


def test_the_judge_complains_about_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    real = gm.lstsq

    def spoilt(*arguments: Any, **settings: Any) -> gm.LstsqResult:
        found = real(*arguments, **settings)
        found.coef[0] += 1e-9
        return found

    monkeypatch.setattr(gm, "lstsq", spoilt)
    assert any("gradient" in complaint for complaint in complaints("qr", CASES["tall"]))


@pytest.mark.parametrize("method", list(SOLVERS))
def test_a_constant_column_beside_an_intercept_is_named(method: str) -> None:
    rng = np.random.default_rng(31)
    data = {"y": rng.standard_normal(50), "a": rng.standard_normal(50), "flat": np.full(50, 0.1)}
    if not SOLVERS[method].traits.decides_rank:
        with pytest.raises(gm.RankError, match="cannot tell"):
            gm.fit("y ~ a + flat", data, method=method)
        return
    fit = gm.fit("y ~ a + flat", data, method=method)
    assert fit.dropped == ("flat = 0.1",)
    assert np.isnan(fit.coef[fit.names.index("flat")])
