"""Stochastic epochs against their written recurrences in plain numpy, row by row in the order that the batches tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows
from gramian.errors import ArgumentError
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives import cached_rows as held
from gramian.objectives.batches import Batches, Update
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from tests.objectives.test_objective import streamed

FAMILIES = ("gaussian", "binomial", "poisson", "gamma")
RULES = ("gradient", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


def objective(m=60, k=1, sparse=False, family="gaussian", ridge=0.0, weighted=True, intercept=True, standardise=True):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((m, 4)) * [1, 10, 0.1, 3] + [0, 5, 1, 0]
    if sparse:
        X = sp.csr_array(X * (rng.random(X.shape) < 0.5))
    y = np.abs(rng.standard_normal((m, k))) + 0.2
    y = (y > 0.8).astype(float) if family == "binomial" else y
    rows = ArrayRows.of(X, y, rng.random(m) + 0.5 if weighted else None, centred=intercept)
    return LinearObjective.of(rows, Threads(1), FAMILIES[family], RidgePenalty(ridge), standardise, intercept=intercept)


@dataclass
class Table:
    """The rows as a stochastic method sees them, dense: Z (m, p), the intercept first."""

    Z: np.ndarray
    y: np.ndarray
    w: np.ndarray
    shrink: np.ndarray
    first: object

    @staticmethod
    def of(batches: Batches):
        f = batches.objective
        store, c = f.rows.store, f.coordinates
        X = store.X.toarray() if sp.issparse(store.X) else store.X
        Z = (X - c.centre) / c.scale
        Z = np.column_stack([np.ones(len(Z)), Z]) if c.intercept else Z
        w = np.ones(len(Z)) if store.w is None else store.w
        return Table(Z, store.y, w * len(Z) / w.sum(), f.shrink[:, None] / w.sum(), f.loss.first)

    def slopes(self, theta, rows):
        """U of some rows, (rows, k)."""
        return self.w[rows, None] * self.first(self.Z[rows] @ theta, self.y[rows])

    def gradient(self, theta, rows):
        return self.Z[rows].T @ self.slopes(theta, rows) / len(rows) + self.shrink * theta


def close(got, want, tolerance=1e-12):
    assert np.max(np.abs(got - want)) <= tolerance * np.max(np.abs(want))


def iterates(rule, table, theta, groups, step, decay, power):
    """Theta after each update, by the rules as the texts write them."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, rows in enumerate(groups, start=1):
        g, h = table.gradient(theta, rows), step / (1 + decay * (t - 1)) ** power
        if rule == "gradient":
            theta = theta - h * g
        elif rule == "momentum":
            m = 0.9 * m + g
            theta = theta - h * m
        elif rule == "nesterov":
            m = 0.9 * m + g
            theta = theta - h * (g + 0.9 * m)
        elif rule == "adagrad":
            v = v + g**2
            theta = theta - h * g / (np.sqrt(v) + 1e-8)
        elif rule == "rmsprop":
            v = 0.9 * v + 0.1 * g**2
            theta = theta - h * g / (np.sqrt(v) + 1e-8)
        else:
            m, v = 0.9 * m + (1 - 0.9) * g, 0.999 * v + (1 - 0.999) * g**2
            theta = theta - h * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        yield theta


def written(*settings):
    """Where the update rules as the texts write them end."""
    return list(iterates(*settings))[-1]


def in_groups(order, batch):
    return [order[first : first + batch] for first in range(0, len(order), batch)]


@pytest.mark.parametrize("batch", [1, 7, None])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_on_dense_and_sparse_rows(rule, sparse, batch):
    f = objective(sparse=sparse, ridge=2.0)
    batches = Batches.of(f, batch, seed=3)
    state, theta = batches.descent(), f.start()
    table, decay = Table.of(batches), 0.0 if sparse and batch == 1 else 0.3
    assert batches.epoch(state, Update(rule, 0.01, decay, 0.5), 0)
    groups = in_groups(batches.order(0), batches.batch)
    close(batches.theta(state), written(rule, table, theta, groups, 0.01, decay, 0.5), 1e-11)
    assert state.updates == batches.updates == len(groups)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("intercept", [False, True])
def test_every_loss(family, sparse, k, intercept):
    f = objective(k=k, sparse=sparse, family=family, intercept=intercept)
    batches = Batches.of(f, 1, seed=1)
    start = np.random.default_rng(0).standard_normal(f.shape) * 0.1
    state, table = batches.descent(start), Table.of(batches)
    for number in range(2):
        assert batches.epoch(state, Update("gradient", 0.01, decay=0.1), number)
    order = np.concatenate([batches.order(0), batches.order(1)])
    close(batches.theta(state), written("gradient", table, start, in_groups(order, 1), 0.01, 0.1, 1.0))


@pytest.mark.parametrize("ridge", [0.0, 2.0])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_saga_and_svrg(family, sparse, ridge):
    f = objective(k=2, sparse=sparse, family=family, ridge=ridge)
    batches = Batches.of(f, seed=2)
    f, table = batches.objective, Table.of(batches)
    m, h = len(table.y), 0.02
    saga, kept, mean = batches.saga(), np.zeros_like(table.y), np.zeros(f.shape)
    theta = f.start()
    for number in range(2):
        assert batches.reduced_epoch(saga, h, number)
        for i in batches.order(number):
            u = table.slopes(theta, [i])[0]
            d = np.outer(table.Z[i], u - kept[i])
            theta = theta - h * (d + mean + table.shrink * theta)
            mean, kept[i] = mean + d / m, u
    close(batches.theta(saga), theta, 1e-11)
    value, _, svrg = batches.svrg(theta)
    assert value == f.value(theta)
    snapshot = theta
    mean = f.gradient(theta)[1] - table.shrink * theta
    assert batches.reduced_epoch(svrg, h, 9)
    for i in batches.order(9):
        d = np.outer(table.Z[i], (table.slopes(theta, [i]) - table.slopes(snapshot, [i]))[0])
        theta = theta - h * (d + mean + table.shrink * theta)
    close(batches.theta(svrg), theta, 1e-11)


@pytest.mark.parametrize("sparse", [False, True])
def test_saga_reaches_the_optimum(sparse):
    f = objective(m=500, sparse=sparse, ridge=1.0)
    batches = Batches.of(f)
    f, state = batches.objective, batches.saga()
    first = np.linalg.norm(f.gradient(f.start())[1])
    for number in range(150):
        batches.reduced_epoch(state, 1.0 / (3.0 * f.row_curvature()), number)
    assert np.linalg.norm(f.gradient(batches.theta(state))[1]) <= 1e-6 * first


def test_the_order_is_a_permutation_of_all_rows_told_by_the_seed():
    f = objective(m=5000)
    orders = [Batches.of(f, 1, seed).order(epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0))]
    for order in orders:
        assert np.array_equal(np.sort(order), np.arange(5000))
    assert np.array_equal(orders[0], orders[3])
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_a_window_mixes_rows_of_the_whole_table():
    from gramian.kernels.order import layout, shuffled

    run, runs = layout(400.0)
    order = shuffled(200_000, run, runs, np.uint64(7))
    assert np.array_equal(np.sort(order), np.arange(200_000))
    window = order[: run * runs]
    # Uniform rows have a mean within a few standard errors of the middle, counted by runs, and no neighbours in sequence.
    assert abs(window.mean() - 100_000) <= 4 * 200_000 / np.sqrt(12 * runs)
    assert np.mean(np.diff(window) == 1) <= 0.01


def test_the_first_place_is_uniform():
    from gramian.kernels.order import shuffled

    counts = np.bincount([shuffled(6, 1, 6, np.uint64(seed))[0] for seed in range(6000)], minlength=6)
    # Binomial with mean 1,000 and deviation 29: five deviations.
    assert np.all(np.abs(counts - 1000) <= 150)


def test_streamed_rows_come_block_after_block(monkeypatch):
    monkeypatch.setattr(held, "free_memory", lambda: 0.0)
    rows, kept = streamed()
    f = LinearObjective.of(rows, Threads(2), FAMILIES["gaussian"], RidgePenalty(1.0))
    assert not f.rows.held
    batches = Batches.of(f, 64, seed=4)
    state, passes = batches.descent(), f.passes
    assert batches.epoch(state, Update("adam", 0.01), 2)
    assert f.passes == passes + 1
    order = [
        block.start + batches.order(2, block.start, block.rows) for part in f.rows.parts() for block in part.blocks()
    ]
    order = np.concatenate(order)
    assert np.array_equal(np.sort(order), np.arange(697))
    c = f.coordinates
    w = rows.w[kept]
    table = Table(
        np.column_stack([np.ones(697), (rows.X[kept] - c.centre) / c.scale]),
        rows.y[kept],
        w * 697 / w.sum(),
        f.shrink[:, None] / w.sum(),
        f.loss.first,
    )
    close(batches.theta(state), written("adam", table, f.start(), in_groups(order, 64), 0.01, 0.0, 1.0), 1e-11)
    svrg = batches.svrg(f.start())[2]
    assert batches.reduced_epoch(svrg, 0.3 / f.row_curvature(), 0)
    assert f.value(batches.theta(svrg)) < f.value(f.start())


def test_a_users_step_acts_on_raw_columns():
    f = objective(standardise=False, weighted=False)
    batches = Batches.of(f, 1, seed=8)
    X, y, b = f.rows.store.X, f.rows.store.y[:, 0], np.zeros(5)
    for i in batches.order(0):
        x = np.append(1.0, X[i])
        b = b - 1e-3 * (x @ b - y[i]) * x
    state = batches.descent()
    batches.epoch(state, Update("gradient", 1e-3), 0)
    close(batches.theta(state)[:, 0], b)


def test_divergence_is_told():
    f = objective(m=4000)
    for batch in (1, 5):
        batches = Batches.of(f, batch)
        state = batches.descent()
        told = [batches.epoch(state, Update("gradient", 1e3), number) for number in range(3)]
        assert not told[-1]
    saga = batches.saga()
    assert not all(batches.reduced_epoch(saga, 1e3, number) for number in range(3))


@pytest.mark.parametrize("batch", [0, 61, -1, 1.5, True])
def test_batch_outside_the_rows(batch):
    with pytest.raises(ArgumentError, match=r"batch.*\n.*from 1 to the 60 rows"):
        Batches.of(objective(), batch)


def test_sparse_columns_are_not_centred():
    f = objective(sparse=True)
    assert np.any(f.coordinates.centre)
    batches = Batches.of(f)
    assert not np.any(batches.objective.coordinates.centre)
    assert np.array_equal(batches.objective.coordinates.scale, f.coordinates.scale)
