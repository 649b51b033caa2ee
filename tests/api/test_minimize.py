"""gm.minimize: any smooth function, with what is wrong in the user's functions named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gramian as gm
from gramian.objectives.derivatives import directional_derivative
from gramian.problem.solution import Status
from gramian.solvers.smooth import methods


def rosenbrock(x: np.ndarray) -> float:
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def rosenbrock_hessian(x: np.ndarray) -> np.ndarray:
    H = np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    return H + np.diag(diagonal)


START = np.array([-1.2, 1.0])


@pytest.mark.parametrize("method", methods())
def test_rosenbrock_by_every_method(method: str) -> None:
    found = gm.minimize(rosenbrock, START, rosenbrock_gradient, method=method, tol=1e-4)
    assert found.success, found
    np.testing.assert_allclose(found.x, [1, 1], atol=0.1)
    assert found.fun == rosenbrock(found.x)
    np.testing.assert_array_equal(found.grad, rosenbrock_gradient(found.x))


def test_newton_with_and_without_derivatives() -> None:
    full = gm.minimize(rosenbrock, START, rosenbrock_gradient, rosenbrock_hessian, "newton")
    assert full.success
    assert full.notes == ()
    np.testing.assert_allclose(full.x, [1, 1], rtol=1e-9)
    half = gm.minimize(rosenbrock, START, rosenbrock_gradient, method="newton")
    assert "Hessian by central differences of grad" in half.notes
    np.testing.assert_allclose(half.x, [1, 1], rtol=1e-6)
    none = gm.minimize(rosenbrock, START, method="newton")
    assert none.success
    assert none.notes[0].startswith("gradient by central differences")
    assert none.notes[1] == "Hessian by central differences of fun"
    np.testing.assert_allclose(none.x, [1, 1], rtol=1e-4)
    assert none.stats.passes > half.stats.passes > full.stats.passes


def test_lbfgs_in_many_dimensions() -> None:
    found = gm.minimize(rosenbrock, np.zeros(1000), rosenbrock_gradient)
    assert found.success
    np.testing.assert_allclose(found.x, np.ones(1000), atol=1e-6)


def test_several_minima_each_start_finds_its_own() -> None:
    def fun(x: float) -> float:
        return x**4 - 2 * x**2 + 0.2 * x

    left, right = gm.minimize(fun, -0.5), gm.minimize(fun, 0.5)
    assert left.success
    assert right.success
    assert left.x < 0 < right.x
    assert left.fun < right.fun  # only one of them is the lowest


def test_a_convex_function_has_one_value_from_any_start() -> None:
    A = np.random.default_rng(1).standard_normal((30, 4))

    def fun(x: np.ndarray) -> float:
        return float(np.sum(np.logaddexp(0, A @ x)) + x @ x)

    values = [gm.minimize(fun, start).fun for start in np.random.default_rng(2).standard_normal((5, 4)) * 5]
    np.testing.assert_allclose(values, values[0], rtol=1e-8)


@pytest.mark.parametrize("method", ["newton", "lbfgs", "gradient", "adam"])
def test_a_start_far_out_does_not_pass_for_the_minimum(method: str) -> None:
    # The gradient falls from 1e13 to 1e5 long before the minimum at 0.
    found = gm.minimize(lambda x: np.exp(x) - x, 30.0, lambda x: np.exp(x) - 1, method=method)
    assert abs(found.x) < 1e-6
    assert found.success


def test_shapes_of_x_are_kept() -> None:
    assert isinstance(gm.minimize(lambda x: (x - 3) ** 2, 0).x, float)
    target = np.arange(6.0).reshape(2, 3)
    found = gm.minimize(lambda x: np.sum((x - target) ** 2), np.zeros((2, 3)), lambda x: 2 * (x - target), path=True)
    np.testing.assert_allclose(found.x, target)
    assert found.path is not None
    assert found.path.shape[1:] == (2, 3)
    seen: list[Any] = []
    gm.minimize(lambda x: np.sum((x - target) ** 2), np.zeros((2, 3)), callback=lambda now: seen.append(now.x.shape))
    assert set(seen) == {(2, 3)}


def test_the_users_functions_cannot_spoil_the_run() -> None:
    shared = np.zeros(2)

    def fun(x: np.ndarray) -> float:
        value = float(x @ x)
        x[:] = np.nan
        return value

    def grad(x: np.ndarray) -> np.ndarray:
        shared[:] = 2 * x
        x[:] = np.nan
        return shared

    start = np.array([1.0, 2.0])
    found = gm.minimize(fun, start, grad, method="gradient", step=0.25)
    assert found.success
    np.testing.assert_array_equal(start, [1.0, 2.0])
    np.testing.assert_allclose(found.x, 0, atol=1e-7)


def test_a_domain_with_an_edge() -> None:
    found = gm.minimize(lambda x: x * np.log(x) if x > 0 else np.nan, 1e-7)
    assert found.success
    assert found.x == pytest.approx(np.exp(-1), rel=1e-5)


def test_flat_functions_and_kinks_end() -> None:
    assert gm.minimize(lambda x: 5.0, 1.0).success
    assert gm.minimize(lambda x: x**4, 1.0, lambda x: 4 * x**3, method="newton").success
    kink = gm.minimize(lambda x: abs(x - 0.3), 1.0, lambda x: float(np.sign(x - 0.3)), max_iter=500)
    assert kink.status in (Status.LINE_SEARCH_FAILED, Status.STALLED, Status.MAX_ITER, Status.CONVERGED)
    assert kink.x == pytest.approx(0.3, abs=1e-6)


def test_the_result_prints_its_status() -> None:
    text = repr(gm.minimize(rosenbrock, START))
    assert "converged to the tolerance asked" in text
    assert "by central differences" in text


# ---- what is wrong is named


@pytest.mark.parametrize("j", [0, 1])
def test_a_wrong_gradient_is_found_with_its_coordinate(j: int) -> None:
    def wrong(x: np.ndarray) -> np.ndarray:
        g = rosenbrock_gradient(x)
        g[j] *= 1.001
        return g

    with pytest.raises(gm.ArgumentError) as error:
        gm.minimize(rosenbrock, START, wrong, check_gradient=True)
    text = str(error.value)
    g = rosenbrock_gradient(START)
    assert f"coordinate {j}" in text
    assert f"{g[j] * 1.001:.8g}" in text
    assert f"differences give {g[j]:.5g}"[:22] in text
    assert "Hint:" in text


def test_an_error_that_vanishes_at_the_start_is_found_beside_it() -> None:
    with pytest.raises(gm.ArgumentError, match="coordinate 0"):
        gm.minimize(lambda x: x @ x, np.zeros(2), lambda x: 2 * x * [1.5, 1], check_gradient=True)


def test_a_wrong_hessian_is_found_with_its_entry() -> None:
    with pytest.raises(gm.ArgumentError, match=r"hess .* entry \(1, 1\)"):
        gm.minimize(
            rosenbrock,
            START,
            rosenbrock_gradient,
            lambda x: rosenbrock_hessian(x) + np.diag([0.0, 1.0]),
            check_gradient=True,
        )


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_right_derivatives_pass_the_check(scale: float) -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((40, 5))
    cases = [
        (lambda x: np.sum(np.exp(A @ x)), lambda x: A.T @ np.exp(A @ x), rng.standard_normal(5)),
        (lambda x: np.sum(x**4), lambda x: 4 * x**3, np.zeros(5)),
        (lambda x: 1e6 + np.sum(np.sin(x)), np.cos, rng.standard_normal(5) * 100),
        (lambda x: -np.sum(np.log(x)), lambda x: -1 / x, np.array([1e-3, 1.0, 50.0])),
    ]
    for fun, grad, start in cases:
        gm.minimize(lambda x, f=fun: scale * f(x), start, lambda x, g=grad: scale * g(x), check_gradient=True, max_iter=1)


def test_a_wrong_gradient_unchecked_ends_with_the_advice_to_check_it() -> None:
    found = gm.minimize(lambda x: x @ x, START, lambda x: -2 * x, method="gradient")
    assert not found.success
    assert any("check_gradient=True" in note for note in found.notes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x0": [1.0, np.nan]}, r"x0\[1\] is nan"),
        ({"x0": np.inf}, "x0 is inf"),
        ({"x0": []}, "at least one number"),
        ({"x0": "here"}, "x0 is 'here'"),
        ({"x0": [1j, 2]}, "real numbers"),
        ({"fun": lambda x: np.nan}, "value at the start is nan"),
        ({"fun": lambda x: x}, "an array of shape"),
        ({"fun": lambda x: None}, r"fun\(x\) is None"),
        ({"fun": lambda x: "12"}, "real numbers"),
        ({"grad": lambda x: np.zeros(3)}, r"grad\(x\) is an array of shape \(3,\)"),
        ({"grad": lambda x: 1.0}, r"grad\(x\) is one number"),
        ({"grad": lambda x: [1.0, np.inf]}, "gradient at the start is not finite"),
        ({"hess": lambda x: np.zeros(2), "method": "newton"}, r"hess\(x\) is an array of shape \(2,\)"),
        ({"hess": lambda x: [[1.0, 2.0], [3.0, 1.0]], "method": "newton"}, r"not symmetric: entry \(0, 1\)"),
        ({"method": "newtom"}, "did you mean 'newton'"),
        ({"method": "gradient", "step": 0.0}, "step is 0.0"),
        ({"method": "gradient", "step": -0.1}, "step is -0.1"),
        ({"tol": -1.0}, "tol is -1.0"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"seconds": np.nan}, "seconds is nan"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    given = {"fun": rosenbrock, "x0": START, "grad": rosenbrock_gradient} | arguments
    with pytest.raises(gm.ArgumentError, match=words) as error:
        gm.minimize(**given)
    assert "Allowed:" in str(error.value)


def test_an_exception_of_the_function_passes_through() -> None:
    def fun(x: np.ndarray) -> float:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        gm.minimize(fun, START)


# ---- directional derivatives


def test_the_directional_derivative_is_u_dot_gradient() -> None:
    rng = np.random.default_rng(4)
    for u in rng.standard_normal((5, 2)):
        expected = u @ rosenbrock_gradient(START)
        assert directional_derivative(rosenbrock, START, u, rosenbrock_gradient) == pytest.approx(expected, rel=1e-14)
        assert directional_derivative(rosenbrock, START, u) == pytest.approx(expected, rel=1e-7, abs=1e-6)
    assert directional_derivative(rosenbrock, START, np.zeros(2)) == 0.0
    with pytest.raises(gm.ArgumentError, match="u is an array of shape"):
        directional_derivative(rosenbrock, START, np.ones(3))
    with pytest.raises(gm.ArgumentError, match="u is"):
        directional_derivative(rosenbrock, START, [np.nan, 1.0])
