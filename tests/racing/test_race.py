"""The race: what it measures is true, methods that cannot run are rows with a reason, and its text, data and page are whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

import gramian as gm
from command import refused, run, write_table
from gramian.errors import ArgumentError
from gramian.racing import Lane, Race, TracePoint, reference
from gramian.racing.lane import digits_of
from gramian.racing.running import _quickest
from gramian.racing.saving import check_output
from gramian.racing.verdict import heaviest
from gramian.solvers import SOLVERS

RNG = np.random.default_rng(7)
X = RNG.normal(size=(400, 4)) * [1.0, 10.0, 0.1, 1.0]
Y = X @ [1.0, 2.0, 3.0, 4.0] + RNG.normal(size=400)
TRUTH = np.linalg.lstsq(X, Y, rcond=None)[0]
FEW = ("cholesky", "qr", "lsmr", "nesterov", "sgd")


def table(m: int = 300) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=m), rng.normal(size=m) + 100.0
    n = rng.poisson(np.exp(0.5 + 0.3 * a)).astype(float)
    return {"a": a, "b": b, "n": n, "more": (n > 1).astype(float), "y": 1 + 2 * a - b + rng.normal(size=m)}


@pytest.fixture(scope="module")
def raced() -> Race:
    return gm.race(X, Y, FEW, budget=1.0)


# ---- what it measures


@pytest.mark.parametrize("name", FEW)
def test_each_method_runs_and_its_trace_goes_forward(raced: Race, name: str) -> None:
    lane = raced[name]
    assert lane.ran
    assert lane.direct is not SOLVERS[name].traits.iterates
    for key in ("seconds", "iterations", "passes"):
        values = [getattr(point, key) for point in lane.trace]
        assert values == sorted(values)
    assert all(point.seconds > 0 for point in lane.trace)
    assert lane.digits == digits_of(lane.last.error)


def test_a_run_ends_where_it_has_the_digits(raced: Race) -> None:
    lane = raced["nesterov"]
    assert lane.end == "reached"
    assert lane.last.error <= 1e-8
    assert all(point.error > 1e-8 for point in lane.trace[:-1])
    assert lane.seconds_to(8.0) == lane.last.seconds
    assert lane.seconds_to(15.9) == np.inf


def test_errors_are_those_against_the_truth() -> None:
    """The path of gradient descent, computed by hand from the normal equations."""
    step = 1.0 / np.linalg.eigvalsh(X.T @ X / 400)[-1]
    found = gm.race(X, Y, "gradient", budget=0.5, step=step, accuracy=1.0)
    norms, b = np.linalg.norm(X, axis=0), np.zeros(4)
    J = lambda b: 0.5 * np.mean((Y - X @ b) ** 2)  # noqa: E731
    least, top = J(TRUTH), J(np.zeros(4))
    trace = {point.iterations: point for point in found["gradient"].trace}
    assert {0, 1, 2, 3} <= set(trace)
    for t in range(4):
        assert trace[t].error == pytest.approx(np.linalg.norm(norms * (b - TRUTH)) / np.linalg.norm(norms * TRUTH), rel=1e-9)
        assert trace[t].left == pytest.approx((J(b) - least) / (top - least), rel=1e-9)
        b = b - step * X.T @ (X @ b - Y) / 400


def test_what_is_left_is_one_at_the_start_and_never_rises_for_a_monotone_method() -> None:
    trace = gm.race("y ~ a + b", table(), "gradient", budget=0.5)["gradient"].trace
    assert trace[0].left == pytest.approx(1.0, rel=1e-9)
    left = [point.left for point in trace]
    assert all(b <= a * (1 + 1e-12) for a, b in pairwise(left))


def test_whoever_watches_is_not_on_the_clock() -> None:
    import time

    def slow(snapshot: object) -> None:
        time.sleep(0.02)

    quick = gm.lstsq(X, Y, "gradient", max_iter=20, callback=slow)
    assert quick.history[-1].seconds < 0.2  # twenty callbacks took 0.4 s


def test_a_direct_method_with_too_few_digits_is_timed_once_more_with_its_refinement() -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(300, 3))
    A[:, 2] = A[:, 0] + 1e-6 * A[:, 2]
    found = gm.race(A, A @ [1.0, 2.0, 3.0] + rng.normal(size=300), ["cholesky", "qr"], budget=1.0, accuracy=9.0)
    lane = found["cholesky"]
    assert lane.end == "reached"
    assert len(lane.trace) == 2
    assert lane.trace[0].error > 1e-9 >= lane.trace[1].error


@pytest.mark.parametrize("name", list(SOLVERS))
def test_every_method_of_the_registry_can_be_raced(name: str) -> None:
    lane = gm.race("y ~ a + b", table(), name, budget=0.3, accuracy=2.0)[name]
    assert lane.ran, lane.why
    assert lane.digits >= 1.0


def test_sparse_rows_several_targets_weights_and_ridge() -> None:
    S = sp.random_array((300, 12), density=0.2, rng=np.random.default_rng(1), format="csr")
    B = np.random.default_rng(2).normal(size=(300, 2))
    found = gm.race(S, B, ["cholesky", "lsmr", "lbfgs"], budget=1.0, ridge=0.5, weights=np.linspace(1, 2, 300))
    assert [lane.end for lane in found.lanes] == ["reached"] * 3
    assert found.sparse
    assert found.targets == 2


def test_dependent_columns_are_judged_by_their_fitted_values() -> None:
    D = np.column_stack([X, X[:, 0] + X[:, 1]])
    found = gm.race(D, Y, ["qr", "lsmr", "momentum"], budget=1.0)
    assert [lane.end for lane in found.lanes] == ["reached"] * 3
    assert any("depend on each other" in note for note in found.notes)


@pytest.mark.parametrize(("family", "formula"), [("poisson", "n ~ a + b"), ("binomial", "more ~ a"), ("gamma", "exp(a) ~ b")])
def test_other_families(family: str, formula: str) -> None:
    found = gm.race(formula, table(), ["newton", "lbfgs", "cholesky"], budget=1.0, family=family)  # type: ignore[arg-type]
    assert found["newton"].end == found["lbfgs"].end == "reached"
    assert found["cholesky"].end == "refused"
    assert family in found["cholesky"].why


def test_where_no_direct_answer_is_affordable_two_methods_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "PATIENCE", 0.0)
    monkeypatch.setattr(reference, "PATIENT", 0.0)
    for ridge in (0.0, 2.0):
        found = gm.race("y ~ a + b", table(), ["cholesky", "momentum"], budget=1.0, ridge=ridge)
        assert [lane.end for lane in found.lanes] == ["reached"] * 2
        assert found.reference_digits > 12
        assert "which agree to" in found.notes[0]
        assert ("fitted values" in " ".join(found.notes)) is (ridge == 0.0)


# ---- what cannot run


def test_a_method_that_cannot_run_is_a_lane_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, view: object, request: object) -> None:
        raise np.linalg.LinAlgError("no such luck")

    monkeypatch.setattr(type(SOLVERS["svd"]), "solve", broken)
    found = gm.race(X, Y, ["cholesky", "svd"], budget=0.5)
    assert found["svd"].end == "failed"
    assert found["svd"].why == "no such luck"
    assert "svd failed: no such luck" in str(found)
    assert found.winner is found["cholesky"]


def test_a_step_beyond_the_edge_is_told() -> None:
    step = 3.0 / np.linalg.eigvalsh(X.T @ X / 400)[-1]
    found = gm.race(X, Y, "gradient", budget=0.5, step=step)
    assert found["gradient"].end == "diverged"
    assert "2/L" in found["gradient"].why
    assert found.winner is None
    assert "No method reached 8 digits" in found.sentence


def test_columns_whose_squares_leave_the_range_are_raced_in_other_units() -> None:
    found = gm.race(X * [1e160, 1.0, 1e-170, 1.0], Y, ["qr", "lsmr", "nesterov"], budget=0.5)
    assert [lane.end for lane in found.lanes] == ["reached"] * 3
    assert "units of powers of two" in found.notes[-1]


def test_a_target_that_does_not_vary() -> None:
    found = gm.race("c ~ a", {"a": np.arange(9.0), "c": np.full(9, 2.0)}, ["cholesky", "lsmr", "gradient"], budget=0.5)
    assert all(lane.ran for lane in found.lanes)


def test_no_columns_but_the_intercept() -> None:
    found = gm.race("y ~ 1", table(), ["cholesky", "lsmr"], budget=0.5)
    assert found["cholesky"].end == "reached"


# ---- bad input


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"methods": "choleski"}, "Hint: did you mean 'cholesky'?"),
        ({"methods": []}, "methods is []"),
        ({"methods": ["qr", 3]}, "a method to race is 3"),
        ({"budget": 0}, "budget is 0\nAllowed: a number of seconds above 0"),
        ({"budget": -1.0}, "budget is -1.0"),
        ({"budget": float("nan")}, "budget is nan"),
        ({"budget": float("inf")}, "budget is inf"),
        ({"budget": True}, "budget is True"),
        ({"budget": "10"}, "budget is '10'"),
        ({"accuracy": 0}, "accuracy is 0\nAllowed: a number of digits above 0 and up to 15"),
        ({"accuracy": 16}, "accuracy is 16"),
        ({"family": "gausian"}, "did you mean 'gaussian'?"),
        ({"step": -1.0}, "step is -1.0"),
        ({"batch": 0}, "batch is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_arguments_outside_what_is_allowed(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(text)):
        gm.race(X, Y, **settings)  # type: ignore[arg-type]


def test_values_that_are_not_finite_are_placed() -> None:
    bad = X.copy()
    bad[5, 2] = np.nan
    with pytest.raises(gm.DataError, match=r"row 5"):
        gm.race(bad, Y, "cholesky", budget=0.2)


def test_a_stream_cannot_be_raced_on() -> None:
    rows = pa.table({"a": np.arange(5.0), "y": np.arange(5.0)})
    stream = pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches())
    with pytest.raises(ArgumentError, match="the RecordBatchReader can be read once, and each method reads it again"):
        gm.race("y ~ a", stream, "cholesky")


# ---- as text, data, page


def hand_made() -> Race:
    """Two that reached 8 digits, one that did not, one that was refused."""
    made = "16,000 multiplications for the Gram matrix"
    fast = Lane("cholesky", True, "reached", "finished", (TracePoint(0, 1.0, 0.1, 1e-14, 1e-28),), made)
    points = TracePoint(0, 3.0, 0.05, 1.0, 1.0), TracePoint(4, 7.0, 0.06, 1e-3, 1e-6), TracePoint(9, 12.0, 0.4, 1e-9, 1e-18)
    slow = Lane("lsmr", False, "reached", "", points)
    late = Lane("sgd", False, "out of time", "", (TracePoint(0, 3.0, 0.1, 1.0, 1.0), TracePoint(90, 93.0, 1.0, 1e-2, 1e-4)))
    out = Lane("svd", True, "refused", "needs 22.0 GB, 8.0 GB free")
    lanes = (fast, slow, late, out)
    asked = {"accuracy": 8.0, "budget": 2.0, "reference": "qr", "reference_digits": 15.1}
    told = {"machine": "2 threads", "date": "2026-11-22", "notes": ("a note",)}
    return Race("y ~ <x> & z", "gaussian", 1000, 3, 1, False, lanes=lanes, **asked, **told)


def test_the_winner_and_why() -> None:
    race = hand_made()
    assert race.winner is race["cholesky"]
    assert race.first_to(2.0) is race["lsmr"]
    assert race.sentence == (
        "cholesky won: 8 digits in 100 ms, with 1 pass over the rows and 16,000 multiplications for the Gram matrix. "
        "The best iterative method, lsmr, took 4.0 x as long (9 iterations, 12 passes). "
        "For 2 digits lsmr is enough: 60 ms."
    )
    with pytest.raises(KeyError):
        race["adam"]


def ran(name: str, direct: bool, seconds: float, passes: float, work: str = "", error: float = 1e-9) -> Lane:
    end = "reached" if error <= 1e-8 else "short"
    return Lane(name, direct, end, "", (TracePoint(0 if direct else 5, passes, seconds, error, 0.0),), work)


GRAM = "2 billion multiplications for the Gram matrix"


@pytest.mark.parametrize(
    ("lanes", "names", "sentence"),
    [
        (  # within a tenth
            [ran("qr", True, 1.0, 1), ran("svd", True, 1.09, 1), ran("cg", False, 2.0, 5)],
            ["qr", "svd"],
            "A tie of qr and svd: 8 digits in 1 s to 1.09 s, with 1 pass over the rows and no steps. "
            "The best iterative method, cg, took 2.0 x as long (5 iterations, 5 passes).",
        ),
        (  # within 0.2 ms, of both kinds
            [ran("qr", True, 1e-4, 1), ran("cg", False, 2e-4, 5), ran("lsmr", False, 4e-4, 6)],
            ["qr", "cg"],
            "A tie of qr and cg: 8 digits in 100 us to 200 us.",
        ),
        (
            [ran("lsmr", False, 0.5, 9), ran("cholesky", True, 2.0, 1, GRAM)],
            ["lsmr"],
            f"lsmr won: 8 digits in 500 ms, with 5 iterations and 9 passes, without the {GRAM} of cholesky. "
            "The best direct method, cholesky, took 4.0 x as long.",
        ),
        (
            [ran("cholesky", True, 1.0, 1, GRAM), ran("qr", True, 2.0, 1, "4 billion operations for the triangle of QR")],
            ["cholesky"],
            f"cholesky won: 8 digits in 1 s, with 1 pass over the rows and {GRAM}; "
            "qr made 4 billion operations for the triangle of QR.",
        ),
        (
            [ran("cg", False, 1.0, 5), ran("lsmr", False, 2.0, 6)],
            ["cg"],
            "cg won: 8 digits in 1 s, with 5 iterations and 5 passes; lsmr made 6 passes.",
        ),
        (  # a measured figure is no more rounded up than a claim
            [ran("qr", True, 1.0, 1, error=10**-7.98)],
            [],
            "No method reached 8 digits in its share of the time; qr came closest with 7.9. "
            "For 2 digits qr is enough: 1 s.",
        ),
    ],
)
def test_ties_are_called_so_and_winners_explained(lanes: list[Lane], names: list[str], sentence: str) -> None:
    race = replace(hand_made(), lanes=tuple(lanes))
    assert [lane.name for lane in race.tied] == names
    assert race.sentence == sentence
    assert race.to_dict()["tied"] == names
    assert race._repr_html_().count('<tr class="best"') == len(names)


def test_the_heaviest_part_is_that_of_the_plan() -> None:
    plan = gm.lstsq(X, Y, "cholesky").plan
    m, p = X.shape[0], X.shape[1] + 1
    assert heaviest(plan.candidates[0].cost) == f"{m * p**2:,} multiplications for the Gram matrix"
    assert "triangle of QR" in heaviest(gm.lstsq(X, Y, "qr").plan.candidates[0].cost)
    raced = gm.race(X, Y, "cholesky,lsmr", budget=0.2)
    assert [raced[name].work for name in ("cholesky", "lsmr")] == [heaviest(plan.candidates[0].cost), ""]


def test_what_is_left_of_j_is_spelled_out_once(raced: Race) -> None:
    assert str(raced).count("J: the loss that is minimised, the squared residuals.") == 1
    assert "log-likelihood of the poisson family" in str(replace(hand_made(), family="poisson")).replace("\n", " ")


def test_a_picture_without_matplotlib_is_refused_before_the_race(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gramian.racing.saving.find_spec", lambda name: None)
    with pytest.raises(ArgumentError, match=r"a picture needs matplotlib, which is not installed\nHint: pip install"):
        check_output(str(tmp_path / "race.png"))
    assert check_output(str(tmp_path / "race.html")) == ".html"


def test_the_table_is_eighty_columns_wide(raced: Race) -> None:
    for race in (hand_made(), raced):
        text = str(race)
        assert max(map(len, text.splitlines())) <= 80
        assert repr(race) == text
        assert all(lane.name in text for lane in race.lanes)
    assert "svd refused: needs 22.0 GB, 8.0 GB free" in str(hand_made())
    assert "note: a note" in str(hand_made())


def test_lanes_stand_in_the_order_of_arrival(raced: Race) -> None:
    times = [lane.seconds_to(raced.accuracy) for lane in raced.lanes]
    assert times == sorted(times)


def test_the_data_are_plain_json(raced: Race) -> None:
    for race in (hand_made(), raced):
        data = json.loads(json.dumps(race.to_dict(), allow_nan=False))
        assert data["winner"] == race.winner.name
        assert [lane["method"] for lane in data["lanes"]] == [lane.name for lane in race.lanes]
    refused_lane = hand_made().to_dict()["lanes"][-1]
    assert refused_lane["seconds"] is None
    assert refused_lane["trace"] == []


def test_the_page_needs_nothing_else(tmp_path) -> None:
    path = tmp_path / "race.html"
    hand_made().save(path)
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?:|src=|@import|<link|url\(", page)
    assert "y ~ &lt;x&gt; &amp; z" in page
    assert "<x>" not in page
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.S)
    assert found is not None
    data = json.loads(found[1])
    assert [lane["name"] for lane in data["lanes"]] == ["cholesky", "lsmr", "sgd"]
    assert data["lanes"][1]["points"][-1] == [0.4, 12.0, 9, 1e-17, 1e-9]
    assert "refused: needs 22.0 GB" in page
    assert hand_made()._repr_html_() in page


def test_a_name_of_a_method_cannot_end_the_script() -> None:
    race = hand_made()
    lanes = (replace(race.lanes[0], name="</script><b>"), *race.lanes[1:])
    assert "</script><b>" not in replace(race, lanes=lanes)._repr_html_()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".json", ".html"])
def test_it_is_written_by_the_suffix(tmp_path, suffix: str) -> None:
    path = tmp_path / f"race{suffix}"
    hand_made().save(path)
    assert path.stat().st_size > 500
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_another_suffix_is_refused_and_a_file_is_left_as_it_was(tmp_path) -> None:
    with pytest.raises(ArgumentError, match=r"Allowed: names that end in \.html, \.json, \.png, \.svg, \.pdf"):
        hand_made().save(tmp_path / "race.gif")
    with pytest.raises(ArgumentError, match="there is no folder"):
        hand_made().save(tmp_path / "none" / "race.html")
    assert list(tmp_path.iterdir()) == []


# ---- command


def test_the_command_prints_the_table_and_writes_the_page(tmp_path) -> None:
    path, page = write_table(tmp_path), tmp_path / "race.html"
    status, out, err = run("race", path, "y ~ x + group", "--methods", "cholesky,lsmr", "--budget", 0.5, "-o", page)
    assert (status, err) == (0, "")
    assert ": 8 digits in" in out
    assert page.read_text().startswith("<!doctype html>")


def test_the_command_prints_json(tmp_path) -> None:
    status, out, _ = run("race", write_table(tmp_path), "y ~ x", "--methods", "qr,cg", "--budget", 0.5, "--json")
    assert status == 0
    assert {lane["method"] for lane in json.loads(out)["lanes"]} == {"qr", "cg"}


def test_the_command_ends_with_one_where_no_method_reached_the_digits(tmp_path) -> None:
    status, out, err = run("race", write_table(tmp_path), "y ~ x", "--methods", "gradient", "--budget", 0.2, "--step", "100")
    assert status == 1
    assert "diverged" in out
    assert "Hint: raise --budget" in err


def test_the_command_refuses_before_it_runs(tmp_path) -> None:
    path = write_table(tmp_path)
    assert "did you mean 'cholesky'?" in refused("race", path, "y ~ x", "--methods", "choleky")
    assert "budget is -1.0" in refused("race", path, "y ~ x", "--budget", "-1")
    assert "names that end in .html" in refused("race", path, "y ~ x", "-o", tmp_path / "race.bmp")
    assert "there is no folder" in refused("race", path, "y ~ x", "-o", tmp_path / "none" / "race.html")
    assert "zz" in refused("race", path, "y ~ zz", "--budget", "0.2")


# ---- before and after the clock


COLD = """
import sys
import numba.core.caching as caching
import gramian as gm
from importlib import import_module
race = import_module("gramian.api.race")
timed, kept, late = race.timed, caching.Cache.save_overload, []

def watched(course, name, *rest):
    caching.Cache.save_overload = lambda cache, signature, data: late.append((name, cache._name))
    try:
        return timed(course, name, *rest)
    finally:
        caching.Cache.save_overload = kept

race.timed = watched
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal((3000, 3)) * [1.0, 1000.0, 10.0]
X[:9] *= 300.0
n = rng.poisson(np.exp(X[:, 0].clip(-1, 1))).astype(float)
gm.race("y ~ a + b + c", {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": X[:, 0] + n}, budget=1)
print(late)
"""


def test_nothing_is_compiled_on_the_clock(tmp_path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("took", "runs", "best"), [((0.3, 0.2, 0.4), 3, 0.2), ((0.6, 0.1), 1, 0.6), ((0.4, 0.5, 0.1), 2, 0.4)])
def test_a_run_is_repeated_as_often_as_it_fits(took: tuple[float, ...], runs: int, best: float) -> None:
    lanes = [Lane("m", True, "reached", "", (TracePoint(0, 1.0, seconds, 1e-9, 0.0),)) for seconds in took]
    made = iter(lanes)
    assert _quickest(lambda _: next(made), 1.0).last.seconds == best
    assert len(list(made)) == len(took) - runs


def test_rows_with_missing_values_are_told() -> None:
    data = table()
    data["a"][[3, 7]] = np.nan
    found = gm.race("y ~ a + b", data, "cholesky", budget=0.5)
    assert "2 rows with missing values dropped" in found.notes
    assert found.rows == 298


def test_a_place_that_cannot_be_written_is_refused_before_the_race(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", no_file)
    with pytest.raises(ArgumentError, match=r"cannot write '.*race\.html': permission denied"):
        check_output(str(tmp_path / "race.html"))


def test_the_title_of_a_picture_tells_family_and_digits() -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")
    found = gm.race("n ~ a", table(), "newton", budget=0.5, accuracy=6, family="poisson")
    title = found.plot().axes[0].get_title(loc="left")
    assert title.endswith("300 rows x 1 columns, poisson; to 6 digits")
