"""The plan against what it chose from: every sensible method runs, the chosen one is held against the fastest that reached.

A grid of rows, columns, condition, dense and sparse, arrays and Parquet, loose and full accuracy. For each case the methods
run in turn, several rounds, and the least time of each counts. Targets: the chosen within 1.25 x of the fastest that reached
the accuracy in 90 % of cases, never beyond 3 x; estimates of direct methods within 2 x of the actual time in 85 %.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

import gramian as gm
from bench.data import folder
from bench.timing import write
from gramian.calibration import calibrate
from gramian.planning import Plan
from gramian.planning.machine import Machine, store
from gramian.solvers import SOLVERS
from gramian.solving.solve import SHARE_DIGITS

NEAR, FAR, ESTIMATE = 1.25, 3.0, 2.0
SENSIBLE = 8.0
"""A method is left out where its price is so many times that of the cheapest."""
BUDGET = 12.0
"""Seconds that the rounds of one case may take."""


@dataclass(frozen=True)
class Case:
    """One problem. accuracy: "data", digits, or a suboptimality below 1e-1 given as a negative number of digits."""

    rows: int
    columns: int
    condition: float
    kind: str  # dense, sparse, parquet
    accuracy: Any

    @property
    def title(self) -> str:
        return f"{self.rows:>9,} x {self.columns:<5,} {self.kind:<8}cond {self.condition:<6.0e} {self.accuracy!s:<5}"


def cases(short: bool) -> list[Case]:
    """At least 40; the short ones are the cheapest of each kind."""
    grid: list[Case] = []
    for rows, columns in ((1000, 2), (1000, 50), (10_000, 10), (10_000, 200), (100_000, 10), (100_000, 50)):
        for accuracy in ("data", 3):
            grid.append(Case(rows, columns, 1.0, "dense", accuracy))
    for rows, columns in ((1_000_000, 5), (1_000_000, 20), (200_000, 100), (20_000, 500)):
        for accuracy in ("data", 6):
            grid.append(Case(rows, columns, 10.0, "dense", accuracy))
    for condition in (1e4, 1e6, 1e9, 1e12):
        grid += [Case(10_000, 20, condition, "dense", "data"), Case(100_000, 100, condition, "dense", "data")]
    grid += [Case(20_000, 20, 1e3, "dense", "1e-3"), Case(200_000, 50, 10.0, "dense", "1e-2")]
    for rows, columns in ((20_000, 200), (100_000, 500), (50_000, 1500)):
        for accuracy in ("data", 6):
            grid.append(Case(rows, columns, 10.0, "sparse", accuracy))
    for rows, columns in ((50_000, 10), (500_000, 20), (1_000_000, 10)):
        for accuracy in (8, "data"):
            grid.append(Case(rows, columns, 2.0, "parquet", accuracy))
    if short:
        return [case for case in grid if case.rows * case.columns <= 2_100_000]
    grid += [Case(2_000_000, 20, 2.0, "dense", "data"), Case(2_000_000, 10, 2.0, "parquet", 8)]
    grid += [Case(500_000, 100, 1e3, "dense", "data"), Case(8000, 2000, 10.0, "dense", "data")]
    return [*grid, Case(9000, 4000, 10.0, "dense", 6), Case(50_000, 1000, 1e9, "dense", "data")]


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes the small half of the grid."""
    short = "short" in arguments
    os.environ["GRAMIAN_CACHE"] = tempfile.mkdtemp()  # the user's own prices stay as they are
    machine = calibrate()
    store(machine)
    found = [Found.of(case) for case in cases(short)]
    write("plan", [*_lines(found, machine)], short)


@dataclass
class Found:
    """A case with the seconds of each method, those that reached the accuracy, and the plan that chose."""

    case: Case
    plan: Plan
    seconds: dict[str, float]
    estimates: dict[str, float]
    reached: set[str]

    @staticmethod
    def of(case: Case) -> Found:
        call = problem(case)
        plan = call("auto").plan
        candidates = [plan.candidates[0], *plan.others]
        cheapest = min(c.price for c in candidates if not c.refused)
        names = [c.name for c in candidates if not c.refused and c.price <= max(SENSIBLE * cheapest, cheapest + 0.02)]
        seconds: dict[str, float] = {}
        reached: set[str] = set()
        begun, rounds = time.perf_counter(), 0
        while rounds < 3 or (rounds < 15 and time.perf_counter() - begun < BUDGET / 6):
            for name in ["auto", *names]:
                started = time.perf_counter()
                try:
                    answer = call(name)
                except gm.GramianError:
                    continue
                taken = time.perf_counter() - started
                seconds[name] = min(seconds.get(name, np.inf), taken)
                if answer.trusted:
                    reached.add(name)
            rounds += 1
            if time.perf_counter() - begun > BUDGET:
                break
        direct = {c.name: c.seconds for c in candidates if not SOLVERS[c.name].traits.iterates}
        return Found(case, plan, seconds, direct, reached)

    @property
    def fastest(self) -> tuple[str, float]:
        able = {name: s for name, s in self.seconds.items() if name in self.reached and name != "auto"}
        return min(able.items(), key=lambda item: item[1]) if able else ("none", np.inf)

    @property
    def taken(self) -> float:
        """The least time of the chosen method, called by "auto" or by its name: the same work, timed twice as often."""
        alone = self.seconds.get(self.plan.method, np.inf) if not self.plan.gone else np.inf
        return min(self.seconds["auto"], alone)

    @property
    def ratio(self) -> float:
        return self.taken / self.fastest[1] if np.isfinite(self.fastest[1]) else 1.0

    @property
    def reach(self) -> bool:
        return "auto" in self.reached or not self.reached

    def off(self) -> Iterator[float]:
        """Actual over estimated seconds of every direct method that ran to its end without another."""
        for name, seconds in self.seconds.items():
            if name in self.estimates and name in self.reached:
                yield seconds / self.estimates[name]


def problem(case: Case) -> Callable[[str], Any]:
    """A call that solves the case by a method."""
    settings: dict[str, Any] = {"accuracy": case.accuracy}
    if isinstance(case.accuracy, str) and case.accuracy != "data":
        return _sharing(case, float(case.accuracy))
    if case.kind == "parquet":
        path = table(case)
        return lambda method: gm.fit("y ~ .", path, method=method, **settings)
    X, y = arrays(case)
    return lambda method: gm.lstsq(X, y, method, **settings)


def _sharing(case: Case, share: float) -> Callable[[str], Any]:
    """To a share of what J can fall; a direct method, asked for by name, takes digits, and proves more than that by six."""
    X, y = arrays(case)

    def call(method: str) -> Any:
        if method != "auto" and not SOLVERS[method].traits.iterates:
            return gm.lstsq(X, y, method, accuracy=SHARE_DIGITS)
        return gm.lstsq(X, y, method, suboptimality=share)

    return call


def arrays(case: Case) -> tuple[Any, Any]:
    """X of that condition in its scaled columns: two columns differ by its inverse; all others are random."""
    rng = np.random.default_rng([case.rows, case.columns])
    if case.kind == "sparse":
        each = 10
        place = (np.arange(case.rows + 1) * each, rng.integers(0, case.columns, case.rows * each))
        X = sp.csr_array((rng.standard_normal(case.rows * each), place[1], place[0]), shape=(case.rows, case.columns))
        X.sum_duplicates()
    else:
        X = rng.standard_normal((case.rows, case.columns))
        if case.condition > 10 and case.columns > 1:
            X[:, -1] = X[:, 0] + X[:, -1] * (2.0 / case.condition)
    return X, X @ rng.standard_normal(case.columns) + rng.standard_normal(case.rows)


def table(case: Case) -> Path:
    """The case as a Parquet file, written once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder() / f"plan-{case.rows}-{case.columns}.parquet"
    if not path.exists():
        X, y = arrays(case)
        columns = {"y": y} | {f"x{j}": X[:, j] for j in range(case.columns)}
        pq.write_table(pa.table(columns), path, row_group_size=1 << 17)
    return path


def _lines(found: list[Found], machine: Machine) -> Iterator[str]:
    yield f"prices: {machine.provenance}"
    yield f"{'case':<47}{'chosen':<12}{'took':>9}{'est':>9}   {'fastest':<12}{'took':>9}{'ratio':>7}"
    for one in found:
        name, seconds = one.fastest
        method, auto = one.plan.method, one.taken
        mark = "" if one.reach else "  not reached"
        yield (
            f"{one.case.title:<47}{method:<12}{_ms(auto):>9}{_ms(one.plan.seconds):>9}   {name:<12}{_ms(seconds):>9}"
            f"{one.ratio:7.2f}{mark}"
        )
    ratios = np.array([one.ratio for one in found])
    off = np.array([off for one in found for off in one.off()])
    inside = float(np.mean((off <= ESTIMATE) & (off >= 1 / ESTIMATE)))
    yield ""
    near = float(np.mean(ratios <= NEAR))
    yield f"{len(found)} cases: {near:.0%} within {NEAR} x of the fastest (target 90 %)"
    yield f"worst {ratios.max():.2f} x (target {FAR} x)"
    yield f"accuracy reached by the chosen in {sum(one.reach for one in found)}"
    yield f"{off.size} estimates of direct methods: {inside:.0%} within {ESTIMATE} x (target 85 %), median {np.median(off):.2f} x"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if seconds < 10 else f"{seconds:,.1f} s"
