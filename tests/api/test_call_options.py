"""The public calls share their options: what gm.explain and the commands take is what gm.fit takes."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

import gramian as gm
from gramian.api.options import FitOptions, RaceOptions
from gramian.problem.solver_options import SolverOptions
from gramian.solving.options import SolveOptions, TableOptions

SOURCE = Path(gm.__file__).parent
MOST = 12
TABLE = {"y": [1.0, 2.0, 4.0, 3.0, 6.0], "x": [1.0, 2.0, 3.0, 4.0, 5.0], "w": [1.0, 2.0, 1.0, 2.0, 1.0]}


def taken(call):
    """Keyword arguments with their defaults."""
    return {name: each.default for name, each in inspect.signature(call).parameters.items() if name not in ("formula", "data")}


def test_explain_takes_what_fit_takes():
    fit, explain = taken(gm.fit), taken(gm.explain)
    assert explain.pop("analyze") is False
    assert explain.pop("rank") is None  # "drop" for a table, "min-norm" for arrays
    assert fit.pop("rank") == "drop"
    assert explain == fit


def test_explain_refuses_what_fit_refuses():
    for wrong in ({"cov": "cluster"}, {"cov": "HC3", "clusters": "w"}, {"family": "normal"}, {"method": "ols"}, {"batch": 0}):
        said = []
        for call in (gm.fit, gm.explain):
            with pytest.raises(gm.ArgumentError) as caught:
                call("y ~ x", TABLE, **wrong)
            said.append(str(caught.value))
        assert said[0] == said[1]


@pytest.mark.parametrize("call", [gm.fit, gm.lstsq, gm.race, gm.moments])
def test_defaults_are_those_of_the_options(call):
    parts = (TableOptions, SolveOptions, SolverOptions)
    defaults = {each.name: each.default for part in parts for each in dataclasses.fields(part)}
    own = {"rank": "min-norm", "decimal": None, "accuracy": 8.0}  # of a call whose default differs
    for name, default in taken(call).items():
        if name in defaults:
            assert default in (defaults[name], own.get(name, defaults[name])), name


def test_options_are_frozen_and_checked_when_made():
    for made in (TableOptions(), SolveOptions(), FitOptions.of(TableOptions(), SolveOptions())):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, dataclasses.fields(made)[0].name, None)
    for wrong in ({"method": "ols"}, {"ridge": -1.0}, {"tol": 2.0}, {"rank": "full"}, {"threads": 0}, {"accuracy": 16}):
        with pytest.raises(gm.ArgumentError):
            SolveOptions(**wrong)
    with pytest.raises(gm.ArgumentError, match="accuracy or suboptimality, not both"):
        SolveOptions(accuracy=5, running=SolverOptions(suboptimality=1e-3))
    with pytest.raises(gm.ArgumentError, match="budget is 0"):
        RaceOptions.of(TableOptions(), SolveOptions(), family="gaussian", methods=None, budget=0, accuracy=8)


def test_accuracy_reaches_the_solver():
    for accuracy, aim, digits, refined in ((None, "data", None, False), (5, 5.0, 5.0, False), ("exact", "exact", None, True)):
        options = SolveOptions(accuracy=accuracy)
        assert (options.aim, options.request.running.digits, options.request.running.refined) == (aim, digits, refined)
    assert SolveOptions(decimal=True).aim == "exact"
    changed = dataclasses.replace(SolveOptions(accuracy=5, ridge=2.0), accuracy="data")
    assert (changed.aim, changed.request.running.digits, changed.request.penalty.text) == ("data", None, "ridge=2")


def test_explain_of_arrays_is_the_plan_of_lstsq():
    X = np.random.default_rng(0).normal(size=(50, 3))
    y = X @ np.ones(3)
    assert gm.explain(X, y).method == gm.explain(X, y, analyze=True).method == gm.lstsq(X, y).plan.method


def wide(folder):
    """(file, function, number of parameters) of every function that takes more than MOST."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)
                if count > MOST:
                    yield path.relative_to(SOURCE).as_posix(), node.name


def test_only_what_users_call_takes_many_arguments():
    found = set(wide(SOURCE))
    assert ("api/fit.py", "fit") in found
    public = {
        ("api/explain.py", "explain"),
        ("api/fit.py", "fit"),
        ("api/lstsq.py", "lstsq"),
        ("api/race.py", "race"),
        ("cli/app.py", "explain_command"),
        ("cli/app.py", "fit_command"),
        ("cli/app.py", "race_command"),
        ("sklearn/sgd.py", "__init__"),
    }
    compiled = {("kernels/exact_rows.py", "gradient")}  # takes plain arrays only
    assert found <= public | compiled
