"""Logistic regression: Newton's method against scikit-learn's newton-cholesky and glum, and a bag of words that stays sparse."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from bench.data import Floats
from bench.timing import Clock, write
from gramian.sklearn.glm import LogisticRegression

C = 1.0


def main(arguments: list[str]) -> None:
    """Arguments: "short" times a tenth of the rows in few rounds."""
    short = "short" in arguments
    lines = _dense(10_000 if short else 100_000, 100, 3 if short else 7)
    lines += _words()
    write("glm-short" if short else "glm", lines)


def _gradient(X: Any, y: Floats, coef: Floats, intercept: float) -> float:
    """||gradient|| of the mean log-loss with its penalty, what all are held to."""
    r = expit(np.asarray(X @ coef) + intercept) - y
    return float(np.hypot(np.linalg.norm(X.T @ r + coef / C), np.sum(r))) / y.size


def _dense(rows: int, columns: int, rounds: int) -> list[str]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < expit(X @ rng.standard_normal(columns) / np.sqrt(columns))).astype(float)
    clock = Clock()
    clock.rounds(_rivals(X, y), rounds)
    checks = {name: f"gradient {_gradient(X, y, *answer):.0e}" for name, answer in clock.answers.items()}
    assert _gradient(X, y, *clock.answers["gramian"]) <= 1e-12
    lines = [f"logistic, {rows:,} x {columns}, medians of {rounds} rounds", *clock.lines("gramian", checks)]
    for name in clock.seconds:
        if name != "gramian":
            lines.append(f"  gramian / {name} {clock.ratio('gramian', name):.2f} (target 1)")
    return [*lines, ""]


def _rivals(X: Floats, y: Floats) -> dict[str, Callable[[], tuple[Floats, float]]]:
    def ours() -> tuple[Floats, float]:
        model = LogisticRegression(C).fit(X, y)
        return model.coef_[0], float(model.intercept_[0])

    rivals: dict[str, Callable[[], tuple[Floats, float]]] = {"gramian": ours}
    if find_spec("sklearn"):
        from sklearn.linear_model import LogisticRegression as Theirs

        def theirs() -> tuple[Floats, float]:
            model = Theirs(C=C, solver="newton-cholesky", tol=1e-10).fit(X, y)
            return model.coef_[0], float(model.intercept_[0])

        rivals["scikit-learn newton-cholesky"] = theirs
    if find_spec("glum"):
        from glum import GeneralizedLinearRegressor

        def glum() -> tuple[Floats, float]:
            model = GeneralizedLinearRegressor(
                family="binomial", alpha=1.0 / (C * y.size), l1_ratio=0.0, gradient_tol=1e-10
            ).fit(X, y)
            return model.coef_, float(model.intercept_)

        rivals["glum irls"] = glum
    return rivals


def _words() -> list[str]:
    """Text messages as counts of words: the peak of memory says that nothing was made dense."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    path = Path(os.environ.get("GRAMIAN_DATA", default)) / "SMSSpamCollection.tsv"
    if not path.exists():
        return ["bag of words: SMSSpamCollection.tsv is not there; set GRAMIAN_DATA", ""]
    from sklearn.feature_extraction.text import CountVectorizer

    pairs = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()[1:] if "\t" in line]
    y = np.array([float(label == "spam") for label, _ in pairs])
    X = CountVectorizer().fit_transform([text for _, text in pairs]).astype(float)
    clock = Clock()
    clock.rounds({"gramian": lambda: LogisticRegression(C, tol=1e-8).fit(X, y)}, 3)
    model = clock.answers["gramian"]
    tracemalloc.start()
    LogisticRegression(C, tol=1e-8).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    dense = 8.0 * X.shape[0] * X.shape[1]
    assert peak < dense / 4
    gradient = _gradient(X, y, model.coef_[0], float(model.intercept_[0]))
    share = float(np.mean(model.predict(X) == y))
    return [
        f"bag of words, {X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} values",
        f"  gramian lbfgs {clock.median('gramian'):.3f} s, {int(model.n_iter_[0])} steps, gradient {gradient:.0e}, "
        f"{share:.4f} right, peak {peak / 1e6:.0f} MB (dense: {dense / 1e6:.0f} MB)",
        "",
    ]
