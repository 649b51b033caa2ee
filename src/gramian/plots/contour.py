"""The loss as contours, and the way of each method down to its minimum, in a plane of two coefficients or curvatures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gramian.errors import bad_argument, counted, not_a_choice
from gramian.kernels.array_types import Floats
from gramian.plots.bowl import Bowl, bowl, walk
from gramian.plots.style import INK, figure, name_axes, pen
from gramian.solvers import SOLVERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = 160
FAR = 4.0
"""Paths that diverge are shown up to so many times the distance of their start from the minimum."""
FEW = 12
"""Steps up to which each has a mark; longer paths are thinner, so that one that crosses a valley many times is no solid area."""


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """share (q, q): what is left of the possible fall of J at (across[j], up[i]), all else at the minimum.

    paths: each method's iterates (t + 1, 2) in the same plane; best (2,): the minimum; curvatures (2,) along the axes.
    diverged: the methods whose J ended above its start.
    """

    title: str
    labels: tuple[str, str]
    across: Floats
    up: Floats
    share: Floats
    paths: dict[str, Floats]
    best: Floats
    curvatures: Floats
    diverged: frozenset[str] = frozenset()


def contour(
    formula: Any,
    data: Any,
    methods: str | Iterable[str] = "gradient",
    plane: tuple[int | str, int | str] | str = "curvature",
    *,
    step: float | str | None = None,
    batch: int | None = None,
    max_iter: int = 30,
    ridge: float = 0.0,
    seed: int = 0,
) -> Contour:
    """Work out the picture. formula, data: as gm.fit; or X and y, as gm.lstsq. methods: one or several that iterate.

    plane: two columns, by name or place, or "curvature", the directions of largest and smallest curvature. With a step of the
    user, who means his own columns, coefficients are shown as they are; else times the column's size, which is what the
    methods see. Raises ArgumentError for columns and methods that are not there.
    """
    bent = bowl(formula, data, ridge)
    names = [methods] if isinstance(methods, str) else list(methods)
    paths = {name: walk(bent, name, step, batch if SOLVERS[name].traits.batches else None, max_iter, seed)
             if name in SOLVERS else walk(bent, name, step, batch, max_iter, seed) for name in names}  # fmt: skip
    # In the coordinates of the methods, c = s b: H_s = H / (s s').
    size = np.sqrt(np.diag(bent.H)) if step is None else np.ones(len(bent.best))
    size = np.where(size > 0, size, 1.0)
    H = bent.H / np.outer(size, size)
    axes, labels = _axes(bent, H, plane, scaled=step is None)
    best = axes @ (size * bent.best)
    shown = {name: (path * size) @ axes.T for name, path in paths.items()}
    across, up = (_span([p[:, i] for p in shown.values()], float(best[i])) for i in range(2))
    small = axes @ H @ axes.T
    d = np.stack(np.meshgrid(across - best[0], up - best[1]), axis=-1)
    share = 0.5 * np.einsum("...i,ij,...j->...", d, small, d) / (bent.fall or 1.0)
    title = f"{', '.join(names)}: up to {counted(max_iter, 'iteration')}"
    rose = frozenset(name for name, path in paths.items() if not bent.above(path[-1:])[0] <= 1.0)
    return Contour(title, labels, across, up, share, shown, best, np.diag(small), rose)


def _axes(bent: Bowl, H: Floats, plane: object, scaled: bool) -> tuple[Floats, tuple[str, str]]:
    """(2, n) directions of norm 1, and what they are called."""
    n = len(bent.best)
    if n < 2:
        raise bad_argument("the number of columns", n, "two or more for a plane", "use the step sweep for one column")
    if plane == "curvature":
        values, vectors = np.linalg.eigh(H)
        labels = (f"direction of largest curvature, {values[-1]:.3g}", f"direction of smallest curvature, {values[0]:.3g}")
        # Signed so that the minimum lies up and to the right.
        picked = vectors[:, [-1, 0]].T
        signs = np.where(picked @ (np.sqrt(np.diag(bent.H)) * bent.best if scaled else bent.best) < 0, -1.0, 1.0)
        return picked * signs[:, None], labels
    if isinstance(plane, str) or not isinstance(plane, tuple | list) or len(plane) != 2:
        raise bad_argument("plane", plane, 'two columns, as ("sqft", "beds") or (0, 1), or "curvature"')
    first, second = (_column(bent.names, which) for which in plane)
    if first == second:
        raise bad_argument("plane", plane, "two different columns")
    unit = np.eye(n)[[first, second]]
    word = "coefficient of {} x its size" if scaled else "coefficient of {}"
    return unit, (word.format(bent.names[first]), word.format(bent.names[second]))


def _column(names: tuple[str, ...], which: object) -> int:
    if isinstance(which, str):
        if which not in names:
            raise not_a_choice("a column of the plane", which, names)
        return names.index(which)
    if isinstance(which, int | np.integer) and not isinstance(which, bool) and 0 <= int(which) < len(names):
        return int(which)
    raise bad_argument("a column of the plane", which, f"a name, or a whole number from 0 to {len(names) - 1}")


def _span(paths: list[Floats], best: float) -> Floats:
    """A grid that holds the starts, the minimum and, within reason, the paths."""
    far = max(max((abs(float(p[0]) - best) for p in paths), default=0.0), 1e-12 * (1.0 + abs(best)))
    near = np.concatenate([p[np.abs(p - best) <= FAR * far] for p in paths] + [[best - 0.3 * far, best + 0.3 * far]])
    low, high = float(near.min()), float(near.max())
    room = 0.12 * (high - low)
    return np.linspace(low - room, high + room, GRID)


def plot_contour(shown: Contour) -> Figure:
    """Draw it."""
    fig, ax = figure(6.4, 5.0)
    top = float(np.max(shown.share))
    decades = 10.0 ** np.arange(-5.0, np.floor(np.log10(top)) + 1.0)
    levels = 10.0 ** np.arange(-5.0, np.ceil(np.log10(top)) + 0.1, 1 / 3)
    ax.contourf(shown.across, shown.up, shown.share, levels=[0.0, *levels], colors=_greys(len(levels)))
    lines = ax.contour(shown.across, shown.up, shown.share, levels=decades, colors="#8a8a8a", linewidths=0.8)
    labels = ax.clabel(lines, fontsize=7.5, fmt="%g", colors=INK)
    ax.grid(False)
    for place, (name, path) in enumerate(shown.paths.items()):
        colour, dashes = pen(place)
        gone = name in shown.diverged
        path = _within(path, shown) if gone else path
        few = len(path) <= FEW
        ax.plot(path[:, 0], path[:, 1], color=colour, linestyle=dashes, linewidth=1.3 if few else 0.6,
                alpha=1.0 if few else 0.7, marker="o", markersize=3 if few else 1.8, label=f"{name}, diverged" if gone else name)
    start = next(iter(shown.paths.values()))[0]
    ax.plot(*start, marker="s", color=INK, markersize=6, linestyle="none", label="start")
    ax.plot(*shown.best, marker="*", color=INK, markersize=12, linestyle="none", label="minimum")
    ax.set_xlim(shown.across[0], shown.across[-1])
    ax.set_ylim(shown.up[0], shown.up[-1])
    name_axes(ax, *shown.labels, title=f"{shown.title}\nlines: share of the possible fall of J left")
    ax.legend(fontsize=8, frameon=True, framealpha=0.85, edgecolor="none", loc="best")
    _level(labels)
    return fig


def _within(path: Floats, shown: Contour) -> Floats:
    """Up to the first place outside of the picture, which the axes cut off."""
    low, high = (np.array([shown.across[i], shown.up[i]]) for i in (0, -1))
    outside = np.any((path < low) | (path > high), axis=1)
    return path[: int(np.argmax(outside)) + 1] if outside.any() else path


def _level(labels: list[Any]) -> None:
    """Labels of lines stand upright, and those that would cover another one are removed."""
    kept: list[Any] = []
    for label in labels:
        label.set_rotation(0)
        box = label.get_window_extent().padded(2)
        if any(box.overlaps(other) for other in kept):
            label.set_visible(False)
        else:
            kept.append(box)


def _greys(count: int) -> list[str]:
    """From white to a light grey."""
    return [str(shade) for shade in np.linspace(1.0, 0.80, count)]
