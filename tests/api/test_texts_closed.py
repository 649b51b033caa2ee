"""What the source texts say of the closed forms, of several targets, of batches and of penalties: numbers, and what holds.

Named after the rows of the table of statements, as in test_texts.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.solvers import SOLVERS
from shared_data import table
from tests.api.test_texts import BEST, H, J, L, M, X, Y, exact_solution, g

EPS = np.finfo(float).eps


def ill(kappa: float, m: int = 40, n: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    U, V = np.linalg.qr(rng.standard_normal((m, n)))[0], np.linalg.qr(rng.standard_normal((n, n)))[0]
    return (U * np.geomspace(1, 1 / kappa, n)) @ V.T


def error(b: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(b - truth) / np.linalg.norm(truth))


# ---- 1, 18: the normal equation


def test_row_1_the_normal_equation_is_the_least_squares_solution() -> None:
    found = gm.lstsq(X, Y, "cholesky")
    np.testing.assert_allclose(found.coef, np.linalg.inv(X.T @ X) @ X.T @ Y, rtol=1e-12)
    assert found.status.ok
    # It is the minimum: any other point has a larger J.
    for d in np.random.default_rng(0).standard_normal((20, 4)):
        assert J(found.coef + 1e-3 * d) > J(found.coef)


def test_row_1_exact_means_so_many_digits_and_the_certificate_says_how_many() -> None:
    truth = exact_solution(X, Y)
    found = gm.lstsq(X, Y, "cholesky")
    assert error(found.coef, truth) <= 10.0 ** -float(np.min(found.certificate.digits))
    assert 10 < float(np.min(found.certificate.digits)) < 17


def test_row_18_the_normal_equation_loses_twice_the_digits() -> None:
    """kappa^2 eps of the condition number kappa, where an orthogonal method loses kappa eps."""
    rng = np.random.default_rng(1)
    for kappa in (1e3, 1e5, 1e7):
        A = ill(kappa)
        y = A @ np.ones(4) + 1e-3 / kappa * rng.standard_normal(40)
        truth = exact_solution(A, y)
        by_hand = error(np.linalg.inv(A.T @ A) @ A.T @ y, truth)
        assert by_hand > 1e2 * kappa * EPS
        found = gm.lstsq(A, y)
        assert error(found.coef, truth) < 1e-3 * by_hand
        assert error(found.coef, truth) <= 10.0 ** -float(np.min(found.certificate.digits))
        assert found.certificate.condition == pytest.approx(np.linalg.cond(A / np.linalg.norm(A, axis=0)), rel=0.5)


def test_row_18_where_the_normal_equation_has_no_digit_left_another_method_answers() -> None:
    A = ill(1e10)
    y = A @ np.ones(4)
    with pytest.raises(gm.RankError, match="cannot tell"):
        gm.lstsq(A, y, "cholesky")
    found = gm.lstsq(A, y)
    assert not SOLVERS[found.method].traits.squares
    assert error(found.coef, exact_solution(A, y)) <= 10.0 ** -float(np.min(found.certificate.digits))
    assert found.trusted


# ---- 2: the pseudo-inverse


def test_row_2_the_pseudo_inverse_is_the_closed_form_for_full_column_rank_alone() -> None:
    np.testing.assert_allclose(np.linalg.pinv(X) @ Y, np.linalg.inv(X.T @ X) @ X.T @ Y, rtol=1e-11)
    np.testing.assert_allclose(gm.lstsq(X, Y, "svd").coef, np.linalg.pinv(X) @ Y, rtol=1e-12)
    twice = np.column_stack([X, X[:, 1]])
    assert np.linalg.matrix_rank(twice.T @ twice) == 4  # no inverse
    found = gm.lstsq(twice, Y, "svd")
    np.testing.assert_allclose(found.coef, np.linalg.pinv(twice) @ Y, rtol=1e-11, atol=1e-13)
    assert found.rank == 4
    # Of all solutions the shortest: the two equal columns share.
    assert found.coef[1] == pytest.approx(found.coef[4], rel=1e-12)
    for t in (-0.1, 0.1):
        other = found.coef + t * np.array([0, 1.0, 0, 0, -1.0])
        assert np.linalg.norm(other) > np.linalg.norm(found.coef)
        assert np.linalg.norm(twice @ other - Y) == pytest.approx(np.linalg.norm(twice @ found.coef - Y), rel=1e-12)


def test_row_2_more_columns_than_rows() -> None:
    wide = np.random.default_rng(2).standard_normal((5, 12))
    y = np.arange(5.0)
    found = gm.lstsq(wide, y)
    np.testing.assert_allclose(found.coef, np.linalg.pinv(wide) @ y, rtol=1e-10)
    np.testing.assert_allclose(wide @ found.coef, y, atol=1e-12)


# ---- 3: independent features


def test_row_3_the_gramian_has_an_inverse_exactly_where_the_columns_are_independent() -> None:
    assert np.linalg.matrix_rank(X.T @ X) == np.linalg.matrix_rank(X) == 4
    data = {"y": Y, "a": X[:, 1], "b": X[:, 2], "c": X[:, 1] - 2 * X[:, 2] + 3}
    fit = gm.fit("y ~ a + b + c", data)
    assert fit.dropped == ("c = a - 2 * b + 3",)
    assert np.isnan(fit.coef[3])
    np.testing.assert_allclose(fit.coef[:3], gm.fit("y ~ a + b", data).coef, rtol=1e-11)
    with pytest.raises(gm.RankError, match=r"c = a - 2 \* b \+ 3"):
        gm.fit("y ~ a + b + c", data, rank="error")


def test_row_3_predictions_do_not_depend_on_which_of_the_features_is_kept() -> None:
    data = {"y": Y, "a": X[:, 1], "b": X[:, 2], "c": X[:, 1] + X[:, 2]}
    first, second = gm.fit("y ~ a + b + c", data), gm.fit("y ~ c + b + a", data)
    assert first.dropped != second.dropped
    np.testing.assert_allclose(first.predict(data), second.predict(data), rtol=1e-11)


# ---- 6: several targets


@pytest.mark.parametrize("method", list(SOLVERS))
def test_row_6_several_targets_are_as_many_fits(method: str) -> None:
    rng = np.random.default_rng(3)
    T = X @ rng.standard_normal((4, 3)) + rng.standard_normal((M, 3))
    traits = SOLVERS[method].traits
    digits = min(traits.digits, 6.0) if traits.iterates else None
    together = gm.lstsq(X, T, method, accuracy=digits)
    assert together.coef.shape == (4, 3)
    apart = np.column_stack([gm.lstsq(X, T[:, j], "cholesky").coef for j in range(3)])
    size = np.linalg.norm(X, axis=0)[:, None]
    reached = np.linalg.norm(size * (together.coef - apart), axis=0) / np.linalg.norm(size * apart, axis=0)
    assert np.all(reached <= 10.0 ** -(digits or 11.0))


# ---- 9: the bound on the step, by the public door


def test_row_9_just_below_2_over_l_converges_and_just_above_is_caught_with_the_bound_named() -> None:
    below = gm.lstsq(X, Y, "gradient", step=1.99 / L)
    assert below.status.ok
    np.testing.assert_allclose(below.coef, BEST, rtol=1e-6)
    with pytest.warns(gm.GramianWarning, match="diverged"):
        above = gm.lstsq(X, Y, "gradient", step=2.01 / L)
    assert above.status.name == "DIVERGED"
    assert not above.trusted
    assert any(f"2/L = {2 / L:.6g}" in note for note in above.notes)


FIRST_ORDER = [name for name, solver in SOLVERS.items() if solver.traits.losses and solver.traits.steps]
TABLES = {
    "california_housing.csv": (range(8), 8),
    "bike_hour.csv": ([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 16),
    "winequality-red.csv": (range(11), 11),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("method", FIRST_ORDER)
def test_row_9_on_raw_columns_the_defaults_converge(method: str, name: str) -> None:
    """No column is scaled by the user, and no step is chosen."""
    columns, target = TABLES[name]
    data = np.genfromtxt(table(name), delimiter=",", skip_header=1, usecols=[*columns, target])
    data = data[np.isfinite(data).all(axis=1)]
    rows = {f"x{j}": data[:, j] for j in range(data.shape[1] - 1)} | {"y": data[:, -1]}
    digits = min(SOLVERS[method].traits.digits, 3.0)
    fit = gm.fit("y ~ .", rows, method=method, accuracy=digits)
    assert fit.trusted, fit.notes
    best = gm.fit("y ~ .", rows)
    scale = data[:, :-1].std(axis=0)
    off = np.linalg.norm(scale * (fit.coef - best.coef)[1:]) / np.linalg.norm(scale * best.coef[1:])
    assert off <= 10.0**-digits


# ---- 14: stochastic and mini-batch descent


def test_row_14_a_batch_of_all_rows_is_gradient_descent() -> None:
    full = gm.lstsq(X, Y, "gradient", step=0.05, max_iter=20, path=True)
    batch = gm.lstsq(X, Y, "sgd", step=0.05, batch=M, max_iter=20, path=True)
    assert full.path is not None
    assert batch.path is not None
    np.testing.assert_allclose(batch.path, full.path, rtol=1e-12)


def test_row_14_the_gradient_of_a_batch_is_that_of_all_rows_in_the_mean() -> None:
    at = np.array([0.5, -1.0, 2.0, 0.1])
    rng = np.random.default_rng(4)
    order = rng.permutation(M)
    batches = [order[i : i + 10] for i in range(0, M, 10)]
    each = [X[rows].T @ (X[rows] @ at - Y[rows]) / 10 for rows in batches]
    np.testing.assert_allclose(np.mean(each, axis=0), g(at), rtol=1e-12)


def test_row_14_with_a_constant_step_the_noise_stays_and_a_smaller_step_leaves_less() -> None:
    gaps = []
    for step in (0.02, 0.002):
        # More digits than the noise leaves, so that nothing stops the run; where one epoch ends is chance, their mean is not.
        found = gm.lstsq(X, Y, "sgd", step=step, max_iter=800, accuracy=12, path=True)
        assert found.path is not None
        gaps.append(np.mean([J(coef) - J(BEST) for coef in found.path[-400:]]))
    assert gaps[0] > 1e-6
    assert gaps[1] < 0.5 * gaps[0]
    assert J(gm.lstsq(X, Y, "saga", accuracy=8).coef) - J(BEST) < 1e-10


# ---- 15: the L2 penalty


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_row_15_ridge_is_the_normal_equation_with_the_penalty_on_its_diagonal(make: type) -> None:
    for alpha in (0.1, 10.0):
        expected = np.linalg.solve(X.T @ X + alpha * np.eye(4), X.T @ Y)
        np.testing.assert_allclose(gm.lstsq(make(X), Y, ridge=alpha).coef, expected, rtol=1e-11)
    # With more of it the coefficients shrink, and what has no inverse gets one.
    sizes = [np.linalg.norm(gm.lstsq(X, Y, ridge=alpha).coef) for alpha in (0.0, 1.0, 10.0, 100.0)]
    assert sizes == sorted(sizes, reverse=True)
    twice = np.column_stack([X, X[:, 1]])
    assert gm.lstsq(make(twice), Y, "cholesky", ridge=0.1).rank == 5


def test_row_15_the_intercept_is_not_penalised() -> None:
    data = {"y": Y + 1e6, "a": X[:, 1], "b": X[:, 2]}
    fit = gm.fit("y ~ a + b", data, ridge=1e12)
    assert fit.coef[0] == pytest.approx(np.mean(data["y"]), rel=1e-9)
    np.testing.assert_allclose(fit.coef[1:], 0, atol=1e-3)


# ---- 19: one minimum, whatever the method


@pytest.mark.parametrize("method", list(SOLVERS))
def test_row_19_every_method_of_the_registry_reaches_the_same_j_to_the_digits_it_claims(method: str) -> None:
    found = gm.lstsq(X, Y, method)
    assert found.trusted
    digits = float(np.min(found.certificate.digits))
    assert digits >= min(SOLVERS[method].traits.digits, 10.0)
    # J - J* = 1/2 (b - b*)'H(b - b*), with ||b - b*|| as the digits say, in columns of norm 1
    D = np.linalg.norm(X, axis=0)
    error = 10.0**-digits * np.linalg.norm(D * BEST) / (1 - 10.0**-digits)
    scaled = H / np.outer(D, D)
    bound = 0.5 * np.linalg.eigvalsh(scaled)[-1] * error**2
    assert -1e-14 <= J(found.coef) - J(BEST) <= bound + 1e-14


# ---- 20: the cost that is reported


def test_row_20_the_intercept_is_a_coefficient_of_ones() -> None:
    with_ones = gm.lstsq(X, Y).coef
    fit = gm.fit("y ~ a + b + c", {"y": Y, "a": X[:, 1], "b": X[:, 2], "c": X[:, 3]})
    np.testing.assert_allclose(fit.coef, with_ones, rtol=1e-12)


# ---- 21: the range of X


def test_row_21_least_squares_needs_no_target_in_the_range_and_leaves_a_residual_at_right_angles_to_it() -> None:
    assert np.linalg.matrix_rank(np.column_stack([X, Y])) == 5  # no c gives X c = y
    found = gm.lstsq(X, Y)
    r = Y - X @ found.coef
    assert np.linalg.norm(r) > 1
    for j in range(4):
        assert abs(X[:, j] @ r) <= 64 * EPS * np.linalg.norm(X[:, j]) * np.linalg.norm(Y)
    inside = X @ np.array([1.0, 2.0, 3.0, 4.0])
    assert gm.lstsq(X, inside).rss <= (64 * EPS) ** 2 * float(inside @ inside)
