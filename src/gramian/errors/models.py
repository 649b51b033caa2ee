"""Files of saved models, moments and prices that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import ModelError
from gramian.errors.wording import message


def no_model_file(path: object) -> ModelError:
    return ModelError(message(f"there is no file {path}", hint="check the path"))


def unreadable_model(path: object, reason: object) -> ModelError:
    return ModelError(message(f"cannot read {path}: {reason}", hint="check the path"))


def not_a_model(name: str, empty: bool) -> ModelError:
    """A file that is not JSON at all."""
    return ModelError(
        message(
            f"{name} is not a saved model" + (": it is empty" if empty else ""),
            "Allowed: files that fit.save, moments.save or 'gramian fit --save' wrote",
            "data files go to gm.fit; check the path",
        )
    )


def another_format(name: str, got: object, formats: Iterable[str]) -> ModelError:
    return ModelError(message(f"{name} is not a saved model", f"Allowed formats: {', '.join(formats)}; got {got!r}"))


def another_version(name: str, kind: object, got: object, version: int) -> ModelError:
    return ModelError(
        message(
            f"{name} is a {kind} file of version {got!r}",
            f"This release reads version {version}",
            "install the release that wrote it, or fit again",
        )
    )


def damaged_model(name: str, why: object) -> ModelError:
    return ModelError(message(f"{name} is damaged: {why}", hint="copy the file again, or fit and save again"))
