"""What the four source texts say of descent and of Newton's method: their numbers, and what holds of their statements.

Each test is named after the row of the table of statements. Where a statement does not hold, the test shows what does.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives.derivatives import directional_derivative
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
from gramian.problem.solution import Status
from gramian.solvers.gradient import gradient
from gramian.solvers.iterate import run
from gramian.solvers.lbfgs import LBFGS
from gramian.solvers.momentum import momentum
from gramian.solvers.nesterov import nesterov
from gramian.solvers.newton import Newton
from gramian.solvers.smooth import methods, smooth
from gramian.solvers.state import Stop
from gramian.solvers.step_sizes import FixedStep
from shared_data import table

RNG = np.random.default_rng(11)
X = np.column_stack([np.ones(50), RNG.standard_normal((50, 3)) * [1.0, 3.0, 0.5]])
Y = X @ [2.0, 1.0, -1.0, 4.0] + RNG.standard_normal(50)
M = len(Y)
H = X.T @ X / M
L, MU = float(np.linalg.eigvalsh(H)[-1]), float(np.linalg.eigvalsh(H)[0])
BEST = np.linalg.lstsq(X, Y)[0]


def J(b: np.ndarray) -> float:
    return float(np.sum((X @ b - Y) ** 2)) / (2 * M)


def g(b: np.ndarray) -> np.ndarray:
    return X.T @ (X @ b - Y) / M


def view(X: np.ndarray, Y: np.ndarray, standardise: bool = False) -> LinearObjective:
    rows = ArrayRows.of(X, Y, centred=standardise)
    return LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty(), standardise=standardise)


# ---- 4: Newton-Raphson for f(x) = 0


def test_row_4_newton_raphson_solves_an_equation_from_an_initial_guess() -> None:
    found = gm.root(lambda x: x**2 - 4 * x + 3, 0.0, lambda x: 2 * x - 4, path=True)
    assert found.path is not None
    x = 0.0
    for iterate in found.path[:5]:
        assert iterate == pytest.approx(x, rel=1e-15)
        x = x - (x**2 - 4 * x + 3) / (2 * x - 4)
    assert found.x == pytest.approx(1.0)


# ---- 5: Newton on J


def test_row_5_newton_lands_on_least_squares_in_one_iteration_from_anywhere() -> None:
    for start in (np.zeros(4), np.full(4, 1e3), RNG.standard_normal(4)):
        found = run(Newton(), view(X, Y), Stop(gradient=None, max_iter=1), theta=start[:, None])
        np.testing.assert_allclose(found.theta[:, 0], BEST, rtol=1e-11)
    direct = gm.lstsq(X, Y, "cholesky")
    np.testing.assert_allclose(gm.lstsq(X, Y, "newton", max_iter=1).coef, direct.coef, rtol=1e-12)


def exact_solution(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The normal equations of these floats, in rational numbers."""
    rows = [[Fraction(float(x)) for x in row] for row in X]
    y = [Fraction(float(value)) for value in Y]
    n = X.shape[1]
    A = [[sum(row[i] * row[j] for row in rows) for j in range(n)] for i in range(n)]
    c = [sum(row[i] * value for row, value in zip(rows, y, strict=True)) for i in range(n)]
    for i in range(n):
        for k in range(i + 1, n):
            ratio = A[k][i] / A[i][i]
            A[k] = [a - ratio * b for a, b in zip(A[k], A[i], strict=True)]
            c[k] -= ratio * c[i]
    b = [Fraction(0)] * n
    for i in reversed(range(n)):
        b[i] = (c[i] - sum(A[i][j] * b[j] for j in range(i + 1, n))) / A[i][i]
    return np.array([float(value) for value in b])


def test_row_5_a_second_newton_step_restores_digits_and_does_not_beat_least_squares() -> None:
    rng = np.random.default_rng(0)
    U = np.linalg.qr(rng.standard_normal((40, 4)))[0]
    V = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    ill = (U * np.geomspace(1, 1e-6, 4)) @ V.T
    y = ill @ np.ones(4) + 1e-3 * rng.standard_normal(40)
    truth = exact_solution(ill, y)
    errors = []
    for steps in (1, 2, 3):
        found = run(Newton(), view(ill, y), Stop(gradient=None, max_iter=steps))
        errors.append(float(np.linalg.norm(found.theta[:, 0] - truth) / np.linalg.norm(truth)))
    first, second, third = errors
    assert first > 1e-7  # kappa^2 eps = 2e-4 at worst
    assert second < 1e-2 * first
    assert third < 1e-9
    # All of them are the same minimum: J cannot be beaten, only its digits are restored.
    values = [run(Newton(), view(ill, y), Stop(gradient=None, max_iter=steps)).value for steps in (1, 2)]
    assert values[1] == pytest.approx(values[0], rel=1e-6)
    assert values[1] <= values[0] * (1 + 1e-14)


def test_row_5_newton_is_not_one_step_where_j_is_no_parabola() -> None:
    found = gm.minimize(lambda x: np.exp(x) - 2 * x, 0.0, lambda x: np.exp(x) - 2, np.exp, "newton")
    assert found.x == pytest.approx(np.log(2))
    assert found.stats.iterations > 1


# ---- 7: gradients


def test_row_7_the_slope_of_x_squared_at_2() -> None:
    assert directional_derivative(lambda x: x**2, 2.0, 1.0, lambda x: 2 * x) == 4.0
    assert directional_derivative(lambda x: x**2, 2.0, 1.0) == pytest.approx(4.0, rel=1e-10)
    found = gm.minimize(lambda x: x**2, 2.0, lambda x: 2 * x, check_gradient=True, method="gradient", step=0.1, path=True)
    assert found.history[0].value == 4.0
    assert found.history[0].gradient == 4.0


def test_row_7_partial_derivatives_make_the_gradient_and_all_directional_derivatives() -> None:
    at = np.array([0.5, -1.0, 2.0, 0.1])
    for j, e in enumerate(np.eye(4)):
        assert directional_derivative(J, at, e) == pytest.approx(g(at)[j], rel=1e-8)
    for u in RNG.standard_normal((20, 4)):
        assert directional_derivative(J, at, u) == pytest.approx(u @ g(at), rel=1e-7, abs=1e-8)


def test_row_7_steepest_descent_is_against_the_gradient() -> None:
    at = np.array([0.5, -1.0, 2.0, 0.1])
    steepest = -g(at) / np.linalg.norm(g(at))
    lowest = directional_derivative(J, at, steepest, g)
    assert lowest == pytest.approx(-np.linalg.norm(g(at)), rel=1e-14)
    for u in RNG.standard_normal((200, 4)):
        assert directional_derivative(J, at, u / np.linalg.norm(u), g) >= lowest


def test_row_7_all_partial_derivatives_are_zero_at_the_minimum() -> None:
    assert np.max(np.abs(g(BEST))) < 1e-13


# ---- 8, 24: gradient descent


def test_row_8_one_iteration_on_the_exercise() -> None:
    found = gm.minimize(
        lambda x: x**2 - 4 * x + 5, 0.0, lambda x: 2 * x - 4, method="gradient", step=0.1, max_iter=1, path=True
    )
    assert found.path is not None
    assert found.path.tolist() == [0.0, 0.4]


def test_row_24_the_step_is_right_and_the_new_error_is_impossible_for_a_convex_function() -> None:
    W, slope, f, step = np.array([1.0, 2.0]), np.array([2.5, -1.2]), 10.5, 0.1

    def tangent(w: np.ndarray) -> float:
        return f + slope @ (w - W)

    found = gm.minimize(tangent, W, lambda w: slope, method="gradient", step=step, max_iter=1)
    np.testing.assert_allclose(found.x, [0.75, 2.12], rtol=1e-15)
    # A convex function lies above its tangent: f_new >= 10.5 - 0.1 * 7.69, and 9.3 is below.
    assert found.fun == pytest.approx(9.731, rel=1e-14)
    assert slope @ slope == pytest.approx(7.69)
    assert found.fun > 9.3


def test_row_8_many_small_steps_reach_the_exact_solution() -> None:
    found = gm.lstsq(X, Y, "gradient", step=1 / L, max_iter=5000)
    np.testing.assert_allclose(found.coef, BEST, rtol=1e-7)


# ---- 9: the fixed learning rate


def iterations(step: float) -> int:
    found = run(gradient(FixedStep(step)), view(X, Y), Stop(gradient=1e-4))
    assert found.status is Status.CONVERGED
    return found.stats.iterations


def test_row_9_too_small_is_slow_in_proportion() -> None:
    slow, slower = iterations(0.02), iterations(0.002)
    assert slower / slow == pytest.approx(10, rel=0.1)


def test_row_9_the_bound_is_2_over_l_sharply() -> None:
    below = run(gradient(FixedStep(1.99 / L)), view(X, Y), Stop(gradient=1e-8))
    assert below.status is Status.CONVERGED
    np.testing.assert_allclose(below.theta[:, 0], BEST, rtol=1e-6)
    above = run(gradient(FixedStep(2.01 / L)), view(X, Y), Stop(gradient=1e-12))
    assert above.status is Status.DIVERGED
    assert f"2/L = {2 / L:.6g}" in above.sentence
    assert above.stats.iterations < 5000


def test_row_9_overshooting_below_the_bound_still_converges() -> None:
    found = gm.minimize(lambda x: x**2, 1.0, lambda x: 2 * x, method="gradient", step=0.9, path=True)
    assert found.success
    assert found.path is not None
    assert all(a * b < 0 for a, b in pairwise(found.path[:20]))  # from side to side of the minimum


def test_row_9_no_single_number_suits_raw_columns() -> None:
    """0.01 diverges on California housing as it is; the step from the curvature needs no choice."""
    data = np.genfromtxt(table("california_housing.csv"), delimiter=",", skip_header=1, usecols=range(9))
    data = data[np.isfinite(data).all(axis=1)]
    for step in (0.01, 0.001):
        found = run(gradient(FixedStep(step)), view(data[:, :8], data[:, 8]), Stop(max_iter=1000))
        assert found.status is Status.DIVERGED
        assert "largest stable step is 2/L" in found.sentence
    default = run(gradient(), view(data[:, :8], data[:, 8], standardise=True), Stop(gradient=1e-5))
    assert default.status is Status.CONVERGED


# ---- 10, 11: exact line search and backtracking


def test_row_10_the_exact_step_is_the_minimum_along_the_line() -> None:
    found = gm.lstsq(X, Y, "gradient", step="exact", max_iter=1, path=True)
    assert found.path is not None
    start, after = found.path[0], found.path[1]
    epsilon = np.linalg.norm(after - start) / np.linalg.norm(g(start))
    assert g(after) @ g(start) == pytest.approx(0.0, abs=1e-12 * float(g(start) @ g(start)))
    for other in epsilon * np.array([0.5, 0.9, 1.1, 2.0]):
        assert J(start - other * g(start)) > J(after)


def test_row_11_backtracking_starts_at_1_and_halves() -> None:
    found = gm.minimize(J, np.zeros(4), g, method="gradient", step="backtracking", max_iter=50)
    for record in found.history[1:]:
        power = np.log2(record.step)
        assert power == round(power) <= 0
    assert all(b.value < a.value for a, b in pairwise(found.history))


# ---- 12, 13: adaptive rules and momentum


@pytest.mark.parametrize("method", ["adam", "rmsprop", "adagrad"])
def test_row_12_adaptive_rules_reach_the_optimum_with_nothing_to_tune(method: str) -> None:
    found = run(smooth(method), view(X, Y, standardise=False), Stop(gradient=1e-9))
    assert found.status is Status.CONVERGED
    np.testing.assert_allclose(found.theta[:, 0], BEST, rtol=1e-7)


@pytest.mark.parametrize("method", ["adam", "rmsprop"])
def test_row_12_a_constant_step_does_not_handle_itself_it_circles_around_the_minimum(method: str) -> None:
    found = gm.minimize(J, np.zeros(4), g, method=method, step=0.1, max_iter=3000)
    nearer = gm.minimize(J, np.zeros(4), g, method=method, step=0.01, max_iter=3000)
    if method == "rmsprop":
        assert not found.success
        assert np.linalg.norm(found.x - BEST) > 0.01
    assert np.linalg.norm(nearer.x - BEST) < 0.05


def test_row_13_momentum_needs_the_root_of_the_condition_number() -> None:
    scaled = X * [1.0, 1.0, 1.0, 0.2]
    counts = [run(method, view(scaled, Y), Stop(gradient=1e-8)).stats.iterations for method in (gradient(), momentum())]
    k = np.linalg.cond(scaled)
    # The error falls by (k - 1)/(k + 1) a step, after a start that may cost a factor k^2.
    assert counts[1] < 0.5 * k * np.log(1e8 * k**2)
    assert counts[1] < counts[0] / 10


# ---- 16: several minima


def test_row_16_without_convexity_a_minimum_may_be_a_local_one() -> None:
    def fun(x: float) -> float:
        return np.cos(3 * x) + 0.1 * x**2

    starts = np.linspace(-4, 4, 9) + 0.1
    values = {round(gm.minimize(fun, float(start)).fun, 6) for start in starts}
    assert len(values) > 1


def test_row_16_a_small_neural_network_trains_and_depends_on_its_start() -> None:
    t = np.linspace(-2, 2, 40)
    target = np.sin(2 * t)

    def fun(w: np.ndarray) -> float:
        a, b, c = w.reshape(3, 3)
        return float(np.mean((np.tanh(np.outer(t, a) + b) @ c - target) ** 2))

    found = [gm.minimize(fun, np.random.default_rng(seed).standard_normal(9), tol=1e-4, max_iter=400) for seed in range(4)]
    assert all(each.fun < each.history[0].value for each in found)
    assert max(each.fun for each in found) > 1.5 * min(each.fun for each in found)


# ---- 19: convexity


def test_row_19_every_convergent_method_reaches_the_same_j() -> None:
    best = J(BEST)
    for name in methods():
        for standardise in (False, True):
            # In its own coordinates the intercept is a column of ones; centred, it is found beside the others.
            data = X[:, 1:] if standardise else X
            found = run(smooth(name), view(data, Y, standardise), Stop(gradient=1e-8))
            assert found.status is Status.CONVERGED, name
            assert found.value == pytest.approx(best, rel=1e-12), name


def test_row_19_on_real_tables_too() -> None:
    data = np.loadtxt(table("winequality-red.csv"), delimiter=",", skiprows=1)
    at = view(data[:, :-1], data[:, -1], standardise=True)
    methods = (Newton(), LBFGS(), nesterov(), momentum(), gradient())
    values = [run(method, at, Stop(gradient=1e-8)).value for method in methods]
    # J - J* <= ||g||^2 / (2 mu), with ||g|| <= 1e-8 of the first one
    first = float(np.linalg.norm(at.gradient(at.start())[1]))
    np.testing.assert_allclose(values, values[0], atol=(1e-8 * first) ** 2 / (2 * at.curvature().mu) + 1e-14)


def test_row_19_convergence_is_not_guaranteed_whatever_the_step() -> None:
    with pytest.warns(gm.GramianWarning, match="diverged"):
        found = gm.lstsq(X, Y, "gradient", step=3 / L, max_iter=3000)
    assert not found.status.ok


# ---- 20: the cost J


def test_row_20_j_is_1_over_2m_and_its_gradient_has_the_factor_1_over_m() -> None:
    found = gm.lstsq(X, Y, "gradient", step=0.01, max_iter=1, path=True)
    assert found.path is not None
    assert found.history[0].value == pytest.approx(np.sum(Y**2) / (2 * M), rel=1e-14)
    # Neither X'(X theta - y) nor 1/(2m) of it: the factor is 1/m.
    np.testing.assert_allclose(found.path[1], 0.01 * X.T @ Y / M, rtol=1e-13)
    assert found.history[0].gradient == pytest.approx(np.linalg.norm(X.T @ Y / M), rel=1e-13)


def test_row_20_l_and_the_bound_on_the_step_go_with_that_convention() -> None:
    bent = view(X, Y).curvature()
    np.testing.assert_allclose([bent.L, bent.mu], [L, MU], rtol=1e-10)
    assert bent.mu <= MU
    assert bent.L >= L
