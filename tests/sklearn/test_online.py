"""Learning from streams: the written recurrence, the optimum, and the same bits after saving and loading."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.families import FAMILIES
from gramian.sklearn.online import Online
from gramian.sklearn.schedule import RULES


def stream(batches=20, m=50, n=3, seed=0, family="gaussian"):
    rng = np.random.default_rng(seed)
    b = np.array([1.0, -0.5, 0.25])[:n]
    for _ in range(batches):
        X = rng.normal(size=(m, n)) * [1, 100, 0.01] + [0, 1000, 3]
        mu = FAMILIES[family].mean(((X - [0, 1000, 3]) / [1, 100, 0.01]) @ b + 0.3)
        draw = {
            "gaussian": lambda mu: rng.normal(mu, 0.1),
            "binomial": lambda mu: (rng.random(mu.size) < mu).astype(float),
            "poisson": lambda mu: rng.poisson(mu).astype(float),
            "gamma": lambda mu: rng.gamma(5, mu / 5),
        }
        yield X, draw[family](mu)


def recurrence(rule, X, y, step, batch, alpha, decay=0.0):
    """The published rules in plain numpy, rows in order, intercept last."""
    Z = np.column_stack([X, np.ones(len(X))])
    theta, m, v = np.zeros(Z.shape[1]), np.zeros(Z.shape[1]), np.zeros(Z.shape[1])
    shrink = np.array([alpha] * X.shape[1] + [0.0])
    for t, start in enumerate(range(0, len(X) - len(X) % batch, batch), 1):
        z, target = Z[start : start + batch], y[start : start + batch]
        g = z.T @ (z @ theta - target) / batch + shrink * theta
        h = step / (1 + decay * (t - 1))
        if rule == "sgd":
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
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            theta = theta - h * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch", [1, 4])
def test_each_rule_is_its_written_recurrence(rule, batch):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(12, 3)), rng.normal(size=12)
    model = gm.Online(rule=rule, step=0.05, batch=batch, alpha=0.1, decay=0.01, shuffle=False)
    model.partial_fit(X[:5], y[:5]).partial_fit(X[5:], y[5:])  # a mini-batch may straddle two calls
    want = recurrence(rule, X, y, 0.05, batch, 0.1, 0.01)
    np.testing.assert_allclose(model.coef, want[:3], rtol=1e-12, atol=1e-14)
    assert model.intercept == pytest.approx(want[3], rel=1e-12)
    assert model.rows == 12


@pytest.mark.parametrize("family", FAMILIES)
def test_default_steps_find_the_model_on_raw_columns(family):
    model, seen = gm.Online(family), []
    for X, y in stream(400, family=family):
        model.partial_fit(X, y)
        seen.append((X, y))
    X, y = np.concatenate([X for X, _ in seen]), np.concatenate([y for _, y in seen])
    truth = np.array([1.0, -0.005, 25.0])
    np.testing.assert_allclose(model.coef / truth, 1, atol=0.15)
    assert model.rows == 20_000
    loss = FAMILIES[family]
    best = np.mean(loss.value(X @ truth + 0.3 - 1000 * truth[1] - 3 * truth[2], y))
    null = np.mean(loss.value(np.full(y.size, loss.link(np.array([y.mean()]))[0]), y))
    got = np.mean(loss.value(X @ model.coef + model.intercept, y))
    assert got - best < 0.02 * (null - best)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch", [1, 7])
def test_a_saved_model_continues_to_the_same_bits(tmp_path, rule, batch):
    straight, stopped = gm.Online(rule=rule, batch=batch, seed=3), gm.Online(rule=rule, batch=batch, seed=3)
    for i, (X, y) in enumerate(stream(8)):
        straight.partial_fit(X, y)
        stopped.partial_fit(X, y)
        stopped.save(tmp_path / f"{i}.json")
        stopped = Online.load(tmp_path / f"{i}.json")
    assert straight.coef.tobytes() == stopped.coef.tobytes()
    assert straight.intercept == stopped.intercept
    assert straight.state.generator == stopped.state.generator
    assert repr(stopped) == f"Online('gaussian', '{rule}', 400 rows seen)"


def words(batches=6, m=40, n=300, seed=0):
    """Batches of sparse rows and their targets."""
    rng = np.random.default_rng(seed)
    b = rng.normal(size=n)
    for _ in range(batches):
        X = sp.random_array((m, n), density=0.05, rng=rng, format="csr")
        yield X, np.asarray(X @ b) + 0.5 + 0.01 * rng.normal(size=m)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_sparse_rows_take_the_same_steps_and_stay_sparse(rule, batch, alpha, monkeypatch):
    options = {"rule": rule, "step": 0.02, "batch": batch, "alpha": alpha, "seed": 5, "shuffle": False}
    dense, sparse = gm.Online(**options), gm.Online(**options)
    for X, y in words():
        dense.partial_fit(X.toarray(), y)
        with monkeypatch.context() as patch:
            patch.setattr(sp.csr_array, "toarray", lambda self: pytest.fail("made dense"))
            sparse.partial_fit(sp.csc_matrix(X), y)
            fitted = sparse.predict(X)
        np.testing.assert_allclose(fitted, dense.predict(X.toarray()), rtol=1e-9)
    # Signs of tiny second moments make the adaptive rules sensitive to rounding where a gradient is nearly zero.
    np.testing.assert_allclose(sparse.coef, dense.coef, rtol=1e-7, atol=1e-9)
    assert sparse.intercept == pytest.approx(dense.intercept, rel=1e-9)


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_sparse_rows_are_continued_to_the_same_bits(tmp_path, rule, alpha):
    straight, stopped = (gm.Online(rule=rule, alpha=alpha, seed=3) for _ in range(2))
    for X, y in words():
        straight.partial_fit(X, y)
        stopped.partial_fit(X, y).save(tmp_path / "m.json")
        stopped = Online.load(tmp_path / "m.json")
    assert straight.coef.tobytes() == stopped.coef.tobytes()
    assert straight.intercept == stopped.intercept


@pytest.mark.parametrize("family", FAMILIES)
def test_default_steps_learn_from_sparse_rows(family):
    rng = np.random.default_rng(0)
    X = sp.random_array((4000, 30), density=0.2, rng=rng, format="csr") * 1000.0
    b, loss = rng.normal(size=30) / 1000, FAMILIES[family]
    mu = loss.mean(np.asarray(X @ b) + 0.3)
    draw = {"gaussian": lambda: rng.normal(mu, 0.1), "binomial": lambda: (rng.random(mu.size) < mu).astype(float)}
    draw |= {"poisson": lambda: rng.poisson(mu).astype(float), "gamma": lambda: rng.gamma(5, mu / 5)}
    y = draw[family]()
    model = gm.Online(family)
    for _ in range(8):
        for at in range(0, 4000, 200):
            model.partial_fit(X[at : at + 200], y[at : at + 200])
    best = np.mean(loss.value(np.asarray(X @ b) + 0.3, y))
    null = np.mean(loss.value(np.full(y.size, loss.link(np.array([y.mean()]))[0]), y))
    got = np.mean(loss.value(np.asarray(X @ model.coef) + model.intercept, y))
    assert got - best < 0.02 * (null - best)


def test_a_model_that_began_with_dense_rows_has_centred_them():
    X, y = next(words())
    model = gm.Online().partial_fit(X.toarray(), y)
    before = model.coef.copy()
    with pytest.raises(gm.DataError, match=r"X is sparse, and the 300 columns[\s\S]*Allowed: dense rows[\s\S]*Hint: begin"):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(model.coef, before)
    both = gm.Online().partial_fit(X, y)
    assert both.partial_fit(X.toarray(), y).rows == 80


def test_weights_multiply_the_loss_of_a_row():
    X, y = next(stream(1))
    twice = gm.Online(step=1e-9, shuffle=False).partial_fit(X, y, weights=np.full(50, 2.0))
    double = gm.Online(step=2e-9, shuffle=False).partial_fit(X, y)
    np.testing.assert_allclose(twice.coef, double.coef, rtol=1e-12)


def test_divergence_is_told_with_the_largest_stable_step():
    X, y = next(stream(1))
    model = gm.Online(step=1.0)
    with pytest.raises(gm.DataError, match=r"steps of 1 diverged[\s\S]*Allowed: steps below about"):
        model.partial_fit(X, y)
    assert model.rows == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"family": "normal"}, "family is 'normal'"),
        ({"rule": "adm"}, "did you mean 'adam'"),
        ({"step": 0.0}, "step is 0.0"),
        ({"step": float("nan")}, "step is nan"),
        ({"batch": 0}, "batch is 0"),
        ({"alpha": -1.0}, "alpha is -1.0"),
        ({"decay": -1.0}, "decay is -1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_cannot_be(options, words):
    with pytest.raises(gm.ArgumentError, match=words):
        gm.Online(**options)


def test_rows_that_cannot_be(tmp_path):
    X, y = next(stream(1))
    model = gm.Online("poisson")
    with pytest.raises(gm.DataError, match="target y is -1 at row 4"):
        model.partial_fit(X, np.where(np.arange(50) == 4, -1.0, 1.0))
    with pytest.raises(gm.DataError, match="no rows yet"):
        _ = model.coef
    model = gm.Online().partial_fit(X, y)
    before = model.coef.copy()
    with pytest.raises(gm.DataError, match="X has 2 columns, and had 3 before"):
        model.partial_fit(X[:, :2], y)
    with pytest.raises(gm.DataError, match="nan"):
        model.partial_fit(np.where(X > 1000, np.nan, X), y)
    np.testing.assert_array_equal(model.coef, before)
    with pytest.raises(gm.ArgumentError, match="one target"):
        model.partial_fit(X, np.column_stack([y, y]))
    path = tmp_path / "m.json"
    model.save(path)
    path.write_text(path.read_text().replace('"rows":50', '"rows":51'))
    with pytest.raises(gm.ModelError, match="damaged"):
        Online.load(path)
