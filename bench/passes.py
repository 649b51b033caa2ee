"""A pass for a gradient against two BLAS products, and a stochastic epoch against scikit-learn's, on one table."""

from __future__ import annotations

import time
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sp

import gramian as gm
from bench.data import problem
from bench.timing import REST, Clock, in_a_row, write
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives.batches import Batches, Update
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty

STEP = 1e-3


FITS: dict[str, dict[str, Any]] = {"one epoch": {"max_iter": 1, "tol": None}, "until tol": {"max_iter": 1000, "tol": 1e-3}}
"""What a user calls, with the same settings for both."""


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes a tenth of the rows in few rounds."""
    short = "short" in arguments
    rows, rounds = (100_000, 5) if short else (1_000_000, 11)
    lines = [*_gradients(rows, rounds), "", *_epochs(rows, rounds), "", *_sparse(rows, rounds)]
    write("passes", lines, short)


def _objective(X: Any, y: np.ndarray, family: str = "gaussian", standardise: bool = True) -> LinearObjective:
    rows = ArrayRows.of(X, y, centred=standardise)
    return LinearObjective.of(rows, Threads(), FAMILIES[family], NoPenalty(), standardise)


def _gradients(rows: int, rounds: int) -> list[str]:
    X, y = problem(rows, 50)
    b = np.random.default_rng(1).standard_normal(50)
    plain, scaled = _objective(X, y, standardise=False), _objective(X, y)
    shares = (y > 0).astype(float)
    logistic, poisson = _objective(X, shares, "binomial"), _objective(X, shares, "poisson")
    theta = np.append(0.0, b)[:, None]
    clock = Clock()
    clock.rounds(
        {
            "X.T @ (X @ b - y), BLAS": lambda: X.T @ (X @ b - y),
            "gradient and value": lambda: plain.gradient(b[:, None]),
            "the same, standardised": lambda: scaled.gradient(theta),
            "Hessian times a vector": lambda: scaled.hessian_vector(theta, theta),
            "A v - alpha u, and A' of it": lambda: scaled.fused(theta, None),
            "line along a direction": lambda: scaled.line(theta, theta),
            "logistic, standardised": lambda: logistic.gradient(0.1 * theta),
            "Poisson, standardised": lambda: poisson.gradient(0.1 * theta),
            "means and scales": lambda: _objective(X, y),
        },
        rounds,
    )
    want = clock.answers["X.T @ (X @ b - y), BLAS"] / rows
    assert np.allclose(clock.answers["gradient and value"][1][:, 0], want, rtol=1e-10, atol=1e-12)
    base = "X.T @ (X @ b - y), BLAS"
    faster, rate = clock.ratio(base, "gradient and value"), 8 * X.size / clock.median("gradient and value") / 1e9
    row: list[float] = []
    for _ in range(rounds):
        blas = in_a_row(lambda: X.T @ (X @ b - y), 0.04)
        time.sleep(REST)
        row.append(blas / in_a_row(lambda: plain.gradient(b[:, None]), 0.04))
    return [
        f"one pass over {rows:,} x 50 doubles, {Threads().threads} threads, medians of {rounds} rounds",
        *clock.lines(base),
        f"  BLAS / gradient (target 2.5): in a row, as in a descent, {median(row):.1f}; rested {faster:.1f}, {rate:.0f} GB/s",
    ]


def _epochs(rows: int, rounds: int) -> list[str]:
    X, y = problem(rows, 50)
    f = _objective(X, y)
    clock, calls, slow = Clock(), {}, {}
    one = Batches.of(f, 1)
    for name, rule, batch in (
        ("SGD, one row a step", "gradient", 1),
        ("Adam, one row a step", "adam", 1),
        ("SGD, 32 rows a step", "gradient", 32),
        ("Adam, 32 rows a step", "adam", 32),
    ):
        calls[name] = lambda rule=rule, batch=batch: _epoch(Batches.of(f, batch), rule)
    calls["SAGA"] = lambda: one.reduced_epoch(one.saga(), STEP, 0)
    if find_spec("sklearn"):
        from sklearn.linear_model import SGDRegressor

        rival = SGDRegressor(penalty=None, learning_rate="constant", eta0=STEP, max_iter=1, tol=None)
        calls["scikit-learn SGDRegressor"] = lambda: rival.fit(X, y).coef_
        slow["scikit-learn SGDRegressor"] = 3
    for name, settings in FITS.items():
        calls[f"gm.SGDRegressor.fit, {name}"] = lambda settings=settings: gm.SGDRegressor(random_state=0, **settings).fit(X, y)
        slow[f"gm.SGDRegressor.fit, {name}"] = 3
        if find_spec("sklearn"):
            theirs = SGDRegressor(random_state=0, **settings)
            calls[f"scikit-learn's fit, {name}"] = lambda theirs=theirs: theirs.fit(X, y)
            slow[f"scikit-learn's fit, {name}"] = 3
    clock.rounds(calls, rounds, slow)
    base = "SGD, one row a step"
    lines = [
        f"one epoch over the same table, one thread, medians of {rounds} rounds (scikit-learn 3)",
        *clock.lines(base),
        f"  of which the order of the rows {_seconds(lambda: one.order(0)):.3f} s",
    ]
    if slow:
        faster = clock.ratio("scikit-learn SGDRegressor", base)
        lines.append(f"  SGDRegressor / SGD {faster:.1f} (target 8)")
        for name in FITS:
            faster = clock.ratio(f"scikit-learn's fit, {name}", f"gm.SGDRegressor.fit, {name}")
            lines.append(f"  fit of the classes, {name}: {faster:.1f} (target 6 for one epoch)")
    return lines


def _epoch(batches: Batches, rule: str) -> np.ndarray:
    state = batches.descent()
    assert batches.epoch(state, Update(rule, STEP), 0)
    return state.inner


def _sparse(rows: int, rounds: int) -> list[str]:
    """Ten stored values a row, 10,000 columns."""
    m, n = rows // 5, 10_000
    rng = np.random.default_rng(0)
    X = sp.csr_array((rng.standard_normal(10 * m), rng.integers(0, n, 10 * m), np.arange(0, 10 * m + 1, 10)), (m, n))
    X.sum_duplicates()
    y, b = rng.standard_normal(m), rng.standard_normal(n)
    f = _objective(X, y, standardise=False)
    one = Batches.of(f, 1)
    clock = Clock()
    clock.rounds(
        {
            "X.T @ (X @ b - y), scipy": lambda: X.T @ (X @ b - y),
            "gradient and value": lambda: f.gradient(b[:, None]),
            "SGD, one row a step": lambda: _epoch(one, "gradient"),
            "SAGA": lambda: one.reduced_epoch(one.saga(), STEP, 0),
        },
        rounds,
    )
    return [
        f"sparse rows, {m:,} x {n:,} with {X.nnz:,} values, medians of {rounds} rounds",
        *clock.lines("X.T @ (X @ b - y), scipy"),
    ]


def _seconds(call: Any) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
