"""Files under construction beside their target: held by a lock, so that a later writer can tell which ones were abandoned.

A process that is killed cannot take its part file away. The lock of a part file ends with the process that wrote it: whoever
writes to the same target next takes the lock of every other part file there, and removes those that it gets.
"""

from __future__ import annotations

import glob
import os
import secrets
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

PATTERN = "[0-9a-f]" * 12


@contextmanager
def part_file(final: Path) -> Generator[Path]:
    """A new empty file beside `final`, gone on leaving unless it was moved. Raises OSError where none can be made."""
    _sweep(final)
    part, held = _made(final)
    try:
        yield part
    finally:
        os.close(held)
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _made(final: Path) -> tuple[Path, int]:
    while True:
        part = final.with_name(f".{final.name}.{secrets.token_hex(6)}.part")
        held = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        # Between the two calls another writer may have taken it for abandoned.
        if _locked(held) and part.exists():
            return part, held
        os.close(held)


def _sweep(final: Path) -> None:
    """Remove what killed writers of `final` left."""
    for name in glob.glob(f"{glob.escape(str(final.with_name(f'.{final.name}.')))}{PATTERN}.part"):
        with suppress(OSError):
            held = os.open(name, os.O_RDWR)
            try:
                if sys.platform != "win32" and _locked(held):
                    os.unlink(name)
            finally:
                os.close(held)


def _locked(held: int) -> bool:
    """Whether the lock is ours now; true where files have none."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
