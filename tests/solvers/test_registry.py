"""Adding a solver is its file, a line of the registry and a row of tests/cases.py: all else is read from the registry."""

from __future__ import annotations

from dataclasses import replace
from importlib import reload
from typing import Any

import numpy as np
import pytest
import test_contract

import cases
import gramian as gm
import gramian.cli.app
import gramian.cli.options
from command import run
from gramian import solvers
from gramian.planning import Machine, choose
from gramian.problem.facts import Facts
from gramian.solvers import SOLVERS, methods_table
from gramian.solvers.cost import Prior
from gramian.solvers.gradient import gradient
from gramian.solvers.iterated import Iterated

DIRECT = ["cholesky", "sketched", "choleskyqr", "qr", "svd"]
EXPECTED = [*DIRECT, "newton", "gradient", "momentum", "nesterov", "cg", "lsqr", "lsmr", "lbfgs"]
EXPECTED += ["sgd", "adagrad", "rmsprop", "adam", "saga"]


def heavy(length: Any = None) -> Any:
    """A throwaway: gradient descent under another name."""
    return gradient(length)


@pytest.fixture
def throwaway(monkeypatch: pytest.MonkeyPatch) -> Any:
    line = replace(SOLVERS["gradient"], method=heavy, prior=Prior(2.0, 7.0))
    monkeypatch.setitem(solvers.REGISTRY, "throwaway", line)
    monkeypatch.setitem(cases.SOLVER_ROWS, "throwaway", cases.SOLVER_ROWS["gradient"])
    reload(gramian.cli.options)
    reload(gramian.cli.app)
    yield line
    monkeypatch.undo()
    reload(gramian.cli.options)
    reload(gramian.cli.app)


def test_the_registry_holds_every_method_of_the_texts() -> None:
    assert list(SOLVERS) == EXPECTED


def test_every_solver_says_what_it_is_and_what_it_takes() -> None:
    table = methods_table()
    assert [name for name, _, _ in table] == EXPECTED
    assert len({what for _, what, _ in table}) == len(EXPECTED)
    assert all(20 < len(what) < 130 for _, what, _ in table)
    takes = {name: words for name, _, words in table}
    assert "batch" in takes["sgd"]
    assert "batch" not in takes["gradient"]
    assert "step" not in takes["cholesky"]


def test_a_new_solver_is_found_by_the_plan_the_messages_and_the_table(throwaway: Iterated) -> None:
    facts = Facts(1000, 5, 1, None, False, False, True, True)
    assert choose(facts, Machine(), "throwaway", 1).method == "throwaway"
    assert any(c.name == "throwaway" for c in choose(facts, Machine(), "auto", 1).candidates)
    X, y = np.random.default_rng(0).standard_normal((50, 3)), np.arange(50.0)
    with pytest.raises(gm.ArgumentError, match="did you mean 'throwaway'"):
        gm.lstsq(X, y, "throwawy")
    with pytest.raises(gm.ArgumentError, match=r"Methods that can: gradient, .*throwaway"):
        gm.lstsq(X, y, "lsmr", step=1.0)
    assert ("throwaway", "A throwaway: gradient descent under another name") in [row[:2] for row in methods_table()]
    assert gm.lstsq(X, y, "throwaway").method == "throwaway"


def test_a_new_solver_is_found_by_the_contract(throwaway: Iterated) -> None:
    assert test_contract.complaints("throwaway", cases.CASES["tall"]) == []
    assert test_contract.complaints("throwaway", cases.CASES["sparse"]) == []


def test_a_new_solver_is_found_by_the_command_line(throwaway: Iterated, tmp_path: Any) -> None:
    from typer.testing import CliRunner

    runner = CliRunner()
    assert "throwaway" in runner.invoke(gramian.cli.app.app, ["fit", "--help"]).output
    assert "A throwaway" in runner.invoke(gramian.cli.app.app, ["methods"]).output
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "\n".join(f"{i},{i % 7}" for i in range(40)) + "\n")
    found = runner.invoke(gramian.cli.app.app, ["fit", str(path), "y ~ x", "--method", "throwaway", "--step", "1e-4"])
    assert "throwaway" in found.output


def test_the_command_lists_the_methods() -> None:
    status, out, _ = run("methods")
    assert status == 0
    assert all(any(line.startswith(f"{name} ") for line in out.splitlines()) for name in EXPECTED)


def test_methods_that_iterate_come_after_the_direct_ones_that_fit() -> None:
    for rows, n in ((100, 3), (10**6, 50), (10**5, 1000)):
        plan = choose(Facts(rows, n, 1, None, False, True, True, True), Machine(), "auto", 2)
        order = [candidate.solver.traits.iterates for candidate in plan.order]
        assert order == sorted(order)
        assert not order[0]


def test_where_no_direct_method_fits_in_memory_one_that_iterates_is_taken() -> None:
    wide = Facts(200_000, 150_000, 1, 10**7, True, False, True, True)
    plan = choose(wide, Machine(), "auto", 2)
    assert plan.order[0].solver.traits.iterates
    assert all(c.refused.startswith("needs") for c in plan.candidates if not c.solver.traits.iterates)
    assert "direct methods are refused" in plan.reason
    once = choose(replace(wide, rereadable=False), Machine(), "auto", 2)
    assert not once.order
    assert all("read rows once" in c.refused for c in once.candidates if c.solver.traits.iterates)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_step_of_barzilai_and_borwein_is_for_the_gradient_alone(name: str) -> None:
    X, y = np.random.default_rng(1).standard_normal((60, 4)), np.arange(60.0)
    if name == "gradient":
        assert gm.lstsq(X, y, name, step="barzilai-borwein").trusted
        return
    with pytest.raises(gm.ArgumentError, match="cannot take"):
        gm.lstsq(X, y, name, step="barzilai-borwein")
