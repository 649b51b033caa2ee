"""No method is another in disguise: its first iterates equal its written recurrence, and its passes are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
from gramian.problem.solution import Status
from gramian.solvers.adaptive import adagrad, adam, rmsprop
from gramian.solvers.gradient import gradient
from gramian.solvers.iterate import Minimiser, Run, run
from gramian.solvers.lbfgs import LBFGS
from gramian.solvers.momentum import momentum
from gramian.solvers.nesterov import nesterov
from gramian.solvers.newton import Newton
from gramian.solvers.state import Stop
from gramian.solvers.step_sizes import Backtracking, BarzilaiBorwein, ExactLine, FixedStep

RNG = np.random.default_rng(3)
X = RNG.standard_normal((12, 3)) * [1.0, 2.0, 0.5]
Y = X @ [1.0, -2.0, 3.0] + RNG.standard_normal(12)
M = len(Y)
H = X.T @ X / M
EIGENVALUES = np.linalg.eigvalsh(H)
L, MU = float(EIGENVALUES[-1]), float(EIGENVALUES[0])
STEP = 0.1


def J(b: np.ndarray) -> float:
    return float(np.sum((X @ b - Y) ** 2)) / (2 * M)


def g(b: np.ndarray) -> np.ndarray:
    return X.T @ (X @ b - Y) / M


# ---- the recurrences, as they are written in the papers


def gradient_descent(step: float) -> Iterator[np.ndarray]:
    x = np.zeros(3)
    while True:
        yield x
        x = x - step * g(x)


def exact() -> Iterator[np.ndarray]:
    x = np.zeros(3)
    while True:
        yield x
        d = g(x)
        x = x - (d @ d) / (d @ H @ d) * d


def backtracking() -> Iterator[np.ndarray]:
    x = np.zeros(3)
    while True:
        yield x
        d, step = g(x), 1.0
        while J(x - step * d) > J(x) - 0.5 * step * d @ d:
            step /= 2
        x = x - step * d


def barzilai_borwein() -> Iterator[np.ndarray]:
    x = np.zeros(3)
    yield x
    d = g(x)
    after = x - (d @ d) / (d @ H @ d) * d
    while True:
        yield after
        s, y = after - x, g(after) - g(x)
        x, after = after, after - (s @ s) / (s @ y) * g(after)


def heavy_ball(step: float, beta: float) -> Iterator[np.ndarray]:
    x, before = np.zeros(3), np.zeros(3)
    while True:
        yield x
        x, before = x - step * g(x) + beta * (x - before), x


def accelerated(step: float, beta: float) -> Iterator[np.ndarray]:
    x = y = np.zeros(3)
    while True:
        yield y
        after = y - step * g(y)
        y, x = after + beta * (after - x), after


def accelerated_sequence(step: float) -> Iterator[np.ndarray]:
    x, y, t = np.zeros(3), np.zeros(3), 1.0
    while True:
        yield y
        after, later = y - step * g(y), (1 + np.sqrt(1 + 4 * t * t)) / 2
        y, x, t = after + (t - 1) / later * (after - x), after, later


def ada_grad(step: float) -> Iterator[np.ndarray]:
    x, v = np.zeros(3), np.zeros(3)
    while True:
        yield x
        v = v + g(x) ** 2
        x = x - step * g(x) / (np.sqrt(v) + 1e-8)


def rms_prop(step: float) -> Iterator[np.ndarray]:
    x, v = np.zeros(3), np.zeros(3)
    while True:
        yield x
        v = 0.9 * v + 0.1 * g(x) ** 2
        x = x - step * g(x) / (np.sqrt(v) + 1e-8)


def adam_kingma_ba(step: float) -> Iterator[np.ndarray]:
    x, m, v, k = np.zeros(3), np.zeros(3), np.zeros(3), 0
    while True:
        yield x
        k += 1
        m, v = 0.9 * m + 0.1 * g(x), 0.999 * v + 0.001 * g(x) ** 2
        x = x - step * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)


def bfgs(first: float) -> Iterator[np.ndarray]:
    """With three parameters and all pairs kept, L-BFGS is BFGS from H_0 = s'y/y'y I, rebuilt at every step."""
    x = np.zeros(3)
    yield x
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    while True:
        B = np.eye(3)
        if pairs:
            s, y = pairs[-1]
            B = (s @ y) / (y @ y) * np.eye(3)
        for s, y in pairs:
            V = np.eye(3) - np.outer(y, s) / (s @ y)
            B = V.T @ B @ V + np.outer(s, s) / (s @ y)
        d = -B @ g(x)
        step = 1.0 if pairs else first
        ok = J(x + step * d) <= J(x) + 1e-4 * step * g(x) @ d and g(x + step * d) @ d >= 0.9 * g(x) @ d
        step = step if ok else -(g(x) @ d) / (d @ H @ d)
        pairs.append((step * d, g(x + step * d) - g(x)))
        x = x + step * d
        yield x


def newton_raphson() -> Iterator[np.ndarray]:
    x = np.zeros(3)
    while True:
        yield x
        x = x - np.linalg.inv(H) @ g(x)


def taken(iterates: Iterator[np.ndarray], count: int = 4) -> np.ndarray:
    return np.array([x for x, _ in zip(iterates, range(count), strict=False)])


PUBLISHED: dict[str, Callable[[], Iterator[np.ndarray]]] = {
    "gradient": lambda: gradient_descent(STEP),
    "momentum": lambda: heavy_ball(STEP, 0.9),
    "nesterov": lambda: accelerated(STEP, 0.9),
    "adagrad": lambda: ada_grad(STEP),
    "rmsprop": lambda: rms_prop(STEP),
    "adam": lambda: adam_kingma_ba(STEP),
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_a_step_of_ones_own_is_the_published_rule_on_a_function(method: str) -> None:
    found = gm.minimize(J, np.zeros(3), g, method=method, step=STEP, max_iter=3, path=True)
    np.testing.assert_allclose(found.path, taken(PUBLISHED[method]()), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("method", PUBLISHED)
def test_a_step_of_ones_own_is_the_published_rule_on_rows(method: str) -> None:
    found = gm.lstsq(X, Y, method, step=STEP, max_iter=3, path=True)
    np.testing.assert_allclose(found.path, taken(PUBLISHED[method]()), rtol=1e-12, atol=1e-14)


def rows_objective() -> LinearObjective:
    rows = ArrayRows.of(X, Y)
    return LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty(), standardise=False)


K = np.sqrt(L / MU)
BETA_NESTEROV = (np.sqrt(L) - np.sqrt(MU)) / (np.sqrt(L) + np.sqrt(MU))
DEFAULTS: dict[str, tuple[Minimiser, Iterator[np.ndarray]]] = {
    "gradient, 1/L": (gradient(), gradient_descent(1 / L)),
    "gradient, exact": (gradient(ExactLine()), exact()),
    "gradient, backtracking": (gradient(Backtracking()), backtracking()),
    "gradient, Barzilai-Borwein": (gradient(BarzilaiBorwein()), barzilai_borwein()),
    "momentum, optimal": (momentum(), heavy_ball(4 / (np.sqrt(L) + np.sqrt(MU)) ** 2, ((K - 1) / (K + 1)) ** 2)),
    "nesterov, L and mu": (nesterov(), accelerated(1 / L, BETA_NESTEROV)),
    "newton": (Newton(), newton_raphson()),
    "lbfgs": (LBFGS(), bfgs(1 / np.linalg.norm(g(np.zeros(3))))),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_first_three_iterates_are_those_of_the_recurrence(name: str) -> None:
    method, recurrence = DEFAULTS[name]
    found = run(method, rows_objective(), Stop(gradient=None, max_iter=3), path=True)
    assert found.path is not None
    # The curvature is a bound, widened for rounding: steps from it agree to that.
    np.testing.assert_allclose(found.path[:4, :, 0], taken(recurrence, len(found.path[:4])), rtol=1e-11, atol=1e-12)
    assert len(found.path) == 4 or name == "newton"


class Unknown:
    """The objective of the rows, saying only that it is convex: mu = 0."""

    def __init__(self, inner: LinearObjective) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def curvature(self) -> object:
        return type(self._inner.curvature())(L, 0.0, L)


def test_nesterov_without_mu_uses_the_sequence_t() -> None:
    found = run(nesterov(), Unknown(rows_objective()), Stop(gradient=None, max_iter=3), path=True)
    assert found.path is not None
    np.testing.assert_allclose(found.path[:, :, 0], taken(accelerated_sequence(1 / L)), rtol=1e-12)


@pytest.mark.parametrize("make", [adagrad, rmsprop, adam])
def test_adaptive_rules_without_a_step_lower_j_every_time(make: Callable[[], Minimiser]) -> None:
    found = run(make(), rows_objective(), Stop(gradient=1e-9))
    assert found.status is Status.CONVERGED
    values = [record.value for record in found.history]
    assert all(b <= a + 1e-14 for a, b in pairwise(values))


# ---- passes are counted


def passes(method: Minimiser, iterations: int) -> float:
    objective = rows_objective()
    objective.curvature()
    found: Run = run(method, objective, Stop(gradient=None, max_iter=iterations))
    assert found.stats.iterations == iterations
    return found.stats.passes


@pytest.mark.parametrize("method", [gradient(), gradient(FixedStep(0.1)), momentum(), nesterov(), adagrad(), rmsprop()])
def test_a_gradient_step_costs_one_pass(method: Minimiser) -> None:
    few, more = passes(method, 2), passes(method, 7)
    assert (few, more) == (3, 8)  # one gradient at the start, one a step


@pytest.mark.parametrize("method", [gradient(ExactLine()), gradient(Backtracking()), adam()])
def test_a_line_costs_one_pass_however_many_trials(method: Minimiser) -> None:
    assert passes(method, 5) == 1 + 5 * 2


def test_evaluations_of_a_function_are_counted() -> None:
    calls = 0

    def fun(x: np.ndarray) -> float:
        nonlocal calls
        calls += 1
        return J(x)

    def grad(x: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return g(x)

    for method in ("gradient", "lbfgs", "newton", "adam"):
        calls = 0
        found = gm.minimize(fun, np.zeros(3), grad, method=method)
        assert found.stats.passes == calls
        assert found.history[-1].passes == calls
