"""A part of the rows as proof: the matrix is below the Hessian, and the bounds hold against exact solutions."""

from __future__ import annotations

import numpy as np
import pytest

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives import hessian_lower_bound as floors
from gramian.objectives.hessian_lower_bound import HessianLowerBound, hessian_lower_bound
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.solvers import SOLVERS

SEEDED = [name for name, solver in SOLVERS.items() if solver.traits.seeded]


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "WORK", 0.0)
    monkeypatch.setattr(floors, "LEAST", 10)


def table(m: int = 4000, n: int = 5, spread: float = 10.0, seed: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)) @ np.diag(np.geomspace(1.0, spread, n)) + rng.standard_normal((m, 1))
    return X, X @ rng.standard_normal(n) + 3.0 * rng.standard_normal(m), rng.uniform(0.2, 5.0, m)


def view_of(
    X: np.ndarray, y: np.ndarray, w: np.ndarray | None = None, ridge: float = 0.0, centred: bool = False
) -> LinearObjective:
    rows = ArrayRows.of(X, y, weights=w, centred=centred)
    return LinearObjective.of(rows, Threads(2), FAMILIES["gaussian"], RidgePenalty(ridge))


def matrix(floor: HessianLowerBound) -> np.ndarray:
    return (floor.vectors * floor.values) @ floor.vectors.T


@pytest.mark.parametrize("ridge", [0.0, 40.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_it_lies_below_the_hessian(ridge: float, weighted: bool, centred: bool) -> None:
    X, y, w = table()
    view = view_of(X, y, w if weighted else None, ridge, centred)
    floor = hessian_lower_bound(view)
    assert floor is not None
    assert floor.rows < 4000 / 8
    assert 0 < floor.share < 0.2
    H = view.hessian(view.start())[0]
    assert np.all(np.linalg.eigvalsh(H - matrix(floor)) > 0)
    # In the mean it is the share of the Hessian that its rows are.
    assert np.linalg.eigvalsh(matrix(floor))[-1] >= 0.5 * floor.share * np.linalg.eigvalsh(H)[-1]


def test_a_sorted_table_is_seen_from_end_to_end() -> None:
    X, y, _ = table(60_000)
    X[:, 0] = np.sort(X[:, 0])
    X[:-10_000, 1] = 0.0
    view = view_of(X, y)
    floor = hessian_lower_bound(view)
    assert floor is not None
    assert floor.values[0] > 0.2 * floor.share * np.linalg.eigvalsh(view.hessian(view.start())[0])[0]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_and_the_distance_are_bounded(seed: int) -> None:
    X, y, w = table(seed=seed)
    view = view_of(X, y, w)
    floor = hessian_lower_bound(view)
    assert floor is not None
    H, g0 = view.hessian(view.start())[0], view.gradient(view.start())[1]
    best = -np.linalg.solve(H, g0)
    theta = best + 0.1 * np.random.default_rng(seed).standard_normal(best.shape)
    value, g = view.gradient(theta)
    left = floor.left(g)
    true = value - view.gradient(best)[0]
    assert 0 < true <= left[0]
    assert left[0] <= 4 * true / floor.share
    assert np.all(np.abs(theta - best) <= floor.reach(left))
    # An error of the gradient may hide a larger one.
    assert floor.left(0 * g, np.linalg.norm(g, axis=0))[0] >= true


def test_there_is_none_for_few_rows_or_columns_that_depend() -> None:
    X, y, _ = table()
    assert hessian_lower_bound(view_of(X[:30], y[:30])) is None
    assert hessian_lower_bound(view_of(np.column_stack([X, X[:, 0] - X[:, 1]]), y)) is None
    X[:, 2] = 0.0
    X[1234, 2] = 1.0
    assert hessian_lower_bound(view_of(X, y)) is None  # the one row that tells column 2 is not among those read


@pytest.mark.parametrize("name", SEEDED)
@pytest.mark.parametrize("share", [1e-2, 1e-4])
def test_a_suboptimality_proven_by_a_part_holds(name: str, share: float) -> None:
    X, y, w = table(20_000)
    settings = {} if name in ("sgd", "saga") else {"batch": 16}
    found = gm.lstsq(X, y, name, weights=w, suboptimality=share, **settings)
    best = gm.lstsq(X, y, weights=w).coef

    def J(b: np.ndarray) -> float:
        return float(w @ (y - X @ b) ** 2) / (2 * w.sum())

    left, possible = J(found.coef) - J(best), J(0 * best) - J(best)
    assert found.trusted
    assert any("columns are independent" in note for note in found.notes)
    assert left <= share * possible
    assert left <= found.certificate.gap[0] <= share * possible
    assert np.all(np.abs(found.coef - best) <= found.certificate.forward_bound[:, 0])


def test_what_was_not_reached_is_not_trusted() -> None:
    X, y, _ = table(20_000, spread=300.0)
    found = gm.lstsq(X, y, "sgd", suboptimality=1e-9, max_iter=1)
    assert not found.trusted
    best = gm.lstsq(X, y).coef
    left = float(np.mean((y - X @ found.coef) ** 2) - np.mean((y - X @ best) ** 2)) / 2
    assert left <= found.certificate.gap[0]


def test_a_digit_asked_for_still_reads_all_rows() -> None:
    X, y, _ = table(20_000)
    found = gm.lstsq(X, y, "sgd", accuracy=2.0)
    assert found.rank == 5
    assert not any("columns are independent" in note for note in found.notes)
