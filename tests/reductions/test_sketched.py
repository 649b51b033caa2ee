"""The sketch and what is made of it: the embedding is what it is said to be, and nothing is believed of it untested."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import lstsq

import gramian as gm
from bench.illconditioned import backward_error
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.kernels import sketch as kernel
from gramian.reductions import sketch
from gramian.reductions.sketch import SALT, ZETA, Sketch, sketch_rows
from gramian.reductions.triangle import Triangle
from gramian.solvers.sketched import Sketched
from gramian.solving import condition_sample as looking
from gramian.solving import factor_verification as confirming
from gramian.solving import refining
from illconditioned import answered, defect, rotated

EPS = np.finfo(float).eps


def sketch_of(X: Any, y: np.ndarray, threads: int = 2, centred: bool = False, weights: Any = None) -> Sketch:
    found = Sketch.of(ArrayRows.of(X, y, weights=weights, centred=centred), Threads(threads))
    assert found is not None
    return found


def test_every_row_goes_to_four_buckets_one_in_each_group() -> None:
    m = 400
    found = sketch_of(np.eye(m)[:, :3], np.zeros(m))
    d = sketch_rows(4)
    assert found.Z.shape == (d, 4)
    # Rows of zeros leave no trace, so the whole embedding is seen through y, a row at a time.
    buckets = []
    for i in range(0, m, 57):
        column = sketch_of(np.zeros((m, 3)), np.eye(m)[i]).Z[:, 3]
        at = np.flatnonzero(column)
        assert np.array_equal(np.abs(column[at]), np.ones(ZETA))
        assert np.array_equal(at // (d // ZETA), np.arange(ZETA))
        buckets.append(tuple(at))
    assert len(set(buckets)) == len(buckets)


def test_it_is_linear_and_does_not_depend_on_threads() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((70_000, 4)), rng.standard_normal(70_000)
    one = sketch_of(X, y, 1).Z
    for threads in (2, 3, 7):
        assert np.array_equal(one, sketch_of(X, y, threads).Z)
    doubled = sketch_of(2.0 * X, 2.0 * y).Z
    assert np.array_equal(doubled, 2.0 * one)
    assert np.array_equal(sketch_of(np.asfortranarray(X), y).Z, one)
    dense = sketch_of(sp.csr_array(X), y).Z
    assert np.max(np.abs(dense - one)) < 1e-10


def test_norms_and_means_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    X = 1e9 + np.linspace(0, 50, 60_000)[:, None] + rng.standard_normal((60_000, 3))
    y, w = rng.standard_normal(60_000) - 1e6, rng.uniform(0.1, 3.0, 60_000)
    found = sketch_of(X, y, centred=True, weights=w)
    Z = np.column_stack([X, y]).astype(np.longdouble)
    w, base = w.astype(np.longdouble), np.array([1e9, 1e9, 1e9, -1e6])
    mean = base + (w @ (Z - base)) / np.sum(w)
    off = np.abs((found.mean.hi - mean) + found.mean.lo)
    assert np.all(off <= found.mean_error + 1e-19 * np.abs(mean))
    norms = np.sqrt(w @ (Z - mean) ** 2)
    assert np.allclose(found.norms, norms.astype(float), rtol=1e-11, atol=0)
    # S (Z - mean) has the norms of Z - mean, but for the distortion.
    size = np.linalg.norm(found.Z, axis=0) / np.sqrt(ZETA)
    assert np.all((0.4 * found.norms < size) & (size < 2.0 * found.norms))


def test_few_rows_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((30, 4)), rng.standard_normal(30)
    assert np.array_equal(sketch_of(X, y).Z[:30], np.column_stack([X, y]))


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e10, 1e12])
@pytest.mark.parametrize(("m", "n"), [(4000, 8), (3000, 60)])
def test_the_factor_is_as_orthonormal_as_it_claims(m: int, n: int, condition: float) -> None:
    X, y = rotated(m, n, condition)
    found = answered(X, y, "sketched")
    factor = found.solution.factor
    assert factor is not None
    assert factor.rank == n
    assert defect(X, factor.W) <= factor.defect < 0.5


@pytest.mark.parametrize("condition", [1e3, 1e8, 1e12])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(2000, 6), (1500, 40)])
def test_backward_errors_are_those_of_lapack(shape: tuple[int, int], condition: float, noise: float) -> None:
    X, y = rotated(*shape, condition, noise=noise)
    R = np.linalg.qr(X, mode="r")
    own = backward_error(X, y, gm.lstsq(X, y, "sketched").coef, R)
    theirs = backward_error(X, y, lstsq(X, y, lapack_driver="gelsy")[0], R)
    assert own <= max(1.5 * theirs, EPS / 4)


def test_the_certificate_of_the_answer_holds() -> None:
    X, y = rotated(30_000, 20, 1e4)
    found = gm.lstsq(X, y, "sketched")
    truth = answered(X[:], y, "qr").solution.coef[:, 0]
    bound = found.certificate.forward_bound[:, 0]
    assert np.all(np.abs(found.coef - truth) <= 2.0 * bound)
    assert found.trusted
    assert found.certificate.evidence == "data"


def test_answers_do_not_depend_on_threads() -> None:
    X, y = rotated(60_000, 12, 1e9)
    found = [gm.lstsq(X, y, "sketched", threads=threads).coef for threads in (1, 2, 5)]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def planted(rng: np.random.Generator, m: int, n: int, dependent: int) -> np.ndarray:
    """Columns of n random ones and sums of a few of them, in random order."""
    X = rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-3, 3, n)
    sums = [X @ (rng.integers(-2, 3, n) * (rng.random(n) < 0.4)) for _ in range(dependent)]
    return np.column_stack([X, *sums])[:, rng.permutation(n + dependent)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 3), st.sampled_from(["drop", "min-norm"]))
def test_the_rank_is_that_of_the_triangle(seed: int, n: int, dependent: int, policy: Any) -> None:
    X = planted(np.random.default_rng(seed), 3000, n, dependent)
    y = np.random.default_rng(seed + 1).standard_normal(3000)
    found, qr, svd = (gm.lstsq(X, y, method, rank=policy) for method in ("sketched", "qr", "svd"))
    assert found.rank == qr.rank == svd.rank
    assert [d.column for d in found.dependencies] == [d.column for d in qr.dependencies]
    norms = np.linalg.norm(X, axis=0)
    assert np.max(norms * np.abs(found.coef - qr.coef)) <= 1e-9 * np.linalg.norm(norms * qr.coef)


def test_a_dependence_is_written_as_an_equation() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 50, 9000), rng.standard_normal(9000)
    data = {"y": rng.standard_normal(9000), "a": a, "b": b, "total": a + b}
    for method in ("sketched", "qr", "svd"):
        found = gm.fit("y ~ a + b + total", data, method=method)
        assert "total = a + b" in str(found.summary())


def misleading(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """A sketch that saw something else than the rows."""
    honest = Sketch.triangle.func

    def triangle(self: Sketch) -> Triangle:
        found = honest(self)
        return Triangle(found.n, found.centred, found.counts, found.mean, change(found.R))

    monkeypatch.setattr(Sketch, "triangle", property(triangle))


def _lost(R: np.ndarray) -> np.ndarray:
    R = R.copy()
    R[:, 1] = R[:, 0]
    return R


def _shrunk(R: np.ndarray) -> np.ndarray:
    R = R.copy()
    R[2, 2:] *= 1e-9
    return R


def _stretched(R: np.ndarray) -> np.ndarray:
    R = R.copy()
    R[2, 2:] *= 1e9
    return R


def test_a_dependence_that_the_rows_do_not_have_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = rotated(5000, 6, 10.0)
    misleading(monkeypatch, _lost)
    with pytest.raises(gm.RankError, match=r"do not confirm(.|\n)*Hint: use method=.qr"):
        gm.lstsq(X, y, "sketched")


@pytest.mark.parametrize("change", [_shrunk, _stretched])
def test_a_bad_sketch_costs_passes_but_no_digits(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    X, y = rotated(5000, 6, 10.0)
    truth = gm.lstsq(X, y, "qr").coef
    misleading(monkeypatch, change)
    found = gm.lstsq(X, y, "sketched")
    assert found.trusted
    assert np.allclose(found.coef, truth, rtol=1e-12)


def test_files_and_arrays_give_the_same_answer(tmp_path: Path) -> None:
    X, y = rotated(40_000, 5, 1e8)
    names = [f"x{j}" for j in range(5)]
    table = pa.table({**{name: X[:, j] for j, name in enumerate(names)}, "y": y})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet", row_group_size=7000)
    pyarrow.csv.write_csv(table, tmp_path / "rows.csv")
    formula = "y ~ " + " + ".join(names) + " - 1"
    truth = gm.lstsq(X, y, "qr").coef
    for name in ("rows.parquet", "rows.csv"):
        found = [gm.fit(formula, tmp_path / name, method="sketched", threads=t, accuracy="data").coef for t in (1, 3)]
        assert np.array_equal(np.asarray(found[0]), np.asarray(found[1]))
        assert np.allclose(np.asarray(found[0]), truth, rtol=1e-7, atol=0)


def test_rows_that_can_be_read_once_are_refused() -> None:
    X, y = rotated(500, 2, 10.0)
    batches = (pa.record_batch({"a": X[i : i + 100, 0], "y": y[i : i + 100]}) for i in range(0, 500, 100))
    reader = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.float64()), ("y", pa.float64())]), batches)
    with pytest.raises(gm.ArgumentError, match="method='sketched' cannot read rows once only"):
        gm.fit("y ~ a", reader, method="sketched")


def test_large_means_cost_no_digits() -> None:
    rng = np.random.default_rng(7)
    near = rng.standard_normal((50_000, 4))
    y = near @ [1.0, -2.0, 3.0, 0.5] + rng.standard_normal(50_000)
    plain = answered(near, y, "sketched", centred=True).solution
    shift = 2.0**30
    X = near * 2.0**20
    moved = answered(np.round(X) + shift, y, "sketched", centred=True).solution
    exact = answered(np.round(X), y, "sketched", centred=True).solution
    assert plain.rank == moved.rank == 4
    assert np.allclose(moved.coef, exact.coef, rtol=1e-12)


@pytest.mark.parametrize("ridge", [1e-12, 1e-3, 10.0])
@pytest.mark.parametrize("method", ["sketched", "choleskyqr"])
def test_a_ridge_is_part_of_the_factor(ridge: float, method: str) -> None:
    X, y = rotated(4000, 10, 1e9)
    found = answered(X, y, method, ridge=ridge).solution
    assert found.factor is not None
    assert defect(X, found.factor.W, ridge) <= found.factor.defect < 0.1
    r = y - X.astype(np.longdouble) @ found.coef[:, 0]
    g = X.T @ r - ridge * found.coef[:, 0]
    assert np.max(np.abs(g)) <= 64 * EPS * (np.linalg.norm(y) + np.linalg.norm(found.coef))


def test_a_look_tells_hard_from_easy_and_leaves_rare_dummies_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WORTH", 0.0)
    y = np.zeros(40_000)
    rng = np.random.default_rng(8)
    rare = np.zeros((40_000, 5))
    rare[rng.choice(40_000, 5, replace=False), np.arange(5)] = 1.0
    easy = np.column_stack([rng.standard_normal((40_000, 5)), rare])

    def look(X: Any, centred: bool = False) -> float | None:
        return looking.sampled_condition(ArrayRows.of(X, y[: X.shape[0]], centred=centred), 1e7, Threads(1))

    assert look(easy) is None
    assert look(1e9 + rng.standard_normal((40_000, 5)), centred=True) is None
    hard = look(rotated(40_000, 10, 1e10)[0])
    assert hard is not None
    assert 1e9 < hard < 1e12
    assert look(rotated(100, 10, 1e10)[0]) is None


def test_the_plan_takes_a_method_that_can_carry_the_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WORTH", 0.0)
    X, y = rotated(60_000, 40, 1e10)
    found = gm.lstsq(X, y)
    assert found.rank == 40
    assert found.method != "cholesky"
    assert not any("gave up" in note for note in found.notes)
    assert "1e+07" in str(found.plan)


def test_lanes_hold_every_part_once() -> None:
    rows = ArrayRows.of(np.zeros((200_000, 3)), np.zeros(200_000))
    laned = sketch._Laned.made(rows, sketch_rows(4))
    parts = list(itertools.chain.from_iterable(lane.parts for lane in laned.parts()))
    assert [part.first for part in parts] == [part.first for part in rows.parts()]
    assert Sketched().traits.confirmed


# ---- dependences confirmed in float32, whose range is short ----------------------------------------------------------


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirming, "in_single", lambda rows, columns: True)
    monkeypatch.setattr(refining, "small", lambda rows: False)


@pytest.mark.usefixtures("in_float32")
@pytest.mark.parametrize("power", [-150, 0, 200])
def test_a_dependence_is_confirmed_at_every_scale(power: int) -> None:
    X, y = rotated(2000, 5, 10.0)
    found = gm.lstsq(np.ldexp(np.column_stack([X, X[:, 0] + X[:, 1]]), power), np.ldexp(y, power), "sketched")
    assert found.rank == 5


@pytest.mark.usefixtures("in_float32")
@pytest.mark.parametrize("power", [-150, -80, 0, 150])
def test_a_dependence_that_the_sketch_alone_sees_is_refused_at_every_scale(power: int) -> None:
    m, n = 600, 6
    d = sketch_rows(n + 1)
    S, ones, sums, squares = np.zeros((d, m + 1)), np.zeros(d), np.zeros(m + 1), np.zeros(m + 1)
    kernel.sketch_dense(
        np.eye(m), np.zeros((m, 1)), np.zeros(0), np.zeros(m + 1), 0, np.uint64(SALT), ZETA, S, ones, sums, squares
    )
    unseen = np.linalg.svd(S[:, :m])[2][-1]
    X = np.random.default_rng(0).standard_normal((m, n))
    X[:, 5] = X[:, 0] + X[:, 1] + np.sqrt(m) * unseen
    y = X @ np.arange(1.0, n + 1)
    with pytest.raises(gm.RankError, match="do not confirm"):
        gm.lstsq(np.ldexp(X, power), np.ldexp(y, power), "sketched")
