"""scikit-learn's classes for losses other than the squared one, and for stochastic steps: thin over the same solvers.

`LogisticRegression` and `PoissonRegressor` take scikit-learn's parameter names where the meaning is the same. They are
solved by Newton's method to nearly all digits up to a few hundred columns, by L-BFGS beyond and for sparse X, which is never
made dense; `method` names another. Not offered: `penalty` other than l2, `solver` (`method` names one), `dual`,
`multi_class`, `intercept_scaling`.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gramian.data.sparse_structure import check_structure
from gramian.errors import DataError, bad_argument, message
from gramian.families import FAMILIES
from gramian.kernels.array_types import Floats
from gramian.objectives.softmax import Softmax
from gramian.sklearn.classes import ClassLookout
from gramian.sklearn.penalised import MULTINOMIAL, Penalised, Solved, sample_weights
from gramian.solvers import SOLVERS
from gramian.solvers.iterate import run
from gramian.solvers.smooth import smooth
from gramian.solvers.state import Stop

__all__ = ["LogisticRegression", "PoissonRegressor"]

class LogisticRegression(ClassifierMixin, Penalised):
    """Logistic regression with a penalty: minimise C sum w log-loss + ||b||^2 / 2; the intercept is not penalised.

    C: a number > 0; infinity is no penalty, and then separated classes are an error that names the column. More than two
    classes are fitted together (multinomial). class_weight: None, "balanced" or {class: weight}. method: "auto" or one that
    takes any loss (for more classes, any function): see `gramian methods`. tol: the gradient relative to that at the start;
    "newton" goes to rounding, stochastic methods to two digits. threads: default all processors.

    Attributes: classes_, coef_ (1, n) or (K, n), intercept_ (1,) or (K,), n_iter_ (1,), n_features_in_.
    """

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Any = None,
        method: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        threads: int | None = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.method = method
        self.tol = tol
        self.max_iter = max_iter
        self.threads = threads

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats
    n_iter_: NDArray[np.int32]
    n_features_in_: int

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """X (m, n), an array, a frame or scipy.sparse; y (m,) labels of any kind; sample_weight (m,) or a number, >= 0."""
        self._check()
        if not self.C > 0:
            raise bad_argument("C", self.C, "a number > 0, or infinity for no penalty")
        check_structure(X, "X")
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        K = self.classes_.size
        w = sample_weights(sample_weight, X.shape[0])
        present = labels if w is None else labels[w > 0]
        if np.unique(present).size < 2:
            raise DataError(
                message(
                    f"y holds one class only, {self.classes_[present[0]].item()!r}, in rows of positive weight",
                    "Allowed: labels of at least two classes",
                    "check the filter that made the rows",
                )
            )
        if self.class_weight is not None:
            each = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=w)
            w = each[labels] if w is None else w * each[labels]
        ridge = 1.0 / float(self.C)
        if K == 2:
            solved = self._one(X, labels.astype(np.float64), w, FAMILIES["binomial"], ridge, "C=1.0")
        else:
            solved = self._multinomial(X, labels, w, K, ridge)
        self.coef_ = np.atleast_2d(solved.coef)
        self.intercept_ = np.atleast_1d(np.asarray(solved.intercept, dtype=np.float64))
        self.n_iter_ = np.array([max(solved.iterations, 1)], dtype=np.int32)
        self._warn(solved)
        return self

    def _multinomial(self, X: Any, labels: NDArray[np.int64], w: Floats | None, K: int, ridge: float) -> Solved:
        weights = np.ones(X.shape[0]) if w is None else w
        objective = Softmax.of(X, labels, weights, K, ridge, self.fit_intercept)
        method = self._chosen(X, objective.shape[0], MULTINOMIAL)
        tol = 1e-12 if SOLVERS[method].traits.reweights else self.tol
        names = [str(name) for name in self.classes_]
        lookout = ClassLookout(objective, names) if ridge == 0 else None
        ended = run(smooth(method), objective, Stop(gradient=tol, max_iter=self.max_iter), callback=lookout)
        if lookout is not None:
            lookout.look(ended.theta)
        coef, intercept = objective.to_user(ended.theta)
        # Only differences between classes count: of all equal answers, the one whose sums are zero.
        intercept = intercept - np.mean(intercept)
        coef = coef - np.mean(coef, axis=0)
        return Solved(coef, intercept, ended.stats.iterations, ended.status)

    def decision_function(self, X: Any) -> Floats:
        """X @ coef_.T + intercept_: (m,) for two classes, else (m, K)."""
        check_is_fitted(self)
        check_structure(X, "X")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = np.asarray(X @ self.coef_.T) + self.intercept_
        return scores[:, 0] if self.classes_.size == 2 else scores

    def predict_proba(self, X: Any) -> Floats:
        """(m, K), in the order of classes_."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        return softmax(scores, axis=1)

    def predict_log_proba(self, X: Any) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each row."""
        scores = self.decision_function(X)
        place = (scores > 0).astype(np.int64) if scores.ndim == 1 else np.argmax(scores, axis=1)
        return self.classes_[place]


class PoissonRegressor(RegressorMixin, Penalised):
    """Poisson regression with log link: minimise sum w (deviance / 2) / sum w + alpha/2 ||b||^2; as scikit-learn's.

    alpha: a number >= 0; 0 is no penalty. y: zero or more, not only whole numbers. The other parameters are those of
    `LogisticRegression`.

    Attributes: coef_ (n,), intercept_, n_iter_, n_features_in_.
    """

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        method: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        threads: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.method = method
        self.tol = tol
        self.max_iter = max_iter
        self.threads = threads

    coef_: Floats
    intercept_: float
    n_iter_: int
    n_features_in_: int

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """X (m, n), an array, a frame or scipy.sparse; y (m,); sample_weight (m,) or a number, >= 0."""
        self._check()
        if not 0 <= self.alpha < float("inf"):
            raise bad_argument("alpha", self.alpha, "a finite number >= 0", "alpha=0 is no penalty")
        check_structure(X, "X")
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, y_numeric=True)
        w = sample_weights(sample_weight, X.shape[0])
        if np.any(y < 0):
            at = int(np.argmax(y < 0))
            raise DataError(message(f"y is {y[at]:g} at row {at} (counted from 0)", "Allowed: numbers >= 0"))
        total = float(X.shape[0]) if w is None else float(np.sum(w))
        target = np.asarray(y, dtype=np.float64)
        solved = self._one(X, target, w, FAMILIES["poisson"], float(self.alpha) * total, "alpha=1.0")
        self.coef_, self.intercept_ = solved.coef, float(solved.intercept)
        self.n_iter_ = max(solved.iterations, 1)
        self._warn(solved)
        return self

    def predict(self, X: Any) -> Floats:
        """exp(X @ coef_ + intercept_), (m,)."""
        check_is_fitted(self)
        check_structure(X, "X")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return np.exp(np.asarray(X @ self.coef_) + self.intercept_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of the deviance explained, D^2."""
        mu, loss = self.predict(X), FAMILIES["poisson"]
        y = np.asarray(y, dtype=np.float64)
        w = sample_weights(sample_weight, y.size)
        mean = np.full_like(mu, float(np.average(y, weights=w)))
        left = float(np.average(loss.deviance(mu, y), weights=w))
        return 1.0 - left / float(np.average(loss.deviance(mean, y), weights=w))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
