"""The problems that every solver meets, and a row for every solver: how it is asked, and what may be expected of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

import gramian as gm


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A problem; `refusals` are the errors that are a right answer to it."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None = None
    ridge: float = 0.0
    rank: str = "min-norm"
    expected_rank: int | None = None
    refusals: tuple[type[Exception], ...] = ()
    hard: bool = False  # a method whose steps grow with the condition may give up, and say so


def cases() -> dict[str, Case]:
    rng = np.random.default_rng(30)
    X, y = rng.standard_normal((200, 6)), rng.standard_normal(200)
    double = np.column_stack([X, X[:, 1]])
    zero = np.column_stack([X[:, :3], np.zeros(200), X[:, 3:]])
    ones = np.column_stack([np.ones(200), X, np.full(200, 2.5)])
    scales = 10.0 ** np.array([-100, -8, 0, 3, 8, 100])
    weights = rng.uniform(0.01, 100, 200)
    weights[::10] = 0.0
    U = np.linalg.qr(X)[0]
    ill = (U * np.geomspace(1, 1e-6, 6)) @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    worse = (U * np.geomspace(1, 1e-12, 6)) @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    sparse = sp.random_array((300, 8), density=0.2, rng=rng, format="csr")
    cannot_tell = (gm.RankError,)
    return {
        "tall": Case(X, y, expected_rank=6),
        "square": Case(X[:6], y[:6], expected_rank=6, refusals=cannot_tell, hard=True),
        "wide": Case(X[:4], y[:4], expected_rank=4, refusals=cannot_tell),
        "duplicated column": Case(double, y, expected_rank=6, refusals=cannot_tell),
        "duplicated column, dropped": Case(double, y, rank="drop", expected_rank=6, refusals=cannot_tell),
        "duplicated column, an error": Case(double, y, rank="error", refusals=(gm.RankError,)),
        "zero column": Case(zero, y, expected_rank=6, refusals=cannot_tell),
        "all columns zero": Case(np.zeros((5, 2)), y[:5], expected_rank=0, refusals=cannot_tell),
        "constant column beside ones": Case(ones, y, expected_rank=7, refusals=cannot_tell),
        "weighted": Case(X, y, weights, expected_rank=6),
        "ridge": Case(X, y, ridge=3.0, expected_rank=6),
        "ridge on a duplicated column": Case(double, y, ridge=3.0, expected_rank=7),
        "ridge on a wide matrix": Case(X[:4], y[:4], ridge=0.5, expected_rank=6),
        "weighted ridge": Case(X, y, weights, ridge=3.0, expected_rank=6),
        "several targets": Case(X, rng.standard_normal((200, 3)), expected_rank=6),
        "badly scaled": Case(X * scales, y, expected_rank=6),
        "condition 1e6": Case(ill, y, expected_rank=6, hard=True),
        "condition 1e12": Case(worse, y, expected_rank=6, refusals=cannot_tell, hard=True),
        "sparse": Case(sparse, rng.standard_normal(300), expected_rank=8),
        "sparse, weighted": Case(sparse, rng.standard_normal(300), rng.uniform(0.5, 2, 300), expected_rank=8),
        "one row": Case(X[:1], y[:1], expected_rank=1, refusals=cannot_tell),
        "one column": Case(X[:, :1], y, expected_rank=1),
        "one number": Case(X[:1, :1], y[:1], expected_rank=1),
        "a perfect fit": Case(X, X @ np.arange(6.0), expected_rank=6),
        "a zero target": Case(X, np.zeros(200), expected_rank=6),
        "integers": Case(
            np.arange(40).reshape(10, 4) ** 2, np.arange(10), expected_rank=3, refusals=cannot_tell, hard=True
        ),
        "single precision": Case(X.astype(np.float32), y.astype(np.float32), expected_rank=6),
        "Fortran order": Case(np.asfortranarray(X), y, expected_rank=6),
    }


CASES = cases()


@dataclass(frozen=True, slots=True)
class Row:
    """digits: what is asked, None for all that the data support. settings: other arguments of gm.lstsq."""

    digits: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)


FAST = Row(8.0)
SLOW = Row(6.0, {"max_iter": 3000})
ROUGH = Row(2.0, {"max_iter": 3000})

SOLVER_ROWS: dict[str, Row] = {
    "cholesky": Row(),
    "sketched": Row(),
    "choleskyqr": Row(),
    "qr": Row(),
    "svd": Row(),
    "lsmr": FAST,
    "lsqr": FAST,
    "cg": FAST,
    "newton": FAST,
    "lbfgs": FAST,
    "nesterov": SLOW,
    "momentum": SLOW,
    "gradient": SLOW,
    "sgd": ROUGH,
    "adagrad": SLOW,
    "rmsprop": SLOW,
    "adam": SLOW,
    "saga": SLOW,
}
