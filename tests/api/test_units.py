"""gm.minimize and gm.root in any units: f scaled and shifted, x scaled, as a whole and coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import gramian as gm

A = np.random.default_rng(1).standard_normal((30, 2))


@dataclass(frozen=True)
class Case:
    """A function, its gradient, a start; `truth` is found by Newton's method in plain units and checked."""

    fun: Callable[[np.ndarray], float]
    grad: Callable[[np.ndarray], np.ndarray]
    start: tuple[float, float]

    @property
    def truth(self) -> np.ndarray:
        x = gm.minimize(self.fun, self.start, self.grad, method="newton", tol=1e-12).x
        assert np.linalg.norm(self.grad(x)) <= 1e-11 * np.linalg.norm(self.grad(np.array(self.start)))
        return x


def quadratic(x: np.ndarray) -> float:
    a, b = x[0] - 1, x[1] - 2
    return a * a + 3 * b * b + a * b


def rosenbrock(x: np.ndarray) -> float:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    r = x[1] - x[0] ** 2
    return np.array([-400 * x[0] * r - 2 * (1 - x[0]), 200 * r])


CASES = {
    "quadratic": Case(quadratic, lambda x: np.array([2 * x[0] + x[1] - 4, 6 * x[1] + x[0] - 13]), (5.0, -3.0)),
    "quadratic from 0": Case(quadratic, lambda x: np.array([2 * x[0] + x[1] - 4, 6 * x[1] + x[0] - 13]), (0.0, 0.0)),
    "rosenbrock": Case(rosenbrock, rosenbrock_gradient, (-1.2, 1.0)),
    "logistic": Case(
        lambda x: float(np.mean(np.logaddexp(0, A @ x - 1)) + 0.1 * x @ x),
        lambda x: A.T @ (1 / (1 + np.exp(1 - A @ x))) / 30 + 0.2 * x,
        (2.0, -3.0),
    ),
    "exp": Case(lambda x: float(np.sum(np.exp(x) - 2 * x)), lambda x: np.exp(x) - 2, (4.0, 1.0)),
}
UNITS_OF_F = [1e-30, 1e-16, 1.0, 1e30]
UNITS_OF_X = [1e-12, 1e-3, 1e12]


@pytest.mark.parametrize("shift", [0.0, 50.0])
@pytest.mark.parametrize("method", ["lbfgs", "newton"])
@pytest.mark.parametrize("name", CASES)
def test_any_units_with_a_gradient(name: str, method: str, shift: float) -> None:
    case = CASES[name]
    g0 = np.linalg.norm(case.grad(np.array(case.start)))
    for F in UNITS_OF_F:
        for X in UNITS_OF_X:
            found = gm.minimize(
                lambda x, F=F, X=X: F * (case.fun(x / X) + shift),
                X * np.array(case.start),
                lambda x, F=F, X=X: F / X * case.grad(x / X),
                method=method,
            )
            at = f"f in {F}, x in {X}: {found}"
            assert found.success, at
            assert found.stats.iterations > 0, at
            assert np.linalg.norm(case.grad(found.x / X)) <= 1e-8 * g0, at
            np.testing.assert_allclose(found.x / X, case.truth, rtol=1e-5, err_msg=at)


@pytest.mark.parametrize("shift", [0.0, 50.0])
@pytest.mark.parametrize("method", ["lbfgs", "newton"])
@pytest.mark.parametrize("name", CASES)
def test_any_units_by_differences(name: str, method: str, shift: float) -> None:
    case = CASES[name]
    g0 = np.linalg.norm(case.grad(np.array(case.start)))
    for F, X in [(1e-30, 1e-12), (1e-16, 1e12), (1e-16, 1.0), (1e30, 1e-3), (1.0, 1e9)]:
        found = gm.minimize(
            lambda x, F=F, X=X: F * (case.fun(x / X) + shift), X * np.array(case.start), method=method
        )
        at = f"f in {F}, x in {X}: {found}"
        assert found.success, at
        assert np.linalg.norm(case.grad(found.x / X)) <= 2e-5 * g0, at
        np.testing.assert_allclose(found.x / X, case.truth, rtol=2e-3, err_msg=at)


@pytest.mark.parametrize("method", ["gradient", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_first_order_methods_in_any_units(method: str) -> None:
    case = CASES["quadratic"]
    for F, X in [(1e-30, 1e12), (1e30, 1e-12), (1e-16, 1.0)]:
        found = gm.minimize(
            lambda x, F=F, X=X: F * case.fun(x / X),
            X * np.array(case.start),
            lambda x, F=F, X=X: F / X * case.grad(x / X),
            method=method,
            tol=1e-6,
        )
        assert found.success, found
        np.testing.assert_allclose(found.x / X, [1, 2], rtol=1e-4)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("method", ["lbfgs", "newton"])
def test_coordinates_in_units_of_their_own(method: str, given: bool) -> None:
    case, X = CASES["quadratic"], np.array([1e-5, 1e5])
    found = gm.minimize(
        lambda x: case.fun(x / X),
        X * np.array(case.start),
        (lambda x: case.grad(x / X) / X) if given else None,
        method=method,
        max_iter=2000,
    )
    # Where it says so, every coordinate is right, the one with the small gradient too.
    assert found.success or method == "lbfgs"
    if found.success:
        np.testing.assert_allclose(found.x / X, [1, 2], rtol=1e-2)


@pytest.mark.parametrize("fun", [lambda x: 1e-16 * (x - 3) ** 2, lambda x: 1e-20 * np.cosh(x - 3) + 1e-19])
def test_small_values_are_no_convergence(fun: Callable[[float], float]) -> None:
    found = gm.minimize(fun, 0.0)
    assert found.success
    assert found.x == pytest.approx(3.0, rel=1e-4)
    zero = gm.minimize(lambda x: 1e-16 * x * x, 0.0, lambda x: 2e-16 * x)
    assert zero.success
    assert zero.stats.iterations == 0


@pytest.mark.parametrize(("X", "F"), [(1e-9, 1.0), (1e9, 1e-30), (1.0, 1e-300)])
def test_checks_of_derivatives_in_any_units(X: float, F: float) -> None:
    case = CASES["exp"]
    start = X * np.array(case.start)

    def fun(x: np.ndarray) -> float:
        return F * case.fun(x / X)

    gm.minimize(fun, start, lambda x: F / X * case.grad(x / X), check_gradient=True, max_iter=1)
    with pytest.raises(gm.ArgumentError, match="coordinate 1"):
        gm.minimize(fun, start, lambda x: F / X * case.grad(x / X) * [1, 1.001], check_gradient=True)


@pytest.mark.parametrize("X", [1e-9, 1e-3, 1.0, 1e9])
@pytest.mark.parametrize("F", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("given", [True, False])
def test_roots_in_any_units(X: float, F: float, given: bool) -> None:
    found = gm.root(lambda x: F * (np.exp(x / X) - 2), 5.0 * X, (lambda x: F / X * np.exp(x / X)) if given else None)
    assert found.success
    assert found.x / X == pytest.approx(np.log(2), rel=1e-12 if given else 1e-9)


def test_a_start_far_out_does_not_pass_for_a_root() -> None:
    # |f| falls from 1e13 to 10 long before the root.
    found = gm.root(lambda x: np.exp(x) - 2, 30.0, lambda x: np.exp(x))
    assert found.success
    assert found.x == pytest.approx(np.log(2), rel=1e-12)
