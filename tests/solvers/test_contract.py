"""Every solver of the registry on every kind of problem: the answer is optimal, or the library says why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from cases import CASES, SOLVER_ROWS, Case, Row
from gramian.solvers import SOLVERS

EPS = np.finfo(float).eps

# A method that diverges on a hard case says so in its Status, which is what is looked at here.
pytestmark = pytest.mark.filterwarnings("ignore::gramian.GramianWarning")


def ask(method: str, case: Case) -> gm.LstsqResult:
    row = SOLVER_ROWS[method]
    settings = {"weights": case.weights, "ridge": case.ridge, "rank": case.rank, "accuracy": row.digits, **row.settings}
    return gm.lstsq(case.X, case.y, method, **settings)


def complaints(method: str, case: Case) -> list[str]:
    """What is wrong with the method's answer to the case; empty when it is optimal, or the reason why not is told."""
    row = SOLVER_ROWS[method]
    try:
        found = ask(method, case)
    except gm.GramianError as error:
        told = type(error) in case.refusals and len(str(error)) > 20
        return [] if told else [f"refused: {type(error).__name__}: {error}"]
    X = case.X.toarray() if sp.issparse(case.X) else np.asarray(case.X, dtype=float)
    y = np.asarray(case.y, dtype=float).reshape(len(X), -1)
    b = found.coef.reshape(X.shape[1], -1)
    wrong: list[str] = []
    if found.method != method:
        wrong.append(f"{found.method} answered for {method}")
    if case.expected_rank is not None and found.rank != case.expected_rank:
        wrong.append(f"rank {found.rank}, expected {case.expected_rank}")
    if not np.all(np.isfinite(b)):
        return [*wrong, "coefficients are not finite"]
    if not found.trusted and row.digits is not None and case.hard:
        return wrong if len(found.status.value) > 20 else [*wrong, "gave up without a reason"]
    if not (found.status.ok and found.trusted):
        wrong.append(f"status {found.status.value}, trusted {found.trusted}, {found.certificate.sentence()}")
    return wrong + _optimality(X, y, b, case, row) + _claims(found, row)


def _optimality(X: np.ndarray, y: np.ndarray, b: np.ndarray, case: Case, row: Row) -> list[str]:
    """The gradient at the rounding of the residual (times the columns), and no part in the null space.

    Where digits were asked for, an error of 10^-digits ||D b|| in D b, D the column norms, may be left: the scaled X'X passes it
    on with a norm of at most the number of columns.
    """
    w = np.ones(len(y)) if case.weights is None else case.weights
    L = X.astype(np.longdouble)
    r = y - L @ b
    gradient = np.abs(L.T @ (w[:, None] * r) - case.ridge * b)
    norms = np.sqrt(w @ X**2)
    # b is rounded to float64 at the end, which alone moves the residual by eps |X||b|.
    spread = np.sqrt(w @ y**2) + norms @ np.abs(b)
    level = 16 * EPS * (np.outer(norms, spread) + case.ridge * np.abs(b))
    if row.digits is not None:
        size = np.hypot(norms, np.sqrt(case.ridge))
        level += 10.0**-row.digits * X.shape[1] * np.outer(size, np.linalg.norm(size[:, None] * b, axis=0))
    wrong = [f"gradient {g:.1e} above {b:.1e}" for g, b in zip(gradient.ravel(), level.ravel(), strict=True) if g > b]
    if case.rank == "min-norm" and not case.ridge:
        null = np.linalg.svd(X * np.sqrt(w)[:, None])[2][np.linalg.matrix_rank(X / np.where(norms > 0, norms, 1)) :]
        beside = np.abs(null @ b)
        if beside.size and np.max(beside) > 1e-11 * np.max(np.abs(b)):
            wrong.append(f"not the shortest: {np.max(beside):.1e} in the null space")
    return wrong


def _claims(found: gm.LstsqResult, row: Row) -> list[str]:
    c = found.certificate
    numbers = {
        "digits": c.digits,
        "digits_each": c.digits_each,
        "backward_error": c.backward_error,
        "gradient": c.gradient,
    }
    wrong = [f"{name} is not finite" for name, value in numbers.items() if not np.all(np.isfinite(value))]
    if np.any(c.backward_error > (1e-10 if row.digits is None else 10.0**-row.digits)):
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
    assert len(SOLVERS) >= 16
    assert set(SOLVER_ROWS) == set(SOLVERS), "every solver has its row in tests/cases.py"
    assert len(CASES) >= 25
    for method in SOLVERS:
        answered = 0
        for case in CASES.values():
            try:
                ask(method, case)
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
    traits = SOLVERS[method].traits
    if not (traits.decides_rank or traits.iterates):
        with pytest.raises(gm.RankError, match="cannot tell"):
            gm.fit("y ~ a + flat", data, method=method)
        return
    fit = gm.fit("y ~ a + flat", data, method=method)
    assert fit.dropped == ("flat = 0.1",)
    assert np.isnan(fit.coef[fit.names.index("flat")])


@pytest.mark.parametrize("method", [name for name, solver in SOLVERS.items() if solver.traits.iterates])
@pytest.mark.parametrize("room", [0.0, 1e12])
def test_rows_of_a_file_are_read_each_pass_or_held(
    method: str, room: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without room every pass reads the file; the answer has the digits asked for either way."""
    monkeypatch.setattr("gramian.objectives.cached_rows.free_memory", lambda: room)
    rng = np.random.default_rng(33)
    X = rng.standard_normal((300, 4)) * [1, 10, 100, 1000] + 5
    y = X @ [3.0, 0.2, 0.01, 0.002] + rng.standard_normal(300)
    path = tmp_path / "table.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,c,d,y", comments="")
    fit = gm.fit("y ~ .", str(path), method=method, accuracy=2, ridge=0.5)
    truth = gm.fit("y ~ .", str(path), ridge=0.5)
    assert ("in memory" in str(fit.plan)) == (room > 0)
    assert fit.trusted
    scale = X.std(axis=0)
    error = np.linalg.norm(scale * (fit.coef - truth.coef)[1:]) / np.linalg.norm(scale * truth.coef[1:])
    assert error <= 1e-2
