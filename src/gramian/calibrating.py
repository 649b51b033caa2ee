"""Measuring this machine: each kind of work that solvers count, done by the code that a fit runs, on random numbers.

Every price is a count over the least of a few timings, since what else the machine does only ever adds. About ten seconds; a
kind whose turn comes after MOST seconds keeps its built-in price, and the machine says so.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Block, BlockPart, Rows
from gramian.data.design import Design
from gramian.data.open import as_source
from gramian.losses import LOSSES
from gramian.lstsq import lstsq
from gramian.plan.builtin import PRICES, SHARED
from gramian.plan.machine import Machine
from gramian.pooling import available_threads
from gramian.problem import Penalty
from gramian.solvers import SOLVERS
from gramian.solvers.base import Request
from gramian.solvers.cost import Kind
from gramian.solving.refining import gradient_at
from gramian.views.base import Threads, single_threaded_blas
from gramian.views.counts import Counts
from gramian.views.exact import ENTRIES
from gramian.views.moments import Moments, moments_of_block
from gramian.views.rowwise import RowsObjective
from gramian.views.sketch import Sketch
from gramian.views.triangle import Triangle

MOST = 18.0
"""Seconds after which no new measurement begins."""
WIDTHS = (2, 8, 32, 128, 512)
SIZES = (*WIDTHS, 1024)
VALUES = 1 << 21
"""Numbers of a measured pass: 16 MB, more than the caches nearest to a core hold."""
REPEATS, LEAST = 3, 0.03
"""Timings of one call, and seconds that they take together at least."""
REQUEST = Request(Penalty(), "drop")


def best(call: Callable[[], object], repeats: int | None = None) -> float:
    """Seconds of the quickest of several calls, after one that is not counted."""
    call()
    found, begun, times = np.inf, time.perf_counter(), 0
    repeats = REPEATS if repeats is None else min(repeats, REPEATS)
    while times < repeats or (time.perf_counter() - begun < LEAST and times < 50):
        started = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - started)
        times += 1
    return max(found, 1e-9)


@dataclass(slots=True)
class Sheet:
    """What has been measured: units a second of one worker, by kind and width, and the gain of all threads."""

    threads: int
    rates: dict[Kind, dict[float, float]] = field(default_factory=dict[Kind, dict[float, float]])
    gains: dict[Kind, list[float]] = field(default_factory=dict[Kind, list[float]])

    def put(self, kind: Kind, width: float, count: float, seconds: float) -> None:
        self.rates.setdefault(kind, {})[width] = count / max(seconds, 1e-9)

    def cost(self, kind: Kind) -> float:
        """Seconds of one unit at the least width."""
        return 1.0 / min(self.rates[kind].items())[1]

    def fold(self, kind: Kind, width: float, count: float, rows: Rows, call: Callable[[Threads], object]) -> None:
        """A pass with one worker and with all; what its begin and its blocks cost is taken off."""
        begun = self.cost("fold") + len(rows.parts()) * self.cost("block")
        alone = best(lambda: call(Threads(1)))
        self.put(kind, width, count, max(alone - begun, 0.2 * alone))
        if self.threads > 1:
            self.gains.setdefault(kind, []).append(alone / best(lambda: call(Threads(self.threads))))


def calibrate(folder: Path | None = None) -> Machine:
    """The prices of this machine, under 20 s; files for reading are written to a temporary folder, or in `folder`."""
    begun = time.perf_counter()
    sheet = Sheet(available_threads())
    left_out: list[str] = []
    for measure in (_calls, _reductions, _factors, _certifying, _tables, _files, _sparse, _compiled):
        if time.perf_counter() - begun > MOST:
            left_out.append(measure.__name__.strip("_"))
        elif measure is _files:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                _files(sheet, Path(place))
        else:
            measure(sheet)  # type: ignore[operator]
    return _machine(sheet, left_out)


def _machine(sheet: Sheet, left_out: list[str]) -> Machine:
    today = date.today().isoformat()
    cores = f"{sheet.threads} core{'' if sheet.threads == 1 else 's'}"
    provenance = f"measured on this machine on {today}, {cores}"
    if left_out:
        provenance += f"; built-in for {', '.join(left_out)}, for want of time"
    prices, shared = dict(PRICES), dict(SHARED)
    prices.update({kind: tuple(sorted(found.items())) for kind, found in sheet.rates.items()})
    shared.update({kind: max(1.0, float(np.median(gains))) for kind, gains in sheet.gains.items()})
    return Machine(prices, shared, sheet.threads, today, provenance)


# ---- one group of kinds each -----------------------------------------------------------------------------------------


def _calls(sheet: Sheet) -> None:
    """What the smallest problem costs: one block, one pass, one answer."""
    rows = _arrays(8, 2)
    block = next(iter(rows.parts()[0].blocks()))
    with single_threaded_blas():
        sheet.put("block", 1, 1, best(lambda: moments_of_block(block, False, False)))
    sheet.put("fold", 1, 1, best(lambda: Moments.of(rows, Threads(1))) - sheet.cost("block"))
    X, y = rows.X, rows.y[:, 0]
    whole = best(lambda: lstsq(X, y, "cholesky", accuracy=3, threads=1))
    small = _moments(8, 1)
    with single_threaded_blas():
        solve = best(lambda: SOLVERS["cholesky"].solve(small, REQUEST))
    sheet.put("call", 1, 1, whole - solve - sheet.cost("block") - sheet.cost("fold"))


def _reductions(sheet: Sheet) -> None:
    for p in WIDTHS:
        rows = _arrays(max(VALUES // p, 4096), p)
        sheet.fold("gram", p, rows.rows * p**2, rows, lambda runner, rows=rows: Moments.of(rows, runner))
        if p in (8, 128):
            plain = best(lambda rows=rows: Moments.of(rows, Threads(1)))
            about = replace(rows, centred=True)
            moved = best(lambda about=about: Moments.of(about, Threads(1))) - plain
            sheet.put("centre", p, rows.rows * p, max(moved, 0.05 * plain))
    for p in WIDTHS:
        rows = _arrays(max(VALUES // 2 // p, 2048), p)
        sheet.fold("triangle", p, 2.0 * rows.rows * p**2, rows, lambda runner, rows=rows: Triangle.of(rows, runner))


def _factors(sheet: Sheet) -> None:
    for n in SIZES:
        with single_threaded_blas():
            moments = _moments(2 * n + 8, n)
            sheet.put("cholesky", n, n**3, best(lambda m=moments: SOLVERS["cholesky"].solve(m, REQUEST)))
            if n > WIDTHS[-1]:
                break
            triangle = Triangle.of(_arrays(2 * n + 8, n + 1), Threads(1))
            assert triangle is not None
            sheet.put("orthogonal", n, n**3, best(lambda t=triangle: SOLVERS["qr"].solve(t, REQUEST)))
            sheet.put("svd", n, n**3, best(lambda t=triangle: SOLVERS["svd"].solve(t, REQUEST), 2))
            sheet.put("eigen", n, n**3, best(lambda m=moments: np.linalg.eigh(m.gram), 2))
    v = np.ones(1 << 16)
    sheet.put("vector", 1, v.size, best(lambda: v + 0.5 * v))


def _certifying(sheet: Sheet) -> None:
    for p in WIDTHS:
        rows = _arrays(VALUES // p, p)
        sheet.fold("gradient", p, rows.rows * p, rows, _certifier(rows, exact=False))
    n = 16
    few, many = (_arrays(m, n + 1) for m in (64, 4096))
    short, long = (_seconds_of(_certifier(rows, exact=True)) for rows in (few, many))
    each = max(long - short, 0.1 * long) / ((many.rows - few.rows) * n)
    sheet.put("exact", 1, 1, each)
    started = sheet.cost("fold") + sheet.cost("block") + each * few.rows * n
    sheet.put("exact column", 1, n, max(short - started, 1e-6))


def _seconds_of(call: Callable[[Threads], object]) -> float:
    return best(lambda: call(Threads(1)))


def _certifier(rows: ArrayRows, exact: bool) -> Callable[[Threads], object]:
    """The pass that certifies an answer of these rows."""
    view = Moments.of(rows, Threads(1))
    assert view is not None
    solution = SOLVERS["cholesky"].solve(view, REQUEST)
    return lambda runner: gradient_at(rows, view, solution, exact, runner)


def _sparse(sheet: Sheet) -> None:
    m, n, each = VALUES // 50, 1000, 10
    rng = np.random.default_rng(3)
    X = sp.csr_array((rng.standard_normal(m * each), rng.integers(0, n, m * each), np.arange(m + 1) * each), shape=(m, n))
    X.sum_duplicates()
    rows = ArrayRows.of(X, rng.standard_normal(m))
    sheet.fold("sparse gram", 1, X.nnz**2 / m, rows, lambda runner: Moments.of(rows, runner))
    sheet.fold("sparse gradient", 1, X.nnz + m, rows, _certifier(rows, exact=False))


def _compiled(sheet: Sheet) -> None:
    loaded = "numba" in sys.modules
    for p in WIDTHS:
        rows = _arrays(VALUES // p, p)
        theta = np.zeros((p - 1, 1))
        started = time.perf_counter()
        objective = RowsObjective.of(rows, Threads(1), LOSSES["gaussian"], Penalty())
        objective.gradient(theta)
        if not loaded:
            sheet.put("compiled", 1, 1, time.perf_counter() - started)
            loaded = True

        def gradient(runner: Threads, objective: RowsObjective = objective, theta: Any = theta) -> object:
            return replace(objective, runner=runner).gradient(theta)

        sheet.fold("pass", p, rows.rows * p, rows, gradient)
    rows = _arrays(VALUES // 64, 64)
    sheet.fold("sketch", 64, 8.0 * rows.rows * 64, rows, lambda runner: Sketch.of(rows, runner))
    rows = _arrays(max(VALUES // 35, ENTRIES // 10 + 1), 11)
    sheet.fold("exact compiled", 1, rows.rows * 10, rows, _certifier(rows, exact=True))
    for p in (2, 32, 256):
        m = VALUES // 16 // p
        sheet.put("epoch", p, m * p, _an_epoch(_arrays(m, p).X, np.ones(m)))
    m, n, each = VALUES // 100, 500, 10
    rng = np.random.default_rng(4)
    X = sp.csr_array((rng.standard_normal(m * each), rng.integers(0, n, m * each), np.arange(m + 1) * each), shape=(m, n))
    rows = ArrayRows.of(X, rng.standard_normal(m))
    sparse = RowsObjective.of(rows, Threads(1), LOSSES["gaussian"], Penalty())
    theta = np.zeros((n, 1))
    sheet.fold("sparse pass", 1, X.nnz + m, rows, lambda runner: replace(sparse, runner=runner).gradient(theta))
    sheet.put("sparse epoch", 1, X.nnz + m, _an_epoch(X, np.ones(m)))


def _an_epoch(X: Any, y: Any) -> float:
    """Seconds of one pass of stochastic steps, from runs of ten and of two."""

    def run(most: int) -> float:
        return best(lambda: lstsq(X, y, "sgd", step=1e-9, max_iter=most, threads=1), 2)

    short, long = run(2), run(10)
    return max(long - short, 0.02 * long) / 8.0


def _tables(sheet: Sheet) -> None:
    for p in (4, 32):
        rows = _table({f"x{j}": np.ones(VALUES // 2 // p) for j in range(p - 1)} | {"y": np.ones(VALUES // 2 // p)})
        sheet.fold("copy", p, VALUES // 2, rows, lambda runner, rows=rows: _read(rows, runner))


def _files(sheet: Sheet, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as text
    import pyarrow.feather as feather
    import pyarrow.parquet as parquet

    m, p = VALUES // 35, 10
    rng = np.random.default_rng(5)
    table = pa.table({"y": rng.standard_normal(m)} | {f"x{j}": rng.standard_normal(m) for j in range(p - 1)})
    parquet.write_table(table, folder / "a.parquet", row_group_size=m // 4)
    feather.write_feather(table, str(folder / "a.feather"), chunksize=m // 4)
    text.write_csv(table, folder / "a.csv")
    names: dict[Kind, str] = {"parquet": "a.parquet", "feather": "a.feather"}
    for kind, name in names.items():
        rows = _table(folder / name)
        sheet.fold(kind, p, m * p, rows, lambda runner, rows=rows: _read(rows, runner))
    reader = Threads(1)
    stream = best(lambda: _read(_table(pa.RecordBatchReader.from_batches(table.schema, table.to_batches())), reader))
    sheet.put("stream", p, m * p, stream)
    size = (folder / "a.csv").stat().st_size
    run = best(lambda: [None for _ in text.open_csv(folder / "a.csv")])
    sheet.put("csv", 1, size, run + m * p * sheet.cost("copy"))


# ---- rows to measure on ----------------------------------------------------------------------------------------------


def _arrays(m: int, p: int) -> ArrayRows:
    """Rows (m, p) of [X y], p columns in all."""
    rng = np.random.default_rng(p)
    return ArrayRows.of(rng.standard_normal((m, p - 1)), rng.standard_normal(m))


def _moments(m: int, n: int) -> Moments:
    found = Moments.of(_arrays(m, n + 1), Threads(1))
    assert found is not None
    return found


def _table(data: object) -> Rows:
    source = as_source(data)
    return Design.of("y ~ .", source.schema).rows(source)


def _read(rows: Rows, runner: Threads) -> object:
    """A pass that does nothing with its rows but what a later one needs to know that they are the same."""
    whole = not rows.in_memory

    def piece(part: BlockPart, block: Block) -> Counts:
        return Counts.of(block, whole)

    return runner.fold(rows, "reading", piece, Counts.__add__)

