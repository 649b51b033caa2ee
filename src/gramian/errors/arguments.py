"""An argument is outside what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import ArgumentError
from gramian.errors.wording import listed, message, nearest


def not_a_choice(what: str, got: object, choices: Iterable[str]) -> ArgumentError:
    options = list(choices)
    near = nearest(str(got), options)
    return ArgumentError(
        message(f"{what} is {got!r}", f"Allowed: {listed(options)}", f"did you mean {near!r}?" if near else "")
    )


def one_weight_a_column(got: int, n: int) -> ArgumentError:
    """A penalty with weights for another number of columns; the intercept has none."""
    hint = "leave the intercept out: it is never penalised" if got == n + 1 else ""
    return ArgumentError(message(f"the penalty has {got} weights", f"Allowed: {n}, one for each column", hint))


def bad_argument(what: str, got: object, allowed: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"{what} is {got!r}", f"Allowed: {allowed}", hint))


def not_a_runner(got: object, names: Iterable[str]) -> ArgumentError:
    options = list(names)
    near = nearest(got, options) if isinstance(got, str) else ""
    allowed = f"{listed(options)}, a gramian.execution.runner.Runner, or None, which is {options[0]}"
    return ArgumentError(message(f"runner is {got!r}", f"Allowed: {allowed}", f"did you mean {near!r}?" if near else ""))
