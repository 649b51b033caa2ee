"""A solver added to the registry takes any loss and any function at every door, and no door spells the names by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import gramian as gm
import gramian.cli.app
from gramian.solvers import SOLVERS
from tests.solvers.test_registry import throwaway

__all__ = ["throwaway"]

RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 3))
COUNTS = RNG.poisson(np.exp(0.3 * X[:, 0] + 0.2)).astype(float)
DATA = {"a": X[:, 0], "b": X[:, 1], "y": COUNTS}


def test_by_families(throwaway: Any) -> None:
    fit = gm.fit("y ~ a + b", DATA, family="poisson", method="throwaway")
    assert fit.method == "throwaway"
    assert fit.trusted
    np.testing.assert_allclose(fit.coef, gm.fit("y ~ a + b", DATA, family="poisson").coef, rtol=1e-5)
    with pytest.raises(gm.ArgumentError, match=r"Methods that can: .*throwaway"):
        gm.fit("y ~ a + b", DATA, family="poisson", method="lsmr")


def test_by_minimize(throwaway: Any) -> None:
    found = gm.minimize(lambda x: (x - 2) ** 2, 0.0, lambda x: 2 * (x - 2), method="throwaway")
    assert found.x == pytest.approx(2.0)
    with pytest.raises(gm.ArgumentError, match="did you mean 'throwaway'"):
        gm.minimize(lambda x: x**2, 1.0, method="throwawy")


@pytest.mark.parametrize("classes", [2, 3])
def test_by_the_classes_of_scikit_learn(throwaway: Any, classes: int) -> None:
    y = np.minimum(COUNTS, classes - 1)
    found = gm.LogisticRegression(method="throwaway").fit(X, y)
    np.testing.assert_allclose(found.coef_, gm.LogisticRegression().fit(X, y).coef_, rtol=1e-4, atol=1e-6)
    poisson = gm.PoissonRegressor(method="throwaway").fit(X, COUNTS)
    np.testing.assert_allclose(poisson.coef_, gm.PoissonRegressor().fit(X, COUNTS).coef_, rtol=1e-4, atol=1e-6)
    linear = gm.LinearRegression(method="throwaway").fit(X, COUNTS)
    np.testing.assert_allclose(linear.coef_, gm.LinearRegression().fit(X, COUNTS).coef_, rtol=1e-4, atol=1e-6)


def test_by_the_race_and_the_plan(throwaway: Any) -> None:
    found = gm.race("y ~ a + b", DATA, methods="throwaway, newton", budget=2.0, accuracy=4)
    assert "throwaway" in str(found)
    assert "throwaway" in str(gm.explain("y ~ a + b", DATA, method="throwaway"))


def test_by_the_command_line(throwaway: Any, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,y\n" + "\n".join(f"{x:.6g},{y:g}" for x, y in zip(X[:, 0], COUNTS, strict=True)) + "\n")
    runner = CliRunner()
    for command in ("fit", "explain"):
        assert "throwaway" in runner.invoke(gramian.cli.app.app, [command, "--help"]).output, command
    fitted = runner.invoke(
        gramian.cli.app.app, ["fit", str(path), "y ~ a", "--family", "poisson", "--method", "throwaway"]
    )
    assert "throwaway on rows" in fitted.output
    refused = runner.invoke(gramian.cli.app.app, ["explain", str(path), "y ~ a", "--method", "throwawy"])
    assert refused.exit_code == 2
    assert "throwaway" in refused.output + refused.stderr
    raced = runner.invoke(gramian.cli.app.app, ["race", str(path), "y ~ a", "--methods", "throwaway,newton", "--budget", "2"])
    assert "throwaway" in raced.output


def test_no_file_outside_the_registry_decides_by_the_name_of_a_solver() -> None:
    source = Path(gm.__file__).parent
    name = "|".join(SOLVERS)
    decided = re.compile(rf"""\b(method|solver)\s*(==|!=|in|not in)\s*[(\[{{]?\s*["']({name})["']""")
    found = [
        f"{path.relative_to(source)}: {line.strip()}"
        for path in source.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if decided.search(line)
    ]
    assert found == []
