"""SGDRegressor: least squares by stochastic steps, in scikit-learn's clothes; thin over `stepping`."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gramian.data.blocks import Matrix
from gramian.data.sparse_structure import check_structure
from gramian.errors import DataError, GramianWarning, bad_argument, message, not_a_choice
from gramian.families import GAUSSIAN
from gramian.kernels.array_types import Floats
from gramian.objectives.many_targets import Surface
from gramian.sklearn.distinct import Weighted, distinct, weighted
from gramian.sklearn.penalised import sample_weights
from gramian.sklearn.schedule import RULES, ScheduleSettings
from gramian.sklearn.stepping import StochasticState, begun, stepped

__all__ = ["SGDRegressor"]

RATES = ("auto", "constant", "invscaling")


class SGDRegressor(RegressorMixin, BaseEstimator):
    """Minimise mean of w (y - eta)^2 / 2 + alpha/2 ||b||^2, a row (or `batch_size` rows) a step.

    learning_rate: "auto" takes the step from the curvature, in lazily standardised columns, and lets it fall, so that no
    column needs scaling; "constant" (eta0) and "invscaling" (eta0 / t^power_t) act on the columns as they are. rule: "sgd",
    "momentum", "nesterov", "adagrad", "rmsprop" or "adam". max_iter: epochs. tol: an epoch must lower the mean loss by this
    share of the loss of a constant, or it counts against `n_iter_no_change`; None runs all epochs. early_stopping: judge by
    `validation_fraction` of the rows, set apart, rather than by the rows fitted. fit stops at the best epoch seen.

    average: True gives the mean of the iterates for the last one, a number the mean from that update on; it settles where
    theta itself keeps moving. "auto" then takes larger steps that fall slower, and with True early iterates count for less and
    less. Reference: Polyak and Juditsky (1992), SIAM J. Control Optim. 30(4).

    Attributes: coef_ (n,), intercept_ (1,), n_iter_, t_ (rows seen), state_, n_features_in_.
    """

    def __init__(
        self,
        *,
        alpha: float = 0.0001,
        fit_intercept: bool = True,
        rule: str = "sgd",
        learning_rate: str = "auto",
        eta0: float = 0.01,
        power_t: float = 0.25,
        batch_size: int = 1,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        average: bool | int = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.rule = rule
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.average = average
        self.random_state = random_state

    coef_: Floats
    intercept_: Floats
    n_iter_: int
    t_: float
    state_: StochasticState
    n_features_in_: int

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Epochs over X (m, n), an array or scipy.sparse, y (m,) until nothing is gained; sample_weight (m,) or a number, >= 0.

        With shuffle, rows that repeat each other are taken once, with their weights summed. Where these differ, rows are drawn in
        an order that depends on their values and `random_state` alone: weights and repeated rows, in any order, give the same
        bits. Where all weights are equal, the order in which rows come counts as well, and nothing is copied. The loss is
        averaged by the weights.
        """
        settings = self._settings()
        given = X, y
        X, y, w = self._arrays(X, y, sample_weight, reset=True, unread=settings.step is None and not self.early_stopping)
        rows = distinct(X, y, w) if self.shuffle else weighted(X, y, w)
        used, held = self._split(rows.rows, settings.seed)
        fitted, judge = (rows.taken(used), rows.taken(held)) if held.size else (rows, rows)
        stats = None if settings.step is not None else fitted.stats()
        if stats is not None and not stats.finite:
            self._arrays(*given, sample_weight, reset=True)  # names what is not finite, where it is not the squares alone
        state = begun(fitted.X, fitted.y, fitted.w, settings, stats)
        self.n_iter_ = 0
        if self.tol is None:
            while self.n_iter_ < int(self.max_iter):
                self.n_iter_ += 1
                state = stepped(state, fitted.X, fitted.y, fitted.w, settings, self.n_iter_ > 1, "eta0")
            return self._keep(state)
        best, best_loss, waited = state, self._loss(state, judge), 0
        wanted = self.tol * best_loss
        while self.n_iter_ < int(self.max_iter):
            self.n_iter_ += 1
            state = stepped(state, fitted.X, fitted.y, fitted.w, settings, self.n_iter_ > 1, "eta0")
            loss = self._loss(state, judge)
            waited = 0 if loss < best_loss - wanted else waited + 1
            if loss < best_loss:
                best, best_loss = state, loss
            if waited >= self.n_iter_no_change:
                break
        else:
            warnings.warn(
                message("SGDRegressor: max_iter epochs were not enough", f"max_iter is {self.max_iter}", "raise it"),
                GramianWarning,
                stacklevel=2,
            )
        return self._keep(best)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over these rows, from where the model stands; the first call fixes the scales of the columns.

        Rows are taken as they come, and sample_weight multiplies the loss of a row.
        """
        first, settings = not hasattr(self, "state_"), self._settings()
        X, y, w = self._arrays(X, y, sample_weight, reset=first, unread=settings.step is not None)
        w = np.zeros(0) if w is None else w
        try:
            state = stepped(begun(X, y, w, settings) if first else self.state_, X, y, w, settings, named="eta0")
        except DataError:
            validate_data(self, X, y[:, 0], accept_sparse="csr", dtype=np.float64, reset=False)
            raise
        self.n_iter_ = 1
        return self._keep(state)

    def predict(self, X: Any) -> Floats:
        """X @ coef_ + intercept_, (m,)."""
        check_is_fitted(self)
        check_structure(X, "X")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return np.asarray(X @ self.coef_) + self.intercept_[0]

    def _arrays(
        self, X: Any, y: Any, sample_weight: Any, reset: bool, unread: bool = False
    ) -> tuple[Matrix, Floats, Floats | None]:
        """Checked. `unread`: every row will move theta, on columns as they are, and a number that is not finite makes it so."""
        from gramian.kernels.finite import all_finite

        if _ready(X, y) and (unread or (all_finite(X) and all_finite(y))):
            if reset and not hasattr(self, "feature_names_in_"):
                self.n_features_in_ = X.shape[1]
            else:
                validate_data(self, X, y, skip_check_array=True, reset=reset)
        else:
            check_structure(X, "X")
            X, y = validate_data(
                self, X, y, accept_sparse="csr", dtype=np.float64, order="C", y_numeric=True, reset=reset
            )
        w = sample_weights(sample_weight, X.shape[0])
        if sp.issparse(X):
            X = sp.csr_array(X)
            if not X.has_canonical_format:
                X = X.copy()
                X.sum_duplicates()
        return X, np.asarray(y, dtype=np.float64)[:, None], w

    def _settings(self) -> ScheduleSettings:
        if self.learning_rate not in RATES:
            raise not_a_choice("learning_rate", self.learning_rate, RATES)
        if self.rule not in RULES:
            raise not_a_choice("rule", self.rule, RULES)
        for what, value, allowed in (
            ("max_iter", self.max_iter, self.max_iter >= 1),
            ("n_iter_no_change", self.n_iter_no_change, self.n_iter_no_change >= 1),
            ("validation_fraction", self.validation_fraction, 0 < self.validation_fraction < 1),
            ("tol", self.tol, self.tol is None or self.tol >= 0),
            ("eta0", self.eta0, self.eta0 > 0),
            ("power_t", self.power_t, 0 <= self.power_t < np.inf),
        ):
            if not allowed:
                between = {"validation_fraction": "a number between 0 and 1", "power_t": "a finite number >= 0"}
                raise bad_argument(what, value, between.get(what, "a number above 0"))
        own_seed = self.random_state
        if not (isinstance(own_seed, int | np.integer) and 0 <= own_seed < 2**32):
            own_seed = check_random_state(own_seed).randint(2**31 - 1)
        own = None if self.learning_rate == "auto" else float(self.eta0)
        falls = self.learning_rate == "invscaling"
        return ScheduleSettings(
            rule=self.rule,
            step=own,
            decay=1.0 if falls else 0.0,
            batch=self.batch_size,
            alpha=self.alpha,
            intercept=self.fit_intercept,
            shuffle=self.shuffle,
            seed=int(own_seed),
            average=self.average,
            power=float(self.power_t) if falls else None,
        )

    def _split(self, m: int, seed: int) -> tuple[Any, Any]:
        """Places of the rows to fit, and of those set apart."""
        if not self.early_stopping:
            return np.arange(m), np.zeros(0, dtype=np.intp)
        order = np.random.default_rng(seed).permutation(m)
        apart = int(np.ceil(self.validation_fraction * m))
        if apart >= m:
            hint = f"n_samples = {m}: give more rows, or early_stopping=False"
            raise bad_argument("validation_fraction", self.validation_fraction, f"less than all of the {m} rows", hint)
        return np.sort(order[apart:]), np.sort(order[:apart])

    def _loss(self, state: StochasticState, rows: Weighted) -> float:
        """What is minimised, at this state; one pass."""
        coef, answer = state.told(False)[0], state.answer
        level = answer[:, -1] if self.fit_intercept else np.zeros(1)
        total = rows.loss(Surface(state.centre, coef[:, None], level), GAUSSIAN)
        return total / rows.rows + 0.5 * float(self.alpha) * float(coef @ coef)

    def _keep(self, state: StochasticState) -> Self:
        self.state_ = state
        self.coef_, level = state.told(bool(self.fit_intercept))
        self.intercept_ = np.array([level])
        self.t_ = float(state.rows)
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        # As kept before there was power_t: steps fell as 1 / t.
        super().__setstate__({"power_t": 1.0} | state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _ready(X: Any, y: Any) -> bool:
    """Whether X and y are arrays that would pass every check as they are but for their numbers; spares most of their cost."""
    plain = type(X) is np.ndarray and type(y) is np.ndarray and X.ndim == 2 and y.shape == X.shape[:1]
    return plain and X.dtype == y.dtype == np.float64 and X.flags.c_contiguous and y.flags.c_contiguous and X.size > 0
