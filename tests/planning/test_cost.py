"""Counted work: passes exactly, memory within a tenth, counts in proportion to what they count."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.data.describe import Described
from gramian.planning.choose import price
from gramian.planning.machine import Machine
from gramian.problem.facts import Facts
from gramian.solvers import SOLVERS
from gramian.solvers.cost import Cost, Prior, Work, levels

DIRECT = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
# Those whose passes over the rows the reduction alone decides; the others confirm a factor as often as the rows ask for it.
COUNTED = [name for name in DIRECT if not SOLVERS[name].traits.confirmed]
RNG = np.random.default_rng(20)


def facts(rows: int = 100_000, n: int = 20, k: int = 1, nnz: int | None = None, **more: Any) -> Facts:
    return Facts(rows, n, k, nnz, nnz is not None, False, True, True, **more)


def problem(m: int, n: int, k: int = 1) -> tuple[Any, Any]:
    X = RNG.standard_normal((m, n))
    return X, (X @ np.ones((n, k)) + RNG.standard_normal((m, k)))[:, 0 if k == 1 else slice(None)]


def table(m: int, n: int) -> dict[str, Any]:
    X, y = problem(m, n)
    return {"y": y} | {f"x{j}": X[:, j].copy() for j in range(n)}


# ---- passes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", COUNTED)
@pytest.mark.parametrize("accuracy", ["data", 3, 8])
@pytest.mark.parametrize(("m", "n", "k"), [(60, 3, 1), (1000, 5, 2), (3000, 60, 1), (60_000, 10, 1), (9000, 100, 1)])
def test_passes_over_arrays(method: str, accuracy: Any, m: int, n: int, k: int) -> None:
    sol = gm.lstsq(*problem(m, n, k), method, accuracy=accuracy)
    assert sol.stats.passes == sol.plan.candidates[0].passes


@pytest.mark.parametrize("method", COUNTED)
def test_passes_over_sparse_rows_floats_and_fortran_order(method: str) -> None:
    X, y = problem(20_000, 30)
    kinds = {
        "sparse": sp.csr_array(np.where(np.abs(X) > 1.5, X, 0.0)),
        "float32": X.astype(np.float32),
        "fortran": np.asfortranarray(X),
        "strided": X[:, ::2],
    }
    for kind, design in kinds.items():
        sol = gm.lstsq(design, y, method)
        assert sol.stats.passes == sol.plan.candidates[0].passes, kind


def in_memory(folder: Path, columns: dict[str, Any]) -> Any:
    return columns


def parquet(folder: Path, columns: dict[str, Any]) -> Any:
    pa.parquet.write_table(pa.table(columns), folder / "t.parquet", row_group_size=20_000)
    return folder / "t.parquet"


def feather(folder: Path, columns: dict[str, Any]) -> Any:
    pa.feather.write_feather(pa.table(columns), str(folder / "t.feather"), chunksize=20_000)
    return folder / "t.feather"


def text(folder: Path, columns: dict[str, Any]) -> Any:
    pa.csv.write_csv(pa.table(columns), folder / "t.csv")
    return folder / "t.csv"


def stream(folder: Path, columns: dict[str, Any]) -> Any:
    made = pa.table(columns)
    return pa.RecordBatchReader.from_batches(made.schema, made.to_batches(5000))


@pytest.mark.parametrize("accuracy", [None, "data", 8])
@pytest.mark.parametrize("kind", [in_memory, parquet, feather, text, stream], ids=lambda kind: kind.__name__)
def test_passes_over_tables(
    kind: Callable[[Path, dict[str, Any]], Any], accuracy: Any, tmp_path: Path
) -> None:
    for m in (400, 50_000):
        for method in ("auto", *COUNTED):
            fit = gm.fit("y ~ .", kind(tmp_path, table(m, 10)), method=method, accuracy=accuracy)
            assert fit.stats.passes == fit.plan.candidates[0].passes, (m, method)


# ---- memory ----------------------------------------------------------------------------------------------------------


def peak_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """Bytes that a second call takes at its peak, and its answer."""
    call()
    tracemalloc.start()
    try:
        answer = call()
        return float(tracemalloc.get_traced_memory()[1]), answer
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", COUNTED)
@pytest.mark.parametrize(("m", "n"), [(20_000, 300), (18_000, 500)])
def test_peak_memory_over_arrays(method: str, m: int, n: int) -> None:
    X, y = problem(m, n)
    peak, sol = peak_of(lambda: gm.lstsq(X, y, method, threads=1))
    assert sol.plan.candidates[0].cost.peak(1) == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize("method", ["cholesky", "qr"])
def test_peak_memory_over_tables_counts_the_block(method: str) -> None:
    columns = table(12_000, 300)
    peak, fit = peak_of(lambda: gm.fit("y ~ .", columns, method=method, accuracy=3, threads=1))
    assert fit.plan.candidates[0].cost.peak(1) == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize("method", ["cholesky", "qr"])
def test_peak_memory_counts_every_worker(method: str) -> None:
    X, y = problem(20_000, 300)
    peak, sol = peak_of(lambda: gm.lstsq(X, y, method, threads=2))
    cost = sol.plan.candidates[0].cost
    # On a busy machine the second worker may hold nothing while the first is at its peak.
    assert 0.9 * cost.peak(1) <= peak <= 1.1 * cost.peak(2)


@pytest.mark.parametrize("method", ["cholesky", "svd"])
def test_peak_memory_of_a_wide_solution(method: str) -> None:
    X, y = problem(1200, 500)
    peak, sol = peak_of(lambda: gm.lstsq(X, y, method, threads=1, accuracy=2))
    assert sol.plan.candidates[0].cost.peak(1) == pytest.approx(peak, rel=0.1)


def test_the_tree_holds_as_many_results_as_a_block_number_has_ones() -> None:
    # 4,096 rows a block at 400 columns
    assert [levels(facts(4096 * blocks, 399).blocks) for blocks in (1, 2, 3, 4, 5, 8, 15, 16)] == [0, 1, 1, 2, 2, 3, 3, 4]


# ---- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_states_its_work(name: str) -> None:
    small, large = (SOLVERS[name].cost(facts(rows)) for rows in (50_000, 200_000))
    for cost in (small, large):
        assert cost.work
        assert cost.passes >= 1
        assert cost.reads >= 1
        assert cost.peak(1) > 0
        assert cost.peak(4) >= cost.peak(1)
        assert all(w.count >= 0 and w.width >= 1 and np.isfinite(w.count) for w in cost.work)

    def work(cost: Cost) -> float:
        return sum(w.count for w in cost.work if w.width > 1 and w.step in ("reduce", "iterate") and w.kind != "eigen")

    assert work(large) == pytest.approx(4 * work(small), rel=1e-12)


def test_the_gram_matrix_is_m_p_squared_and_of_sparse_rows_the_products_of_stored_values() -> None:
    assert SOLVERS["cholesky"].cost(facts(1000, 9)).count("gram") == 1000 * 10**2
    sparse = SOLVERS["cholesky"].cost(facts(1000, 500, nnz=8000))
    assert sparse.count("gram") == 0
    assert sparse.count("sparse gram") == 1000 * 8**2
    # 64,000 products in random places fill a fifth of 501 x 501.
    assert sparse.count("sparse square") == pytest.approx(501**2 * (1 + 9 * 0.225), rel=0.01)
    assert SOLVERS["qr"].cost(facts(1000, 9)).count("triangle") == 2 * 1000 * 10**2


def test_a_second_read_costs_where_rows_are_not_arrays() -> None:
    where = Described("t.parquet", "parquet", 1e9, 8, 5, 40, True)
    asked = facts(10**6, 4, where=where, digits=13.0)
    candidate = price("cholesky", SOLVERS["cholesky"], asked, Machine(), 2)
    assert candidate.cost.reads == candidate.passes == 2
    assert candidate.cost.count("parquet") == 2 * 5 * 10**6
    once = price("cholesky", SOLVERS["cholesky"], replace(asked, digits=6.0), Machine(), 2)
    assert once.cost.count("parquet") == 5 * 10**6


def test_steps_grow_with_condition_and_digits() -> None:
    linear, square = Prior(1.0, 1.0), Prior(2.0, 1.0)
    known = facts(condition=100.0, digits=4.0)
    assert linear.steps(known, 8.0) == np.ceil(100 * np.log(10) * 4)
    assert square.steps(known, 8.0) == pytest.approx(100 * linear.steps(known, 8.0), rel=0.01)
    assert linear.steps(facts(condition=100.0), 8.0) == pytest.approx(2 * linear.steps(known, 8.0), rel=0.01)
    assert Prior(1.0, 0.5, finite=True).steps(facts(n=5, condition=1e9), 8.0) == 18


def test_more_workers_never_make_a_price_higher() -> None:
    machine = Machine()
    for name, solver in SOLVERS.items():
        seconds = [price(name, solver, facts(10**6, 50), machine, threads).seconds for threads in (1, 2)]
        assert seconds[0] >= seconds[1], name
    assert machine.seconds(Work("reduce", "gram", 1e9, 30), 2) < machine.seconds(Work("reduce", "gram", 1e9, 30), 1)
