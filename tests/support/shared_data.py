"""Where the real tables are: `GRAMIAN_DATA`, or the folder shared/data beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("GRAMIAN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def table(name: str) -> Path:
    """The path of a table; the test that asks for one that is not there is skipped."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not there; set GRAMIAN_DATA to the folder of the tables")
    return path
