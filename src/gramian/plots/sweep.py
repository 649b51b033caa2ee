"""What a fixed step does: what is left after so many iterations, for steps up to and beyond the edge of stability at 2/L."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gramian.errors import bad_argument, cannot, counted, not_a_choice
from gramian.kernels.array_types import Floats
from gramian.plots.bowl import bowl, walk
from gramian.plots.style import INK, PALE, figure, name_axes, pen
from gramian.solvers import SOLVERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP, BOTTOM = 1e4, 1e-16
"""What is left is drawn between these; above, the method diverges."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """left: for each method (q,), the share of the possible fall of J after `iterations` with each of `steps`; inf: diverged.

    edge: 2/L, beyond which gradient descent cannot converge; best: 2/(L + mu), its quickest step.
    """

    steps: Floats
    left: dict[str, Floats]
    iterations: int
    edge: float
    best: float


def sweep(
    formula: Any,
    data: Any,
    methods: str | Iterable[str] = "gradient",
    *,
    iterations: int = 50,
    steps: Any = None,
    ridge: float = 0.0,
) -> Sweep:
    """Run methods that take a step from zero in the user's own columns. formula, data: as gm.fit, or X and y.

    steps: default 41 from 2/L / 1000 to 2 x 2/L. Raises ArgumentError for a method without a step and steps that are not
    positive.
    """
    names = [methods] if isinstance(methods, str) else list(methods)
    able = [name for name, solver in SOLVERS.items() if solver.traits.steps]
    for name in names:
        if name not in SOLVERS:
            raise not_a_choice("method", name, able)
        if name not in able:
            raise cannot(f"method={name!r}", "take a step", able)
    bent = bowl(formula, data, ridge)
    values = np.linalg.eigvalsh(bent.raw_H)
    L, mu = float(values[-1]), max(float(values[0]), 0.0)
    tried = 2.0 / L * np.geomspace(1e-3, 2.0, 41) if steps is None else np.asarray(steps, dtype=np.float64)
    if tried.ndim != 1 or tried.size == 0 or not np.all((tried > 0) & np.isfinite(tried)):
        raise bad_argument("steps", steps, "a list of finite numbers > 0")
    left = {name: np.array([_left(bent.above(walk(bent, name, float(h), None, int(iterations))), int(iterations))
                            for h in tried]) for name in names}  # fmt: skip
    return Sweep(tried, left, int(iterations), 2.0 / L, 2.0 / (L + mu))


def _left(shares: Floats, iterations: int) -> float:
    """At the end of a path; one that was cut off above its start has diverged."""
    last = float(shares[-1])
    return float("inf") if not np.isfinite(last) or (len(shares) <= iterations and last > 1.0) else last


def plot_sweep(shown: Sweep) -> Figure:
    """Draw it, on logarithmic axes."""
    fig, ax = figure(6.8, 4.4)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for place, (name, left) in enumerate(shown.left.items()):
        colour, dashes = pen(place)
        ax.plot(shown.steps, np.clip(left, BOTTOM, TOP), color=colour, linestyle=dashes, linewidth=1.6, marker="o",
                markersize=3, label=name)
    low = min(float(np.min(left)) for left in shown.left.values())
    ax.set_ylim(max(low / 4, BOTTOM / 4), TOP)
    ax.axvspan(shown.edge, float(shown.steps[-1]) * 1.05, color="#D55E00", alpha=0.08, linewidth=0)
    ax.set_xlim(float(shown.steps[0]) / 1.05, float(shown.steps[-1]) * 1.05)
    for at, text in ((shown.edge, f"2/L = {shown.edge:.3g}"),):
        ax.axvline(at, color=INK, linewidth=1.0)
        ax.annotate(text, (at, 1.0), xycoords=("data", "axes fraction"), ha="right", va="bottom", fontsize=8, color=INK,
                    xytext=(0, 2), textcoords="offset points")
    ax.axhline(1.0, color=PALE, linewidth=0.8, linestyle=(0, (2, 2)))
    ax.annotate("where it began", (0.01, 1.0), xycoords=("axes fraction", "data"), va="bottom", fontsize=8, color=PALE)
    ax.annotate("diverges", (0.99, 0.93), xycoords="axes fraction", ha="right", va="top", fontsize=8, color="#A04000")
    name_axes(ax, "step, on the gradient of J in the user's columns", "share of the possible fall of J left",
              f"After {counted(shown.iterations, 'iteration')}")
    if len(shown.left) > 1:
        ax.legend(fontsize=8, frameon=False, loc="lower left")
    return fig
