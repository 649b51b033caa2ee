"""Claims against exact truth on many random problems: by method, by condition and by size of the residual."""

from __future__ import annotations

import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from statistics import median

from bench.stress import ROUTES, Verdict, run
from bench.timing import write

CHUNK = 100
Row = tuple[str, float, float, list[str], list[float], int]


def main(arguments: list[str]) -> None:
    """Arguments: how many problems (default 2,000), and the first seed."""
    numbers = [int(argument) for argument in arguments if argument.isdigit()]
    count = numbers[0] if numbers else 200 if "short" in arguments else 2_000
    first = numbers[1] if len(numbers) > 1 else 1_000_000
    with ProcessPoolExecutor() as pool:
        starts = range(first, first + count, CHUNK)
        rows = [row for part in pool.map(_chunk, starts, [first + count] * len(starts)) for row in part]
    lines = [f"{count:,} problems by {len(ROUTES)} ways; claims: of each coefficient, the whole, the intercept", ""]
    lines += _table("way", rows, lambda row: row[0])
    lines += _table("condition", rows, lambda row: f"1e{int(row[1]) // 3 * 3:02d} to 1e{int(row[1]) // 3 * 3 + 3:02d}")
    lines += _table("residual / signal", rows, lambda row: f"{row[2]:.0e}")
    broken = [(row[5], row[0], row[3]) for row in rows if row[3]]
    lines += [f"  seed {seed}, {way}: {'; '.join(what[:2])}" for seed, way, what in broken[:40]]
    write("certificate", lines, "short" in arguments)


def _chunk(start: int, stop: int) -> list[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [_row(verdict) for verdict in run(range(start, min(start + CHUNK, stop)))]


def _row(verdict: Verdict) -> Row:
    from math import log10

    case = verdict.case
    return (str(verdict.route), log10(case.condition), case.residual, verdict.broken, verdict.pessimism, case.seed)


def _table(title: str, rows: list[Row], key) -> list[str]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    lines = [f"  {title:<32}{'answers':>9}{'claims':>9}{'broken':>9}{'digits hidden, median':>24}"]
    for name in sorted(groups):
        group = groups[name]
        hidden = [value for row in group for value in row[4]]
        broken = sum(len(row[3]) for row in group)
        told = f"{median(hidden):24.2f}" if hidden else " " * 24
        lines.append(f"  {name:<32}{len(group):>9,}{len(hidden):>9,}{broken:>9,}{told}")
    return [*lines, ""]
