"""What cannot be asked of a run, at every door: the value that was got, what is allowed, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gramian as gm

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X @ [1.0, 2.0, 3.0] + RNG.standard_normal(40)
DATA = {"a": X[:, 0], "b": X[:, 1], "y": Y, "k": RNG.poisson(2.0, 40), "z": (Y > 0).astype(float)}


def bowl(x: np.ndarray) -> float:
    return float(x @ x)


def slope(x: np.ndarray) -> np.ndarray:
    return 2 * x


def lstsq(**options: Any) -> Any:
    return gm.lstsq(X, Y, **options)


def fit(**options: Any) -> Any:
    return gm.fit("y ~ a + b", DATA, **options)


def poisson(**options: Any) -> Any:
    return gm.fit("k ~ a + b", DATA, family="poisson", **options)


def minimize(**options: Any) -> Any:
    return gm.minimize(**({"fun": bowl, "x0": [1.0, 2.0], "grad": slope} | options))


def root(**options: Any) -> Any:
    return gm.root(**({"f": lambda x: x**2 - 2, "x0": 1.0} | options))


DOORS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    # starts that are not finite
    (minimize, {"x0": [1.0, np.nan]}, r"x0\[1\] is nan"),
    (minimize, {"x0": [-np.inf, 1.0]}, r"x0\[0\] is -inf"),
    (minimize, {"fun": lambda x: np.log(-1 - x @ x)}, "the value at the start is nan"),
    (root, {"x0": np.nan}, "x0 is nan"),
    # wrong shapes
    (minimize, {"grad": lambda x: np.zeros(3)}, r"grad\(x\) is an array of shape \(3,\)"),
    (minimize, {"hess": lambda x: np.eye(3), "method": "newton"}, r"hess\(x\) is an array of shape \(3, 3\)"),
    (root, {"jac": lambda x: np.zeros(2)}, r"jac\(x\) is an array of shape"),
    # derivatives that disagree
    (minimize, {"grad": lambda x: slope(x) * [1, 1.01], "check_gradient": True}, "coordinate 1"),
    (minimize, {"hess": lambda x: np.diag([2.0, 3.0]), "check_gradient": True}, r"entry \(1, 1\)"),
    # steps
    *[(door, {"method": "gradient", "step": step}, rf"step is {step}") for step in (0.0, -0.5, np.nan, np.inf)
      for door in (lstsq, fit, poisson, minimize)],
    *[(door, {"method": "gradient", "step": "exac"}, "did you mean 'exact'") for door in (lstsq, fit, poisson, minimize)],
    (lstsq, {"method": "sgd", "step": "exact"}, "a batch of rows gives no line to search"),
    # batches
    *[(door, {"method": "sgd", "batch": 41}, "batch is 41\nAllowed: a whole number from 1 to the 40 rows")
      for door in (lstsq, fit, poisson)],
    *[(door, {"method": "sgd", "batch": batch}, f"batch is {batch}") for batch in (0, -1, 2.5)
      for door in (lstsq, fit, poisson)],
    # budgets
    *[(door, {"method": "gradient", "max_iter": count}, f"max_iter is {count}") for count in (0, -3, 1.5)
      for door in (lstsq, fit, poisson, minimize)],
    (lstsq, {"method": "sgd", "seed": -1}, "seed is -1"),
    # methods that are not there, with the nearest name
    *[(door, {"method": "nestrov"}, r"method is 'nestrov'[\s\S]*did you mean 'nesterov'")
      for door in (lstsq, fit, poisson, minimize)],
    # methods asked for what they cannot do: one message, from what they say of themselves
    (lstsq, {"method": "qr", "step": 0.1}, "method='qr' cannot take a step\nMethods that can: gradient"),
    (lstsq, {"method": "newton", "step": 0.1}, "method='newton' cannot take a step\nMethods that can: gradient"),
    (fit, {"method": "lbfgs", "step": 0.1}, "method='lbfgs' cannot take a step\nMethods that can: gradient"),
    (lstsq, {"method": "gradient", "batch": 4}, "method='gradient' cannot take a batch of rows\nMethods that can: sgd"),
    (lstsq, {"method": "svd", "max_iter": 4}, "method='svd' cannot take max_iter"),
    (fit, {"method": "saga", "batch": 4}, "method='saga' cannot take a batch of rows"),
    (poisson, {"method": "qr"}, "method='qr' cannot minimise the loss of family='poisson'\nMethods that can: newton"),
    (poisson, {"method": "newton", "batch": 4}, "method='newton' cannot take a batch of rows"),
    (minimize, {"method": "sgd"}, "method='sgd' cannot minimise a function that a user gives\nMethods that can: newton"),
    (minimize, {"method": "lsqr"}, "method='lsqr' cannot minimise a function"),
]  # fmt: skip


@pytest.mark.parametrize(("door", "options", "words"), DOORS)
def test_what_cannot_be_asked_is_told(door: Callable[..., Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(gm.ArgumentError, match=words) as error:
        door(**options)
    text = str(error.value)
    assert "Hint:" in text or "Allowed:" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("formula", "family", "change", "words"),
    [
        ("k ~ a", "poisson", {"k": np.where(np.arange(40) == 3, -1, 2)}, "target k is -1 at row 3"),
        ("k ~ a", "poisson", {"k": np.where(np.arange(40) == 3, 0.5, 2)}, "target k is 0.5 at row 3"),
        ("k ~ a", "poisson", {"k": np.zeros(40)}, "target k is 0 in every row"),
        ("z ~ a", "binomial", {"z": np.ones(40)}, "target z is 1 in every row"),
        ("z ~ a", "binomial", {"z": np.full(40, 2.0)}, "target z is 2 at row 0"),
        ("k ~ a", "gamma", {"k": np.zeros(40)}, "target k is 0 at row 0"),
    ],
)
@pytest.mark.parametrize("method", ["auto", "lbfgs", "sgd"])
def test_targets_that_a_family_cannot_have(
    formula: str, family: str, change: dict[str, Any], words: str, method: str
) -> None:
    with pytest.raises(gm.DataError, match=words) as error:
        gm.fit(formula, DATA | change, family=family, method=method)
    assert "Allowed for" in str(error.value)
    assert "Hint:" in str(error.value)


def test_labels_of_one_class() -> None:
    with pytest.raises(gm.DataError, match="one class only, 'cat'"):
        gm.LogisticRegression().fit(X, np.full(40, "cat"))
    weights = np.where(DATA["z"] == 1, 1.0, 0.0)
    with pytest.raises(gm.DataError, match=r"one class only, 1\.0, in rows of positive weight"):
        gm.LogisticRegression().fit(X, DATA["z"], weights)


def test_several_targets_of_a_family() -> None:
    with pytest.raises(gm.ArgumentError, match="targets k, z\nAllowed: one target\nHint: fit each target by itself"):
        gm.fit("k + z ~ a", DATA, family="poisson")
