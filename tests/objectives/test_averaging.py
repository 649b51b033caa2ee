"""The mean of the iterates against its definition in plain numpy, on every kind of row, and carried from call to call."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.errors import ArgumentError, DataError, ModelError
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives import cached_rows as held
from gramian.objectives.batches import Batches, Update
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.storage.json_file import write
from tests.objectives.test_batches import RULES, Table, close, in_groups, iterates, objective
from tests.objectives.test_objective import streamed


def view_of(X, y, w=None, intercept=False, family="gaussian", ridge=0.0, standardise=False):
    rows = ArrayRows.of(X, y, w, centred=intercept)
    return LinearObjective.of(rows, Threads(1), FAMILIES[family], RidgePenalty(ridge), standardise, intercept=intercept)


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


@pytest.mark.parametrize("family", list(FAMILIES))
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
    f = LinearObjective.of(rows, Threads(2), FAMILIES["gaussian"], RidgePenalty(1.0))
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
    if average is not True:
        assert one.state.counters[2] == max(120 // batch - average + 1, 0)
    last = one.state.theta[0, :5] / one.state.scale
    assert np.array_equal(one.coef, last) == (one.state.counters[2] == 0)


def steps_as_told(X, y, w, average, calls, batch):
    """(mean, theta) after calls over rows in their order, by default steps, from what the documentation says."""
    centre = np.average(X, axis=0, weights=w)
    scale = np.sqrt(np.average((X - centre) ** 2, axis=0, weights=w))
    Z = np.column_stack([(X - centre) / scale, np.ones(len(y))])
    h1 = 1.5 / np.max(w * np.sum(Z**2, axis=1))
    theta, total, count, t = np.append(np.zeros(X.shape[1]), np.average(y, weights=w)), np.zeros(X.shape[1] + 1), 0.0, 0
    for _ in range(calls):
        due = t
        for at in range(0, len(y), batch):
            if average is True and t == due:
                kept = int(t / 3)
                total, count = (total * kept / count, kept) if count > kept else (total, count)
                due = t + max(64, t)
            z, t = Z[at : at + batch], t + 1
            u = w[at : at + batch] * (z @ theta - y[at : at + batch])
            theta = theta - h1 * (1 + h1 * (t - 1)) ** (-1 / 3) * (u @ z) / len(z)
            if t >= average:
                total, count = total + theta, count + 1
    return total / count, theta


@pytest.mark.parametrize("average", [True, 1, 150])
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("columns", [3, 40])
def test_default_steps_under_a_mean(columns, batch, average):
    X, y, w = random_rows(400, columns)
    model = gm.Online(average=average, batch=batch, shuffle=False)
    for _ in range(3):
        model.partial_fit(X, y[:, 0], w)
    mean, theta = steps_as_told(X, y[:, 0], w, average, 3, batch)
    close(model.state.theta[0], theta, 1e-11)
    close(model.state.answer[0], mean, 1e-11)


def left_of(X, y, model, alpha=1e-4):
    """What J could still fall by, as a share of the variance of y."""
    D, t, m = X - X.mean(axis=0), y - y.mean(), len(y)
    best = np.linalg.solve(D.T @ D / m + alpha * np.eye(X.shape[1]), D.T @ t / m)

    def J(b, c):
        return 0.5 * np.mean((y - X @ b - c) ** 2) + 0.5 * alpha * b @ b

    return (J(model.coef_, model.intercept_[0]) - J(best, y.mean() - X.mean(axis=0) @ best)) / np.var(y)


def heavy_tailed(rng):
    """A few huge rows, and columns that nearly depend on each other."""
    X = rng.standard_normal((8000, 6)) @ (np.eye(6) + 0.8) * (1 + rng.standard_exponential((8000, 1)) ** 2)
    return X, X @ np.arange(6.0) + 3 * rng.standard_normal(8000)


def normal(rng):
    X = rng.standard_normal((8000, 10)) * 10.0 ** rng.uniform(-3, 3, 10)
    return X, X @ (1 / X.std(axis=0)) + rng.standard_normal(8000)


@pytest.mark.parametrize("options", [{}, {"batch_size": 8}, {"rule": "momentum"}, {"rule": "adam"}, {"max_iter": 1, "tol": None}])
@pytest.mark.parametrize("table", [heavy_tailed, normal])
def test_the_mean_is_no_worse_than_the_last_iterate_where_steps_are_ours(table, options):
    X, y = table(np.random.default_rng(2))
    last, mean = (gm.SGDRegressor(average=each, random_state=0, **options).fit(X, y) for each in (False, True))
    assert left_of(X, y, mean) < 0.75 * left_of(X, y, last)
    assert mean.n_iter_ <= last.n_iter_


def test_the_start_is_forgotten_within_few_epochs():
    X, y = heavy_tailed(np.random.default_rng(3))
    left = [left_of(X, y, gm.SGDRegressor(average=True, max_iter=n, tol=None, random_state=0).fit(X, y)) for n in (4, 16)]
    assert left[1] < left[0] / 16  # a mean of all would gain a factor of 16 in J at most


def test_a_file_that_lacks_what_the_mean_needs_is_damaged(tmp_path):
    X, y, _ = random_rows(60, 4)
    gm.Online(average=True).partial_fit(X, y[:, 0]).save(tmp_path / "whole.json")
    for part, name in (("settings", "power"), ("settings", "average"), ("arrays", "total")):
        content = json.loads((tmp_path / "whole.json").read_text())["content"]
        del content[part][name]
        write(tmp_path / "less.json", "gramian-online", 1, content)
        with pytest.raises(ModelError, match=f"(?s)less.json is damaged: .*{name}.*Hint: copy the file again"):
            gm.Online.load(tmp_path / "less.json")


@pytest.mark.parametrize("average", [-1, 1.5, "yes", None])
def test_what_is_no_start_of_a_mean(average):
    told = r"average.*\n.*False, True, or a whole number >= 0"
    with pytest.raises(ArgumentError, match=told):
        gm.Online(average=average)
    with pytest.raises(ArgumentError, match=told):
        gm.SGDRegressor(average=average).fit(np.eye(3), np.arange(3.0))


@pytest.mark.parametrize("average", [1, 42, 43, 57, 3000])
@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("alpha", [0.0, 1e-2])
@pytest.mark.parametrize(("columns", "density"), [(3, 1.0), (7, 1.0), (12, 1.0), (45, 1.0), (30, 0.05)])
def test_the_mean_moves_no_step(columns, density, alpha, batch, average):
    rng = np.random.default_rng(9)
    X = rng.standard_normal((498, columns)) * (rng.random((498, columns)) < density)
    y = X @ rng.standard_normal(columns) + rng.standard_normal(498)
    X = sp.csr_array(X) if density < 1 else X
    given = {"step": 0.01, "decay": 0.01, "alpha": alpha, "batch": batch}
    one, other = gm.Online(**given), gm.Online(average=average, **given)
    for part in (slice(0, 100), slice(100, 498)):
        one.partial_fit(X[part], y[part])
        other.partial_fit(X[part], y[part])
        assert np.array_equal(one.state.theta, other.state.theta)
    assert other.state.counters[2] == max(498 // batch - average + 1, 0)


@pytest.mark.parametrize("average", [2, 40, 41, 42, 43, 130, 299])
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_a_mean_that_begins_between_two_renewals_of_the_step_under_a_ridge(ridge, average):
    rng = np.random.default_rng(3)
    X = sp.random_array((300, 40), density=0.03, rng=rng, format="csr")
    batches = Batches.of(view_of(X, rng.standard_normal((300, 1)), intercept=True, ridge=ridge), seed=5)
    table, state = Table.of(batches), batches.descent(average=average)
    path = list(iterates("gradient", table, batches.theta(state), in_groups(batches.order(0), 1), 0.1, 0.0, 1.0))
    assert batches.epoch(state, Update("gradient", 0.1), 0)
    close(batches.mean(state), np.mean(path[average - 1 :], axis=0), 1e-11)
    assert state.counters[2] == 300 - average + 1


@pytest.mark.parametrize(("before", "after"), [(True, False), (5, False), (1, 500)])
def test_a_mean_that_is_asked_for_no_longer_is_told_no_longer(before, after):
    X, y, _ = random_rows(60, 4)
    constant = {"learning_rate": "constant", "eta0": 0.01, "shuffle": False}
    model = gm.SGDRegressor(average=before, **constant).partial_fit(X, y[:, 0])
    assert model.state_.counters[2] == 60 - before + 1
    model.set_params(average=after).partial_fit(X, y[:, 0])
    plain = gm.SGDRegressor(**constant).partial_fit(X, y[:, 0]).partial_fit(X, y[:, 0])
    assert np.array_equal(model.coef_, plain.coef_)
    assert model.state_.counters[2] == 0
    assert not np.any(model.state_.total)
    model.set_params(average=True).partial_fit(X, y[:, 0])
    assert model.state_.counters[2] == 60


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("lower", [1, 4, 8])
@pytest.mark.parametrize("kind", ["narrow", "middle", "sparse"])
def test_rows_that_wait_for_a_batch_that_is_now_lower(kind, lower, rule, average):
    X, y, _ = random_rows(400, 12 if kind == "middle" else 5)
    X = sp.csr_array(X * (X > 0.5)) if kind == "sparse" else X
    given = {"rule": rule, "learning_rate": "constant", "eta0": 0.01, "shuffle": False, "average": average}
    model = gm.SGDRegressor(batch_size=64, **given).partial_fit(X[:200], y[:200, 0])
    assert [*model.state_.counters[:2]] == [3, 8]
    model.set_params(batch_size=lower).partial_fit(X[200:], y[200:, 0])
    assert [*model.state_.counters] == [4 + 200 // lower, 0, (4 + 200 // lower) * average]
    # As one who takes the eight rows that wait for a batch of their own.
    whole = gm.SGDRegressor(batch_size=64, **given).partial_fit(X[:192], y[:192, 0])
    whole.set_params(batch_size=8).partial_fit(X[192:200], y[192:200, 0])
    whole.set_params(batch_size=lower).partial_fit(X[200:], y[200:, 0])
    assert np.allclose(model.coef_, whole.coef_, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("average", [np.bool_(True), np.int64(3)])
def test_settings_of_numpy_are_saved(tmp_path, average, kind):
    X, y, _ = random_rows(50, 3)
    flags = {"intercept": np.bool_(True), "shuffle": np.bool_(False)}
    numbers = {"step": np.float32(0.01), "decay": np.float32(0.5), "alpha": np.float64(0.1), "batch": kind(4), "seed": kind(3)}
    model = gm.Online(average=average, **flags, **numbers).partial_fit(X, y[:, 0])
    model.save(tmp_path / "m.json")
    other = gm.Online.load(tmp_path / "m.json")
    assert other.settings == model.settings
    assert other.settings.average == average
    assert isinstance(other.settings.average, bool) == isinstance(average, np.bool_)
    assert np.array_equal(model.partial_fit(X, y[:, 0]).coef, other.partial_fit(X, y[:, 0]).coef)


def test_the_version_of_a_saved_model(tmp_path):
    X, y, _ = random_rows(50, 3)
    gm.Online().partial_fit(X, y[:, 0]).save(tmp_path / "m.json")
    whole = json.loads((tmp_path / "m.json").read_text())
    assert whole["version"] == 1
    write(tmp_path / "later.json", "gramian-online", 2, whole["content"])
    with pytest.raises(ModelError, match=r"of version 2\nThis release reads version 1\n"):
        gm.Online.load(tmp_path / "later.json")


# ---- steps that diverge ----------------------------------------------------------------------------------------------


def test_the_cure_of_steps_that_diverge_is_one_of_this_class():
    X, y, _ = random_rows(500, 3)
    with pytest.raises(DataError, match=r"Allowed: steps below about 0\.\d+, .*\nHint: take a smaller step, or step=None"):
        gm.Online(step=10.0).partial_fit(X, y[:, 0])
    for fit in ("fit", "partial_fit"):
        model = gm.SGDRegressor(learning_rate="constant", eta0=10.0)
        with pytest.raises(DataError, match='Hint: take a smaller eta0, or learning_rate="auto", which'):
            getattr(model, fit)(X, y[:, 0])


def test_the_cure_of_steps_from_the_curvature_that_diverge_is_another_first_batch():
    rng = np.random.default_rng(10)
    X, y = rng.standard_normal((50, 1)), rng.poisson(1.0, 50)
    with pytest.raises(DataError, match=r"diverged.*\nAllowed: steps below.*\nHint: begin another model, with a first batch of"):
        gm.Online("poisson").partial_fit(X, y).partial_fit(X * 1e120, y)


@pytest.mark.parametrize("sparse", [False, True])
def test_rows_whose_squares_overflow(sparse):
    X, y, _ = random_rows(50, 3)
    both = [sp.csr_array(Z) if sparse else Z for Z in (X, X * 1e200)]
    told = r"squares of a row overflow.* stays as it was\nAllowed: rows whose squares are finite.*\nHint: divide X and y by their"
    for model in (gm.Online(), gm.Online(step=0.01), gm.SGDRegressor(), gm.SGDRegressor(learning_rate="constant")):
        model.partial_fit(both[0], y[:, 0])
        with pytest.raises(DataError, match=told):
            model.partial_fit(both[1], y[:, 0])
        model.partial_fit(both[0], y[:, 0])


def test_infinity_in_a_row_of_no_weight_warns_of_nothing():
    X, y, w = random_rows(50, 3)
    X[7, 1], w[7] = np.inf, 0.0
    with pytest.raises(ValueError, match="Input X contains infinity"):
        gm.SGDRegressor(learning_rate="constant").partial_fit(X, y[:, 0], w)


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
