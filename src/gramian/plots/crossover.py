"""The crossover map: which method is the fastest over rows and columns, at prices of this machine, with a problem marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gramian.errors import bad_argument
from gramian.execution.pooling import available_threads
from gramian.kernels.array_types import Floats, Ints
from gramian.planning import Machine, Plan, choose, here
from gramian.plots.style import INK, PALE, figure, name_axes
from gramian.problem.facts import Facts
from gramian.solvers import SOLVERS
from gramian.solving.options import checked_accuracy, checked_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = (1e2, 1e8)
COLUMNS = (2.0, 3e4)
CELLS = (21, 26)
FILLS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
REFUSED = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Crossover:
    """chosen (r, c): the place in `names` of the method taken at rows[i], columns[j], -1 for none; seconds (r, c): its price.

    asked: accuracy and condition in words; prices: where they come from; mark: (rows, columns) of the user's problem.
    """

    rows: Floats
    columns: Floats
    names: tuple[str, ...]
    chosen: Ints
    seconds: Floats
    asked: str
    prices: str
    mark: tuple[float, float] | None

    def at(self, rows: float, columns: float) -> str:
        """The method in the nearest cell."""
        i = int(np.argmin(np.abs(np.log(self.rows) - np.log(rows))))
        j = int(np.argmin(np.abs(np.log(self.columns) - np.log(columns))))
        place = int(self.chosen[i, j])
        return self.names[place] if place >= 0 else REFUSED


def crossover(
    mark: tuple[float, float] | None = None,
    *,
    accuracy: float | None = None,
    condition: float | None = None,
    rows: tuple[float, float] = ROWS,
    columns: tuple[float, float] = COLUMNS,
    threads: int | None = None,
) -> Crossover:
    """What the plan takes for dense rows in memory, one target and an intercept, on a logarithmic grid. Nothing is run.

    mark: (rows, columns) of a problem to show. accuracy: digits, default all that the data support. condition: of the columns
    scaled to one size; default what the plan assumes where it has not measured. rows, columns: from and to. Raises
    ArgumentError for ranges that are none.
    """
    for what, (low, high) in (("rows", rows), ("columns", columns)):
        if not 1 <= low < high < np.inf:
            raise bad_argument(what, (low, high), "two numbers, from 1 up, the second larger")
    if mark is not None and not (len(mark) == 2 and all(np.isfinite(size) and size >= 1 for size in mark)):
        raise bad_argument("mark", mark, "(rows, columns) of a problem, each at least 1")
    if mark is not None:
        rows = min(rows[0], mark[0] / 2), max(rows[1], mark[0] * 2)
        columns = min(columns[0], mark[1] / 2), max(columns[1], mark[1] * 2)
    tall, wide = (np.geomspace(*ends, count) for ends, count in zip((rows, columns), CELLS, strict=True))
    digits = checked_accuracy(accuracy, "data")
    if condition is not None and not (np.isfinite(condition) and condition >= 1):
        raise bad_argument("condition", condition, "a finite number >= 1")
    machine, workers = here(), checked_threads(threads) or available_threads()
    asked = None if digits == "data" else float(digits)
    plans = [[_plan(int(m), int(n), asked, condition, machine, workers) for n in wide] for m in tall]
    names = tuple(SOLVERS)
    chosen = np.array([[names.index(plan.method) if plan.order else -1 for plan in line] for line in plans])
    seconds = np.array([[plan.order[0].seconds if plan.order else np.inf for plan in line] for line in plans])
    words = "all digits that the data support" if asked is None else f"{asked:g} digits"
    words += "" if condition is None else f", condition {condition:.0e}"
    return Crossover(tall, wide, names, chosen, seconds, words, machine.provenance, mark)


def _plan(
    rows: int, columns: int, digits: float | None, condition: float | None, machine: Machine, threads: int
) -> Plan:
    facts = Facts(
        rows, columns, 1, None, sparse=False, centred=True, rereadable=True, in_memory=True, digits=digits,
        condition=condition,
    )  # fmt: skip
    return choose(facts, machine, "auto", threads)


def plot_crossover(shown: Crossover) -> Figure:
    """Draw it: areas by method, lines of equal price, the problem as a star."""
    from matplotlib.colors import ListedColormap

    fig, ax = figure(7.2, 5.0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    found = [int(place) for place in np.unique(shown.chosen)]
    colours = ["#eeeeee" if place < 0 else FILLS[i % len(FILLS)] for i, place in enumerate(found)]
    picture = np.searchsorted(found, shown.chosen)
    ax.pcolormesh(shown.columns, shown.rows, picture, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(found) - 0.5,
                  shading="nearest", alpha=0.75, rasterized=True)
    _prices(ax, shown)
    for i, place in enumerate(found):
        _label(ax, shown, picture == i, "does not fit in memory" if place < 0 else shown.names[place])
    ax.grid(False)
    if shown.mark is not None:
        m, n = shown.mark
        ax.plot(n, m, marker="*", markersize=15, color="white", markeredgecolor=INK, linestyle="none", zorder=5)
        right = n > float(np.sqrt(shown.columns[0] * shown.columns[-1]))
        ax.annotate(f"{m:,.0f} x {n:,.0f}: {shown.at(m, n)}", (n, m), xytext=(-9 if right else 9, 6),
                    textcoords="offset points", ha="right" if right else "left", fontsize=8,
                    color=INK, zorder=5, bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5})
    name_axes(ax, "columns", "rows", f"The method taken: {shown.asked}")
    ax.text(0.0, -0.17, f"lines: estimated time ({shown.prices})", fontsize=7.5, color=PALE, transform=ax.transAxes)
    return fig


def _prices(ax: Any, shown: Crossover) -> None:
    """Lines of equal time."""
    times = {0.1: "0.1 s", 1.0: "1 s", 10.0: "10 s", 60.0: "1 min", 3600.0: "1 h"}
    finite = np.where(np.isfinite(shown.seconds), shown.seconds, np.nan)
    inside = [t for t in times if np.nanmin(finite) < t < np.nanmax(finite)]
    if inside:
        lines = ax.contour(shown.columns, shown.rows, finite, levels=inside, colors=INK, linewidths=0.7, alpha=0.7)
        ax.clabel(lines, fontsize=7, fmt=times)


def _label(ax: Any, shown: Crossover, area: Any, name: str) -> None:
    """The name in the roomiest place of its area: in the middle of the cells that are furthest from any other."""
    from scipy.ndimage import distance_transform_edt

    room: Any = distance_transform_edt(np.pad(area, 1))
    cells = np.argwhere(room >= 0.99 * room.max())
    i, j = cells[int(np.argmin(np.sum((cells - cells.mean(axis=0)) ** 2, axis=1)))] - 1
    ax.annotate(name, (shown.columns[int(j)], shown.rows[int(i)]), ha="center", va="center", fontsize=9, color=INK,
                bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1.5})
