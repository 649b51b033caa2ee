"""Names that Python's parser cannot distinguish: it reads each in the normal form NFKC, the micro sign as a Greek mu."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import normalize

from gramian.errors import ambiguous_column


def normal(name: str) -> str:
    return name if name.isascii() else normalize("NFKC", name)


def spelled(name: str, columns: Iterable[str], where: str) -> str | None:
    """The column that is `name` in normal form, None where there is none. Raises DataError where there are several."""
    alike = [column for column in columns if normal(column) == normal(name)]
    if len(alike) > 1:
        raise ambiguous_column(name, alike, where)
    return alike[0] if alike else None
