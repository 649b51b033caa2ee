"""How a message is built: what was got, what is allowed, and a hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def message(got: str, allowed: str = "", hint: str = "") -> str:
    """Join the three parts of an error; empty parts are left out."""
    parts = [got, allowed, f"Hint: {hint}" if hint else ""]
    return "\n".join(part for part in parts if part)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice spelled most like `name`, or None where nothing is close."""
    options = list(choices)
    folded = {choice.lower(): choice for choice in options}
    found = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, cut after `most` with the count of the rest."""
    every = list(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def counted(count: float, noun: str) -> str:
    """As "1 row" and "1,234 rows"."""
    return f"{count:,.12g} {noun}{'' if count == 1 else 's'}"


def shortened(value: object) -> str:
    """repr, cut; a whole number with more digits than fit is told by their count."""
    if isinstance(value, int) and abs(value) >= 10**25:
        digits = int(abs(value).bit_length() * 0.30102999566398120) + 1
        return f"of about {digits:,} digits" if value > 0 else f"of about {digits:,} digits, negative,"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
