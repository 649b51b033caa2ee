"""cg, lsqr and lsmr: their written recurrences in plain numpy, optimality, counted passes, and what they cannot do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gramian as gm
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import FAMILIES
from gramian.kernels.spectra import lanczos_bound
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import RidgePenalty
from gramian.solvers.bidiagonal import advanced, begun
from gramian.solvers.cg import CG
from gramian.solvers.iterate import run
from gramian.solvers.lsmr import LSMR
from gramian.solvers.lsqr import LSQR
from gramian.solvers.state import Stop

KRYLOV = ["cg", "lsqr", "lsmr"]
EPS = np.finfo(float).eps


def table(m: int = 40, n: int = 5, k: int = 1, condition: float = 1e2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(50)
    U = np.linalg.qr(rng.standard_normal((m, n)))[0]
    V = np.linalg.qr(rng.standard_normal((n, n)))[0]
    X = (U * np.geomspace(1, 1 / condition, n)) @ V
    return X * np.sqrt(m), rng.standard_normal((m, k))


def objective(X: Any, y: np.ndarray, w: np.ndarray | None = None, ridge: float = 0.0) -> LinearObjective:
    """In the user's own columns, so that iterates are those of the papers on sqrt(w) X."""
    rows = ArrayRows.of(X, y, weights=w)
    return LinearObjective.of(rows, Threads(1), FAMILIES["gaussian"], RidgePenalty(ridge), standardise=False)


def design(X: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """A and b with ||A x - b||^2 the penalised weighted sum of squares."""
    A = np.vstack([X * np.sqrt(w)[:, None], np.sqrt(ridge) * np.eye(X.shape[1])])
    return A, np.concatenate([np.sqrt(w) * y, np.zeros(X.shape[1])])


def iterates(method: Any, X: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float, steps: int) -> np.ndarray:
    found = run(method, objective(X, y, w, ridge), Stop(gradient=None, max_iter=steps), path=True)
    assert found.path is not None
    return found.path[1:]


# ---- the written recurrences -----------------------------------------------------------------------------------------


def lanczos_basis(A: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """An orthonormal basis of span{A'b, (A'A)A'b, ...}, whatever way a method walks in it."""
    columns = [A.T @ b]
    for _ in range(steps - 1):
        columns.append(A.T @ (A @ columns[-1]))
    return np.linalg.qr(np.column_stack([c / np.linalg.norm(c) for c in columns]))[0]


def lsqr_by_definition(A: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Iterate j minimises ||b - A x|| over the Krylov space."""
    V = lanczos_basis(A, b, steps)
    return V @ np.linalg.lstsq(A @ V, b, rcond=None)[0]


def lsmr_by_definition(A: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Iterate j minimises ||A'(b - A x)|| over the Krylov space."""
    V = lanczos_basis(A, b, steps)
    return V @ np.linalg.lstsq(A.T @ A @ V, A.T @ b, rcond=None)[0]


def cgls(A: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Hestenes and Stiefel on the normal equations."""
    x, r = np.zeros(A.shape[1]), b.copy()
    s = A.T @ r
    p, gamma = s.copy(), float(s @ s)
    for _ in range(steps):
        q = A @ p
        alpha = gamma / float(q @ q)
        x, r = x + alpha * p, r - alpha * q
        s = A.T @ r
        p, gamma = s + float(s @ s) / gamma * p, float(s @ s)
    return x


WRITTEN = {"cg": (CG(), cgls), "lsqr": (LSQR(), lsqr_by_definition), "lsmr": (LSMR(), lsmr_by_definition)}


@pytest.mark.parametrize("name", KRYLOV)
@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_the_first_iterates_are_those_of_the_written_recurrence(name: str, ridge: float) -> None:
    X, y = table(condition=10)
    w = np.random.default_rng(51).uniform(0.5, 2, len(X))
    A, b = design(X, y[:, 0], w, ridge)
    method, written = WRITTEN[name]
    for j, theta in enumerate(iterates(method, X, y, w, ridge, 3)):
        expected = written(A, b, j + 1)
        assert np.max(np.abs(theta[:, 0] - expected)) <= 1e-12 * np.max(np.abs(expected))


@pytest.mark.parametrize("name", KRYLOV)
def test_targets_run_side_by_side_as_if_alone(name: str) -> None:
    X, y = table(k=3)
    y[:, 1] = 0.0
    w = np.ones(len(X))
    method, _ = WRITTEN[name]
    together = iterates(method, X, y, w, 0.0, 3)
    for j in range(3):
        alone = iterates(method, X, y[:, [j]], w, 0.0, 3) if j != 1 else np.zeros((3, 5, 1))
        assert np.max(np.abs(together[:, :, [j]] - alone)) <= 1e-12


def test_the_process_makes_orthonormal_vectors_and_the_bidiagonal_matrix() -> None:
    X, y = table(condition=5)
    A = objective(X, y)
    pair = begun(A, np.zeros((5, 1)))
    U, V, alphas, betas = [], [], [], []
    for _ in range(4):
        U.append(pair.u[0][:, 0] / pair.beta)
        V.append(pair.v[:, 0])
        alphas.append(float(pair.alpha[0]))
        betas.append(float(pair.beta[0]))
        pair = advanced(A, pair)
    U, V = np.column_stack(U), np.column_stack(V)
    B = np.diag(alphas) + np.diag(betas[1:], -1)
    assert np.max(np.abs(U.T @ U - np.eye(4))) < 1e-13
    assert np.max(np.abs(V.T @ V - np.eye(4))) < 1e-13
    assert np.max(np.abs(U.T @ X @ V - B)) < 1e-12 * np.max(alphas)


# ---- estimates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [LSQR(), LSMR()])
def test_the_estimates_follow_the_truth(method: Any) -> None:
    X, y = table(k=2, condition=30)
    view = objective(X, y)
    state = method.init(view, view.start())
    gradients, residuals = [], []
    for _ in range(4):
        state = method.step(view, state)
        r = y - X @ state.theta
        true = np.linalg.norm(X.T @ r, axis=0) / len(X)
        assert np.allclose(state.gradient_norms, true, rtol=1e-9, atol=1e-14)
        assert state.value == pytest.approx(np.sum(r**2) / (2 * len(X)), rel=1e-10)
        assert np.all(state.condition <= np.linalg.cond(X) * np.sqrt(5) * 1.01)
        gradients.append(true)
        residuals.append(np.linalg.norm(r, axis=0))
    assert np.all(np.diff(residuals, axis=0) <= 1e-12)
    if isinstance(method, LSMR):
        assert np.all(np.diff(gradients, axis=0) <= 1e-12)
    state = method.step(view, state)
    assert state.norm[0] == pytest.approx(np.linalg.norm(X), rel=0.2)


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", KRYLOV)
@pytest.mark.parametrize("condition", [1e1, 1e3, 1e5])
def test_the_digits_asked_for_are_reached(method: str, condition: float) -> None:
    X, y = table(200, 12, 2, condition)
    truth = gm.lstsq(X, y).coef
    found = gm.lstsq(X, y, method, accuracy=7)
    assert found.status.ok
    assert found.trusted
    scale = np.linalg.norm(X, axis=0)[:, None]
    error = np.linalg.norm(scale * (found.coef - truth), axis=0) / np.linalg.norm(scale * truth, axis=0)
    assert np.all(error <= 1e-7)
    # The truth is itself rounded.
    assert np.all(found.certificate.digits <= -np.log10(error) + 1e-2)


@pytest.mark.parametrize("method", KRYLOV)
def test_the_passes_are_those_that_read_the_rows(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0

    def counting(original: Any) -> Any:
        def read(self: Threads, *given: Any) -> Any:
            nonlocal reads
            reads += 1
            return original(self, *given)

        return read

    for name in ("fold", "map_rows"):
        monkeypatch.setattr(Threads, name, counting(getattr(Threads, name)))
    X, y = table(3000, 8, 1, 1e2)
    found = gm.lstsq(X, y, method)
    assert found.stats.iterations <= found.stats.passes <= found.stats.iterations + 10
    # Counting the rows of an array takes no fold; making the triangle of a direct method would.
    assert reads <= found.stats.passes <= reads + 2


@pytest.mark.parametrize("method", KRYLOV)
def test_the_shortest_solution_of_a_wide_matrix(method: str) -> None:
    rng = np.random.default_rng(53)
    X, y = rng.standard_normal((20, 60)) * 10.0 ** rng.uniform(-1, 1, 60), rng.standard_normal(20)
    found = gm.lstsq(X, y, method, accuracy=8)
    shortest = np.linalg.pinv(X) @ y
    assert found.rank == 20
    assert np.max(np.abs(found.coef - shortest)) <= 1e-7 * np.max(np.abs(shortest))


@pytest.mark.parametrize("method", KRYLOV)
def test_many_sparse_columns_need_no_gram_matrix_and_say_what_is_not_known(method: str) -> None:
    rng = np.random.default_rng(54)
    X = sp.random_array((4000, 2500), density=0.004, rng=rng, format="csr") + sp.eye_array(4000, 2500, format="csr")
    y = X @ rng.standard_normal(2500) + rng.standard_normal(4000)
    found = gm.lstsq(X, y, method, accuracy=6)
    r = y - X @ found.coef
    assert np.linalg.norm(X.T @ r) <= 1e-6 * np.linalg.norm(X.T @ y)
    assert found.rank is None
    assert not found.trusted
    assert np.all(found.certificate.digits == 0)
    assert any("too many for a Gram matrix" in note for note in found.notes)
    ridged = gm.lstsq(X, y, method, ridge=5.0, accuracy=5)
    assert ridged.trusted
    r = y - X @ ridged.coef
    assert np.linalg.norm(X.T @ r - 5.0 * ridged.coef) <= 1e-5 * np.linalg.norm(X.T @ y)
    truth = gm.lstsq(X, y, "cg", ridge=5.0, accuracy=10).coef
    assert np.linalg.norm(ridged.coef - truth) <= 1e-5 * np.linalg.norm(truth)
    rough = gm.lstsq(X, y, method, ridge=5.0, suboptimality=1e-3)
    assert rough.trusted
    assert rough.stats.iterations < ridged.stats.iterations

    def J(b: np.ndarray) -> float:
        return float(np.sum((y - X @ b) ** 2) + 5.0 * b @ b) / (2 * len(y))

    assert rough.certificate.gap is not None
    assert J(rough.coef) - J(truth) <= float(rough.certificate.gap[0]) <= 1e-3 * (J(0 * truth) - J(truth))


@pytest.mark.parametrize("method", KRYLOV)
def test_all_digits_by_name_refine_the_answer(method: str) -> None:
    X, y = table(200, 6, 1, 1e3)
    refined = gm.lstsq(X, y, method, accuracy="data")
    assert np.min(refined.certificate.digits) > 14
    assert refined.method == method
    assert np.max(np.abs(refined.coef - gm.lstsq(X, y).coef)) <= 4 * EPS * np.max(np.abs(refined.coef))


@pytest.mark.parametrize("method", KRYLOV)
def test_too_few_steps_are_told(method: str) -> None:
    X, y = table(200, 12, 1, 1e3)
    found = gm.lstsq(X, y, method, max_iter=2)
    assert found.stats.iterations == 2
    assert found.status.name == "MAX_ITER"
    assert not found.trusted
    assert "max_iter" in found.notes[0]
    assert "MAX_ITER" in repr(found)


@pytest.mark.parametrize("method", KRYLOV)
def test_a_step_is_refused(method: str) -> None:
    X, y = table()
    with pytest.raises(gm.ArgumentError, match=f"method='{method}' cannot take a step\nMethods that can: gradient"):
        gm.lstsq(X, y, method, step=0.1)


@pytest.mark.parametrize("p", [1, 2, 23, 24, 25, 60, 3000])
@pytest.mark.parametrize("spectrum", ["even", "random", "one above", "equal", "clustered"])
def test_the_largest_eigenvalue_is_bounded_and_closely(p: int, spectrum: str) -> None:
    rng = np.random.default_rng(p)
    d = {
        "even": np.linspace(0.0, 1.0, p),
        "random": rng.random(p),
        "one above": np.concatenate([[1.001], rng.random(p - 1)]),
        "equal": np.full(p, 0.3),
        "clustered": 1.0 - 1e-3 * rng.random(p),
    }[spectrum]
    found = lanczos_bound(lambda v: d * v, p)
    largest = float(np.max(d))
    assert largest <= found <= 1.15 * largest + 1e-300
