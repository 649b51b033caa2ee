"""Numbers as a reader wants them: as many digits as the standard error supports, aligned at the decimal point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gramian.inference.tails import SMALLEST_P
from gramian.report.content import Row


@dataclass(frozen=True, slots=True)
class Cells:
    """The numbers of one row, formatted; "" where there is none."""

    coef: str
    se: str
    t: str
    p: str
    low: str
    high: str
    digits: str


def cells(rows: Sequence[Row]) -> list[Cells]:
    """Standard errors to 4 figures, or up to 2 more where other rows have them; coefficients to the same place."""
    needed = [_places(row) for row in rows]
    most = max((places for places in needed if places is not None), default=0)
    return [_cells(row, None if own is None else min(own + 2, most)) for row, own in zip(rows, needed, strict=True)]


def _places(row: Row) -> int | None:
    """Decimals that show 4 figures of the standard error; None where plain decimals would be long or are not defined."""
    if not (math.isfinite(row.se) and row.se > 0 and abs(row.coef) < 1e9):
        return None
    places = 3 - math.floor(math.log10(row.se))
    return places if places <= 8 else None


def _cells(row: Row, places: int | None) -> Cells:
    if row.dropped:
        return Cells("dropped", "", "", "", "", "", "")
    if places is None:
        figures = _figures(row)
        coef, low, high = (plain(value, figures) for value in (row.coef, row.low, row.high))
        se = short(row.se)
    else:
        coef, se = (fixed(value, places) for value in (row.coef, row.se))
        low, high = (fixed(value, places - 1) for value in (row.low, row.high))
    return Cells(coef, se, t_value(row.t), p_value(row.p), low, high, certified(row.digits))


def _figures(row: Row) -> int:
    """Significant figures of the coefficient that reach as far as 4 figures of its standard error; 6 without one."""
    if not (math.isfinite(row.se) and row.se > 0 and row.coef):
        return 6
    apart = math.floor(math.log10(abs(row.coef))) - math.floor(math.log10(row.se))
    return min(max(apart + 4, 4), 15)


def fixed(value: float, places: int) -> str:
    if not math.isfinite(value):
        return plain(value, 4)
    text = f"{value:.{max(places, 0)}f}"
    return text.removeprefix("-") if not any(c in "123456789" for c in text) else text


def plain(value: float, figures: int) -> str:
    """So many significant figures; scientific only where the number is very large or small."""
    if math.isnan(value):
        return ""
    if math.isinf(value) or value == 0:
        return f"{value:.0f}"
    if 1e-5 <= abs(value) < 1e9:
        return f"{value:.{figures}g}" if abs(value) < 10.0**figures else f"{value:.0f}"
    return f"{value:.{figures - 1}e}"


def short(value: float, figures: int = 4) -> str:
    """For facts: 3.243, 1,234,567, 1.234e-09."""
    if math.isnan(value):
        return ""
    if math.isinf(value) or value == 0:
        return f"{value:.0f}"
    if 10.0 ** (figures - 1) <= abs(value) < 1e9:
        return f"{value:,.0f}"
    if 1e-4 <= abs(value) < 1e9:
        return f"{value:#.{figures}g}".rstrip(".")
    return f"{value:.{figures - 1}e}"


def t_value(t: float) -> str:
    if math.isnan(t):
        return ""
    return f"{t:.2f}" if abs(t) < 1e4 else f"{t:.2g}"


def p_value(p: float) -> str:
    if math.isnan(p):
        return ""
    if p < SMALLEST_P:
        return "<2e-16"
    return f"{p:.4f}" if p >= 0.0005 else f"{p:.1e}"


def certified(digits: float) -> str:
    """Rounded down: a claim is never rounded up."""
    return "" if math.isnan(digits) else f"{math.floor(10 * digits + 1e-9) / 10:.1f}"


def share(value: float) -> str:
    """An R-squared, to 4 places, never rounded up to 1."""
    if math.isnan(value):
        return "undefined"
    if abs(value) >= 1e4:
        return f"{value:.3g}"
    text = fixed(value, 4)
    return f"1 - {1 - value:.1e}" if text == "1.0000" and value < 1 else text


def aligned(texts: Sequence[str], space: str = " ", point: str = " ") -> list[str]:
    """Padded to one width with the decimal points in one column; `space` is as wide as a digit, `point` as a point.

    Words such as "dropped" and texts with an exponent end where the others' last digit does.
    """
    split = [_parts(text) for text in texts]
    whole = max((len(left) for left, _ in split), default=0)
    rest = max((len(right) for _, right in split), default=0)
    found: list[str] = []
    for text, (left, right) in zip(texts, split, strict=True):
        if not _is_decimal(text):
            found.append(text.rjust(whole + rest, space))
            continue
        gap = rest - len(right)
        tail = (point + space * (gap - 1)) if gap and not right else space * gap
        found.append(space * (whole - len(left)) + left + right + tail)
    width = max(map(len, found), default=0)
    return [text.rjust(width, space) for text in found]


def _is_decimal(text: str) -> bool:
    return bool(text) and text.lstrip("-").replace(".", "", 1).isdigit()


def _parts(text: str) -> tuple[str, str]:
    if not _is_decimal(text):
        return "", ""
    left, dot, right = text.partition(".")
    return left, dot + right
