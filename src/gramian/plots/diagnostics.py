"""Four pictures of the residuals: against the fitted values, against normal quantiles, their spread, and leverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gramian.inference.family_influence import FamilyInfluence
from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.special import special
from gramian.plots.style import COLOURS, INK, PALE, few_ticks, figure, name_axes, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gramian.inference.influence import Influence

MOST = 5000
"""Points that are drawn; of more rows, those that stand out most and an even choice of the others."""
NAMED = 3
"""Rows that are labelled in each picture."""
NEAR, LINE, HIGH = 0.2, 0.05, 180.0
"""Shares of a picture's width and height within which two labels would cover each other, and its height in points."""
COOK = (0.5, 1.0)
BINS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Of the rows drawn, in the order of the data: place in the data (counted from 0), fitted, residual, leverage,
    standardised residual, Cook's distance, the normal quantile of its rank among all rows. (q,) each. used: rows of the fit;
    rank: of X. trend, spread: (x, y) lines through means of bins of all rows. kind: "residual", or "deviance residual" for
    another family than the normal.
    """

    place: Floats
    fitted: Floats
    residual: Floats
    leverage: Floats
    standard: Floats
    cooks: Floats
    quantile: Floats
    used: int
    rank: int
    trend: tuple[Floats, Floats]
    spread: tuple[Floats, Floats]
    kind: str = "residual"


def residuals(seen: Influence | FamilyInfluence, target: int = 0) -> Residuals:
    """From fit.influence(); rows left out, and rows that the fit goes through exactly, are not shown."""

    def column(values: Floats) -> Floats:
        return values if values.ndim == 1 else values[:, target]

    plain = seen.deviance if isinstance(seen, FamilyInfluence) else seen.residuals
    kind = "deviance residual" if isinstance(seen, FamilyInfluence) else "residual"
    fitted, residual, standard, cooks = map(column, (seen.fitted, plain, seen.standardized, seen.cooks))
    shown = np.flatnonzero(np.isfinite(standard) & np.isfinite(fitted))
    order = np.argsort(standard[shown], kind="stable")
    quantile = np.empty(shown.size)
    quantile[order] = special.ndtri((np.arange(shown.size) + 0.5) / max(shown.size, 1))
    picked = _picked(np.abs(standard[shown]), cooks[shown], seen.leverage[shown])
    rows = shown[picked]
    trend = _binned(fitted[shown], residual[shown])
    spread = _binned(fitted[shown], np.sqrt(np.abs(standard[shown])))
    used = int(np.count_nonzero(np.isfinite(seen.leverage)))
    return Residuals(
        rows.astype(np.float64), fitted[rows], residual[rows], seen.leverage[rows], standard[rows], cooks[rows],
        quantile[picked], used, seen.rank, trend, spread, kind,
    )  # fmt: skip


def _picked(*measures: Floats) -> Ints:
    m = measures[0].size
    if m <= MOST:
        return np.arange(m)
    most = MOST // 10
    out = [np.argpartition(values, m - most)[m - most :] for values in measures]
    even = np.linspace(0, m - 1, MOST - len(out) * most).astype(np.intp)
    return np.unique(np.concatenate([*out, even]))


def _binned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Means of y in bins of equally many rows by x."""
    if x.size < 2 * BINS:
        return np.zeros(0), np.zeros(0)
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, BINS)
    return np.array([x[p].mean() for p in parts]), np.array([y[p].mean() for p in parts])


def plot_residuals(shown: Residuals, title: str) -> Figure:
    """Draw the four."""
    fig, axes = figure(9.0, 7.2, 2, 2)
    few = shown.place.size < shown.used
    count = f"{shown.place.size:,} of {shown.used:,} rows, those that stand out among them" if few else f"{shown.used:,} rows"
    fig.suptitle(titled(title, f"{count}; counted from 0", width=110), fontsize=10, color=INK, x=0.01, ha="left")
    (one, two), (three, four) = axes
    loud = np.argsort(-np.abs(shown.standard), kind="stable")[:NAMED]
    _scatter(one, shown.fitted, shown.residual, shown.place, loud)
    one.axhline(0.0, color=PALE, linewidth=0.8)
    one.plot(*shown.trend, color=COLOURS[1], linewidth=1.6, label="mean of bins")
    name_axes(one, "fitted value", shown.kind, "Residuals against fitted")
    _scatter(two, shown.quantile, shown.standard, shown.place, loud)
    ends = [float(np.min(shown.quantile, initial=0.0)), float(np.max(shown.quantile, initial=0.0))]
    two.plot(ends, ends, color=COLOURS[1], linewidth=1.2, label="normal")
    name_axes(two, "normal quantile", f"standardised {shown.kind}", "Normal Q-Q")
    _scatter(three, shown.fitted, np.sqrt(np.abs(shown.standard)), shown.place, loud)
    three.plot(*shown.spread, color=COLOURS[1], linewidth=1.6, label="mean of bins")
    name_axes(three, "fitted value", f"root of |standardised {shown.kind}|", "Scale-location")
    _scatter(four, shown.leverage, shown.standard, shown.place, np.argsort(-shown.cooks, kind="stable")[:NAMED])
    _cook(four, shown)
    name_axes(four, "leverage", f"standardised {shown.kind}", "Leverage")
    for ax in (one, two, three, four):
        if any(len(handle.get_xdata()) for handle in ax.get_legend_handles_labels()[0]):
            ax.legend(fontsize=8, frameon=False, loc="best")
    return fig


def _scatter(ax: Axes, x: Floats, y: Floats, place: Floats, named: Ints) -> None:
    faint = float(np.clip(300 / max(x.size, 1), 0.15, 0.8))
    ax.plot(x, y, linestyle="none", marker="o", markersize=3, markeredgewidth=0, color=COLOURS[0], alpha=faint, rasterized=True)
    few_ticks(ax)
    ax.plot(x[named], y[named], linestyle="none", marker="o", markersize=4, markeredgewidth=0, color=COLOURS[0])
    _label(ax, x, y, place, named)


def _label(ax: Axes, x: Floats, y: Floats, place: Floats, named: Ints) -> None:
    """The rows' numbers beside their points, from the top down, each below those that it would cover."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    taken: list[tuple[float, float]] = []
    for i in sorted(named.tolist(), key=lambda each: -float(y[each])):
        across, up = (float(x[i]) - left) / (right - left), (float(y[i]) - low) / (high - low)
        lift = 0.0
        while any(abs(across - a) < NEAR and abs(up + lift - b) < LINE for a, b in taken):
            lift -= LINE / 4
        taken.append((across, up + lift))
        side = "right" if across > 0.5 else "left"
        ax.annotate(f"row {int(place[i]):,}", (float(x[i]), float(y[i])), fontsize=7, color=INK, ha=side, va="center",
                    xytext=(-5 if side == "right" else 5, HIGH * lift), textcoords="offset points")
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


def _cook(ax: Axes, shown: Residuals) -> None:
    """Lines along which Cook's distance r^2 h / ((1 - h) rank) is one half and one, where rows come near them."""
    ax.axhline(0.0, color=PALE, linewidth=0.8)
    top = float(np.max(shown.leverage, initial=0.0))
    if top <= 0:
        return
    limits = ax.get_ylim()
    h = np.linspace(top * 1e-3, min(top * 1.05, 0.999), 200)
    for level, dashes in zip(COOK, ((0, (2, 2)), "--"), strict=True):
        r = np.sqrt(level * shown.rank * (1 - h) / h)
        if float(r.min()) > 1.3 * max(map(abs, limits)):
            continue
        ax.plot(h, r, color=COLOURS[1], linewidth=1.0, linestyle=dashes, label=f"Cook's distance {level:g}")
        ax.plot(h, -r, color=COLOURS[1], linewidth=1.0, linestyle=dashes)
    ax.set_ylim(limits)
