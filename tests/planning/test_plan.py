"""The plan: who is chosen and why, what is refused, how estimates stand beside what was done, and how it prints."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import gramian as gm
from gramian.planning import Machine, Plan, Step, choose
from gramian.planning.text import shown_bytes, shown_seconds
from gramian.problem.facts import Facts
from gramian.problem.solver_options import SolverOptions
from gramian.solvers import SOLVERS

RNG = np.random.default_rng(7)
CHOOSING = importlib.import_module("gramian.planning.choose")  # the package has a function of this name


def facts(rows: int | None = 100_000, n: int = 20, nnz: int | None = None, **more: Any) -> Facts:
    return Facts(rows, n, 1, nnz, nnz is not None, False, more.pop("rereadable", True), True, **more)


def plan_of(given: Facts, method: str = "auto", threads: int = 2, **running: Any) -> Plan:
    return choose(given, Machine(), method, threads, SolverOptions(**running))


def problem(m: int, n: int) -> tuple[Any, Any]:
    X = RNG.standard_normal((m, n))
    return X, X @ np.ones(n) + RNG.standard_normal(m)


# ---- who is chosen ---------------------------------------------------------------------------------------------------


def test_every_solver_is_priced_or_refused() -> None:
    plan = plan_of(facts())
    assert {c.name for c in plan.candidates} == set(SOLVERS)
    assert all(c.seconds > 0 for c in plan.order)
    named = plan_of(facts(), "qr")
    assert named.method == "qr"
    assert {c.name for c in named.others} == set(SOLVERS) - {"qr"}


def test_many_rows_take_the_normal_equations_and_few_take_qr() -> None:
    assert plan_of(facts(10**6, 100)).method == "cholesky"
    assert plan_of(facts(100, 3)).method == "qr"
    assert "loses fewest digits" in plan_of(facts(100, 3)).reason


def test_the_order_depends_neither_on_threads_nor_on_what_is_loaded() -> None:
    for given in (facts(500, 4), facts(100_000, 30), facts(10**6, 400)):
        orders = {tuple(c.name for c in plan_of(given, threads=threads).order) for threads in (1, 2, 8)}
        assert len(orders) == 1


def test_a_condition_that_was_seen_refuses_those_that_square_it() -> None:
    plan = plan_of(facts(condition=1e9))
    refused = {c.name: c.refused for c in plan.candidates if c.refused}
    assert refused["cholesky"] == "reaches full accuracy up to condition 1e+07, here 1.0e+09"
    assert not plan.order[0].solver.traits.squares


def test_rows_that_are_read_once_refuse_those_that_iterate() -> None:
    plan = plan_of(facts(rereadable=False))
    assert all("read rows once" in c.refused for c in plan.candidates if c.solver.traits.iterates)
    assert plan.order[0].solver.traits.decides_rank
    assert plan.candidates[0].passes == 1


def test_memory_refuses() -> None:
    plan = plan_of(facts(10**6, 300_000, nnz=10**8))
    assert {c.refused.split(" GB")[0].split()[0] for c in plan.candidates if not c.solver.traits.iterates} == {"needs"}


def test_memory_limits_the_workers_and_not_the_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    given = facts(60_000, 1500, digits=8.0)
    limited = set[int]()
    for free in (1.01e8, 1.2e8, 1.5e8, 2e8, 2.6e8, 4e8):
        monkeypatch.setattr(CHOOSING, "free_memory", lambda free=free: free)
        plans = [plan_of(given, threads=threads) for threads in (1, 2, 16)]
        assert len({tuple((c.name, c.refused) for c in plan.candidates) for plan in plans}) == 1
        for plan, threads in zip(plans, (1, 2, 16), strict=True):
            for c in plan.order:
                assert c.cost.peak(c.workers) <= free or c.workers == 1
                assert c.workers == threads or c.cost.peak(c.workers + 1) > free
            few = plan.candidates[0].workers
            told = f"{few} of {threads} threads read the rows: there is no memory for more"
            assert (told in plan.notes) == (few < threads)
            limited.add(few)
    assert len(limited) > 2


def test_whoever_makes_a_gram_matrix_counts_its_memory() -> None:
    given = facts(60_000, 1500)
    held = {c.name: c.cost.peak(1) for c in plan_of(given).candidates}
    for name, solver in SOLVERS.items():
        if solver.traits.squares:
            assert held[name] >= held["cholesky"], name


def test_workers_that_memory_allows_give_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = RNG.standard_normal((24_000, 300)), RNG.standard_normal(24_000)
    plain = gm.lstsq(X, y, threads=2, accuracy=8)
    monkeypatch.setattr(CHOOSING, "UNLOOKED", 0.0)
    monkeypatch.setattr(CHOOSING, "free_memory", lambda: plain.plan.candidates[0].cost.peak(1))
    tight = gm.lstsq(X, y, plain.method, threads=2, accuracy=8)
    assert any("1 of 2 threads" in note for note in tight.plan.notes)
    np.testing.assert_array_equal(tight.coef, plain.coef)


def test_another_family_refuses_what_minimises_squares() -> None:
    plan = plan_of(facts(loss="poisson"))
    assert all(SOLVERS[c.name].traits.losses for c in plan.order)
    assert {c.refused for c in plan.candidates if c.refused} == {"minimises squares, and the family is poisson"}


def test_loose_accuracy_over_many_columns_with_a_ridge_takes_a_method_that_iterates() -> None:
    """Beyond the columns whose Gram matrix is made, a ridge is what proves an answer that was stopped."""
    wide = facts(6000, 5000, digits=2.0, ridge=True)
    assert plan_of(wide).order[0].solver.traits.iterates
    assert not plan_of(replace(wide, ridge=False)).order[0].solver.traits.iterates
    assert not plan_of(replace(wide, digits=None)).order[0].solver.traits.iterates


def test_a_suboptimality_chooses_and_is_certified() -> None:
    X, y = problem(3000, 8)
    sol = gm.lstsq(X, y, suboptimality=1e-3)
    assert sol.trusted
    J = lambda b: np.sum((y - X @ b) ** 2) / (2 * len(y))  # noqa: E731
    least = J(np.linalg.lstsq(X, y)[0])
    assert J(sol.coef) - least <= 1e-3 * (J(0 * sol.coef) - least)
    ridged = gm.lstsq(X, y, suboptimality=1e-2, ridge=10.0)
    assert ridged.trusted
    with pytest.raises(gm.ArgumentError, match="cannot stop at a suboptimality"):
        gm.lstsq(X, y, "qr", suboptimality=1e-3)


def test_a_first_method_that_cannot_tell_hands_on_and_says_so() -> None:
    X, y = problem(5000, 30)
    X[:, -1] = X[:, 0] + 1e-9 * X[:, -1]
    plan = gm.lstsq(X, y, accuracy=4).plan
    if plan.gone:
        assert f"note: {plan.gone[0].name} gave up" in str(plan).replace("\n  ", " ")
    assert not plan.order[0].solver.traits.squares


# ---- estimate beside actual ------------------------------------------------------------------------------------------


def test_what_was_done_stands_beside_what_was_expected() -> None:
    plan = gm.lstsq(*problem(20_000, 30)).plan
    assert [step.what for step in plan.steps] == ["reduce", "solve", "refine"]
    assert all(step.estimate is not None and step.estimate > 0 and step.seconds > 0 for step in plan.steps)
    text = str(plan)
    assert text.count("est ") >= 4
    assert text.count("took ") == 4


def test_rows_of_a_table_show_their_reading() -> None:
    X, y = problem(50_000, 6)
    fit = gm.fit("y ~ .", {"y": y} | {f"x{j}": X[:, j] for j in range(6)}, accuracy=6)
    assert isinstance(fit.plan, Plan)
    read = next(step for step in fit.plan.steps if step.what == "read")
    assert read.estimate is not None
    assert 0 < read.seconds < fit.stats.seconds


def test_repeated_refinement_is_one_line() -> None:
    plan = plan_of(facts(1000, 5)).done(Step("refine", "a", 1.0), Step("refine", "b", 2.0))
    assert "2 times, last: b" in str(plan)
    assert "took 3.0 s" in str(plan)


# ---- how it prints ---------------------------------------------------------------------------------------------------


LONG = "a note that is far longer than a line of eighty columns, so that it has to go on in the next line, and does"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("given", [facts(), facts(None), facts(10**6, 300_000, nnz=10**8), facts(rereadable=False)])
def test_no_line_is_wider_than_the_page(given: Facts, width: int) -> None:
    plan = plan_of(given).noted(LONG).done(Step("refine", LONG, 0.1))
    assert max(map(len, plan.text(width).splitlines())) <= width
    assert str(plan) == plan.text(80)


def test_the_parts_come_in_the_order_of_the_data() -> None:
    lines = plan_of(facts()).text().splitlines()
    assert lines[0].startswith("plan: cholesky on moments, 2 passes, 2 threads")
    assert [line.split()[0] for line in lines[1:6]] == ["rows", "reduce", "solve", "refine", "total"]
    assert any(line.startswith("others: ") for line in lines)
    assert lines[-1].startswith("prices: built-in prices, measured on 2")


def test_json_has_every_method_and_no_number_that_json_lacks() -> None:
    for given in (facts(), facts(None), facts(10**6, 300_000, nnz=10**8)):
        found = json.loads(plan_of(given).to_json())
        assert {found["method"], *(each["method"] for each in found["others"])} == set(SOLVERS)
        assert [step["what"] for step in found["steps"]]
        assert found["prices"]["measured"]


class Checker(HTMLParser):
    """Every tag that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_html_is_whole_escaped_and_has_all_methods() -> None:
    plan = plan_of(facts()).noted("a < b & c")
    page = Checker()
    page.feed(plan._repr_html_())
    assert not page.open
    assert all(name in page.text for name in SOLVERS)
    assert "a < b & c" in page.text
    assert "<script" not in plan.html()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1e-8, "< 1 us"), (3.4e-4, "340 us"), (0.012, "12 ms"), (3.44, "3.4 s"), (25.2, "25 s"), (900, "15 min"), (36000, "10 h")],
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert shown_seconds(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(999, "999 bytes"), (4200, "4.2 kB"), (1.3e9, "1.3 GB"), (4.5e8, "450 MB")])
def test_bytes_in_words(count: float, text: str) -> None:
    assert shown_bytes(count) == text
