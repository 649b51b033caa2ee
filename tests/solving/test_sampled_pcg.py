"""A factor that a part of the rows proves, and answers corrected by conjugate gradients: all that is claimed holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import lstsq

import gramian as gm
from bench.illconditioned import backward_error
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.planning import here
from gramian.planning.choose import choose
from gramian.problem.facts import Facts
from gramian.problem.penalties import NoPenalty, RidgePenalty
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.reductions import exact_gradient as exact
from gramian.reductions.sampled_rows import SampledRows
from gramian.reductions.sketch import Sketch
from gramian.solvers.confirmed import COLUMNS, FEWEST, LEFT, TIMES, thinning
from gramian.solvers.sketched import Sketched
from gramian.solving import sampled_pcg as conjugate
from gramian.solving.refining import Answer
from gramian.solving.solve import solve
from illconditioned import answered, coefficients, rotated

LARGE = (24_200, 201)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are taken for many: one out of eight proves."""
    monkeypatch.setattr(exact, "ENTRIES", 0)
    monkeypatch.setattr(conjugate, "thinning", lambda rows, n, k: 8)


def took_a_part(answer: Answer | gm.LstsqResult) -> bool:
    return any(step.what == "iterate" for step in answer.plan.steps)


def truth(X: np.ndarray, y: np.ndarray, **of: Any) -> np.ndarray:
    return gm.lstsq(X, y, "qr", accuracy="exact", **of).coef


def test_when_a_part_is_enough() -> None:
    least = LEFT * FEWEST
    assert thinning(least, COLUMNS, 1) == LEFT
    assert thinning(least - 1, COLUMNS, 1) == 0
    assert thinning(least, COLUMNS - 1, 1) == 0
    assert thinning(100 * least, 10 * FEWEST, 1) == 100 * least // (10 * TIMES * FEWEST)
    assert thinning(None, COLUMNS, 1) == 0
    assert thinning(least, COLUMNS, 2) == 0


@pytest.mark.parametrize("every", [2, 7, 40])
def test_one_row_of_each_run_is_taken_whoever_reads(every: int) -> None:
    m = 70_000
    X = np.arange(float(m))[:, None] * np.ones(3)
    w = np.arange(1.0, m + 1.0)
    rows = ArrayRows.of(X, X[:, 0], weights=w)
    blocks = [block for part in SampledRows(rows, every).parts() for block in part.blocks()]
    at = np.concatenate([block.y[:, 0] for block in blocks]).astype(int)
    assert np.array_equal(np.concatenate([block.dense()[:, 2] for block in blocks]), at)
    assert np.array_equal(np.concatenate([block.w for block in blocks if block.w is not None]), at + 1)
    assert np.all(np.diff(at) > 0)
    # A block may end within a run.
    assert m / every <= at.size <= m / every + len(rows.parts())
    assert len(set(np.diff(at))) > 1
    assert np.allclose(SampledRows(rows, every).norms(Threads(2), np.zeros(3)), np.sqrt((at + 1.0) @ at.astype(float) ** 2))


@pytest.mark.parametrize("condition", [1e9, 1e10, 1e12])
def test_a_large_table_is_answered_as_lapack_would_and_says_so(condition: float) -> None:
    X, y = rotated(*LARGE, condition)
    found = gm.lstsq(X, y)
    assert found.method == "sketched"
    assert took_a_part(found)
    best = truth(X, y)
    assert np.all(np.abs(found.coef - best) <= found.certificate.forward_bound.ravel())
    assert found.certificate.digits[0] >= max(5.0, found.certificate.ceiling[0] + 1.0)
    gelsy = lstsq(X, y, lapack_driver="gelsy")[0]
    R = np.linalg.qr(X, mode="r")
    error = backward_error(X, y, found.coef, R)
    assert error <= 1.5 * backward_error(X, y, gelsy, R)
    assert error <= found.certificate.backward_error[0] * 1.01


KINDS = ({}, {"centred": True}, {"ridge": 1e-26}, {"weights": True}, {"centred": True, "weights": True})


@pytest.mark.parametrize("of", KINDS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_claims_hold_for_every_kind_of_problem(few: None, of: dict[str, Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = rotated(4000, 25, 10.0 ** rng.uniform(8.5, 12), seed, 10.0 ** rng.uniform(-8, 1))
    X += rng.standard_normal(25) * 0.1 if of.get("centred") else 0.0
    Y = np.column_stack([y, y[::-1]])
    asked = dict(of)
    if asked.pop("weights", False):
        asked["weights"] = rng.uniform(0.1, 5.0, len(y))
    answer = answered(X, Y, "sketched", **asked)
    assert took_a_part(answer)
    best = _exact(X, Y, asked)
    off = np.abs(answer.solution.coef - best.solution.coef)
    assert np.all(off <= answer.certificate.forward_bound + best.certificate.forward_bound)
    level = np.abs(answer.solution.intercept - best.solution.intercept)
    assert np.all(level <= answer.certificate.intercept_bound + best.certificate.intercept_bound)
    assert np.allclose(answer.rss, best.rss, rtol=1e-6, atol=1e-12 * float(np.sum(Y**2)))


def _exact(X: np.ndarray, y: np.ndarray, asked: dict[str, Any]) -> Answer:
    of = dict(asked)
    ridge = of.pop("ridge", 0.0)
    return solve(Problem(ArrayRows.of(X, y, **of), Wanted(RidgePenalty(ridge), "min-norm")), "qr", "exact", Threads(1))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_factor_is_bounded_from_below_and_from_above(weighted: bool) -> None:
    X, y = rotated(6000, 20, 1e9)
    w = np.random.default_rng(1).uniform(0.01, 9.0, 6000) if weighted else None
    rows, request, runner = ArrayRows.of(X, y, weights=w), Wanted(NoPenalty(), "drop"), Threads(2)
    view = Sketch.of(rows, runner)
    assert view is not None
    solution = Sketched().solve(view, request)
    assert solution.factor is not None
    ask = conjugate._Ask(rows, view, request, runner)
    factor, used, _ = conjugate._below(ask, SampledRows(rows, 10), solution, solution.factor)
    assert factor is not None
    assert 600 <= used <= 602
    V = (np.ones(6000) if w is None else np.sqrt(w))[:, None] * (X.astype(np.longdouble) @ factor.W)
    values = np.linalg.svd(np.asarray(V, dtype=float), compute_uv=False)
    assert values[-1] ** 2 >= 1.0 - factor.defect
    assert factor.defect >= 0.5
    assert values[0] < 3.0  # as good to the steps as to the proof
    plan = choose(Facts.of(rows), here(), "sketched", 2)
    _, factor, _ = conjugate._begun(ask, solution, factor, plan)
    assert factor.longest >= values[0]


def test_rows_that_tell_columns_apart_alone_send_it_to_all_rows(few: None) -> None:
    rng = np.random.default_rng(0)
    X = 1e-9 * rng.standard_normal((4000, 20))
    X[:, 0] = rng.standard_normal(4000)
    X[:, 1:] += X[:, :1]
    X[7, 5] += 1.0  # seen in one row
    y = X @ np.ones(20) + 1e-6 * rng.standard_normal(4000)
    answer = answered(X, y, "sketched")
    assert not took_a_part(answer) or answer.met
    off = np.abs(coefficients(answer) - truth(X, y))
    assert np.all(off <= answer.certificate.forward_bound[:, 0])


def test_a_period_in_the_rows_is_seen_whole(few: None) -> None:
    X, y = rotated(4000, 20, 1e10)
    X[::8] *= 1e-3
    answer = answered(X, y, "sketched")
    assert took_a_part(answer)
    assert np.all(np.abs(coefficients(answer) - truth(X, y)) <= answer.certificate.forward_bound[:, 0])


def test_standard_errors_ask_all_rows(few: None) -> None:
    X, y = rotated(4000, 20, 1e10)
    rows = ArrayRows.of(X, y)
    found = solve(Problem(rows, Wanted(NoPenalty(), "drop", errors=True)), "sketched", "data", Threads(1))
    assert not took_a_part(found)
    assert found.solution.factor is not None
    assert found.solution.factor.defect < 0.5


def test_bits_do_not_depend_on_threads() -> None:
    X, y = rotated(*LARGE, 1e10)
    one = gm.lstsq(X, y, "sketched", threads=1)
    for threads in (2, 4):
        again = gm.lstsq(X, y, "sketched", threads=threads)
        assert np.array_equal(again.coef, one.coef)
        assert np.array_equal(again.certificate.forward_bound, one.certificate.forward_bound)


def test_where_steps_end_short_all_rows_confirm(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = rotated(4000, 20, 1e10)
    monkeypatch.setattr(conjugate, "MOST", 1)
    monkeypatch.setattr(conjugate, "MOST_STEPS", 1)
    answer = answered(X, y, "sketched")
    assert any("all rows confirm" in note for note in answer.plan.notes)
    assert answer.met
    # A sketch, a part, a gradient, a step, an exact gradient, a step, and then all rows and two exact gradients at least.
    assert answer.solution.stats.passes >= 8
    assert np.all(np.abs(coefficients(answer) - truth(X, y)) <= answer.certificate.forward_bound[:, 0])


def test_columns_that_the_part_sees_as_nothing_send_it_to_all_rows(few: None) -> None:
    rng = np.random.default_rng(0)
    for size in (1e-158, 1e-120, 0.0):
        X = rng.standard_normal((4000, 6))
        X[:, 0] = size * rng.standard_normal(4000)
        X[1:4000:67, 0] = rng.standard_normal(60)
        y = X @ np.ones(6) + 1e-3 * rng.standard_normal(4000)
        answer = answered(X, y, "sketched")
        assert np.all(np.abs(coefficients(answer) - truth(X, y)) <= answer.certificate.forward_bound[:, 0])


def test_the_gap_counts_what_rounding_adds_to_a_ridge(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    monkeypatch.setattr(conjugate, "falls_short", lambda n, condition: True)
    for _ in range(20):
        x, y, ridge = rng.standard_normal(390) * 0.07, rng.standard_normal(390), 9.5
        answer = answered(x[:, None], y, "sketched", ridge=ridge)
        assert took_a_part(answer)
        high = x.astype(np.longdouble)
        best = (high @ y.astype(np.longdouble)) / (high @ high + ridge)
        off = np.longdouble(coefficients(answer)[0]) - best
        assert answer.certificate.gap is not None
        assert float(off**2 * (high @ high + ridge)) / (2 * 390) <= answer.certificate.gap[0] * (1 + 1e-6) + 1e-45
