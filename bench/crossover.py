"""Where descent overtakes the normal equation on this machine: raced on a grid of rows and columns, and as the plan prices it.

Writes docs/crossover.md with its pictures. The problems are Gaussian rows whose neighbouring columns are correlated, so that
their condition number is known: (1 + r) / (1 - r) for correlation r.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import gramian as gm
from bench.data import Floats
from bench.timing import machine, write
from gramian.data.arrays import ArrayRows
from gramian.execution.blas import single_threaded_blas
from gramian.execution.threads import Threads
from gramian.plots import crossover, plot_crossover
from gramian.problem.penalties import NoPenalty
from gramian.problem.wanted import Wanted
from gramian.racing import Race
from gramian.solvers import SOLVERS

DOCS = Path(__file__).resolve().parents[1] / "docs"
COMMAND = "python -m bench crossover"
RULE = 10_000
"""Features from which the texts turn from the normal equation to gradient descent."""
CONDITIONS = (10.0, 1000.0)
ROWS, COLUMNS = (2_000, 10_000, 30_000), (10, 30, 100, 300, 1_000, 2_000, 3_000)
MOST = 5e7
"""Entries of the largest problem."""
DIGITS = (2.0, 8.0)
LONGEST = 3.0
"""Each method gets so many times what the normal equation took: whoever needs longer is not ahead."""
NORMAL, KRYLOV, DESCENT = "cholesky", ("cg", "lsmr", "lbfgs"), "gradient"


@dataclass(frozen=True)
class Cell:
    """Seconds to so many digits on one problem; infinite where the budget ended first."""

    rows: int
    columns: int
    condition: float
    normal: dict[float, float]
    krylov: dict[float, tuple[str, float]]
    descent: dict[float, float]


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes few small problems and writes no page."""
    short = "short" in arguments
    rows, columns = ((2_000,), (10, 100, 300)) if short else (ROWS, COLUMNS)
    cells = []
    for condition in CONDITIONS:
        for m in rows:
            for n in columns:
                if m >= 2 * n and m * n <= MOST:
                    cells.append(_raced(m, n, condition))
                    print(_line(cells[-1]), file=sys.stderr, flush=True)
    lines = [HEAD, *map(_line, cells), "", *_crossings(cells)]
    write("crossover", lines, short)
    if not short:
        _page(cells)


def problem(m: int, n: int, condition: float) -> tuple[Floats, Floats]:
    """Column j is r times column j - 1 plus noise, of deviation 1."""
    rng = np.random.default_rng(n)
    r = (condition - 1.0) / (condition + 1.0)
    X = rng.standard_normal((m, n))
    for j in range(1, n):
        X[:, j] *= math.sqrt(1.0 - r * r)
        X[:, j] += r * X[:, j - 1]
    return X, X @ rng.standard_normal(n) + rng.standard_normal(m)


def _raced(m: int, n: int, condition: float) -> Cell:
    X, y = problem(m, n, condition)
    # On one thread: threads that spin for a core that another process holds would be charged to the normal equation alone.
    with single_threaded_blas():
        rows = ArrayRows.of(X, y)
        started = time.perf_counter()
        solver = SOLVERS[NORMAL]
        solver.solve(solver.view.of(rows, Threads(1)), Wanted(NoPenalty(), "drop"))
        once = time.perf_counter() - started
        share = max(LONGEST * once, 0.4)
        methods = [NORMAL, *KRYLOV, DESCENT]
        # Gradient descent takes steps that fit the curvature met so far: no Gram matrix is made to find 1/L.
        found = gm.race(
            X, y, methods, budget=len(methods) * share, accuracy=DIGITS[-1], threads=1, step="barzilai-borwein"
        )
    return Cell(
        m,
        n,
        condition,
        {d: min(found[NORMAL].seconds_to(d), once) for d in DIGITS},
        {d: _best(found, d) for d in DIGITS},
        {d: found[DESCENT].seconds_to(d) for d in DIGITS},
    )


def _best(race: Race, digits: float) -> tuple[str, float]:
    name = min(KRYLOV, key=lambda each: race[each].seconds_to(digits))
    return name, race[name].seconds_to(digits)


HEAD = (
    f"{'condition':>9} {'rows':>8} {'columns':>8} {'normal eq.':>11}   "
    f"{'2 digits: best iterative':<26}{'descent':>9}   {'8 digits: best iterative':<26}{'descent':>9}"
)


def _line(cell: Cell) -> str:
    parts = [f"{cell.condition:9.0f} {cell.rows:8,} {cell.columns:8,} {_time(cell.normal[DIGITS[-1]]):>11}"]
    for digits in DIGITS:
        name, seconds = cell.krylov[digits]
        best = f"{name if seconds < math.inf else '':<8}{_time(seconds):>9}{_ratio(cell, digits):>9}"
        parts.append(f"{best}{_time(cell.descent[digits]):>9}")
    return "   ".join(parts)


def _ratio(cell: Cell, digits: float) -> str:
    """Of the best iterative method over the normal equation."""
    share = cell.krylov[digits][1] / cell.normal[digits]
    return f"{share:.2f} x" if share < math.inf else ""


def _time(seconds: float) -> str:
    if not seconds < math.inf:
        return "-"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


# ---- where they cross


def crossing(columns: list[int], shares: list[float]) -> float | None:
    """The columns from which shares (iterative over direct) stay below 1, on a straight line in logarithms; None: never."""
    above = [i for i, share in enumerate(shares) if share >= 1.0]
    if not above:
        return float(columns[0])
    last = above[-1]
    if last == len(shares) - 1:
        return None
    if not math.isfinite(shares[last]):
        return float(columns[last + 1])
    a, b = math.log(shares[last]), math.log(shares[last + 1])
    low, high = math.log(columns[last]), math.log(columns[last + 1])
    return math.exp(low + (high - low) * a / (a - b))


def _shares(cells: list[Cell], m: int, condition: float, digits: float, descent: bool) -> tuple[list[int], list[float]]:
    own = [cell for cell in cells if cell.rows == m and cell.condition == condition]
    seconds = [cell.descent[digits] if descent else cell.krylov[digits][1] for cell in own]
    return [cell.columns for cell in own], [s / cell.normal[digits] for s, cell in zip(seconds, own, strict=True)]


def _crossings(cells: list[Cell]) -> list[str]:
    lines = ["columns from which it is faster than the normal equation:"]
    for condition in CONDITIONS:
        for m in sorted({cell.rows for cell in cells}):
            told = []
            for digits in DIGITS:
                for descent, what in ((False, "the best iterative method"), (True, "gradient descent")):
                    columns, shares = _shares(cells, m, condition, digits, descent)
                    told.append(f"{what} to {digits:g} digits {_columns(crossing(columns, shares), columns)}")
            lines.append(f"  condition {condition:g}, {m:,} rows: {'; '.join(told)}")
    return lines


def _columns(at: float | None, columns: list[int]) -> str:
    if at is None:
        return f"not up to {columns[-1]:,}"
    return f"{at:,.0f}" if at > columns[0] else f"{columns[0]:,} or fewer"


# ---- the page


def _page(cells: list[Cell]) -> None:
    _measured_picture(cells).savefig(DOCS / "crossover-measured.png")
    for name, settings in (("full", {}), ("loose", {"accuracy": DIGITS[0], "condition": CONDITIONS[0]})):
        plot_crossover(crossover(**settings)).savefig(DOCS / f"crossover-{name}.png")
    text = "\n".join(_paragraphs(cells))
    (DOCS / "crossover.md").write_text(text, encoding="utf-8")


def _paragraphs(cells: list[Cell]) -> list[str]:
    lines = [
        "# Normal equation or gradient descent, on this machine",
        "",
        f"Written by `{COMMAND}` on {date.today().isoformat()}; do not edit.",
        f"Machine: {machine()}.",
        "",
        f"The texts say: up to some {RULE:,} features solve the normal equation, above take gradient descent. Whether that holds",
        "depends on the machine, on the digits that are wanted, and on the condition of the columns; the rows matter little,",
        "since both read all of them. So it was measured.",
        "",
        "## The rule, measured",
        "",
        "Columns from which an iterative method had the digits before the normal equation was solved:",
        "",
        "| condition | rows | 2 digits, best iterative | 2 digits, gradient descent | 8 digits, best iterative | "
        "8 digits, gradient descent |",
        "|---|---|---|---|---|---|",
    ]
    for condition in CONDITIONS:
        for m in sorted({cell.rows for cell in cells}):
            found = []
            for digits in DIGITS:
                for descent in (False, True):
                    columns, shares = _shares(cells, m, condition, digits, descent)
                    found.append(_columns(crossing(columns, shares), columns))
            lines.append(f"| {condition:g} | {m:,} | {' | '.join(found)} |")
    lines += [
        "",
        _verdict(cells),
        "",
        "![seconds against columns](crossover-measured.png)",
        "",
        "Each figure is the time, on one thread, from the first row read to coefficients with that many digits, against a",
        "certified reference; neither certificate nor compilation is timed. The normal equation is `cholesky`, whose answer has",
        f"all the digits at once; the best iterative method is the quickest of {_listed(KRYLOV)}; gradient descent takes",
        "Barzilai and Borwein's steps, since the textbook step 1/L needs the largest curvature first. A dash: not within",
        f"{LONGEST:g} times what the normal equation takes (0.4 s at least).",
        "",
        "```",
        HEAD,
        *map(_line, cells),
        "```",
        "",
        "## The rule, priced",
        "",
        "What `method=\"auto\"` takes is decided before anything is read, from counted work and the prices of this machine. The",
        "prices count what a fit does beyond the race: the certificate, the standard errors, and the Gram matrix that both are",
        "made from, which is also why a direct method is taken further than the race alone would say.",
        "",
        "![all digits](crossover-full.png)",
        "",
        f"![{DIGITS[0]:g} digits](crossover-loose.png)",
        "",
        "Your own problem in the map: `from gramian.plots import crossover, plot_crossover`, then",
        "`plot_crossover(crossover((rows, columns), accuracy=2)).savefig(\"map.png\")`. Your own data on the track:",
        "`gramian race DATA FORMULA`; see [the race](race.md).",
        "",
    ]
    return lines


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _verdict(cells: list[Cell]) -> str:
    """What the rule becomes, from the figures: a line for each condition and number of digits."""
    lines: list[str] = []
    for condition in CONDITIONS:
        for digits in DIGITS:
            told = [f"{who} {_ahead(cells, condition, digits, descent)}"
                    for descent, who in ((False, "the best iterative method"), (True, "gradient descent"))]
            lines.append(f"- Condition {condition:g}, {digits:g} digits: {'; '.join(told)}.")
    return "\n".join(lines)


def _ahead(cells: list[Cell], condition: float, digits: float, descent: bool) -> str:
    """As "is ahead from 600 to 900 columns on", over the numbers of rows."""
    measured = [_shares(cells, m, condition, digits, descent) for m in sorted({cell.rows for cell in cells})]
    known = [place for place in (crossing(columns, shares) for columns, shares in measured) if place is not None]
    if not known:
        return f"was not ahead on any of these problems, of up to {max(columns[-1] for columns, _ in measured):,} columns"
    low, high = (f"{float(f'{place:.1g}'):,.0f}" for place in (min(known), max(known)))
    return f"is ahead from about {low if low == high else f'{low} to {high}'} columns on"


def _measured_picture(cells: list[Cell]) -> Any:
    from gramian.plots.style import COLOURS, figure, name_axes

    m = max((rows for rows in {cell.rows for cell in cells}), key=lambda rows: max(c.columns for c in cells if c.rows == rows))
    fig, axes = figure(9.0, 4.2, 1, len(CONDITIONS), sharey=True)
    for ax, condition in zip(axes, CONDITIONS, strict=True):
        own = [cell for cell in cells if cell.rows == m and cell.condition == condition]
        n = [cell.columns for cell in own]
        ax.set_xscale("log")
        ax.set_yscale("log")
        normal = [cell.normal[DIGITS[-1]] for cell in own]
        ax.plot(n, normal, color=COLOURS[0], linewidth=2, marker="D", label="normal equation, all digits")
        for digits, dashes in zip(DIGITS, ("--", "-"), strict=True):
            for place, who in enumerate(("best iterative", "gradient descent")):
                seconds = [_shown(cell.descent[digits] if place else cell.krylov[digits][1]) for cell in own]
                ax.plot(n, seconds, color=COLOURS[1 + place], linestyle=dashes, marker="os"[place], markersize=4,
                        label=f"{who}, {digits:g} digits")
        name_axes(ax, "columns", "seconds" if condition == CONDITIONS[0] else "", f"condition {condition:g}, {m:,} rows")
    axes[0].legend(fontsize=8, frameon=False)
    return fig


def _shown(seconds: float) -> float:
    return seconds if seconds < math.inf else math.nan
