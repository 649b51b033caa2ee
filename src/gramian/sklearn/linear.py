"""scikit-learn's classes over gramian's solvers: the same names and attributes, with a certificate beside the answer.

`LinearRegression` and `Ridge` take scikit-learn's parameter names where the meaning is the same. Not offered: `copy_X`
(inputs are never modified), `n_jobs` (`threads`, which is all processors unless given, and changes no bit of the answer),
`positive`, and for Ridge `solver`, `max_iter` and `random_state` (`method` names a solver).
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gramian.certification.certificate import Certificate
from gramian.certification.thresholds import FEWEST_DIGITS, doubtful
from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Rows
from gramian.data.bordered import Bordered, Densified
from gramian.data.sparse_structure import check_structure
from gramian.errors import GramianWarning, RankError, bad_argument, message
from gramian.errors.columns import dependent_message
from gramian.execution.registry import runner_for
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.planning import Plan
from gramian.problem.penalties import NoPenalty, RidgePenalty
from gramian.problem.problem import Problem
from gramian.problem.solution import Status
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.solving.options import checked_accuracy, checked_rank, checked_threads, checked_tol
from gramian.solving.reduction_checks import NotFinite
from gramian.solving.refining import Accuracy, Answer
from gramian.solving.solve import solve

__all__ = ["LinearRegression", "Ridge"]


class _Linear(MultiOutputMixin, RegressorMixin, BaseEstimator, ABC):
    """fit and predict for least squares with a ridge; `coef_` (n,), or (k, n) for y (m, k)."""

    fit_intercept: bool
    method: str
    rank: RankPolicy
    tol: float | None
    accuracy: Literal["data"] | float | None
    threads: int | None

    coef_: Floats
    intercept_: float | Floats
    rank_: int
    certificate_: Certificate
    plan_: Plan
    n_features_in_: int

    @abstractmethod
    def _ridge(self) -> float:
        """The penalty; raises ArgumentError when the parameter is outside what is allowed."""
        ...

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (m, n), an array, a frame or scipy.sparse, and y (m,) or (m, k); sample_weight (m,) or a number, >= 0.

        Raises ValueError for values that cannot be used; warns with GramianWarning when fewer than 4 digits are
        certified.
        """
        check_structure(X, "X")
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype="numeric", y_numeric=True, multi_output=True)
        rows = ArrayRows.of(X, y, weights=_weights(sample_weight, X.shape[0]), centred=self._centred(X))
        ridge = self._ridge()
        request = Wanted(RidgePenalty(ridge), checked_rank(self.rank), checked_tol(self.tol))
        accuracy = checked_accuracy(self.accuracy, "data")
        runner = runner_for(None, checked_threads(self.threads))
        if sp.issparse(X) and self.fit_intercept:
            answer, coef, intercept = _solve_sparse_beside_intercept(rows, ridge, request, self.method, accuracy, runner)
        else:
            answer = _solve(rows, rows, request, self.method, accuracy, runner, rows.nnz)
            coef, intercept = answer.solution.coef, answer.solution.intercept
        one = y.ndim == 1
        self.coef_ = coef[:, 0] if one else np.ascontiguousarray(coef.T)
        self.intercept_ = 0.0 if not self.fit_intercept else (float(intercept[0]) if one else intercept)
        self.rank_ = answer.solution.rank - (coef.shape[0] < answer.solution.coef.shape[0])
        self.certificate_, self.plan_ = answer.certificate, answer.plan
        _warn_if_few_digits(answer.certificate)
        return self

    def predict(self, X: Any) -> Floats:
        """X @ coef_.T + intercept_: (m,), or (m, k) for k targets."""
        check_is_fitted(self)
        check_structure(X, "X")
        X = validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)
        return np.asarray(X @ self.coef_.T, dtype=np.float64) + self.intercept_

    def _centred(self, X: Any) -> bool:
        return bool(self.fit_intercept) and not sp.issparse(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegression(_Linear):
    """Least squares, by the fastest method at the accuracy asked for, with a certificate of the digits.

    fit_intercept: fit a constant too. method: "auto" or a solver's name ("cholesky", "qr", "svd"). rank: what to do when
    columns depend on each other, "min-norm" (the shortest coefficients, also when there are more columns than rows),
    "drop" (zero for the later columns) or "error". tol: distance from the span of the others, of columns scaled to norm 1,
    below which a column is dependent; default as in gm.lstsq. accuracy: "data" (all digits that the data support, the
    default) or a number of digits. threads: default all processors.

    Attributes: coef_ (n,) or (k, n), intercept_, rank_ (of X, centred beside an intercept), certificate_, plan_,
    n_features_in_, feature_names_in_. Where columns depend on each other, as scikit-learn does, it answers with the
    shortest coefficients, but by a tolerance near rounding, where scikit-learn's cuts off real digits.
    """

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        method: str = "auto",
        rank: RankPolicy = "min-norm",
        tol: float | None = None,
        accuracy: Literal["data"] | float | None = None,
        threads: int | None = None,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.method = method
        self.rank = rank
        self.tol = tol
        self.accuracy = accuracy
        self.threads = threads

    def _ridge(self) -> float:
        return 0.0


class Ridge(_Linear):
    """Least squares with a penalty: minimise sum w (y - X b)^2 + alpha ||b||^2; the intercept is not penalised.

    alpha: a number >= 0, in the units of X as given; 0 is plain least squares. The other parameters and the attributes
    are those of `LinearRegression`.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        method: str = "auto",
        rank: RankPolicy = "min-norm",
        tol: float | None = None,
        accuracy: Literal["data"] | float | None = None,
        threads: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.method = method
        self.rank = rank
        self.tol = tol
        self.accuracy = accuracy
        self.threads = threads

    def _ridge(self) -> float:
        allowed = "a finite number >= 0, the same for all targets"
        alpha: object = self.alpha
        if not isinstance(alpha, Real):
            raise bad_argument("alpha", alpha, allowed, "fit each target by itself to give each its own alpha")
        if not 0 <= alpha < float("inf"):
            raise bad_argument("alpha", alpha, allowed, "alpha=0 is plain least squares")
        return float(alpha)


def _weights(sample_weight: Any, m: int) -> Any:
    """One weight a row; a number stands for all rows."""
    return np.full(m, float(sample_weight)) if isinstance(sample_weight, Real) else sample_weight


def _solve(
    rows: Rows,
    given: ArrayRows,
    request: Wanted,
    method: str,
    accuracy: Accuracy,
    runner: Runner,
    nnz: int | None,
) -> Answer:
    """`rows` are what is solved, `given` what the user gave, for messages."""
    try:
        answer = solve(Problem(rows, request, nnz=nnz), method, accuracy, runner)
    except NotFinite as error:
        border = rows.n - given.n
        told = error.told([f"column {max(j - border, 0)} of X" for j in range(rows.n)])
        raise told or given.not_finite([max(column - border, 0) for column in error.columns]) from None
    factor = answer.solution.factor
    if answer.solution.status is Status.DEPENDENT and factor is not None:
        raise RankError(dependent_message([str(found.column) for found in factor.dependencies]))
    return answer


def _solve_sparse_beside_intercept(
    rows: ArrayRows, ridge: float, request: Wanted, method: str, accuracy: Accuracy, runner: Runner
) -> tuple[Answer, Floats, Floats]:
    """The answer, coefficients (n, k) and intercepts (k,); see `data.bordered` for the two ways."""
    if rows.rows > rows.n:
        bordered = Bordered(rows, ridge)
        full = replace(request, penalty=NoPenalty(), rank="min-norm")
        answer = _solve(bordered, rows, full, method, accuracy, runner, (rows.nnz or 0) + rows.rows)
        if answer.solution.rank == bordered.n:
            coef = answer.solution.coef
            return replace(answer, certificate=_split(answer.certificate)), coef[1:], coef[0]
    answer = _solve(Densified(rows), rows, request, method, accuracy, runner, None)
    plan = answer.plan.noted("sparse blocks were made dense, one at a time: the columns depend on each other")
    return replace(answer, plan=plan), answer.solution.coef, answer.solution.intercept


def _split(certificate: Certificate) -> Certificate:
    """Of [1 X], as if the intercept had been apart."""
    return replace(
        certificate,
        forward_bound=certificate.forward_bound[1:],
        intercept_bound=certificate.forward_bound[0],
        digits_each=certificate.digits_each[1:],
        digits_intercept=certificate.digits_each[0],
    )


def _warn_if_few_digits(certificate: Certificate) -> None:
    if doubtful(certificate):
        digits = float(np.min(certificate.digits))
        warnings.warn(
            message(
                f"only {digits:.1f} digits of the coefficients are certified (condition {certificate.condition:.1e})",
                f"Expected: {FEWEST_DIGITS} or more",
                "leave out or combine columns that nearly repeat each other, or use Ridge; predictions near the rows "
                "fitted may still be good",
            ),
            GramianWarning,
            stacklevel=3,
        )
