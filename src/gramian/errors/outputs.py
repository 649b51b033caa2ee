"""Files that are written, and models that are read back."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import ArgumentError, ModelError
from gramian.errors.wording import message


def cannot_write(path: str, reason: str) -> ArgumentError:
    return ArgumentError(
        message(f"cannot write {path!r}: {reason}", hint="name a file in a folder that you can write to")
    )


def unknown_output(path: str, allowed: Iterable[str]) -> ArgumentError:
    return ArgumentError(
        message(
            f"cannot tell from the name {path!r} what kind of file to write",
            f"Allowed: names that end in {', '.join(allowed)}",
            "leave it out to get CSV on standard output",
        )
    )


def not_a_fit(path: str) -> ModelError:
    hint = "fit them first: gm.fit(formula, gm.load(path)).save(...)"
    return ModelError(message(f"{path!r} holds moments, not a fitted model", "Allowed: what fit(...).save wrote", hint))


def not_installed(what: str, package: str, extra: str) -> ArgumentError:
    return ArgumentError(
        message(f"{what} needs {package}, which is not installed", hint=f"pip install 'gramian[{extra}]'")
    )


def wrong_size_to_draw(targets: int, columns: int, most: int) -> ArgumentError:
    allowed = f"Allowed: one target, and 1 to {most:,} columns"
    return ArgumentError(message(f"{targets} targets on {columns:,} columns", allowed, "name fewer columns"))


def no_picture(what: str, path: str, allowed: Iterable[str]) -> ArgumentError:
    """A name whose suffix says no kind of file that `what` can be."""
    kinds = ", ".join(allowed)
    return ArgumentError(
        message(f"cannot write {what} as {path!r}", f"Allowed: names that end in {kinds}", "the suffix gives the kind of file")
    )
