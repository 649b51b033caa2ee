"""Mini-batches under every rule, and saga: the written recurrences row by row, steps honoured, defaults that converge."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.objectives.batches import Batches, Update
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.solvers import SOLVERS
from gramian.solvers.iterate import run
from gramian.solvers.saga import CROWD, SAGA
from gramian.solvers.sgd import SGD, restarted
from gramian.solvers.state import Stop
from shared_data import table as real_table

RULES = {"sgd": "gradient", "adagrad": "adagrad", "rmsprop": "rmsprop", "adam": "adam"}
STEPS = {"sgd": 0.01, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.01}


def problem(m: int = 11, n: int = 3, k: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(60)
    return rng.standard_normal((m, n)), rng.standard_normal((m, k)), rng.uniform(0.5, 2, m)


def view_of(X: Any, y: np.ndarray, w: np.ndarray | None, ridge: float = 0.0, standardise: bool = False) -> LinearObjective:
    rows = ArrayRows.of(X, y, weights=w)
    return LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], RidgePenalty(ridge), standardise=standardise)


# ---- the written recurrences -----------------------------------------------------------------------------------------


def written_epochs(
    name: str, X: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float, batch: int, step: float, orders: list[np.ndarray]
) -> np.ndarray:
    """Theta (n,) after each epoch; row i stands for (N w_i / W)(x_i'b - y_i) x_i + ridge / W b."""
    N, W = len(y), w.sum()
    theta, m, v, t = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.zeros(X.shape[1]), 0
    found = []
    for order in orders:
        for start in range(0, N, batch):
            rows = order[start : start + batch]
            g = (N / W) * np.mean(w[rows, None] * (X[rows] @ theta - y[rows])[:, None] * X[rows], axis=0)
            g = g + ridge / W * theta
            t += 1
            if name == "sgd":
                theta = theta - step * g
            elif name == "adagrad":
                v = v + g**2
                theta = theta - step * g / (np.sqrt(v) + 1e-8)
            elif name == "rmsprop":
                v = 0.9 * v + 0.1 * g**2
                theta = theta - step * g / (np.sqrt(v) + 1e-8)
            else:
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
                theta = theta - step * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        found.append(theta)
    return np.array(found)


@pytest.mark.parametrize("name", list(RULES))
@pytest.mark.parametrize("batch", [1, 4, 11])
@pytest.mark.parametrize("ridge", [0.0, 1.5])
def test_epochs_are_those_of_the_written_recurrence(name: str, batch: int, ridge: float) -> None:
    X, y, w = problem()
    view = view_of(X, y, w, ridge)
    orders = [Batches.of(view, batch, 5).order(epoch) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(11)) for order in orders)
    expected = written_epochs(name, X, y[:, 0], w, ridge, batch, STEPS[name], orders)
    found = gm.lstsq(
        X, y[:, 0], name, weights=w, ridge=ridge, step=STEPS[name], batch=batch, seed=5, max_iter=3, path=True
    )
    assert found.path is not None
    assert np.max(np.abs(found.path[1:] - expected)) <= 1e-12
    assert np.array_equal(found.coef, found.path[-1])


def test_the_default_step_of_sgd_falls_as_it_is_written() -> None:
    X, y, w = problem()
    view = view_of(X, y, w)
    orders = [Batches.of(view, 1, 0).order(epoch) for epoch in (1, 2, 3)]
    H = X.T @ (w[:, None] * X) / w.sum()
    mu, row = np.linalg.eigvalsh(H)[0], view.row_curvature()
    assert row == pytest.approx(np.max(11 * w * np.sum(X**2, axis=1)) / w.sum(), rel=1e-12)
    theta, t, expected = np.zeros(3), 0, []
    for order in orders:
        for i in order:
            h = 1 / row / (1 + mu / row * t)
            theta = theta - h * 11 * w[i] / w.sum() * (X[i] @ theta - y[i, 0]) * X[i]
            t += 1
        expected.append(theta)
    found = run(SGD("gradient"), view, Stop(gradient=None, max_iter=3), path=True)
    assert found.path is not None
    assert np.max(np.abs(found.path[1:, :, 0] - expected)) <= 1e-12


@pytest.mark.parametrize("ridge", [0.0, 1.5])
def test_saga_is_the_written_recurrence(ridge: float) -> None:
    X, y, w = problem()
    view = view_of(X, y, w, ridge)
    N, W = 11, w.sum()
    h = 1 / (3 * view.row_curvature())
    theta, held, mean, expected = np.zeros(3), np.zeros(N), np.zeros(3), []
    for epoch in (1, 2, 3):
        for i in Batches.of(view, 1, 0).order(epoch):
            u = N * w[i] / W * (X[i] @ theta - y[i, 0])
            change = (u - held[i]) * X[i]
            theta = theta - h * (change + mean + ridge / W * theta)
            mean, held[i] = mean + change / N, u
        expected.append(theta)
    found = run(SAGA(), view, Stop(gradient=None, max_iter=3), path=True)
    assert found.path is not None
    assert np.max(np.abs(found.path[1:, :, 0] - expected)) <= 1e-12


@pytest.mark.parametrize("rows", [64, 67])
@pytest.mark.parametrize("columns", [31, 32, 41])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("targets", [1, 3])
def test_wide_rows_taken_by_fours_take_the_written_steps(rows: int, columns: int, weighted: bool, targets: int) -> None:
    X, Y, w = problem(rows, columns, targets)
    w = w if weighted else np.ones(rows)
    view = view_of(X, Y, w if weighted else None)
    orders = [Batches.of(view, 1, 5).order(epoch) for epoch in (1, 2, 3)]
    found = gm.lstsq(X, Y, "sgd", weights=w if weighted else None, step=0.01, seed=5, max_iter=3, path=True)
    assert found.path is not None
    for a in range(targets):
        expected = written_epochs("sgd", X, Y[:, a], w, 0.0, 1, 0.01, orders)
        assert np.max(np.abs(found.path[1:, :, a] - expected)) <= 1e-12


@pytest.mark.parametrize("power", [1.0, 0.5, 0.25, 0.7])
@pytest.mark.parametrize("columns", [3, 40])
def test_a_step_that_falls_is_that_of_its_power(power: float, columns: int) -> None:
    X, y, _ = problem(29, columns)
    view = view_of(X, y, None)
    batches = Batches.of(view)
    state, theta = batches.descent(), np.zeros(columns)
    assert batches.epoch(state, Update("gradient", 0.02, 0.3, power), 1)
    for t, i in enumerate(batches.order(1)):
        theta = theta - 0.02 * (1 + 0.3 * t) ** -power * (X[i] @ theta - y[i, 0]) * X[i]
    assert np.max(np.abs(batches.theta(state)[:, 0] - theta)) <= 1e-12


@pytest.mark.filterwarnings("ignore::gramian.GramianWarning")  # rmsprop with a fixed step never settles
@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad"])
def test_a_long_run_of_an_adaptive_rule_is_the_written_one(name: str) -> None:
    X, y, w = problem(500, 3)
    orders = [Batches.of(view_of(X, y, w), 1, 5).order(epoch) for epoch in (1, 2)]
    expected = written_epochs(name, X, y[:, 0], w, 0.4, 1, STEPS[name], orders)
    found = gm.lstsq(X, y[:, 0], name, weights=w, ridge=0.4, step=STEPS[name], batch=1, seed=5, max_iter=2, path=True)
    assert found.path is not None
    assert np.max(np.abs(found.path[1:] - expected)) <= 1e-11


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("ridge", [0.0, 1.5])
def test_saga_with_long_rows_more_often_is_the_written_recurrence(kind: str, ridge: float) -> None:
    X, y, w = problem(40)
    X[7] *= 30.0
    view = view_of(sp.csr_array(X) if kind == "sparse" else X, y, w, ridge)
    N, W = 40, w.sum()
    sizes = N * w * np.sum(X**2, axis=1) / W
    chances = (1 + sizes / sizes.mean()) / 2
    assert sizes.max() > CROWD * sizes.mean()
    h = 1 / (3 * (np.max(sizes / chances) + ridge / W))
    theta, held, mean, expected = np.zeros(3), np.zeros(N), np.zeros(3), []
    for epoch in (1, 2, 3):
        for i in Batches.of(view, 1, 0).drawn(epoch, chances):
            u = N * w[i] / W * (X[i] @ theta - y[i, 0])
            change = (u - held[i]) * X[i]
            theta = theta - h * (change / chances[i] + mean + ridge / W * theta)
            mean, held[i] = mean + change / N, u
        expected.append(theta)
    found = run(SAGA(), view, Stop(gradient=None, max_iter=3), path=True)
    assert found.path is not None
    assert np.max(np.abs(found.path[1:, :, 0] - expected)) <= 1e-12


def test_a_step_of_ones_own_takes_every_row_once() -> None:
    X, y, _ = problem(40)
    X[7] *= 30.0
    view = view_of(X, y, None)
    theta, held, mean = np.zeros(3), np.zeros(40), np.zeros(3)
    for i in Batches.of(view, 1, 0).order(1):
        u = X[i] @ theta - y[i, 0]
        theta = theta - 1e-4 * ((u - held[i]) * X[i] + mean)
        mean, held[i] = mean + (u - held[i]) * X[i] / 40, u
    found = gm.lstsq(X, y[:, 0], "saga", step=1e-4, max_iter=1)
    assert np.max(np.abs(found.coef - theta)) <= 1e-12


def test_rows_come_as_often_as_their_chances_say() -> None:
    from gramian.kernels.order import drawn

    counts = np.random.default_rng(8).exponential(1.0, 400)
    counts *= 400 / counts.sum()
    seen = np.zeros(400)
    for seed in range(2000):
        order = drawn(counts, np.uint64(seed))
        each = np.bincount(order, minlength=400)
        assert abs(len(order) - 400) <= 1
        assert np.all(np.abs(each - counts) < 1 + 1e-9)
        seen += each
    # A binomial count of 2,000 trials is off by less than 5 deviations of at most sqrt(500).
    assert np.max(np.abs(seen - 2000 * counts)) <= 5 * np.sqrt(500)
    assert np.array_equal(drawn(counts, np.uint64(3)), drawn(counts, np.uint64(3)))
    assert np.any(np.diff(drawn(counts, np.uint64(3))) < 0)


@pytest.mark.parametrize("method", ["saga", "sgd"])
def test_rare_columns_under_a_ridge_do_not_slow_down_sparse_rows(method: str) -> None:
    rng = np.random.default_rng(9)
    m, n = 1200, 400
    rows, columns = np.repeat(np.arange(m), 8), (n * rng.random(8 * m) ** 4).astype(int)
    X = sp.csr_array((rng.integers(1, 3, 8 * m).astype(float), (rows, columns)), shape=(m, n))
    y = np.asarray(X @ rng.standard_normal(n)) + rng.standard_normal(m)
    found = gm.lstsq(X, y, method, ridge=1.0, suboptimality=1e-2 if method == "sgd" else 1e-3, max_iter=400)
    assert found.trusted
    assert found.stats.iterations <= 200


@pytest.mark.parametrize("name", [*RULES, "saga"])
def test_sparse_rows_take_the_same_steps_as_dense_ones(name: str) -> None:
    rng = np.random.default_rng(61)
    X = sp.random_array((60, 9), density=0.3, rng=rng, format="csr")
    y = rng.standard_normal((60, 2))
    settings = {"batch": 7} if name in RULES else {}
    step = STEPS.get(name, 0.01)
    dense = gm.lstsq(X.toarray(), y, name, step=step, max_iter=4, ridge=0.3, **settings)
    sparse = gm.lstsq(X, y, name, step=step, max_iter=4, ridge=0.3, **settings)
    if name in RULES and name != "sgd":
        assert sparse.coef.shape == dense.coef.shape
    assert np.all(np.isfinite(sparse.coef))
    assert sparse.stats.iterations == 4
    again = gm.lstsq(X, y, name, step=step, max_iter=4, ridge=0.3, **settings)
    assert np.array_equal(again.coef, sparse.coef)


# ---- defaults that converge ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*RULES, "saga"])
@pytest.mark.parametrize("batch", [None, 1, 16])
def test_the_digits_aimed_for_are_reached_without_tuning(name: str, batch: int | None) -> None:
    if name == "saga" and batch is not None:
        pytest.skip("saga takes one row at a time")
    rng = np.random.default_rng(62)
    X = rng.standard_normal((2000, 8)) * 10.0 ** np.arange(-4, 4) + 10.0 ** np.arange(-4, 4)
    y = X @ (rng.standard_normal(8) / 10.0 ** np.arange(-4, 4)) + rng.standard_normal(2000)
    data = {**{f"x{j}": X[:, j] for j in range(8)}, "y": y}
    fit = gm.fit("y ~ .", data, method=name, batch=batch)
    truth = gm.fit("y ~ .", data)
    assert fit.trusted
    wanted = 2 if name == "sgd" or batch else 8
    scale = X.std(axis=0)
    error = np.linalg.norm(scale * (fit.coef - truth.coef)[1:]) / np.linalg.norm(scale * truth.coef[1:])
    assert error <= 10.0**-wanted
    assert float(fit.certificate.digits[0]) <= -np.log10(error) + 1e-2
    assert np.allclose(fit.se, truth.se, rtol=10.0**-wanted)


TABLES = {
    "california_housing.csv": "median_house_value ~ . - ocean_proximity",
    "bike_hour.csv": "cnt ~ . - instant - dteday - casual - registered",
    "winequality-white.csv": "quality ~ .",
}
FIRST_ORDER = [name for name, solver in SOLVERS.items() if solver.traits.iterates]


@pytest.mark.parametrize("file", list(TABLES))
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_every_method_converges_on_raw_columns_of_real_tables(name: str, file: str) -> None:
    path = str(real_table(file))
    # Four digits keep the slow methods quick; stochastic ones aim for two.
    digits = 2.0 if name == "sgd" else 4.0
    fit = gm.fit(TABLES[file], path, method=name, accuracy=digits)
    truth = gm.fit(TABLES[file], path)
    assert fit.trusted, fit.how
    assert fit.method == name
    J, best, none = (np.asarray(each, float) for each in (fit.rss, truth.rss, truth.estimate.tss))
    assert np.all(J - best <= 1e-3 * (none - best))
    assert float(fit.certificate.digits[0]) >= digits


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_a_suboptimality_is_bounded_by_the_certificate(name: str) -> None:
    X, y, w = problem(400, 5, 2)
    found = gm.lstsq(X, y, name, weights=w, suboptimality=1e-3, ridge=2.0)
    truth = gm.lstsq(X, y, weights=w, ridge=2.0).coef
    assert found.trusted
    assert found.status.ok

    def J(b: np.ndarray) -> np.ndarray:
        return (w @ (y - X @ b) ** 2 + 2.0 * np.sum(b**2, axis=0)) / (2 * w.sum())

    left = J(found.coef) - J(truth)
    assert np.all(left <= 1e-3 * (J(np.zeros_like(truth)) - J(truth)))
    assert found.certificate.gap is not None
    assert np.all(left <= found.certificate.gap + 1e-14)


# ---- what is counted and refused -------------------------------------------------------------------------------------


def test_an_epoch_is_a_pass_and_threads_change_no_bit() -> None:
    X, y, _ = problem(5000, 6)
    one = gm.lstsq(X, y, "sgd", batch=10, max_iter=4, threads=1)
    two = gm.lstsq(X, y, "sgd", batch=10, max_iter=4, threads=2)
    other = gm.lstsq(X, y, "sgd", batch=10, max_iter=4, seed=1)
    assert np.array_equal(one.coef, two.coef)
    assert not np.array_equal(one.coef, other.coef)
    # Four epochs, a gradient after each and at the start, sizes, the Gram matrix, the largest row, the certificate.
    assert 4 + 5 + 3 <= one.stats.passes <= 4 + 5 + 5
    assert [record.iteration for record in one.history] == [0, 1, 2, 3, 4]
    values = [record.value for record in one.history]
    assert values[-1] < values[0]


@pytest.mark.parametrize(("name", "batch"), [("sgd", 1), ("saga", None)])
def test_a_step_too_large_is_told_with_the_largest_stable_one(name: str, batch: int | None) -> None:
    X, y, _ = problem(200, 4)
    with pytest.warns(gm.GramianWarning, match=r"diverged[\s\S]*Hint: leave step out"):
        found = gm.lstsq(X, y[:, 0], name, step=50.0, batch=batch, max_iter=50)
    assert found.status.name == "DIVERGED"
    assert not found.trusted
    assert "the step was 50" in found.notes[0]
    row = np.max(np.sum(X**2, axis=1))
    assert f"{2 / row:.6g}" in found.notes[0] or f"{1 / row:.6g}" in found.notes[0]


def test_bad_settings_are_refused() -> None:
    X, y, _ = problem()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"method": "sgd", "batch": 12}, "batch is 12\nAllowed: a whole number from 1 to the 11 rows"),
        ({"method": "sgd", "batch": 0}, "batch is 0\nAllowed: a whole number >= 1"),
        ({"method": "sgd", "batch": 2.5}, "batch is 2.5"),
        ({"method": "sgd", "step": 0.0}, "step is 0.0\nAllowed: a finite number > 0"),
        ({"method": "sgd", "step": -1}, "step is -1"),
        ({"method": "sgd", "step": float("nan")}, "step is nan"),
        ({"method": "sgd", "step": True}, "step is True"),
        ({"method": "sgd", "step": "exact"}, "step is 'exact'\nAllowed: a number > 0: a batch of rows gives no line"),
        ({"method": "gradient", "step": "exakt"}, "did you mean 'exact'"),
        ({"method": "sgd", "max_iter": 0}, "max_iter is 0\nAllowed: a whole number >= 1"),
        ({"method": "sgd", "seed": -1}, "seed is -1\nAllowed: a whole number >= 0"),
        ({"method": "gradient", "batch": 2}, "method='gradient' cannot take a batch of rows\nMethods that can: sgd, adagrad"),
        ({"method": "newton", "step": 0.1}, "method='newton' cannot take a step"),
        ({"method": "cholesky", "max_iter": 3}, "method='cholesky' cannot take max_iter"),
        ({"step": 0.1}, "method='auto' cannot take a step"),
        ({"method": "adm"}, "did you mean 'adam'"),
        ({"method": "saga", "suboptimality": 2}, "suboptimality is 2\nAllowed: a number between 0 and 1"),
        ({"method": "saga", "suboptimality": 0.1, "accuracy": 3}, "accuracy is 3.0\nAllowed: accuracy or suboptimality"),
        ({"method": "qr", "suboptimality": 1e-3}, "method='qr' cannot stop at a suboptimality"),
    ]
    for settings, told in cases:
        with pytest.raises(gm.ArgumentError) as error:
            gm.lstsq(X, y, **settings)
        assert told in str(error.value)


def test_a_callback_sees_the_users_units_and_can_stop() -> None:
    X, y, _ = problem(300, 4)
    seen: list[Any] = []

    def watch(snapshot: Any) -> bool:
        seen.append(snapshot)
        return snapshot.iteration == 2

    found = gm.lstsq(X * [1, 10, 100, 1000], y[:, 0], "gradient", callback=watch)
    assert found.status.name == "STOPPED"
    assert len(seen) == 3
    assert np.array_equal(seen[-1].x[:, 0], found.coef)
    with pytest.raises(ZeroDivisionError):
        gm.lstsq(X, y, "gradient", callback=lambda _: 1 / 0)


def test_nothing_is_asked_of_a_stream_that_can_be_read_once(tmp_path: Any) -> None:
    import pyarrow as pa

    rng = np.random.default_rng(63)
    batch = pa.record_batch({"x": rng.standard_normal(50), "y": rng.standard_normal(50)})
    reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    said = r"method='saga' cannot read rows once only\nMethods that can: cholesky, .*qr, svd"
    with pytest.raises(gm.ArgumentError, match=said):
        gm.fit("y ~ x", reader, method="saga")


# ---- losses whose curvature has no bound -----------------------------------------------------------------------------

COUNTS = np.random.default_rng(5).poisson(np.exp(5.2 + 0.5 * np.linspace(-1, 1, 600))).astype(float)
COUNTED = {"cnt": COUNTS, "temp": np.linspace(-1, 1, 600)}
MARKED = [("sgd", None), ("sgd", 32), ("saga", None), ("adagrad", 8), ("rmsprop", 8), ("adam", 32)]


@pytest.mark.parametrize("family", ["poisson", "gamma"])
@pytest.mark.parametrize(("method", "batch"), MARKED)
def test_default_steps_converge_on_large_counts(method: str, batch: int | None, family: Any) -> None:
    best = gm.fit("cnt ~ temp", COUNTED, family=family)
    found = gm.fit("cnt ~ temp", COUNTED, family=family, method=method, batch=batch)
    assert found.trusted
    assert np.linalg.norm(found.coef[1:] - best.coef[1:]) <= 10.0 ** -found.certificate.digits[0] * abs(best.coef[1])
    assert ("aims for 2 digits unless accuracy= is given" in "".join(found.notes)) == (method != "saga")


@pytest.mark.parametrize("method", ["sgd", "saga"])
def test_a_default_step_that_diverges_begins_again_with_a_quarter(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[f"gramian.solvers.{method}"], "typical_row", lambda _: (0.01, 1.0))
    best = gm.fit("cnt ~ temp", COUNTED, family="poisson")
    found = gm.fit("cnt ~ temp", COUNTED, family="poisson", method=method)
    assert found.trusted
    assert found.coef == pytest.approx(best.coef, rel=1e-2)
    told = re.search(r"the default step diverged (\d+) times, and was divided by ([\d,]+)", found.notes[0])
    assert told is not None
    assert 4 ** int(told[1]) == int(told[2].replace(",", ""))


def test_what_is_said_of_restarts() -> None:
    assert restarted(0) == ""
    assert restarted(1) == "the default step diverged once, and was divided by 4"
    assert restarted(5) == "the default step diverged 5 times, and was divided by 1,024"


@pytest.mark.parametrize(
    ("method", "bound"), [("sgd", "the largest stable step is 2 over the"), ("saga", "stable are steps up to 1 /")]
)
def test_a_step_of_the_users_own_is_not_changed(method: str, bound: str) -> None:
    with pytest.warns(gm.GramianWarning, match="diverged"):
        found = gm.fit("cnt ~ temp", COUNTED, family="poisson", method=method, step=0.3)
    assert not found.trusted
    assert "diverged" in found.notes[0]
    assert "the step was 0.3" in found.notes[0]
    assert bound in found.notes[0]
    assert "was divided" not in "".join(found.notes)
