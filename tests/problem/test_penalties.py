"""Penalties: the protocol, ridges with a weight a column, and a new penalty that is found at every door by its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

import gramian as gm
from gramian.kernels.array_types import Floats
from gramian.problem import penalties
from gramian.problem.penalties import PENALTIES, NoPenalty, RidgePenalty, penalties_table
from gramian.problem.penalty import Penalty, PenaltyKind, QuadraticPenalty
from gramian.problem.wanted import Wanted
from gramian.solvers import SOLVERS
from gramian.solving.options import checked_penalty

EPS = float(np.finfo(float).eps)
WEIGHTS = np.array([0.0, 3.0, 0.5, 40.0])


@final
@dataclass(frozen=True, slots=True)
class Graded(QuadraticPenalty):
    """A throwaway: the j-th column shrinks j times as much as the first."""

    strength: float
    exponents: tuple[int, ...] = ()

    name: ClassVar[str] = "graded"

    @property
    def text(self) -> str:
        return f"graded={self.strength:g}"

    def quadratic(self, n: int) -> Floats:
        return np.ldexp(self.strength * np.arange(1.0, n + 1.0), -2 * np.array(self.exponents or (0,) * n))

    def scaled(self, exponents: NDArray[np.int64]) -> Graded:
        return Graded(self.strength, tuple(int(e) for e in exponents))


@final
@dataclass(frozen=True, slots=True)
class Absolute(Penalty):
    """A throwaway that no method here can take: strength * sum |b_j|."""

    strength: float

    name: ClassVar[str] = "absolute"

    @property
    def kind(self) -> PenaltyKind:
        return PenaltyKind(self.name, zero=False, quadratic=False, smooth=False)

    @property
    def text(self) -> str:
        return f"absolute={self.strength:g}"

    def value(self, b: Floats) -> Floats:
        return self.strength * np.sum(np.abs(b), axis=0)

    def quadratic(self, n: int) -> Floats:
        return np.zeros(n)

    def prox(self, b: Floats, steps: Floats) -> Floats:
        return np.sign(b) * np.maximum(np.abs(b) - self.strength * steps[:, None], 0.0)

    def subgradient_distance(self, g: Floats, b: Floats) -> Floats:
        return np.where(b != 0, np.abs(g - self.strength * np.sign(b)), np.maximum(np.abs(g) - self.strength, 0.0))

    def dual_scale(self, c: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return self.strength / np.max(np.abs(c), axis=0)

    def scaled(self, exponents: NDArray[np.int64]) -> Absolute:
        assert not np.any(exponents)
        return self

    def free(self, n: int) -> NDArray[np.bool_]:
        return np.zeros(n, dtype=np.bool_)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(penalties.PENALTY_REGISTRY, "graded", Graded)
    monkeypatch.setitem(penalties.PENALTY_REGISTRY, "absolute", Absolute)


def problem(m: int = 200, seed: int = 3) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 4)) @ np.array([[1, 0.5, 0, 0], [0, 1, 0, 0.2], [0, 0, 2, 0], [0, 0, 0, 1.0]])
    return X, X @ np.array([1.0, -2.0, 0.5, 3.0]) + rng.standard_normal(m)


def complaints(penalty: Penalty, n: int = 4) -> list[str]:
    """What is wrong with a penalty, by the definitions of its parts."""
    rng = np.random.default_rng(0)
    b, steps, found = rng.standard_normal((n, 2)), rng.uniform(0.1, 2.0, n), []
    q, z = penalty.quadratic(n), penalty.prox(b, steps)
    scale = 1.0 + np.abs(b) / steps[:, None]
    if q.shape != (n,) or np.any(q < 0):
        found.append("the weights of the quadratic part are not (n,) numbers >= 0")
    if np.any(penalty.subgradient_distance((b - z) / steps[:, None], z) > 64 * EPS * scale * (1 + np.max(q))):
        found.append("the prox does not minimise: (b - z) / steps is no subgradient there")
    if penalty.kind.quadratic and np.any(np.abs(penalty.value(b) - 0.5 * q @ b**2) > 64 * EPS * (q @ b**2)):
        found.append("it calls itself quadratic, and its value is not that of its weights")
    if penalty.kind.zero and (np.any(q) or np.any(penalty.value(b))):
        found.append("it calls itself zero, and is not")
    e = np.arange(n) - 1 if penalty.kind.quadratic else np.zeros(n, dtype=np.int64)
    moved = penalty.scaled(e).value(np.ldexp(b, e[:, None]))
    if np.any(np.abs(moved - penalty.value(b)) > 64 * EPS * np.abs(moved)):
        found.append("its value changes with the unit of a column")
    if penalty.text.partition("=")[0] not in ("", penalty.name):
        found.append("its text does not start with its name")
    return found


@pytest.mark.parametrize(
    "penalty", [NoPenalty(), RidgePenalty(), RidgePenalty(2.5), RidgePenalty(WEIGHTS), Graded(2.0), Absolute(0.5)]
)
def test_the_parts_of_a_penalty_agree(penalty: Penalty) -> None:
    assert complaints(penalty) == []


def test_free_columns_and_dual_feasibility() -> None:
    c = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    assert RidgePenalty(WEIGHTS).free(4).tolist() == [True, False, False, False]
    assert RidgePenalty(WEIGHTS).dual_scale(c).tolist() == [np.inf, 0.0]
    assert NoPenalty().dual_scale(np.zeros((4, 1))).tolist() == [np.inf]
    assert RidgePenalty(1.0).dual_scale(c).tolist() == [np.inf, np.inf]


def test_weights_that_are_none_are_an_error() -> None:
    for weights in (-1.0, np.nan, [1.0, -1.0], [[1.0]], "much"):
        with pytest.raises(gm.ArgumentError, match=r"ridge is [\s\S]*Allowed: (a finite number|finite numbers) >= 0"):
            RidgePenalty(weights)
    X, y = problem()
    with pytest.raises(gm.ArgumentError, match=r"the penalty has 3 weights\nAllowed: 4, one for each column"):
        gm.lstsq(X, y, penalty=RidgePenalty([1.0, 2.0, 3.0]))
    with pytest.raises(gm.ArgumentError, match="leave the intercept out"):
        gm.fit("y ~ a", {"y": y, "a": X[:, 0]}, penalty=RidgePenalty(np.ones(2)))
    with pytest.raises(gm.ArgumentError, match=r"penalty is 2.0\nAllowed: None, or a value of gm.NoPenalty, gm.RidgePenalty"):
        gm.lstsq(X, y, penalty=2.0)
    with pytest.raises(gm.ArgumentError, match="leave ridge= or penalty= out"):
        gm.lstsq(X, y, ridge=1.0, penalty=RidgePenalty(1.0))


@pytest.mark.parametrize("method", ["auto", *SOLVERS])
def test_every_method_meets_the_optimality_condition_of_weights_by_column(method: str) -> None:
    X, y = problem()
    found = gm.lstsq(X, y, method, penalty=RidgePenalty(WEIGHTS))
    exact = np.linalg.solve(X.T @ X + np.diag(WEIGHTS), X.T @ y)
    digits = min(float(found.certificate.digits[0]), 14.0)
    assert np.linalg.norm(found.coef - exact) <= 10.0**-digits * np.linalg.norm(exact) * 3
    if found.status.ok and digits > 6:
        g = X.T @ (y - X @ found.coef)
        assert np.linalg.norm(RidgePenalty(WEIGHTS).subgradient_distance(g[:, None], found.coef[:, None])) <= 10.0 ** (
            1 - digits
        ) * np.linalg.norm(X.T @ y)


def test_a_sparse_table_and_an_equal_weight_give_the_ridge() -> None:
    X, y = problem()
    same = gm.lstsq(X, y, penalty=RidgePenalty(2.5)).coef
    assert np.array_equal(same, gm.lstsq(X, y, ridge=2.5).coef)
    assert np.allclose(gm.lstsq(X, y, penalty=RidgePenalty(np.full(4, 2.5))).coef, same, rtol=1e-13)
    for method in ("cholesky", "lsmr", "choleskyqr"):
        found = gm.lstsq(sp.csr_array(X), y, method, penalty=RidgePenalty(WEIGHTS), accuracy=10.0)
        assert np.allclose(found.coef, np.linalg.solve(X.T @ X + np.diag(WEIGHTS), X.T @ y), rtol=1e-9)


def test_a_free_column_that_depends_on_a_penalised_one_is_told_apart() -> None:
    X, y = problem()
    X = np.column_stack([X, X[:, 1]])
    weights = np.array([0.0, 0.0, 0.0, 0.0, 2.0])
    found = gm.lstsq(X, y, penalty=RidgePenalty(weights))
    assert found.rank == 5
    assert abs(found.coef[4]) < 1e-12  # all that it could do, the free column does for nothing
    both = gm.lstsq(np.column_stack([X, X[:, 0]]), y, "qr", penalty=RidgePenalty(np.append(weights, 0.0)), rank="drop")
    assert both.rank == 5
    assert [d.column for d in both.dependencies] == [5]


def test_fewer_rows_than_columns_with_some_of_them_free() -> None:
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((4, 9)), rng.standard_normal(4)
    weights = np.array([0.0, 0, 1, 2, 3, 4, 5, 6, 7])
    found = gm.lstsq(X, y, penalty=RidgePenalty(weights))
    g = X.T @ (y - X @ found.coef)
    assert np.max(np.abs(g - weights * found.coef)) <= 1e4 * EPS * np.linalg.norm(X.T @ y)


def test_columns_beyond_the_range_of_squares_keep_their_weights() -> None:
    X, y = problem()
    units = np.array([1e160, 1.0, 1e-3, 1.0])
    found = gm.lstsq(X * units, y, "qr", penalty=RidgePenalty(WEIGHTS * units.clip(max=1.0) ** 2))
    exact = np.linalg.solve(X.T @ X + np.diag(WEIGHTS), X.T @ y)
    assert np.allclose(found.coef * units, exact, rtol=1e-11)


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_families_meet_the_condition(family: Any) -> None:
    X, _ = problem()
    rng = np.random.default_rng(1)
    eta = 0.3 + X @ np.array([0.2, -0.3, 0.1, 0.2])
    y = {"binomial": rng.uniform(size=200) < 1 / (1 + np.exp(-eta)), "poisson": rng.poisson(np.exp(eta)), "gamma": None}[family]
    y = rng.gamma(2.0, np.exp(eta)) if y is None else y.astype(float)
    data = {"y": y, **{f"x{j}": X[:, j] for j in range(4)}}
    for method in ("auto", "lbfgs"):
        found = gm.fit("y ~ x0 + x1 + x2 + x3", data, family=family, method=method, penalty=RidgePenalty(WEIGHTS))
        b = np.asarray(found.estimate.coef)[:, 0]
        eta_hat = b[0] + X @ b[1:]
        mean = 1 / (1 + np.exp(-eta_hat)) if family == "binomial" else np.exp(eta_hat)
        residual = y / mean - 1 if family == "gamma" else y - mean
        tolerance = 1e-8 if method == "auto" else 1e-4
        assert np.max(np.abs(X.T @ residual - WEIGHTS * b[1:])) <= tolerance * np.linalg.norm(X)


@pytest.mark.parametrize("method", ["auto", "lbfgs"])
def test_targets_that_a_free_column_separates_are_an_error(method: str) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((120, 2))
    data = {"y": (X[:, 0] > 0).astype(float), "a": X[:, 0], "b": X[:, 1]}
    with pytest.raises(gm.DataError, match=r"separated|apart"):
        gm.fit("y ~ a + b", data, family="binomial", method=method, penalty=RidgePenalty(np.array([0.0, 1.0])))
    found = gm.fit("y ~ a + b", data, family="binomial", method=method, penalty=RidgePenalty(np.array([1.0, 0.0])))
    assert np.all(np.isfinite(found.estimate.coef))
    assert found.certificate.digits[0] > 4


# ---- a new one, by its file and its line


def test_the_registry_is_public_and_written_down() -> None:
    assert list(PENALTIES) == ["none", "ridge"]
    assert all(getattr(gm, each.__name__) is each and each.name == name for name, each in PENALTIES.items())
    page = (Path(__file__).parents[2] / "docs" / "penalties.md").read_text()
    assert all(f"| {name} | `{value}` | {what} |" in page for name, value, what in penalties_table())


def test_a_new_penalty_is_found_by_messages_and_the_table(registered: None) -> None:
    assert [name for name, _, _ in penalties_table()] == ["none", "ridge", "graded", "absolute"]
    with pytest.raises(gm.ArgumentError, match=r"Graded, .*Absolute"):
        checked_penalty(0.0, "graded")


@pytest.mark.parametrize("method", ["auto", "cholesky", "svd", "cg", "newton"])
def test_a_new_quadratic_penalty_is_fitted_by_every_path(method: str, registered: None) -> None:
    X, y = problem()
    found = gm.lstsq(X, y, method, penalty=Graded(2.0))
    exact = np.linalg.solve(X.T @ X + np.diag(2.0 * np.arange(1, 5)), X.T @ y)
    digits = min(float(found.certificate.digits[0]), 14.0)
    assert np.linalg.norm(found.coef - exact) <= 3 * 10.0**-digits * np.linalg.norm(exact)


def test_a_fit_names_its_penalty(registered: None, tmp_path: Path) -> None:
    X, y = problem()
    fit = gm.fit("y ~ a + b", {"y": y, "a": X[:, 0], "b": X[:, 1]}, penalty=Graded(2.0))
    assert "Graded" in str(fit)
    with pytest.raises(gm.GramianError, match="graded=2 shrinks the coefficients"):
        fit.test("a = 0")
    fit.save(tmp_path / "fit.json")
    assert gm.load(tmp_path / "fit.json").estimate.penalty == "graded=2"


def test_a_penalty_that_no_method_takes_is_refused_by_one_message(registered: None) -> None:
    X, y = problem()
    for method in ("auto", "qr", "lbfgs"):
        with pytest.raises(gm.ArgumentError, match=rf"method='{method}' cannot take the penalty 'absolute'"):
            gm.lstsq(X, y, method, penalty=Absolute(1.0))
    with pytest.raises(gm.ArgumentError, match="cannot take the penalty 'absolute'"):
        gm.fit("y ~ a", {"y": (y > 0).astype(float), "a": X[:, 0]}, family="binomial", penalty=Absolute(1.0))


def test_a_plan_refuses_the_methods_that_cannot_take_a_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    """One solver that takes it, the others refused with the reason."""
    from dataclasses import replace

    from gramian import solvers
    from gramian.planning import Machine, choose
    from gramian.problem.facts import Facts

    one = SOLVERS["gradient"]
    taking = replace(one, traits=replace(one.traits, penalties=lambda kind: True))
    monkeypatch.setitem(solvers.REGISTRY, "gradient", taking)
    facts = Facts(1000, 5, 1, None, False, False, True, True).penalised(Absolute(1.0))
    plan = choose(facts, Machine(), "auto", 1)
    assert plan.method == "gradient"
    refused = {c.name: c.refused for c in plan.candidates if c.refused}
    assert refused["qr"] == "cannot take the penalty 'absolute'"
    with pytest.raises(gm.ArgumentError, match=r"method='qr' cannot take the penalty 'absolute'\nMethods that can: gradient\n"):
        choose(facts, Machine(), "qr", 1)
    assert Wanted(Absolute(1.0), "drop").penalty.kind == facts.penalty
