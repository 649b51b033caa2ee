"""The objective over rows against its written formulas in plain numpy: dense, sparse, streamed, all losses."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Block
from gramian.data.coordinates import Coordinates
from gramian.errors import DataError, SourceError
from gramian.execution import memory
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.families import Family as Loss
from gramian.objectives import cached_rows as held
from gramian.objectives import curvature
from gramian.objectives import linear_objective as rowwise
from gramian.objectives.linear_objective import LinearObjective
from gramian.objectives.objective import Objective
from gramian.objectives.row_store import HeldPart, RowStore
from gramian.problem.penalties import NoPenalty, RidgePenalty

EPS = 2.0**-52
KINDS = ("gaussian", "binomial", "poisson", "gamma")


def table(k=1, n=5, m=700, sparse=False, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)) * np.logspace(-2, 2, n) + np.logspace(2, -2, n)
    if sparse:
        X = sp.csr_array(X * (rng.random((m, n)) < 0.4))
    y = np.abs(rng.standard_normal((m, k))) + 0.1
    return X, y, rng.random(m) + 0.5


@dataclass(frozen=True)
class Written:
    """J, its gradient and Hessian as the docstring writes them, in dense numpy."""

    A: np.ndarray
    y: np.ndarray
    w: np.ndarray
    shrink: np.ndarray
    loss: Loss

    @staticmethod
    def of(f: LinearObjective, X, y, w):
        D = X.toarray() if sp.issparse(X) else X
        c, m = f.coordinates, D.shape[0]
        Z = (D - c.centre) / c.scale
        A = np.column_stack([np.ones(m), Z]) if c.intercept else Z
        b = f.penalty.quadratic(D.shape[1]) / c.scale**2
        return Written(A, y, np.ones(m) if w is None else w, np.append(0.0, b) if c.intercept else b, f.loss)

    def value(self, theta):
        ridge = np.sum(self.shrink @ theta**2) / 2
        return (np.sum(self.w @ self.loss.value(self.A @ theta, self.y)) + ridge) / self.w.sum()

    def gradient(self, theta):
        u = self.w[:, None] * self.loss.first(self.A @ theta, self.y)
        return (self.A.T @ u + self.shrink[:, None] * theta) / self.w.sum()

    def hessian(self, theta):
        v = self.w[:, None] * self.loss.second(self.A @ theta, self.y)
        each = [(self.A.T * v[:, a]) @ self.A + np.diag(self.shrink) for a in range(self.y.shape[1])]
        return np.stack(each) / self.w.sum()


def close(got, want, digits=11.0):
    scale = np.max(np.abs(want))
    assert np.max(np.abs(np.asarray(got) - want)) <= 10.0**-digits * max(scale, 1e-300)


def objective(X, y, w, family="gaussian", ridge=0.0, standardise=True, intercept=True, threads=1, **more):
    rows = ArrayRows.of(X, y, w, centred=intercept)
    return LinearObjective.of(
        rows, Threads(threads), FAMILIES[family], RidgePenalty(ridge), standardise, intercept=intercept, **more
    )


def at(f: LinearObjective, seed=1):
    """A point and a direction whose fitted values are moderate, so that rounding is about eps."""
    rng = np.random.default_rng(seed)
    norms = np.sqrt(f.weight) * np.ones(f.shape[0])
    beta = f.raw_norms[: f.n] / f.coordinates.scale if not np.any(f.coordinates.centre) else np.sqrt(f.weight)
    norms[f.shape[0] - f.n :] = beta
    size = np.sqrt(f.weight) / norms[:, None]
    return rng.standard_normal(f.shape) * size * 0.3, rng.standard_normal(f.shape) * size


CASES = list(itertools.product(KINDS, (False, True), (1, 2, 8), (True, False)))


@pytest.mark.parametrize(("family", "sparse", "k", "standardise"), CASES)
def test_all_verbs(family, sparse, k, standardise):
    X, y, w = table(k, sparse=sparse)
    y = (y > 0.7).astype(float) if family == "binomial" else y
    ridge, intercept = (2.0, True) if k == 2 else (0.0, k == 1)
    f = objective(X, y, w, family, ridge, standardise, intercept)
    written = Written.of(f, X, y, w)
    theta, d = at(f)
    value, g = f.gradient(theta)
    close(value, written.value(theta))
    close(f.value(theta), written.value(theta))
    close(g, written.gradient(theta))
    H = written.hessian(theta)
    close(np.broadcast_to(f.hessian(theta), H.shape), H)
    assert f.hessian(theta).shape[0] == (1 if family == "gaussian" else k)
    close(f.hessian_vector(theta, d), np.einsum("aij,ja->ia", H, d))
    close(f.forward(theta), written.A @ theta)
    line = f.line(theta, d)
    for step in (0.0, 0.3, -0.7):
        there = theta + step * d
        close(line.value(step), written.value(there))
        gap = abs(line.slope(step) - np.sum(written.gradient(there) * d))
        assert gap <= 1e-11 * np.sum(np.abs(written.gradient(there) * d))
    assert isinstance(f, LinearObjective)
    protocol: Objective = f
    assert protocol.quadratic == (family == "gaussian")


@pytest.mark.parametrize("ridge", [0.0, 3.0])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("k", [1, 8])
def test_products_for_krylov(k, sparse, ridge):
    X, y, w = table(k, sparse=sparse)
    f = objective(X, y, w, ridge=ridge)
    written = Written.of(f, X, y, w)
    A = np.sqrt(w)[:, None] * written.A
    if ridge:
        A = np.vstack([A, np.diag(np.sqrt(written.shrink))])
    v, _ = at(f)
    b = f.targets()
    close(np.concatenate(b)[: len(y)], np.sqrt(w)[:, None] * y)
    alpha = np.linspace(0.5, 1.5, k)
    want = A @ v - alpha * np.concatenate(b)
    before = f.passes
    u, h = f.fused(v, b, alpha)
    assert f.passes == before + 1
    close(np.concatenate(u), want)
    close(h, A.T @ want)
    u, h = f.fused(v, None)
    close(np.concatenate(u), A @ v)
    close(h, A.T @ (A @ v))


def test_exact_step_is_the_minimum_of_the_line():
    X, y, w = table()
    f = objective(X, y, w, ridge=1.0)
    theta, _ = at(f)
    g = f.gradient(theta)[1]
    line = f.line(theta, -g)
    step = line.exact_step
    assert step is not None
    H = f.hessian(theta)[0]
    assert step == pytest.approx(np.sum(g * g) / np.sum(g * (H @ g)), rel=1e-12)
    assert abs(line.slope(step)) <= 1e-12 * abs(line.slope(0.0))
    assert f.line(theta, np.zeros_like(g)).exact_step == 0.0
    y = np.round(y)
    assert objective(X, y, w, "poisson").line(0 * theta, -g).exact_step is None


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("sparse", [False, True])
def test_curvature_bounds_hold_and_are_tight(family, sparse):
    X, y, w = table(2, sparse=sparse)
    y = (y > 0.7).astype(float) if family == "binomial" else y
    f = objective(X, y, w, family, ridge=1.0)
    found, written = f.curvature(), Written.of(f, X, y, w)
    bend = FAMILIES[family].curvature
    curves = np.full_like(y, bend) if np.isfinite(bend) else FAMILIES[family].second(np.zeros_like(y), y)
    each = [(written.A.T * (w * v)) @ written.A + np.diag(written.shrink) for v in curves.T]
    eigenvalues = np.linalg.eigvalsh(np.stack(each) / w.sum())
    if np.isfinite(bend):
        assert eigenvalues.max() * (1 - 20 * EPS) <= found.L <= eigenvalues.max() * (1 + 1e-9)
    else:
        assert np.inf == found.L
    if family == "gaussian":
        assert eigenvalues.min() * (1 - 1e-9) <= found.mu <= eigenvalues.min() * (1 + 1e-12)
    else:
        assert found.mu == 0.0  # an intercept has no ridge
    rows = len(w) * w / w.sum() * np.max(curves, axis=1) * np.sum(written.A**2, axis=1)
    assert found.row == pytest.approx(rows.max() + written.shrink.max() / w.sum(), rel=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_curvature_by_products(monkeypatch, family):
    X, y, w = table(2, n=12, sparse=True)
    y = (y > 0.7).astype(float) if family == "binomial" else y
    exact = objective(X, y, w, family, ridge=1.0).curvature().L
    monkeypatch.setattr(curvature, "MOST", 5)
    f = objective(X, y, w, family, ridge=1.0)
    found = f.curvature()
    assert exact * (1 - 1e-12) <= found.L <= 1.5 * exact + np.max(f.shrink) / f.weight
    assert found.mu == 0.0


def test_standardised_coordinates_bend_alike():
    X, y, w = table()
    for ridge in (0.0, 50.0):
        f = objective(X, y, w, ridge=ridge)
        close(np.diag(f.hessian(f.start())[0]), np.ones(f.shape[0]), 10)
    assert f.shape[0] >= f.curvature().L
    mean = np.average(X, axis=0, weights=w)
    close(f.coordinates.centre, mean, 13)


def test_a_constant_column_keeps_scale_one_and_coefficient_zero():
    X, y, w = table()
    X = np.column_stack([X, np.full(len(X), 0.1), np.zeros(len(X))])
    f = objective(X, y, w)
    assert np.all(f.coordinates.scale[-2:] == 1.0)
    g = f.gradient(f.start())[1]
    assert np.all(np.abs(g[-2:]) <= 1e-13)


def test_a_large_mean_costs_no_digits():
    """The design is 1e9 + small: exact in binary, so that shifting the columns by hand changes nothing."""
    rng = np.random.default_rng(0)
    small = rng.integers(-8, 9, (400, 3)) / 4.0
    y = rng.standard_normal((400, 1))
    near, far = objective(small, y, None), objective(small + 1e9, y, None)
    same = replace(far.coordinates, centre=far.coordinates.centre - 1e9)  # the mean, rounded to a spacing of 1e-7
    theta, _ = at(near)
    close(far.gradient(theta)[1], replace(near, coordinates=same).gradient(theta)[1], 13)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("family", KINDS)
def test_same_bits_for_any_number_of_threads(monkeypatch, sparse, family):
    monkeypatch.setattr(held, "SPARSE_PART", 64)
    monkeypatch.setattr(rowwise, "SMALL", 0)
    X, y, w = table(2, n=6, m=40_000, sparse=sparse)
    y = (y > 0.7).astype(float) if family == "binomial" else y
    answers = []
    for threads in (1, 2, 4):
        f = objective(X, y, w, family, threads=threads)
        assert len(f.rows.parts()) > 2
        theta, d = at(f)
        value, g = f.gradient(theta)
        both = [np.array([value, f.line(theta, d).value(0.5)]), g.ravel(), f.hessian_vector(theta, d).ravel()]
        answers.append(np.concatenate([*both, f.fused(theta, None)[1].ravel()]))
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])


# ---- where rows come from ----


@dataclass(frozen=True)
class Streamed:
    """Rows that are built anew on each pass, as a design makes them: X Fortran-contiguous and owned, some rows missing."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    step: int = 100
    rereadable: bool = True
    centred: bool = True
    sparse: bool = False
    in_memory: bool = False
    name: str = "stream"
    cuts: tuple[int, ...] = (0, 250, 700)

    @property
    def n(self):
        return self.X.shape[1]

    @property
    def k(self):
        return self.y.shape[1]

    @property
    def rows(self):
        return None

    @property
    def weighted(self):
        return self.w is not None

    def parts(self):
        return [Piece(self, a, b) for a, b in itertools.pairwise(self.cuts)]


@dataclass(frozen=True)
class Piece:
    of: Streamed
    first: int
    stop: int
    label: str = "piece"

    def blocks(self) -> Iterator[Block]:
        for start in range(self.first, self.stop, self.of.step):
            here = slice(start, min(start + self.of.step, self.stop))
            kept = np.flatnonzero(np.isfinite(self.of.y[here, 0]))
            X = np.asfortranarray(self.of.X[here][kept])
            w = None if self.of.w is None else self.of.w[here][kept]
            read = here.stop - here.start
            yield Block(start - self.first, X, np.asfortranarray(self.of.y[here][kept]), w, None, read, kept, True)


def streamed(weighted=True, **more):
    X, y, w = table(2)
    y[[3, 120, 699]] = np.nan
    return Streamed(X, y, w if weighted else None, **more), np.isfinite(y[:, 0])


@pytest.mark.parametrize("weighted", [False, True])
def test_held_and_streamed_rows_give_the_same_bits(monkeypatch, weighted):
    rows, kept = streamed(weighted)
    monkeypatch.setattr(rowwise, "SMALL", 0)
    answers = []
    for room in (np.inf, 0.0):
        monkeypatch.setattr(held, "free_memory", lambda room=room: room)
        f = LinearObjective.of(rows, Threads(2), FAMILIES["gamma"], RidgePenalty(1.0))
        assert f.rows.held == (room > 0)
        assert f.counts.used == 697
        assert f.counts.missing == 3
        theta, d = at(f)
        u, h = f.fused(theta, f.targets(), np.ones(2))
        line = f.line(theta, d)
        answers.append([f.gradient(theta)[1], f.forward(theta), u[0], h, line.value(0.3), line.slope(0.3)])
        close(
            answers[-1][0],
            Written.of(f, rows.X[kept], rows.y[kept], rows.w[kept] if weighted else None).gradient(theta),
        )
    for a, b in zip(*answers, strict=True):
        assert np.array_equal(a, b)


def test_bytes_held_are_said():
    rows, _ = streamed()
    f = LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty())
    assert f.rows.bytes == 8 * 697 * (5 + 2 + 1)
    assert f.rows.rereadable
    assert f.rows.in_memory


def test_arrays_in_c_order_are_not_copied():
    X, y, w = table()
    f = objective(X, y, w)
    assert f.rows.store is not None
    assert f.rows.store.X is not None
    assert np.shares_memory(f.rows.store.X, X)
    assert f.passes == 1  # means and scales
    assert objective(np.asfortranarray(X), y, w).passes == 2


@pytest.mark.parametrize("kind", ["fortran", "float32", "strided", "read-only", "zero weights"])
def test_any_layout_gives_the_same_bits(kind):
    X, y, w = table()
    X = X.astype(np.float32).astype(float)
    base = objective(X, y, w)
    theta, _ = at(base)
    if kind == "zero weights":
        X, y, w = (np.concatenate([part, part[:9]]) for part in (X, y, w))
        w[-9:] = 0.0
        X[-9:] = np.nan
    wide = np.zeros((X.shape[0], 2 * X.shape[1]))
    wide[:, ::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    forms = {"fortran": np.asfortranarray(X), "float32": X.astype(np.float32), "strided": wide[:, ::2]}
    other = objective(forms.get(kind, frozen if kind == "read-only" else X), y, w)
    assert np.array_equal(other.gradient(theta)[1], base.gradient(theta)[1])


def test_read_only_sparse_arrays():
    X, y, w = table(sparse=True)
    base = objective(X, y, w)
    frozen = X.copy()
    for part in (frozen.data, frozen.indices, frozen.indptr, y, w):
        part.flags.writeable = False
    theta, _ = at(base)
    assert np.array_equal(objective(frozen, y, w).gradient(theta)[1], base.gradient(theta)[1])


@pytest.mark.parametrize("family", KINDS)
def test_an_intercept_alone(family):
    y = np.linspace(0.1, 0.9, 50)[:, None]
    f = replace(objective(np.ones((50, 1)), y, None, family), coordinates=Coordinates.raw(0, True))
    store = RowStore(np.ones((50, 0)), y, None)
    f = replace(f, rows=replace(f.rows, of=Empty(), store=store, ready=(HeldPart("y", 0, (store.block(0, 50),)),)))
    value, g = f.gradient(f.start())
    assert value == pytest.approx(np.mean(f.loss.value(0 * y, y)), rel=1e-14)
    assert g[0, 0] == pytest.approx(np.mean(f.loss.first(0 * y, y)), rel=1e-13)
    assert f.hessian(f.start())[0, 0, 0] == pytest.approx(np.mean(f.loss.second(0 * y, y)), rel=1e-13)


@dataclass(frozen=True)
class Empty:
    """Rows without a column."""

    n: int = 0
    k: int = 1
    sparse: bool = False
    weighted: bool = False
    name: str = "y"


def test_one_shot_rows_are_held_or_refused(monkeypatch):
    rows, _ = streamed(rereadable=False)
    assert LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty()).rows.held
    monkeypatch.setattr(held, "free_memory", lambda: 0.0)
    with pytest.raises(SourceError, match=r"can be read once only, and its 697 rows do not fit[\s\S]*Hint:"):
        LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty())


def test_a_source_that_changes_is_an_error(monkeypatch):
    monkeypatch.setattr(held, "free_memory", lambda: 0.0)
    rows, _ = streamed()
    f = LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], NoPenalty())
    for changed in (replace(rows, step=90), replace(rows, cuts=(0, 250))):
        broken = replace(f, rows=replace(f.rows, of=changed))
        with pytest.raises(SourceError, match=r"changed between two passes[\s\S]*Hint:"):
            broken.gradient(f.start())


def test_no_rows_left():
    rows, _ = streamed()
    with pytest.raises(DataError, match="no rows"):
        LinearObjective.of(replace(rows, y=np.full_like(rows.y, np.nan)), Threads(1), FAMILIES["gaussian"], NoPenalty())


def test_passes_are_counted():
    X, y, w = table()
    f = objective(X, y, w, "binomial")
    theta = f.start()
    for verb in (f.value, f.gradient, f.hessian, f.forward, lambda t: f.hessian_vector(t, t), lambda t: f.line(t, t)):
        before = f.passes
        verb(theta)
        assert f.passes == before + 1


def test_values_that_overflow_are_infinite_not_errors():
    X, y, w = table()
    f = objective(X, y, w, "poisson")
    value, _ = f.gradient(np.full(f.shape, 1e3))
    assert value == np.inf
    assert f.line(f.start(), np.full(f.shape, 1e3)).value(1.0) == np.inf


def test_numba_is_imported_late():
    fit = "import sys, gramian as gm; gm.lstsq([[1.0], [2.0]], [1.0, 2.0]); import gramian.objectives.batches"
    code = f"{fit}; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_kernels_run_where_nothing_can_be_written(monkeypatch):
    from gramian.kernels import rows

    def without_folder(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(rows, "njit", without_folder)
    assert rows.compiled(abs)(-1) == 1


def test_free_memory_is_what_the_system_and_the_container_leave(monkeypatch):
    assert 0 < memory.free_memory() < np.inf
    monkeypatch.setattr(memory, "_container_memory", lambda: 5.0)
    assert memory.free_memory() == 5.0
