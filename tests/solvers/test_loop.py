"""The loop: its verdicts, its budgets, and the history that it leaves."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

import gramian as gm
from gramian.objectives.user_function import UserFunction
from gramian.problem.solution import Status
from gramian.solvers.gradient import gradient
from gramian.solvers.history import ENTRIES, History, Record, Snapshot
from gramian.solvers.iterate import run
from gramian.solvers.newton import Newton
from gramian.solvers.state import Stop
from gramian.solvers.step_sizes import FixedStep
from tests.solvers.test_steps import METHODS, objective, table


def bowl(x: np.ndarray) -> float:
    return float(0.5 * (x @ (np.array([1.0, 10.0]) * x)))


def slope(x: np.ndarray) -> np.ndarray:
    return np.array([1.0, 10.0]) * x


START = np.array([3.0, 4.0])


@pytest.mark.parametrize(
    ("method", "bound", "formula"),
    [
        ("gradient", 2 / 10, "2/L"),
        ("momentum", 2 * 1.9 / 10, "2(1 + beta)/L"),
        ("nesterov", 2 * 1.9 / (2.8 * 10), "2(1 + beta)/((1 + 2 beta) L)"),
    ],
)
def test_just_below_the_largest_stable_step_converges_and_just_above_is_caught(
    method: str, bound: float, formula: str
) -> None:
    below = gm.minimize(bowl, START, slope, method=method, step=0.995 * bound)
    assert below.status is Status.CONVERGED
    above = gm.minimize(bowl, START, slope, method=method, step=1.005 * bound)
    assert above.status is Status.DIVERGED
    assert not above.success
    [note] = [note for note in above.notes if "largest stable step" in note]
    assert f"{formula} = {bound:.6g}" in note
    assert np.all(np.isfinite(above.x))


def test_a_hopeless_step_is_caught_even_within_a_small_budget() -> None:
    found = gm.minimize(bowl, START, slope, method="gradient", step=100.0, max_iter=4)
    assert found.status is Status.DIVERGED


def test_a_function_without_a_minimum_is_said_to_diverge() -> None:
    found = gm.minimize(lambda x: -x, 0.0, lambda x: -1.0)
    assert found.status is Status.DIVERGED
    assert "no minimum" in found.status.value


@pytest.mark.parametrize("name", ["gradient", "momentum", "nesterov", "newton", "lbfgs", "barzilai-borwein", "adam"])
def test_a_tolerance_below_rounding_ends_as_stalled_at_the_optimum(name: str) -> None:
    X, Y = table()
    view = objective(X, Y)
    found = run(METHODS[name], view, Stop(gradient=1e-30))
    assert found.status is Status.STALLED, found.status
    assert found.history[-1].gradient <= 1e-11 * found.history[0].gradient


def test_budgets_end_a_run_and_say_which() -> None:
    X, Y = table()
    view = objective(X, Y)
    method = gradient(FixedStep(1e-3))
    assert run(method, view, Stop(max_iter=5)).status is Status.MAX_ITER
    spent = run(method, view, Stop(passes=20))
    assert spent.status is Status.OUT_OF_PASSES
    assert spent.stats.passes == 20
    timed = run(method, view, Stop(seconds=0.05), callback=lambda seen: time.sleep(0.02))
    assert timed.status is Status.OUT_OF_TIME


def test_the_suboptimality_asked_for_is_reached_and_not_by_much() -> None:
    X, Y = table()
    view = objective(X, Y)
    best = run(Newton(), view, Stop(gradient=1e-12)).value
    found = run(gradient(), view, Stop(gradient=None, suboptimality=1e-3))
    gained = found.history[0].value - found.value
    assert found.status is Status.CONVERGED
    assert found.value - best <= 1e-3 * gained


def test_a_start_at_the_optimum_needs_no_step() -> None:
    found = gm.minimize(bowl, [0.0, 0.0], slope)
    assert found.status is Status.CONVERGED
    assert found.stats.iterations == 0
    assert "maximum or saddle" in found.notes[0]


def test_a_zero_target_beside_another_is_done_at_once() -> None:
    X, Y = table(2)
    Y[:, 1] = 0.0
    for name, method in METHODS.items():
        found = run(method, objective(X, Y), Stop(gradient=1e-3))
        assert found.status is Status.CONVERGED, name
        assert not np.any(found.theta[:, 1]), name


def test_a_suboptimality_that_cannot_be_told_ends_and_says_so() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, 3))  # and a dependent column: mu is 0
    view = objective(np.column_stack([X, X[:, 0]]), rng.standard_normal(40))
    found = run(gradient(), view, Stop(gradient=None, suboptimality=1e-3, max_iter=5000))
    assert found.status is not Status.CONVERGED
    assert "no smallest curvature above 0 is known; ask for a gradient" in found.sentence


@pytest.mark.parametrize("name", ["gradient", "passes", "seconds", "suboptimality"])
@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_a_stop_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    with pytest.raises(gm.ArgumentError, match=name):
        Stop(**{name: value})


# ---- history, callbacks


def test_the_history_is_thin_and_keeps_both_ends() -> None:
    history = History()
    for i in range(100_001):
        history.add(Record(i, i, 0.0, 0.0, 0.0, 0.0))
    records = history.records()
    assert len(records) <= ENTRIES + 1
    assert (records[0].iteration, records[-1].iteration) == (0, 100_000)
    gaps = {b.iteration - a.iteration for a, b in pairwise(records[:-1])}
    assert len(gaps) == 1


def test_a_callback_sees_every_iterate_and_may_stop() -> None:
    seen: list[float] = []

    def callback(now: Snapshot) -> bool:
        seen.append(now.value)
        with pytest.raises(ValueError, match="read-only"):
            now.x[0] = 1.0
        return now.iteration == 3

    view = UserFunction(bowl, START, slope)
    found = run(gradient(FixedStep(0.05)), view, callback=callback)
    assert found.status is Status.STOPPED
    assert len(seen) == 4
    assert found.value == seen[-1]


def test_an_exception_in_a_callback_passes_through() -> None:
    def callback(now: object) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gm.minimize(bowl, START, slope, callback=callback)


