"""Convergence: what is left to gain, or the error of the coefficients, against time, iterations or passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from gramian.errors import not_a_choice
from gramian.families import FAMILIES
from gramian.kernels.array_types import Floats
from gramian.plots.style import INK, PALE, figure, name_axes, pen_of, titled
from gramian.solvers import SOLVERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

X_AXES = {"seconds": "time", "iterations": "iterations", "passes": "passes over the rows"}
Y_AXES = {"left": "share of the possible fall of J left", "error": "relative error of the coefficients"}
FLOOR = 1e-17
"""Below this, a double cannot distinguish what is left from zero."""


class PointLike(Protocol):
    @property
    def iterations(self) -> int: ...
    @property
    def passes(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def error(self) -> float: ...
    @property
    def left(self) -> float: ...


class LaneLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def direct(self) -> bool: ...
    @property
    def trace(self) -> Sequence[PointLike]: ...


class RaceLike(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def lanes(self) -> Sequence[LaneLike]: ...


def curve(lane: LaneLike, x: str, y: str) -> tuple[Floats, Floats]:
    """The points of a lane that a logarithmic axis can show; errors below the floor lie on it."""
    at = np.array([float(getattr(point, x)) for point in lane.trace])
    left = np.array([float(getattr(point, y)) for point in lane.trace])
    kept = np.isfinite(left) & ((at > 0) | lane.direct)
    return at[kept], np.maximum(left[kept], FLOOR)


def pens(name: str) -> tuple[str, str]:
    """Colour and SVG dashes of a method, the same in every picture of a race."""
    colour, dashes = pen_of(name, list(SOLVERS))
    return colour, "" if isinstance(dashes, str) else " ".join(f"{2 * length:g}" for length in dashes[1])


def plot_traces(race: RaceLike, x: str = "seconds", y: Literal["left", "error"] = "left") -> Figure:
    """All lanes of a race on logarithmic axes; direct methods are points. Raises ArgumentError for another axis."""
    if x not in X_AXES:
        raise not_a_choice("x", x, X_AXES)
    if y not in Y_AXES:
        raise not_a_choice("y", y, Y_AXES)
    fig, ax = figure(8.0, 4.6)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for place, lane in enumerate(race.lanes):
        _draw(ax, lane, x, y, 5.0 - place / len(race.lanes))
    family = "" if FAMILIES[race.family].quadratic else f", {race.family}"
    size = f"{race.rows:,} rows x {race.columns:,} columns{family}; to {race.accuracy:g} digits"
    name_axes(ax, X_AXES[x], Y_AXES[y], titled(race.title, size, width=64))
    if y == "error":
        ax.axhline(10.0**-race.accuracy, color=PALE, linewidth=0.8, linestyle=(0, (2, 2)))
        ax.annotate(f"{race.accuracy:g} digits", (0.01, 10.0**-race.accuracy), xycoords=("axes fraction", "data"),
                    va="bottom", fontsize=8, color=PALE)
    bottom, top = ax.get_ylim()
    ax.set_ylim(max(bottom, FLOOR / 3), min(top, 1e3))
    if x == "seconds":
        ax.xaxis.set_major_formatter(_seconds)
    legend = ax.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False, labelcolor=INK, handlelength=2.8,
        title="in order of arrival", alignment="left",
    )  # fmt: skip
    legend.get_title().set_fontsize(8)
    return fig


def _draw(ax: Axes, lane: LaneLike, x: str, y: str, above: float) -> None:
    at, left = curve(lane, x, y)
    if at.size == 0:
        return
    colour, dashes = pen_of(lane.name, list(SOLVERS))
    if lane.direct:
        at = np.maximum(at, 1.0) if x == "iterations" else at
        ax.plot(at, left, color=colour, linestyle=":", linewidth=1.0, marker="D", markersize=6, markeredgecolor="white",
                label=f"{lane.name} (direct)", zorder=above)
        return
    ax.plot(at, left, color=colour, linestyle=dashes, linewidth=1.6, label=lane.name, zorder=above)
    ax.plot(at[-1:], left[-1:], color=colour, marker="o", markersize=4, linestyle="none", zorder=above)


def _seconds(value: float, place: float | None = None) -> str:
    """As "10 ms"."""
    if value <= 0 or not math.isfinite(value):
        return ""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size * 0.999:
            return f"{value / size:g} {unit}"
    return f"{value:.0e} s"
