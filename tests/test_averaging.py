"""The mean of the iterates against its definition in plain numpy, on every kind of row, and carried from call to call."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.test_batches import RULES, Table, close, in_groups, iterates, objective
from tests.test_objective import streamed

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.errors import ArgumentError
from gramian.jsonfile import write
from gramian.losses import LOSSES
from gramian.problem import Penalty
from gramian.views import held
from gramian.views.base import Threads
from gramian.views.batches import Batches, Update
from gramian.views.rowwise import RowsObjective


def view_of(X, y, w=None, intercept=False, family="gaussian", ridge=0.0, standardise=False):
    rows = ArrayRows.of(X, y, w, centred=intercept)
    return RowsObjective.of(rows, Threads(1), LOSSES[family], Penalty(ridge), standardise, intercept=intercept)


def random_rows(m, n, k=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, n)) + 0.5, rng.standard_normal((m, k)), rng.uniform(0.5, 2.0, m)


# ---- the definition --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [1, 5])
@pytest.mark.parametrize("batch", [1, 7, None])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_the_mean_of_the_first_three_epochs_under_every_rule(rule, sparse, batch, average):
    f = objective(sparse=sparse, ridge=2.0)
    batches = Batches.of(f, batch, seed=3)
    state, table = batches.descent(average=average), Table.of(batches)
    decay, groups = 0.0 if sparse and batch == 1 else 0.3, []
    for number in range(3):
        assert batches.epoch(state, Update(rule, 0.01, decay, 0.5), number)
        groups += in_groups(batches.order(number), batches.batch)
        path = list(iterates(rule, table, f.start(), groups, 0.01, decay, 0.5))
        close(batches.theta(state), path[-1], 1e-11)
        want = np.mean(path[average - 1 :], axis=0) if len(path) >= average else path[-1]
        close(batches.mean(state), want, 1e-11)
    assert state.counters[2] == max(len(groups) - average + 1, 0)


@pytest.mark.parametrize("average", [1, 2, 3])
@pytest.mark.parametrize("kind", ["narrow", "middle", "wide", "sparse"])
def test_the_first_three_iterates(kind, average):
    columns = {"narrow": 3, "middle": 12, "wide": 40, "sparse": 6}[kind]
    X, y, w = random_rows(3, columns)
    batches = Batches.of(view_of(sp.csr_array(X) if kind == "sparse" else X, y, w))
    state, b, path = batches.descent(average=average), np.zeros(columns), []
    assert batches.epoch(state, Update("gradient", 0.02), 0)
    for i in batches.order(0):
        b = b - 0.02 * 3 * w[i] / w.sum() * (X[i] @ b - y[i, 0]) * X[i]
        path.append(b)
    close(batches.mean(state)[:, 0], np.mean(path[average - 1 :], axis=0))


@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(1, 23),
    n=st.integers(1, 9),
    batch=st.integers(1, 5),
    intercept=st.booleans(),
    standardise=st.booleans(),
    weighted=st.booleans(),
    ridge=st.sampled_from([0.0, 0.7]),
    family=st.sampled_from(["gaussian", "binomial"]),
    average=st.integers(1, 30),
)
def test_narrow_rows_of_every_shape(m, n, batch, intercept, standardise, weighted, ridge, family, average):
    X, y, w = random_rows(m, n, seed=m + 31 * n)
    y = (y > 0).astype(float) if family == "binomial" else y
    f = view_of(X, y, w if weighted else None, intercept, family, ridge, standardise)
    batches = Batches.of(f, min(batch, m), seed=4)
    state, table, groups = batches.descent(average=average), Table.of(batches), []
    for number in range(2):
        batches.epoch(state, Update("gradient", 0.01, 0.2, 0.25), number)
        groups += in_groups(batches.order(number), batches.batch)
    path = list(iterates("gradient", table, f.start(), groups, 0.01, 0.2, 0.25))
    close(batches.theta(state), path[-1], 1e-10)
    close(batches.mean(state), np.mean(path[average - 1 :], axis=0) if len(path) >= average else path[-1], 1e-10)


@pytest.mark.parametrize("family", list(LOSSES))
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_loss_and_several_targets(family, k, sparse):
    f = objective(k=k, sparse=sparse, family=family)
    batches = Batches.of(f, seed=1)
    start = np.random.default_rng(0).standard_normal(f.shape) * 0.1
    state, table = batches.descent(start, 9), Table.of(batches)
    assert batches.epoch(state, Update("gradient", 0.01, 0.1), 0)
    path = list(iterates("gradient", table, start, in_groups(batches.order(0), 1), 0.01, 0.1, 1.0))
    close(batches.mean(state), np.mean(path[8:], axis=0))


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("rows", [40, 43])
def test_wide_rows_by_fours(rows, targets):
    X, Y, w = random_rows(rows, 41, targets)
    f = view_of(X, Y, w, intercept=True)
    batches = Batches.of(f, seed=2)
    state, table = batches.descent(average=6), Table.of(batches)
    assert batches.epoch(state, Update("gradient", 0.005, 0.1, 0.5), 0)
    path = list(iterates("gradient", table, f.start(), in_groups(batches.order(0), 1), 0.005, 0.1, 0.5))
    close(batches.theta(state), path[-1])
    close(batches.mean(state), np.mean(path[5:], axis=0))


@pytest.mark.parametrize("ridge", [0.0, 1e-9, 0.5, 400.0])
@pytest.mark.parametrize("average", [1, 50])
def test_columns_that_rows_rarely_touch(ridge, average):
    rng = np.random.default_rng(3)
    X = sp.random_array((300, 40), density=0.03, rng=rng, format="csr")
    y = rng.standard_normal((300, 2))
    f = view_of(X, y, intercept=True, ridge=ridge)
    batches = Batches.of(f, seed=5)
    table, step = Table.of(batches), 0.1
    state = batches.descent(rng.standard_normal(f.shape), average)
    path = list(iterates("gradient", table, batches.theta(state), in_groups(batches.order(0), 1), step, 0.0, 1.0))
    assert batches.epoch(state, Update("gradient", step), 0)
    close(batches.theta(state), path[-1], 1e-11)
    close(batches.mean(state), np.mean(path[average - 1 :], axis=0), 1e-11)


def test_streamed_rows(monkeypatch):
    monkeypatch.setattr(held, "free_memory", lambda: 0.0)
    rows, kept = streamed()
    f = RowsObjective.of(rows, Threads(2), LOSSES["gaussian"], Penalty(1.0))
    assert not f.rows.held
    batches = Batches.of(f, 64, seed=4)
    state = batches.descent(average=4)
    assert batches.epoch(state, Update("gradient", 0.01), 2)
    order = [block.start + batches.order(2, block.start, block.rows) for part in f.rows.parts() for block in part.blocks()]
    c, w, X, y = f.coordinates, rows.w[kept], rows.X[kept], rows.y[kept]
    Z = np.column_stack([np.ones(697), (X - c.centre) / c.scale])
    table = Table(Z, y, w * 697 / w.sum(), f.shrink[:, None] / w.sum(), f.loss.first)
    path = list(iterates("gradient", table, f.start(), in_groups(np.concatenate(order), 64), 0.01, 0.0, 1.0))
    close(batches.mean(state), np.mean(path[3:], axis=0), 1e-11)


def test_the_mean_is_nearer_to_the_optimum_than_where_steps_that_do_not_fall_end():
    rng = np.random.default_rng(6)
    X, b = rng.standard_normal((20_000, 5)), np.arange(5.0)
    f = view_of(X, (X @ b + rng.standard_normal(20_000))[:, None])
    truth = np.linalg.lstsq(X, f.rows.store.y[:, 0])[0]
    batches = Batches.of(f)
    state = batches.descent(average=1000)
    assert batches.epoch(state, Update("gradient", 0.05), 0)
    near, end = (np.linalg.norm(each[:, 0] - truth) for each in (batches.mean(state), batches.theta(state)))
    # The iterates wander by sqrt(h p / 2), their mean by sqrt(p / N).
    assert near <= 4 * np.sqrt(5 / 20_000)
    assert end >= 4 * near


# ---- as users meet it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [True, 10, 1000])
@pytest.mark.parametrize("alpha", [0.0, 0.01])
@pytest.mark.parametrize("columns", [4, 20, 40])
def test_as_scikit_learn_means_it(average, alpha, columns):
    from sklearn.linear_model import SGDRegressor

    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((200, columns)), rng.standard_normal(200)
    both = {"learning_rate": "constant", "eta0": 0.01, "shuffle": False, "average": average, "alpha": alpha}
    theirs, ours = SGDRegressor(**both), gm.SGDRegressor(**both)
    for _ in range(3):
        theirs.partial_fit(X, y)
        ours.partial_fit(X, y)
        assert np.allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-12)
        assert np.allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-12)


def test_fit_judges_and_keeps_the_mean():
    rng = np.random.default_rng(8)
    X = rng.standard_normal((3000, 6)) * [1, 10, 100, 1, 1, 1] + 5
    y = X @ [1, 0.1, 0.01, 0, 2, -1] + rng.standard_normal(3000)
    model = gm.SGDRegressor(average=True, alpha=0.0, random_state=0).fit(X, y)
    truth = np.linalg.lstsq(np.column_stack([X, np.ones(3000)]), y)[0]
    rss = [np.sum((y - X @ b[:-1] - b[-1]) ** 2) for b in (np.append(model.coef_, model.intercept_), truth)]
    assert rss[0] <= rss[1] * (1 + 1e-3)
    assert np.array_equal(model.coef_, model.state_.told(True)[0])
    assert np.array_equal(model.state_.answer[0], model.state_.total[0] / model.state_.counters[2])


@pytest.mark.parametrize("average", [True, 70])
@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_saved_model_continues_its_mean_to_the_same_bits(tmp_path, kind, batch, average):
    X, y, _ = random_rows(120, 5)
    X = sp.csr_array(X * (X > 0.5)) if kind == "sparse" else X
    one, other = (gm.Online(batch=batch, average=average, alpha=0.1) for _ in range(2))
    for start in range(0, 120, 30):
        part = slice(start, start + 30)
        one.partial_fit(X[part], y[part, 0])
        other.partial_fit(X[part], y[part, 0]).save(tmp_path / "m.json")
        other = gm.Online.load(tmp_path / "m.json")
        assert other.settings == one.settings
        assert np.array_equal(one.coef, other.coef)
        assert one.intercept == other.intercept
    assert np.array_equal(one.state.total, other.state.total)
    assert one.state.counters[2] == max(120 // batch - int(average) + 1, 0)
    last = one.state.theta[0, :5] / one.state.scale
    assert np.array_equal(one.coef, last) == (one.state.counters[2] == 0)


def test_a_model_saved_before_there_was_a_mean(tmp_path):
    X, y, _ = random_rows(60, 4)
    model = gm.Online().partial_fit(X[:30], y[:30, 0])
    model.save(tmp_path / "new.json")
    content = json.loads((tmp_path / "new.json").read_text())["content"]
    del content["arrays"]["total"], content["settings"]["average"]
    content["counters"] = content["counters"][:2]
    write(tmp_path / "old.json", "gramian-online", 1, content)
    old = gm.Online.load(tmp_path / "old.json")
    assert np.array_equal(old.partial_fit(X, y[:, 0]).coef, model.partial_fit(X, y[:, 0]).coef)


@pytest.mark.parametrize("average", [-1, 1.5, "yes", None])
def test_what_is_no_start_of_a_mean(average):
    told = r"average.*\n.*False, True, or a whole number >= 0"
    with pytest.raises(ArgumentError, match=told):
        gm.Online(average=average)
    with pytest.raises(ArgumentError, match=told):
        gm.SGDRegressor(average=average).fit(np.eye(3), np.arange(3.0))


# ---- numbers that are not finite, where no pass looks for them -------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("columns", [3, 12, 40])
@pytest.mark.parametrize("options", [{}, {"batch_size": 1000}, {"batch_size": 7, "rule": "adam"}, {"rule": "adagrad"}])
@pytest.mark.parametrize("rate", ["constant", "auto"])
def test_a_number_that_is_not_finite_is_told_and_the_model_stays(rate, options, columns, where, bad):
    X, y, _ = random_rows(50, columns)
    model = gm.SGDRegressor(learning_rate=rate, eta0=1e-3, random_state=0, **options).partial_fit(X, y[:, 0])
    before = model.coef_.copy()
    X2, y2 = X.copy(), y[:, 0].copy()
    if where == "X":
        X2[41, columns - 1] = bad
    else:
        y2[41] = bad
    for each in (model, gm.SGDRegressor(learning_rate=rate, eta0=1e-3, random_state=0, **options)):
        with pytest.raises(ValueError, match=rf"Input {where} contains (NaN|infinity)"):
            each.partial_fit(X2, y2)
    assert np.array_equal(model.coef_, before)
    assert np.all(np.isfinite(model.partial_fit(X, y[:, 0]).coef_))


def test_finite_numbers_of_every_size():
    from gramian.kernels.finite import all_finite

    values = np.array([[0.0, -0.0, 5e-324, -5e-324], [1e308, -1e308, 1.0, -1.0]])
    assert all_finite(values)
    for bad in (np.nan, -np.nan, np.inf, -np.inf):
        for at in range(8):
            copy = values.copy()
            copy.flat[at] = bad
            assert not all_finite(copy)
