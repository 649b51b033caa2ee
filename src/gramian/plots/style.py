"""How every picture looks: sizes, a palette that colour-blind readers can distinguish, axes with few words and no clutter."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from gramian.errors import not_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), Color Universal Design, without its yellow, which is too pale for a line on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
INK, PALE, RULE = "#222222", "#6b6b6b", "#d9d9d9"


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **settings: Any) -> tuple[Figure, Any]:
    """A Figure and its axes in inches; one Axes, or an array of them. Raises ArgumentError without matplotlib.

    It belongs to no window; where pyplot is not in use, notebooks show it, and files are written by `savefig`.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise not_installed("a picture", "matplotlib", "plot") from missing
    made = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = made.subplots(rows, columns, **settings)
    for ax in made.axes:
        tidy(ax)
    return made, axes


def tidy(ax: Axes) -> None:
    """Rules behind the marks, no box around them."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(PALE)
    ax.tick_params(labelsize=8, colors=INK, length=3, color=PALE)
    ax.grid(True, color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)


def name_axes(ax: Axes, x: str, y: str, title: str = "") -> None:
    ax.set_xlabel(x, fontsize=9, color=INK)
    ax.set_ylabel(y, fontsize=9, color=INK)
    if title:
        ax.set_title(title, fontsize=10, color=INK, loc="left")


def pen(place: int) -> tuple[str, Any]:
    """Colour and dashes of the method at that place of the registry."""
    return COLOURS[place % len(COLOURS)], DASHES[(place // len(COLOURS)) % len(DASHES)]


def pen_of(name: str, names: list[str]) -> tuple[str, Any]:
    return pen(names.index(name) if name in names else len(names))


def shortened(text: str, most: int = 60) -> str:
    """At most so many letters; the middle goes first, since names often differ at their ends."""
    if len(text) <= most:
        return text
    end = (most - 3) // 2
    return f"{text[: most - 3 - end]}...{text[len(text) - end :]}"


def titled(text: str, *more: str, width: int = 70) -> str:
    """A title of at most two lines of `width` letters, and lines below it."""
    lines = textwrap.wrap(text, width, max_lines=2, placeholder=" ...") or [""]
    return "\n".join([*lines, *more])


def few_ticks(ax: Axes) -> None:
    """Numbers with commas, and room between them."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(_locator())
        axis.set_major_formatter(_commas)


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def _commas(value: float, place: float | None = None) -> str:
    return f"{value:,.6g}"
