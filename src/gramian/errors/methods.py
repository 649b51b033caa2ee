"""Methods that iterate, and functions that users give."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from gramian.errors.tree import ArgumentError, GramianWarning, SourceError
from gramian.errors.wording import listed, message


def not_finite_start(value: float) -> ArgumentError:
    got = f"the value at the start is {value}" if value - value != 0 else "the gradient at the start is not finite"
    return ArgumentError(
        message(got, "Allowed: a start where the function and its gradient are finite", "start from another point")
    )


def changed_between_passes(where: str, how: str = "rows come in other blocks than at first") -> SourceError:
    return SourceError(
        message(
            f"{where} changed between two passes: {how}",
            "A source must give the same rows in the same order each time it is read",
            "fit a copy that nothing writes to",
        )
    )


def read_once(where: str, why: str, hint: str) -> ArgumentError:
    """`why`: what reads the rows again."""
    return ArgumentError(message(f"{where} can be read once, and {why}", hint=hint))


def once_and_too_large(where: str, rows: int, room: float) -> SourceError:
    return SourceError(
        message(
            f"{where} can be read once only, and its {rows:,} rows do not fit in {room / 2**30:.1f} GB of free memory",
            "A method of many passes needs rows that fit in memory or that can be read again",
            'pass method="cholesky" or "qr", which read the rows once, or write them to a Parquet file first',
        )
    )


def not_a_number(what: str, got: object) -> ArgumentError:
    shown = repr(got)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return ArgumentError(
        message(f"{what} is {shown}", "Allowed: real numbers", "return a float, or an array of floats, for every x")
    )


def wrong_shape(what: str, got: tuple[int, ...], allowed: tuple[int, ...]) -> ArgumentError:
    def shown(shape: tuple[int, ...]) -> str:
        return "one number" if shape == () else f"an array of shape {shape}"

    return ArgumentError(
        message(f"{what} is {shown(got)}", f"Allowed: {shown(allowed)}", "it must fit the shape of x0")
    )


def not_symmetric(i: int, j: int, one: float, other: float) -> ArgumentError:
    return ArgumentError(
        message(
            f"hess(x) is not symmetric: entry ({i}, {j}) is {one:.6g}, and entry ({j}, {i}) is {other:.6g}",
            "Allowed: the symmetric matrix of second derivatives",
            "leave hess out to have it computed by differences",
        )
    )


def wrong_derivative(what: str, place: str, got: float, expected: float, at: str) -> ArgumentError:
    return ArgumentError(
        message(
            f"{what} disagrees with the function in {place}: it gives {got:.8g}, and differences give {expected:.8g}",
            f"Compared at x = {at}",
            f"correct that entry, or leave {what} out to have it computed by differences",
        )
    )


def cannot(who: str, what: str, able: Iterable[str]) -> ArgumentError:
    """`who` cannot `what`; `able` are the methods that can."""
    options = list(able)
    hint = f"pass method={options[0]!r}" if options else ""
    return ArgumentError(message(f"{who} cannot {what}", f"Methods that can: {listed(options, 20)}", hint))


def warn_diverged(method: str, notes: Iterable[str]) -> None:
    """A GramianWarning, at the line that called the library."""
    said = next((note for note in notes if "diverged" in note), f"{method} diverged")
    text = message(f"{said}\nThe coefficients mean nothing", hint="leave step out, or take a smaller one")
    warnings.warn(text, GramianWarning, stacklevel=3)
