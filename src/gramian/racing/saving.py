"""A race written to a file, of the kind that its suffix says."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from gramian.errors import no_picture, not_installed
from gramian.storage.whole_files import check_place, check_writable, whole_file, write_text

PICTURES = (".png", ".svg", ".pdf")
KINDS = (".html", ".json", *PICTURES)


class Savable(Protocol):
    """What can be written as a page, as data, or as a picture."""

    def page(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def plot(self) -> Any: ...


def check_output(path: object) -> str:
    """The kind of file that the name asks for; before long work, so that it is not lost."""
    check_place(path)
    kind = Path(str(path)).suffix.lower()
    if kind not in KINDS:
        raise no_picture("a race", str(path), KINDS)
    if kind in PICTURES and find_spec("matplotlib") is None:
        raise not_installed("a picture", "matplotlib", "plot")
    check_writable(str(path))
    return kind


def save(race: Savable, path: str | Path) -> None:
    """Raises ArgumentError for another suffix, where no file can be, and for a picture without matplotlib."""
    kind = check_output(path)
    if kind == ".html":
        write_text(path, race.page())
    elif kind == ".json":
        write_text(path, json.dumps(race.to_dict(), indent=2, allow_nan=False))
    else:
        drawn = io.BytesIO()
        race.plot().savefig(drawn, format=kind[1:])
        with whole_file(path) as part:
            part.write_bytes(drawn.getvalue())
