"""Coefficients with their intervals, one line each; and how they shrink along a ridge path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gramian.errors import bad_argument
from gramian.kernels.array_types import Floats
from gramian.plots.style import COLOURS, INK, PALE, figure, name_axes, pen, shortened, titled
from gramian.reductions.moments import MomentSums

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 40
"""Coefficients of one picture; of more, those furthest from zero in standard errors."""
APART = 50.0
"""Where the widest interval is so many times the narrowest, one axis cannot show both, and standard errors are the unit."""
NAMED = 12
"""Lines of a ridge path that are named."""


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """names with coef, low, high (q,), in printed order; left_out: how many more there are; in_errors: unit is the standard
    error of each.
    """

    names: tuple[str, ...]
    coef: Floats
    low: Floats
    high: Floats
    left_out: int
    in_errors: bool
    level: float


def coefficients(
    names: tuple[str, ...], coef: Floats, se: Floats, limits: Floats, level: float, in_errors: bool | None = None
) -> Coefficients:
    """coef, se (p,), limits (p, 2); those without a standard error are left out. in_errors: None decides by the widths."""
    known = np.flatnonzero(np.isfinite(coef) & np.isfinite(se) & (se > 0))
    far = np.argsort(-np.abs(coef[known] / se[known]), kind="stable")[:MOST]
    picked = known[np.sort(far)]
    widths = limits[picked, 1] - limits[picked, 0]
    if in_errors is None:
        in_errors = bool(picked.size and float(widths.max()) > APART * float(widths.min()))
    unit = se[picked] if in_errors else np.ones(picked.size)
    chosen: tuple[str, ...] = tuple(names[i] for i in picked.tolist())
    low, high = limits[picked].T / unit
    return Coefficients(chosen, coef[picked] / unit, low, high, len(names) - picked.size, in_errors, level)


def plot_coefficients(shown: Coefficients, title: str) -> Figure:
    """Draw them, the first at the top."""
    q = len(shown.names)
    fig, ax = figure(6.8, 1.3 + 0.26 * max(q, 3))
    at = np.arange(q)[::-1]
    ax.axvline(0.0, color=PALE, linewidth=1.0)
    apart = (shown.low > 0) | (shown.high < 0)
    for j in range(q):
        ax.plot([shown.low[j], shown.high[j]], [at[j], at[j]], color=COLOURS[0], linewidth=1.6, alpha=1.0 if apart[j] else 0.55)
    ax.plot(shown.coef[apart], at[apart], "o", color=COLOURS[0], markersize=5, label="interval without zero")
    ax.plot(shown.coef[~apart], at[~apart], "o", color=COLOURS[0], markerfacecolor="white", markersize=5,
            label="interval with zero")
    ax.set_yticks(at, [shortened(name, 36) for name in shown.names])
    ax.set_ylim(-0.7, q - 0.3)
    ax.grid(False, axis="y")
    unit = ", in its standard errors" if shown.in_errors else ""
    rest = f"; {shown.left_out} more not shown" if shown.left_out else ""
    name_axes(ax, f"coefficient{unit}", "", titled(title, f"{100 * shown.level:g}% intervals{rest}", width=52))
    return fig


# ---- ridge path ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class RidgePath:
    """coef (q, n): the coefficients times the deviation of their columns, at each of ridges (q,); freedom (q,): effective
    degrees of freedom of the slopes, sum of s / (s + ridge) over the eigenvalues s of X'X.
    """

    names: tuple[str, ...]
    ridges: Floats
    coef: Floats
    freedom: Floats


def ridge_path(moments: MomentSums, names: Sequence[str], target: int = 0, ridges: Floats | None = None) -> RidgePath:
    """From the Gram matrix: b(ridge) = V (S + ridge)^-1 V'X'y, X'X = V S V'. Default 80 ridges around the eigenvalues."""
    n = moments.n
    if n == 0:
        raise bad_argument("the number of columns", n, "one or more for a ridge path")
    G, c = moments.gram[:n, :n], moments.gram[:n, n + target]
    values, vectors = np.linalg.eigh(G)
    values = np.maximum(values, 0.0)
    top = float(values[-1])
    if top <= 0:
        raise bad_argument("the columns", "all constant", "columns that vary")
    if ridges is None:
        bottom = max(float(values[values > 1e-13 * top][0]) * 1e-2, 1e-12 * top)
        ridges = np.geomspace(bottom, 1e2 * top, 80)
    shrunk = (vectors.T @ c) / (values + ridges[:, None])
    size = np.sqrt(np.diag(G) / moments.counts.weight)
    return RidgePath(tuple(names), ridges, shrunk @ vectors.T * size, np.sum(values / (values + ridges[:, None]), axis=1))


def plot_ridge(shown: RidgePath, title: str) -> Figure:
    """Draw it; the largest coefficients are named where their lines begin."""
    fig, ax = figure(7.6, 4.6)
    ax.set_xscale("log")
    ax.axhline(0.0, color=PALE, linewidth=0.8)
    loud = list(np.argsort(-np.max(np.abs(shown.coef), axis=0), kind="stable"))
    for place, j in enumerate(loud):
        colour, dashes = pen(place) if place < NAMED else (PALE, "-")
        ax.plot(shown.ridges, shown.coef[:, j], color=colour, linestyle=dashes, linewidth=1.5 if place < NAMED else 0.7,
                label=shortened(shown.names[j], 28) if place < NAMED else None, zorder=3 if place < NAMED else 2)
    name_axes(ax, "ridge, added to the diagonal of X'X", "coefficient x deviation of its column\n(units of the target)",
              titled(title, width=64))
    top = ax.secondary_xaxis("top")
    picked = np.linspace(0, len(shown.ridges) - 1, 6).astype(int)
    top.set_xticks(shown.ridges[picked], [f"{shown.freedom[i]:.1f}" for i in picked])
    top.minorticks_off()
    top.tick_params(labelsize=7, colors=PALE)
    top.set_xlabel("effective degrees of freedom", fontsize=8, color=PALE)
    rest = len(loud) - NAMED
    legend = ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False, labelcolor=INK,
                       title=f"largest; {rest} more in grey" if rest > 0 else None, alignment="left")
    legend.get_title().set_fontsize(8)
    return fig
