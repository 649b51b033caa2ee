"""Text that is a number to a reader and not to a parser: in which notation, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGNS = "$€£¥%"
_CODE = re.compile(r"[+-]?0\d")
"""Postal codes and the like begin with zeros that a number would lose."""
_COMMA = re.compile(r"[+-]?(\d{1,3}([. \u00a0\u202f']\d{3})+|\d*),\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d*)?")

PLAIN, COMMA, THOUSANDS, SIGNED = "plain", "decimal commas", "thousands separators", "currency or percent signs"
_HINTS = {
    PLAIN: "convert it to numbers, as by float",
    COMMA: "put points for the decimal commas, and convert it to numbers",
    THOUSANDS: "take out the thousands separators, and convert it to numbers",
    SIGNED: "take out the currency or percent signs, and convert it to numbers",
}


def is_number(text: str) -> bool:
    """Whether float() reads it."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_code(text: str) -> bool:
    """Digits after a zero, as 01234: a label, though it reads as a number."""
    return _CODE.match(text.strip()) is not None and is_number(text)


def notation(text: str) -> str | None:
    """How the text writes a number; None where it writes none. A code with leading zeros, as 01234, is no number.

    "1,000" has a thousands separator, and a decimal comma as well: see `notation_of_all`.
    """
    text = text.strip()
    if _CODE.match(text):
        return None
    if is_number(text):
        return PLAIN
    bare = text.strip(_SIGNS + " ").replace(next((sign for sign in _SIGNS[:-1] if sign in text[:2]), "\0"), "")
    if bare != text:
        return SIGNED if notation(bare) is not None else None
    if _THOUSANDS.fullmatch(text):
        return THOUSANDS
    return COMMA if _COMMA.fullmatch(text) else None


def notation_of_all(texts: Iterable[str]) -> str | None:
    """The notation of a column where every text writes a number, else None."""
    found = {notation(text) for text in texts}
    if not found or None in found:
        return None
    return next(each for each in (SIGNED, COMMA, THOUSANDS, PLAIN) if each in found)


def hint_for(found: str) -> str:
    """What to do with a column in that notation."""
    return _HINTS[found]


def advice_for(value: str) -> str:
    """What to do with a value that is no number to a parser; empty where it is none to a reader either."""
    found = notation(value)
    return "" if found is None else hint_for(found)
