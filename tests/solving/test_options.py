"""What fit and lstsq are asked: whatever is not allowed is told as got, allowed, and what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gramian as gm
from gramian.solving.options import SolveOptions, TableOptions, ask_table
from gramian.sources.open import as_source

TABLE = {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 3.0, 5.0, 7.0], "c": ["a", "b", "a", "b"]}

WRONG: list[tuple[str, Any, str]] = [
    ("ridge", "a", "a finite number >= 0"),
    ("ridge", None, "a finite number >= 0"),
    ("ridge", True, "a finite number >= 0"),
    ("ridge", [1.0], "a finite number >= 0"),
    ("ridge", -1.0, "a finite number >= 0"),
    ("tol", "a", "a number between 0 and 1"),
    ("tol", [1e-9], "a number between 0 and 1"),
    ("tol", 2, "a number between 0 and 1"),
    ("accuracy", [1], "a number of digits above 0 and up to 15"),
    ("accuracy", "all", "a number of digits above 0 and up to 15"),
    ("accuracy", True, "a number of digits above 0 and up to 15"),
    ("accuracy", float("nan"), "a number of digits above 0 and up to 15"),
    ("threads", "two", "a whole number >= 1"),
    ("threads", [2], "a whole number >= 1"),
    ("threads", float("inf"), "a whole number >= 1"),
    ("threads", 1.5, "a whole number >= 1"),
    ("threads", 0, "a whole number >= 1"),
    ("rank", "keep", "drop, min-norm, error"),
    ("rank", ["drop"], "drop, min-norm, error"),
    ("method", "qrr", "did you mean 'qr'?"),
    ("method", ["qr"], "cholesky"),
    ("suboptimality", "a", "a number between 0 and 1"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG, ids=lambda value: repr(value)[:20])
def test_what_is_not_allowed_is_told(name: str, value: Any, allowed: str) -> None:
    X, y = np.arange(8.0).reshape(4, 2) ** 2, np.arange(4.0)
    for call in (lambda: gm.fit("y ~ x", TABLE, **{name: value}), lambda: gm.lstsq(X, y, **{name: value})):
        with pytest.raises(gm.ArgumentError) as caught:
            call()
        text = str(caught.value)
        assert text.startswith(f"{name} is {value!r}")
        assert allowed in text


def test_a_family_that_is_no_text_is_told() -> None:
    with pytest.raises(gm.ArgumentError, match=r"family is \['poisson'\]"):
        gm.fit("y ~ x", TABLE, family=["poisson"])  # type: ignore[arg-type]


def test_numpy_numbers_are_numbers() -> None:
    fit = gm.fit("y ~ x", TABLE, ridge=np.float32(0.5), tol=np.float64(1e-9), accuracy=np.int64(6), threads=np.int32(2))
    assert fit.coef == pytest.approx(gm.fit("y ~ x", TABLE, ridge=0.5).coef, rel=1e-6)


def test_a_question_has_rows_ready_to_reduce() -> None:
    asked, design = ask_table("y ~ x + c", as_source(TABLE), TableOptions(), SolveOptions())
    assert design.names == ("x", "c[T.b]")
    assert (asked.rows.n, asked.accuracy, asked.nnz) == (2, "data", None)
