"""Step lengths, searches, the loop's verdicts, and the history that it leaves."""

from __future__ import annotations

import numpy as np
import pytest

import gramian as gm
import shared_data
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.problem.solution import Status
from gramian.solvers.adaptive import adagrad, adam, rmsprop
from gramian.solvers.gradient import gradient
from gramian.solvers.iterate import Minimiser, run
from gramian.solvers.lbfgs import LBFGS
from gramian.solvers.momentum import momentum
from gramian.solvers.nesterov import nesterov
from gramian.solvers.newton import Newton
from gramian.solvers.search import armijo, minimum, wolfe
from gramian.solvers.smooth import methods, smooth
from gramian.solvers.state import Stop
from gramian.solvers.step_sizes import NAMED, Backtracking, BarzilaiBorwein, ExactLine

METHODS: dict[str, Minimiser] = {
    "gradient": gradient(),
    "exact": gradient(ExactLine()),
    "backtracking": gradient(Backtracking()),
    "barzilai-borwein": gradient(BarzilaiBorwein()),
    "momentum": momentum(),
    "nesterov": nesterov(),
    "adagrad": adagrad(),
    "rmsprop": rmsprop(),
    "adam": adam(),
    "newton": Newton(),
    "lbfgs": LBFGS(),
}


def table(k: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((300, 5)) @ (np.eye(5) + 0.5 * rng.standard_normal((5, 5)))
    X = X * [1.0, 100.0, 1e-3, 1.0, 1e4] + [0.0, 1e3, 0.0, 5.0, 1e5]
    Y = X @ rng.standard_normal((5, k)) + rng.standard_normal((300, k))
    return X, Y * np.logspace(0, 6, k)


def objective(X: np.ndarray, Y: np.ndarray, loss: str = "gaussian", ridge: float = 0.0) -> LinearObjective:
    return LinearObjective.of(ArrayRows.of(X, Y, centred=True), Threads(1), FAMILIES[loss], RidgePenalty(ridge), standardise=True)


# ---- every method, on every kind of objective


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("k", [1, 3])
def test_defaults_reach_the_optimum_of_a_badly_scaled_table(name: str, k: int) -> None:
    X, Y = table(k)
    view = objective(X, Y)
    found = run(METHODS[name], view, Stop(gradient=1e-7))
    assert found.status is Status.CONVERGED, found.sentence
    g0, g1 = view.gradient(view.start())[1], view.gradient(found.theta)[1]
    assert np.all(np.linalg.norm(g1, axis=0) <= 1.1e-7 * np.linalg.norm(g0, axis=0))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("loss", ["binomial", "poisson"])
def test_defaults_reach_the_optimum_of_a_likelihood(name: str, loss: str) -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((400, 3)) * [1.0, 30.0, 0.1] + [0, 100, 0]
    eta = 0.3 + (X - [0, 100, 0]) @ [0.5, -0.02, 3.0]
    y = (rng.random(400) < 1 / (1 + np.exp(-eta))) * 1.0 if loss == "binomial" else rng.poisson(np.exp(eta)) * 1.0
    view = objective(X, y[:, None], loss)
    found = run(METHODS[name], view, Stop(gradient=1e-7))
    assert found.status is Status.CONVERGED, found.sentence
    exact = run(Newton(), view, Stop(gradient=1e-12))
    np.testing.assert_allclose(found.theta, exact.theta, atol=1e-5)


@pytest.mark.parametrize("step", [*NAMED, 1e-3])
@pytest.mark.parametrize("method", methods())
def test_every_rule_goes_with_every_length_or_says_why_not(method: str, step: float | str) -> None:
    X, Y = table()
    view = objective((X - X.mean(0)) / X.std(0), Y / np.std(Y))
    searches = method in ("newton", "lbfgs")
    if searches or (step == "barzilai-borwein" and method != "gradient"):
        with pytest.raises(gm.ArgumentError, match="Hint:"):
            smooth(method, step)
        return
    made = smooth(method, step)
    found = run(made, view, Stop(gradient=1e-2, max_iter=3_000))
    slow = step == 1e-3  # published rules with a small step: only downwards
    assert found.status is Status.CONVERGED or (slow and found.value < found.history[0].value), found.sentence


def test_a_ridge_enters_every_method_alike() -> None:
    X, Y = table()
    view = objective(X, Y, ridge=7.0)
    answers = [run(method, view, Stop(gradient=1e-9)).theta for method in METHODS.values()]
    for answer in answers:
        np.testing.assert_allclose(answer, answers[0], rtol=1e-6, atol=1e-7 * np.max(np.abs(answers[0])))


TABLES = {
    "california_housing.csv": (range(8), 8),
    "bike_hour.csv": ([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 16),
    "winequality-red.csv": (range(11), 11),
}


@pytest.mark.parametrize("name", ["gradient", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "lbfgs"])
@pytest.mark.parametrize("file", TABLES)
def test_raw_columns_of_real_tables_need_no_tuning(file: str, name: str) -> None:
    columns, target = TABLES[file]
    data = np.genfromtxt(shared_data.table(file), delimiter=",", skip_header=1, usecols=[*columns, target])
    data = data[np.isfinite(data).all(axis=1)]
    view = objective(data[:, :-1], data[:, -1:])
    found = run(METHODS[name], view, Stop(gradient=1e-6))
    assert found.status is Status.CONVERGED
    best = run(Newton(), view, Stop(gradient=1e-12)).value
    assert found.value <= best * (1 + 1e-6)


# ---- searches


def bowl(x: np.ndarray) -> float:
    return float(0.5 * (x @ (np.array([1.0, 10.0]) * x)))


def slope(x: np.ndarray) -> np.ndarray:
    return np.array([1.0, 10.0]) * x


START = np.array([3.0, 4.0])


class Parabola:
    """(step - 1)^2 - 1, so that the slope at 0 is -2."""

    exact_step = None
    calls = 0

    def value(self, step: float) -> float:
        self.calls += 1
        return (step - 1) ** 2 - 1

    def slope(self, step: float) -> float:
        return 2 * (step - 1)


def test_searches_find_what_they_promise() -> None:
    line = Parabola()
    assert armijo(line, 0.0, -2.0, 8.0, 0.5, 0.5) == 1.0  # 8, 4, 2 are too long: with c = 1/2 no longer than the minimum
    assert line.calls == 4
    assert minimum(line, -2.0, 1e-3) == pytest.approx(1.0, abs=1e-12)
    step = wolfe(line, 0.0, -2.0, 1e-3)
    assert line.value(step) <= 1e-4 * step * -2
    assert line.slope(step) >= 0.9 * -2


def test_a_search_that_cannot_succeed_gives_up() -> None:
    class Uphill(Parabola):
        def value(self, step: float) -> float:
            return step

        def slope(self, step: float) -> float:
            return 1.0

    assert np.isnan(armijo(Uphill(), 0.0, -1.0, 1.0, 0.5, 0.5))
    wrong = gm.minimize(lambda x: x @ x, START, lambda x: -2 * x, method="gradient")
    assert wrong.status is Status.LINE_SEARCH_FAILED


def test_steps_that_are_no_steps_are_refused() -> None:
    for bad in (0.0, -1.0, np.nan, np.inf, True, [0.1]):
        with pytest.raises(gm.ArgumentError, match="step is"):
            gm.minimize(bowl, START, slope, method="gradient", step=bad)
    with pytest.raises(gm.ArgumentError, match="did you mean 'backtracking'"):
        gm.minimize(bowl, START, slope, method="gradient", step="backtrack")
    able = r"\nMethods that can: gradient, momentum, nesterov, adagrad, rmsprop, adam\nHint: pass method='gradient'"
    for method in ("lbfgs", "newton"):
        for step in (0.1, "exact"):
            with pytest.raises(gm.ArgumentError, match=f"method='{method}' cannot take a step{able}"):
                gm.minimize(bowl, START, slope, method=method, step=step)
    with pytest.raises(gm.ArgumentError, match=r"cannot take step='barzilai-borwein'\nMethods that can: gradient\n"):
        gm.minimize(bowl, START, slope, method="adam", step="barzilai-borwein")
    with pytest.raises(gm.ArgumentError, match=r"method='saga' cannot minimise a function that a user gives\nMethods"):
        gm.minimize(bowl, START, slope, method="saga")
