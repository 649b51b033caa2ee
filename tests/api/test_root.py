"""gm.root: Newton-Raphson for one equation and for systems."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import gramian as gm
from gramian.problem.solution import Status


def newton_1669(x: float) -> float:
    """x^3 - 2x - 5 = 0, the example with which Newton and Raphson began."""
    return x**3 - 2 * x - 5


def test_the_iterates_are_those_of_the_formula() -> None:
    found = gm.root(newton_1669, 2.0, lambda x: 3 * x**2 - 2, path=True)
    x, expected = 2.0, [2.0]
    for _ in range(3):
        x = x - newton_1669(x) / (3 * x**2 - 2)
        expected.append(x)
    assert found.path is not None
    np.testing.assert_allclose(found.path[:4], expected, rtol=1e-15)
    assert found.path[1] == 2.1
    assert found.success
    assert found.x == pytest.approx(2.0945514815423265, rel=1e-15)
    assert found.stats.passes == 2 * found.stats.iterations + 1  # f at the start, then a Jacobian and an f a step


def test_right_digits_double_in_every_step() -> None:
    found = gm.root(lambda x: x**2 - 2, 1.0, lambda x: 2 * x, path=True)
    assert found.path is not None
    errors = np.abs(found.path - np.sqrt(2))
    for before, after in pairwise(errors[1:]):
        assert after <= 0.51 * before**2 + 4e-16


def test_a_missing_derivative_is_computed_and_said() -> None:
    found = gm.root(newton_1669, 2.0)
    assert found.success
    assert found.notes == ("Jacobian by central differences of f",)
    assert found.x == pytest.approx(2.0945514815423265, rel=1e-15)


def f(x: np.ndarray) -> np.ndarray:
    return np.array([x[0] ** 2 + x[1] ** 2 - 4, np.exp(x[0]) + x[1] - 1])


def jacobian(x: np.ndarray) -> np.ndarray:
    return np.array([[2 * x[0], 2 * x[1]], [np.exp(x[0]), 1.0]])


@pytest.mark.parametrize("jac", [jacobian, None])
def test_a_system(jac: Any) -> None:
    found = gm.root(f, [1.0, -1.7], jac, path=True)
    assert found.success
    np.testing.assert_allclose(f(found.x), 0, atol=1e-14)
    first = np.array([1.0, -1.7])
    assert found.path is not None
    np.testing.assert_allclose(found.path[1], first - np.linalg.solve(jacobian(first), f(first)), rtol=1e-8)


def test_damping_reaches_what_whole_steps_overshoot() -> None:
    whole = gm.root(np.arctan, 3.0, lambda x: 1 / (1 + x * x), damped=False)
    assert not whole.success
    damped = gm.root(np.arctan, 3.0, lambda x: 1 / (1 + x * x))
    assert damped.success
    assert damped.x == pytest.approx(0.0, abs=1e-12)


def test_a_singular_jacobian_is_named() -> None:
    assert gm.root(lambda x: x * x + 1, 0.0, lambda x: 2 * x).status is Status.SINGULAR
    system = gm.root(lambda x: [x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 3], [0.0, 0.0])
    assert system.status is Status.SINGULAR
    assert "singular" in repr(system)


def test_no_root_is_no_answer() -> None:
    found = gm.root(lambda x: x * x + 1, 0.3, lambda x: 2 * x)
    assert not found.success
    assert found.status in (Status.LINE_SEARCH_FAILED, Status.SINGULAR)


def test_a_root_at_the_start_and_a_double_root() -> None:
    assert gm.root(lambda x: x - 1, 1.0).stats.iterations == 0
    double = gm.root(lambda x: (x - 1) ** 2, 3.0, lambda x: 2 * (x - 1))
    assert double.success
    assert double.x == pytest.approx(1.0, abs=1e-5)  # only half the digits of a double root are in f


def test_a_root_whose_f_cannot_be_zero_in_floating_point() -> None:
    # At 1e8 + 1/3 neighbours of the root give f = 1e8 eps: below no tolerance that is relative to a near start.
    found = gm.root(lambda x: x * x - (1e8 + 1 / 3) ** 2, 1e8 + 1.0, lambda x: 2 * x, tol=1e-30)
    assert found.success
    assert found.x == pytest.approx(1e8 + 1 / 3, rel=1e-15)


def test_badly_scaled_equations() -> None:
    scales = np.array([1e-150, 1e150])
    found = gm.root(lambda x: scales * f(x), [1.0, -1.7], lambda x: scales[:, None] * jacobian(x))
    assert found.status is not Status.SINGULAR


def test_callbacks_and_budgets() -> None:
    seen: list[float] = []
    found = gm.root(newton_1669, 2.0, callback=lambda now: seen.append(now.x) or now.iteration == 1)
    assert found.status is Status.STOPPED
    assert seen == [2.0, pytest.approx(2.1)]
    assert gm.root(newton_1669, 2.0, max_iter=1).status is Status.MAX_ITER


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x0": [np.nan, 1.0]}, r"x0\[0\] is nan"),
        ({"f": lambda x: [1.0]}, r"f\(x\) is an array of shape \(1,\)"),
        ({"f": lambda x: [np.nan, 1.0]}, "at the start is"),
        ({"jac": lambda x: np.zeros((2, 3))}, r"jac\(x\) is an array of shape \(2, 3\)"),
        ({"tol": -1}, "tol is -1"),
        ({"max_iter": 0}, "max_iter is 0"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(gm.ArgumentError, match=words):
        gm.root(**({"f": f, "x0": [1.0, -1.7], "jac": jacobian} | arguments))
