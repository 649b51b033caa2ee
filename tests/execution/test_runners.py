"""Every runner gives the bits of every other: public fits through two other processes, in an order that chance chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.formula import learn as learning
from process_runner import Processes, pool

ROWS = 40_001  # three blocks of few columns, the last one short


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with pool() as executor:
        yield Processes(executor, seed=7)


def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(70)
    a, b = rng.standard_normal(ROWS) + 20.0, rng.uniform(0, 1, ROWS)
    c = np.array(["Ayr", "Bergen", "Cork", "Delft"])[rng.integers(0, 4, ROWS)]
    y = 3 * a - 2 * b + 0.5 * (c == "Cork") + rng.standard_normal(ROWS)
    above = y > np.median(y)
    more = {
        "y": y, "c": c, "b": b, "a": a.copy(),
        "w": rng.uniform(0.5, 2, ROWS), "f": rng.integers(0, 3, ROWS), "g": rng.integers(0, 40, ROWS),
        "z": (rng.uniform(size=ROWS) < 1 / (1 + np.exp(-0.3 * (a - 20)))).astype(float),
        "n": rng.poisson(2, ROWS).astype(float), "p": rng.gamma(2, 1, ROWS), "o": rng.uniform(0, 1, ROWS),
        "l": np.where(above ^ (rng.uniform(size=ROWS) < 0.2), "yes", "no"),
    }  # fmt: skip
    more["a"][::1000] = np.nan  # rows that are dropped
    return more


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return table()


@pytest.fixture(scope="module")
def files(data: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("rows")
    frame = pd.DataFrame(data)
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "parts").mkdir()
    for i in range(3):
        part = pa.Table.from_pandas(frame.iloc[i * 14_000 : (i + 1) * 14_000], preserve_index=False)
        pq.write_table(part, folder / "parts" / f"{i}.parquet", row_group_size=6_000)
    return {"dict": data, "pandas": frame, "csv": folder / "rows.csv", "parquet": folder / "parts"}


def bits(fit: gm.Fit) -> list[bytes]:
    c = fit.certificate
    found: list[Any] = [fit.coef, fit.se, fit.rss, c.digits, c.digits_each, c.condition, c.backward_error]
    if fit.training is not None:
        at = fit.influence()
        found += [at.residuals, at.leverage, at.cooks]
    return [np.asarray(value, dtype=float).tobytes() for value in found]


def answer(found: gm.LstsqResult) -> list[bytes]:
    c = found.certificate
    return [np.asarray(value, dtype=float).tobytes() for value in (found.coef, found.rss, c.digits_each, c.backward_error)]


LEARNED = "y ~ a + C(c) + scale(b) + bs(b, df=5) + poly(b, 3) + cr(b, df=4, constraints='center')"
FITS: dict[str, tuple[str, dict[str, Any]]] = {
    "learned": (LEARNED, {}),
    "HC3, weights": ("y ~ a + c + b", {"cov": "HC3", "weights": "w"}),
    "clusters": ("y ~ a + center(b)", {"clusters": "g"}),
    "several targets, frequencies": ("y + p ~ a*c", {"freq_weights": "f"}),
    "qr": ("y ~ a + c", {"method": "qr", "ridge": 1.0}),
    "lsqr": ("y ~ a + b", {"method": "lsqr"}),
    "exact": ("y ~ a + b", {"accuracy": "exact"}),
    "units": ("I(y * 1e180) ~ a + b", {}),
    "binomial": ("z ~ a + c + scale(b)", {"family": "binomial"}),
    "binomial labels": ("l ~ b", {"family": "binomial", "cov": "HC1"}),
    "poisson": ("n ~ a + c", {"family": "poisson", "offset": "o"}),
    "poisson, lbfgs": ("n ~ a + b", {"family": "poisson", "method": "lbfgs", "offset": "o"}),
    "gamma": ("p ~ a + b", {"family": "gamma"}),
}


@pytest.mark.parametrize("source", ["dict", "pandas", "csv", "parquet"])
@pytest.mark.parametrize("name", list(FITS))
def test_a_fit_has_the_bits_of_threads(name: str, source: str, files: dict[str, Any], processes: Processes) -> None:
    formula, how = FITS[name]
    before = sum(processes.sent.values())
    assert bits(gm.fit(formula, files[source], runner=processes, **how)) == bits(gm.fit(formula, files[source], **how))
    assert sum(processes.sent.values()) > before


def test_values_that_are_read_again_have_the_bits_of_threads(
    files: dict[str, Any], processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered = bits(gm.fit(LEARNED, files["parquet"]))
    monkeypatch.setattr(learning, "GATHERED", 50)
    assert bits(gm.fit(LEARNED, files["parquet"])) == gathered
    assert bits(gm.fit(LEARNED, files["parquet"], runner=processes)) == gathered


METHODS = ["cholesky", "qr", "svd", "choleskyqr", "sketched", "lsqr", "lsmr", "cg", "gradient", "nesterov", "lbfgs", "newton"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["one target", "three weighted targets"])
def test_least_squares_on_arrays_has_the_bits_of_threads(method: str, kind: str, processes: Processes) -> None:
    rng = np.random.default_rng(71)
    X, w = rng.standard_normal((ROWS, 6)) + 2.0, None if kind == "one target" else rng.uniform(0.5, 2, ROWS)
    y = X @ rng.standard_normal((6, 3)) + rng.standard_normal((ROWS, 3))
    y = y[:, 0] if kind == "one target" else y
    one, other = (gm.lstsq(X, y, method, weights=w, runner=runner) for runner in (processes, None))
    assert answer(one) == answer(other)


@pytest.mark.parametrize("method", ["cholesky", "qr", "lsqr", "lsmr", "sketched", "lbfgs"])
def test_least_squares_on_sparse_rows_has_the_bits_of_threads(method: str, processes: Processes) -> None:
    rng = np.random.default_rng(72)
    X: Any = sp.random(ROWS, 40, 0.05, format="csr", random_state=1)
    y, w = np.asarray(X @ rng.standard_normal(40)) + rng.standard_normal(ROWS), rng.uniform(0.5, 2, ROWS)
    one, other = (gm.lstsq(X, y, method, weights=w, runner=runner) for runner in (processes, None))
    assert answer(one) == answer(other)


def test_moments_have_the_bits_of_threads(files: dict[str, Any], processes: Processes) -> None:
    one, other = (gm.moments("y ~ a + C(c) + scale(b)", files["csv"], runner=runner) for runner in (processes, None))
    assert one.sums.gram.tobytes() == other.sums.gram.tobytes()
    assert one.sums.mean.hi.tobytes() == other.sums.mean.hi.tobytes()
    assert one.sums.counts == other.sums.counts


def test_explain_runs_through_it(files: dict[str, Any], processes: Processes) -> None:
    before = sum(processes.sent.values())
    plan = gm.explain("y ~ a + c", files["csv"], analyze=True, runner=processes)
    assert plan.method == gm.explain("y ~ a + c", files["csv"], analyze=True).method
    assert sum(processes.sent.values()) > before


def test_a_race_runs_through_it(processes: Processes) -> None:
    rng = np.random.default_rng(73)
    X = rng.standard_normal((2_000, 3))
    before = sum(processes.sent.values())
    found = gm.race(X, X @ np.ones(3) + rng.standard_normal(2_000), ["cholesky", "qr"], 5.0, runner=processes)
    assert all(lane.ran for lane in found.lanes)
    assert sum(processes.sent.values()) > before


def test_the_error_of_the_earliest_part_is_raised(tmp_path: Path, processes: Processes) -> None:
    x = np.array(["1.5"] * ROWS, dtype=object)
    x[ROWS - 5], x[20_000] = "late", "early"
    source = {"y": np.arange(float(ROWS)), "x": x}
    errors = []
    for runner in (processes, None):
        with pytest.raises(gm.DataError) as found:
            gm.fit("y ~ log(x)", source, runner=runner)
        errors.append(str(found.value))
    assert errors[0] == errors[1]
    assert "early" in errors[0]


DOORS: dict[str, Callable[..., Any]] = {
    "fit": lambda **how: gm.fit("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0]}, **how),
    "lstsq": lambda **how: gm.lstsq(np.eye(3)[:, :2], np.ones(3), **how),
    "moments": lambda **how: gm.moments("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0]}, **how),
    "explain": lambda **how: gm.explain("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0]}, **how),
    "race": lambda **how: gm.race(np.eye(3)[:, :2], np.ones(3), "qr", 1.0, **how),
}


@pytest.mark.parametrize("door", list(DOORS))
@pytest.mark.parametrize("bad", ["thread", 3, object()])
def test_another_word_than_a_runner_says_which_there_are(door: str, bad: object) -> None:
    with pytest.raises(gm.ArgumentError, match=r"^runner is [\s\S]*Allowed: threads, a gramian.execution.runner.Runner, or None"):
        DOORS[door](runner=bad)
