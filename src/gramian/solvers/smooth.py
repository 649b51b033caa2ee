"""The methods that minimise any Objective, by the names that users type: least squares, GLM losses, user functions."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from gramian.errors import ArgumentError, message, no_such_step, not_a_choice
from gramian.solvers.adaptive import adagrad, adam, rmsprop
from gramian.solvers.gradient import gradient
from gramian.solvers.iterate import Minimiser
from gramian.solvers.lbfgs import LBFGS
from gramian.solvers.momentum import momentum
from gramian.solvers.nesterov import nesterov
from gramian.solvers.newton import Newton
from gramian.solvers.steps import BarzilaiBorwein, Fixed, Length, length_of

Make = Callable[[Length | None], Minimiser[Any]]


def _newton(length: Length | None) -> Minimiser[Any]:
    if isinstance(length, Fixed):
        return Newton(first=length.step)
    if length is not None:
        raise no_such_step("newton", "a number > 0, the first step that its own halving tries (1 by default)")
    return Newton()


def _lbfgs(length: Length | None) -> Minimiser[Any]:
    if length is not None:
        raise no_such_step("lbfgs", "no step: its own line search finds it")
    return LBFGS()


SMOOTH: MappingProxyType[str, Make] = MappingProxyType(
    {
        "newton": _newton,
        "lbfgs": _lbfgs,
        "gradient": gradient,
        "momentum": momentum,
        "nesterov": nesterov,
        "adagrad": adagrad,
        "rmsprop": rmsprop,
        "adam": adam,
    }
)


def smooth(method: str, step: float | str | Length | None = None) -> Minimiser[Any]:
    """The method of that name with the user's step: a number, "exact", "backtracking", "barzilai-borwein", or None."""
    if method not in SMOOTH:
        raise not_a_choice("method", method, SMOOTH)
    length = length_of(step)
    if isinstance(length, BarzilaiBorwein) and method != "gradient":
        raise ArgumentError(
            message(
                f"step='barzilai-borwein' with method={method!r}",
                "Allowed: method='gradient', since the step is made for the direction -g",
                "take method='gradient', or step='exact'",
            )
        )
    return SMOOTH[method](length)
