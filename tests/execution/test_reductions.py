"""What a runner may be asked to reduce: values that pickle, are small, and stand at module level, and no others."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian
import gramian as gm
from gramian.calibration.samples import read
from gramian.data.arrays import ArrayRows
from gramian.execution.pooling import available_threads
from gramian.execution.reduction import Reduction, RowMap
from gramian.execution.registry import RUNNERS, runner_for
from gramian.execution.runner import Runner
from gramian.execution.threads import Threads
from gramian.execution.tree import Carry, Chain
from gramian.families import FAMILIES
from gramian.formula import learn as learning
from gramian.objectives.hessian_lower_bound import hessian_lower_bound
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
from gramian.reductions.sandwich import RowWork
from gramian.solving import sampled_pcg
from gramian.solving.condition_sample import sampled_condition

MOST = 100_000


def concrete(base: type) -> set[type]:
    """Those of the package. A dataclass with slots is made twice: the one that its module holds is meant."""
    found = {each for one in base.__subclasses__() for each in {one, *concrete(one)}}
    mine = {each for each in found if not inspect.isabstract(each) and each.__module__.startswith("gramian.")}
    return {getattr(sys.modules[each.__module__], each.__qualname__, each) for each in mine}


def everything() -> set[type]:
    for module in pkgutil.walk_packages(gramian.__path__, "gramian."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return concrete(Reduction) | concrete(RowMap) | concrete(RowWork)


class Recording(Threads):
    """Threads that pickle whatever they are asked to reduce, and hand on what came out of it."""

    def __init__(self, threads: int | None = None, progress: Any = None) -> None:
        super().__init__(threads, progress)
        self.sizes: dict[type, int] = {}

    def reporting(self, progress: Any) -> Recording:
        same = Recording(self.threads, progress)
        same.sizes = self.sizes
        return same

    def taken(self, reduction: Any) -> Any:
        text = pickle.dumps(reduction)
        for each in inside(reduction):
            self.sizes[type(each)] = max(len(text), self.sizes.get(type(each), 0))
        return pickle.loads(text)

    def fold(self, rows: Any, reduction: Any) -> Any:
        return super().fold(rows, self.taken(reduction))

    def learn(self, tables: Any, reduction: Any) -> Any:
        return super().learn(tables, self.taken(reduction))

    def map_rows(self, rows: Any, mapped: Any, vectors: Any) -> Any:
        return super().map_rows(rows, self.taken(mapped), vectors)


def inside(value: Any) -> list[Any]:
    """A reduction and those that its fields hold."""
    found = [value] if isinstance(value, Reduction | RowMap | RowWork) else []
    if isinstance(value, tuple):
        return [each for one in value for each in inside(one)]
    if found:
        found += [each for field in dataclasses.fields(value) for each in inside(getattr(value, field.name))]
    return found


@pytest.fixture(scope="module")
def recorded() -> Recording:
    """Asked by fits of every kind."""
    runner = Recording(2)
    rng = np.random.default_rng(80)
    m = 3_000
    a, b = rng.standard_normal(m), rng.uniform(0, 1, m)
    data = {
        "y": a + b + rng.standard_normal(m), "a": a, "b": b, "c": np.array(list("abcd"))[rng.integers(0, 4, m)],
        "g": rng.integers(0, 9, m), "n": rng.poisson(2, m), "l": np.where(a + rng.standard_normal(m) > 0, "u", "v"),
        "t": np.where(b > 0.5, "1", "2"), "r": np.round(a, 2), "q": np.round(b, 2), "s": (a > 0) * 1.0,
    }  # fmt: skip
    how: dict[str, Any] = {"runner": runner}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "GATHERED", 50)
        splines = "bs(b, df=5) + bs(b, df=5, extrapolation='clip') + cr(b, df=4, constraints='center') + poly(a, 2)"
        for cov in ("HC3", "cluster"):
            more = {"clusters": "g"} if cov == "cluster" else {"cov": cov}
            gm.fit(f"y ~ C(c) + scale(a) + {splines}", data, **more, **how).influence()
    gm.fit("r ~ q", {name: data[name][:200] for name in "rq"}, **how)
    gm.fit("I(y * 1e180) ~ a", data, **how)
    gm.fit("y ~ a", data, method="qr", **how)
    gm.fit("l ~ b", data, family="binomial", **how).influence()
    gm.fit("n ~ a", data, family="poisson", method="lbfgs", **how)
    with pytest.raises(gm.DataError, match="numbers"):
        gm.fit("y ~ log(t)", data, **how)
    with pytest.raises(gm.DataError, match=r"separat|exception"):
        gm.fit("s ~ a", data, family="binomial", **how)
    X, S = rng.standard_normal((m, 4)), sp.random(m, 6, 0.5, format="csr", random_state=1)
    for method in ("sketched", "lsqr", "newton", "gradient", "choleskyqr"):
        gm.lstsq(X, X @ np.ones(4) + a, method, **how)
    gm.lstsq(X, X @ np.ones(4) + a, "svd", accuracy="exact", **how)
    gm.lstsq(S, np.asarray(S @ np.ones(6)) + a, "cholesky", **how)
    read(ArrayRows.of(X, a), runner)
    for loss in ("gaussian", "poisson"):
        objective = LinearObjective.of(ArrayRows.of(np.asfortranarray(X), np.abs(a)), runner, FAMILIES[loss], NoPenalty())
        theta = objective.start()
        objective.value(theta)
        objective.forward(theta)
        objective.line(theta, theta + 1.0)
        objective.hessian_vector(theta, theta + 1.0)
        objective.row_curvature()
        objective.row_curvatures()
        objective.curvature()
    sampling(runner)
    return runner


def sampling(runner: Recording) -> None:
    """Passes that pay for large tables alone."""
    rng = np.random.default_rng(81)
    X = rng.standard_normal((60_000, 60))
    y = X @ np.ones(60) + rng.standard_normal(60_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gramian.solving.condition_sample.WORTH", 0.0)
        sampled_condition(ArrayRows.of(X, y), 1e7, runner)
        patch.setattr("gramian.sklearn.stepping.Threads", lambda: runner)
        gm.SGDRegressor(max_iter=1, tol=None).fit(X, y)
        patch.setattr("gramian.objectives.cached_rows.free_memory", lambda: 0.0)
        LinearObjective.of(ArrayRows.of(np.asfortranarray(X), y), runner, FAMILIES["gaussian"], NoPenalty()).targets()
    gm.lstsq(X, y, "cholesky", runner=runner)
    objective = LinearObjective.of(ArrayRows.of(X, y), runner, FAMILIES["gaussian"], NoPenalty())
    assert hessian_lower_bound(objective) is not None
    rows = sampled_pcg.SampledRows(ArrayRows.of(X, y), 8)
    rows.norms(runner, np.zeros(60))
    runner.fold(rows, sampled_pcg.ProductsOfRows(objective.surface(objective.start())))


def test_all_are_frozen_and_found_by_their_names() -> None:
    found = everything()
    assert len(found) > 40
    for each in found:
        assert dataclasses.is_dataclass(each), each
        assert each.__dataclass_params__.frozen, each
        assert getattr(sys.modules[each.__module__], each.__name__) is each, each


def test_all_pickle_and_are_small(recorded: Recording) -> None:
    assert {each.__name__ for each in everything()} - {each.__name__ for each in recorded.sizes} == set()
    assert {each.__name__: size for each, size in recorded.sizes.items() if size > MOST} == {}


def test_the_binary_counter_and_the_chain_merge_in_order() -> None:
    for tree, merged in ((Carry, "(((ab)(cd))((ef)g))"), (Chain, "((((((ab)c)d)e)f)g)")):
        counter = tree(lambda a, b: f"({a}{b})")
        assert counter.total() is None
        for letter in "abcdefg":
            counter.push(letter)
        assert counter.total() == (merged)


def test_a_new_runner_is_found_at_every_door(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Recording] = []

    def throwaway(workers: int | None) -> Runner:
        made.append(Recording(workers))
        return made[-1]

    monkeypatch.setitem(RUNNERS, "throwaway", throwaway)
    data = {"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0]}
    gm.fit("y ~ x", data, runner="throwaway", threads=1)
    gm.lstsq(np.eye(3)[:, :2], np.ones(3), runner="throwaway")
    gm.moments("y ~ x", data, runner="throwaway")
    gm.explain("y ~ x", data, runner="throwaway", analyze=True)
    gm.race(np.eye(3)[:, :2], np.ones(3), "qr", 1.0, runner="throwaway")
    assert sum(bool(one.sizes) for one in made) >= 5
    with pytest.raises(gm.ArgumentError, match=r"'throwawa'[\s\S]*Allowed: threads, throwaway,[\s\S]*did you mean 'throwaway'"):
        gm.fit("y ~ x", data, runner="throwawa")
    assert runner_for("throwaway", 1).workers == 1


def test_what_a_runner_has() -> None:
    found = Threads(3).capacity()
    assert found.workers == Threads(3).workers == 3
    assert found.memory > 0
    assert found.numpy == np.__version__
    assert found.blas
    assert 1 <= available_threads() <= 4096
    assert Threads(3).at_most(2).workers == 2
    assert runner_for(Threads(3), 2).workers == 2
    assert runner_for(None, None).workers == available_threads()
