"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from gramian.errors import bad_argument, cannot_write
from gramian.storage.part_files import part_file


@contextmanager
def whole_file(path: str | Path) -> Generator[Path]:
    """A path beside `path` to write to; it takes the place of `path` on leaving, or vanishes if an error was raised.

    A pipe or a device is written to directly. What killed writers left beside `path` is removed. Raises ArgumentError when the
    place cannot be written to.
    """
    check_place(path)
    final = Path(os.path.realpath(path))
    if final.exists() and not final.is_file():
        yield final
        return
    try:
        with part_file(final) as part:
            if final.exists():
                if not os.access(final, os.W_OK):
                    raise PermissionError(13, os.strerror(13))
                part.chmod(final.stat().st_mode & 0o777)
            yield part
            os.replace(part, final)
    except OSError as error:
        raise cannot_write(str(path), (error.strerror or str(error)).lower()) from error


def check_writable(path: str | Path) -> None:
    """That a file can be made there, by making one beside it and taking it away; before long work, so that it is not lost."""
    check_place(path)
    final = Path(os.path.realpath(path))
    if final.exists() and not final.is_file():
        return
    try:
        with part_file(final):
            pass
    except OSError as error:
        raise cannot_write(str(path), (error.strerror or str(error)).lower()) from error


def check_place(path: object) -> None:
    """Raises ArgumentError where no file can be at `path`; before long work, so that it is not lost."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise bad_argument("the file to write", path, "a path, such as 'model.json'")
    final = Path(os.path.realpath(cast("str | os.PathLike[str]", path)))
    if final.is_dir():
        raise cannot_write(str(path), "it is a folder")
    if not final.parent.is_dir():
        raise cannot_write(str(path), f"there is no folder {final.parent}")


def write_text(path: str | Path, text: str) -> None:
    """`text` as UTF-8, with a line end at the end."""
    with whole_file(path) as part:
        part.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
