"""Which kind of frame a caller works with, so that tables go back in the same kind."""

from __future__ import annotations

from typing import Any

from gramian.report.table import Like

_FRAMES: dict[str, Like] = {"pandas": "pandas", "polars": "polars", "pyarrow": "arrow"}


def kind_of(data: Any) -> Like:
    """By the package of its type; "dict" for paths, dicts and the rest. Nothing is imported."""
    return _FRAMES.get(type(data).__module__.split(".")[0], "dict")
