"""Names and sentences in a width: what a terminal shows of them, where they are cut, where lines end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

NARROWEST, TIGHTEST = 14, 6
"""Columns that a name has before numbers give way to it, and before the last of them do."""
_LEAST = 7
"""Columns that are left of a variable before its level is cut."""
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LEVEL = re.compile(r"(\[[^\[\]]+\])(?=:|$)")


def visible(name: str) -> str:
    """The name with control and direction characters spelled out, so that it can neither hide nor move anything."""
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _HIDDEN else c for c in name)


def columns_of(text: str) -> int:
    """Terminal columns that the text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most `width` columns, broken at spaces; a word that no line can hold is broken where the line ends."""
    lines, line = [], ""
    for word in re.findall(r" *[^ ]+", text):
        alone = indent + word.lstrip()
        if line.strip() and columns_of(line + word) > width >= columns_of(alone):
            lines.append(line)
            line = alone
        else:
            line += word
        while columns_of(line) > width > len(indent) + 1:
            head = _head(line, width)
            lines.append(head)
            line = indent + line[len(head) :]
    return [*lines, line]


# ---- names


def shortened(names: Sequence[str], width: int) -> list[str]:
    """Names in `width` columns that stay apart: cut so that levels stay whole, or in the middle, or with their number."""
    for cut in CUTS:
        found = [cut(name, width) for name in names]
        if len(set(found)) == len(set(names)):
            return found
    return [
        name if columns_of(name) <= width else _head(name, width - len(str(i)) - 4) + f"...#{i}"
        for i, name in enumerate(names, 1)
    ]


def apart(names: Sequence[str], width: int) -> bool:
    """Whether the names stay distinct in so many columns without a number."""
    return any(len({cut(name, width) for name in names}) == len(set(names)) for cut in CUTS)


def room_for(name: str) -> int:
    """Columns in which a name keeps its levels whole, and NARROWEST at least where it is longer."""
    parts = _LEVEL.split(name)
    least = sum(map(columns_of, parts[1::2])) + sum(min(columns_of(part), _least(part)) for part in parts[::2])
    return min(columns_of(name), max(NARROWEST, least if len(parts) > 1 else 0))


def short_name(name: str, width: int) -> str:
    """The name in `width` columns: "C(ocean_proximity)[NEAR BAY]" as "C(ocean...)[NEAR BAY]", others cut in the middle."""
    if columns_of(name) <= width:
        return name
    parts = _LEVEL.split(name)
    if len(parts) == 1:
        return _middle(name, width)
    levels = parts[1::2]
    for most in range(width, _LEAST - 1, -1):
        cut = [_ended(part, most + _least(part) - _LEAST) for part in parts[::2]]
        short = "".join(a + b for a, b in zip(cut, [*levels, ""], strict=True))
        if columns_of(short) <= width:
            return short
    level = levels[-1] if columns_of(levels[-1]) + 3 <= width else levels[-1].removeprefix("[").removeprefix("T.")
    return _middle(name, width) if len(levels) > 1 else "..." + _middle(level, width - 3)


def _least(part: str) -> int:
    """A colon stands before all variables of an interaction but the first."""
    return _LEAST + part.startswith(":")


def _ended(part: str, width: int) -> str:
    """Cut at the end, its closing parenthesis kept."""
    end = "...)" if part.endswith(")") else "..."
    return part if columns_of(part) <= width else _head(part, width - len(end)) + end


def _middle(name: str, width: int) -> str:
    if columns_of(name) <= width:
        return name
    head = _head(name, (width - 2) // 2)
    return f"{head}...{_head(name[::-1], (width - 3) // 2)[::-1]}"


def _tail(name: str, width: int) -> str:
    """The end of a name with levels, in which they differ; others cut in the middle."""
    if columns_of(name) <= width or not _LEVEL.search(name):
        return _middle(name, width)
    return "..." + _head(name[::-1], width - 3)[::-1]


CUTS = (short_name, _tail, _middle)
"""The ways to cut names, the best first; all names of a table are cut in the first way that keeps them apart."""


def _head(text: str, width: int) -> str:
    """The longest beginning in `width` columns."""
    head = text[: max(width, 0)]
    while columns_of(head) > width:
        head = head[:-1]
    return head
