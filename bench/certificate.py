"""Claims against exact truth on many random problems: by way, by trouble, by condition and size of the residual."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from math import inf, log10

from bench import stress_families
from bench.judging import Verdict
from bench.stress import run_all
from bench.timing import write

CHUNK = 100
MANY, WAYS = 20_000, 4
"""From so many problems on, each goes by so many ways."""
TOLD = 2_000
"""Problems after which the sums so far are told."""
KINDS = ("linear", "families")
BIN = 0.05
"""Digits of one bin of a histogram."""


@dataclass(slots=True)
class Tally:
    """Of some verdicts: answers, broken claims, refusals by reason, and how many digits the claims hide, by bins."""

    answers: int = 0
    broken: int = 0
    unreached: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    hidden: Counter[int] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.answers += not verdict.refused
        self.broken += len(verdict.broken)
        self.unreached += verdict.unreached
        self.refused.update([verdict.refused] if verdict.refused else [])
        self.hidden.update(int(value // BIN) for value in verdict.pessimism)

    def merge(self, other: Tally) -> None:
        self.answers += other.answers
        self.broken += other.broken
        self.unreached += other.unreached
        self.refused.update(other.refused)
        self.hidden.update(other.hidden)

    @property
    def claims(self) -> int:
        return sum(self.hidden.values())

    def quantile(self, share: float) -> float:
        left = share * self.claims
        for place in sorted(self.hidden):
            left -= self.hidden[place]
            if left <= 0:
                return max(place * BIN, 0.0)
        return 0.0


Tallies = dict[tuple[str, ...], Tally]
KEYS: tuple[Callable[[Verdict], tuple[str, ...]], ...] = (
    lambda verdict: ("way", str(verdict.route)),
    lambda verdict: ("trouble", verdict.case.kind),
    lambda verdict: ("cell", _condition(verdict.case.condition), _residual(verdict.case.residual)),
    lambda verdict: ("all",),
)


def main(arguments: list[str]) -> None:
    """Arguments: how many problems (default 2,000), the first seed, and minutes after which to end with what is done.

    So many of least squares and as many of the families; "linear" or "families" takes one kind alone. Many problems go by a few
    ways each, by turns. What is done is told as it goes.
    """
    kinds = [kind for kind in KINDS if kind in arguments] or list(KINDS)
    numbers = [int(argument) for argument in arguments if argument.isdigit()]
    count = numbers[0] if numbers else 200 if "short" in arguments else 2_000
    first = numbers[1] if len(numbers) > 1 else 1_000_000
    minutes = numbers[2] if len(numbers) > 2 else inf
    total: Tallies = defaultdict(Tally)
    broken: list[str] = []
    os.nice(10)
    begun, done = time.monotonic(), 0
    with ProcessPoolExecutor() as pool:
        starts = range(first, first + count, CHUNK)
        ways = None if count < MANY else WAYS
        chunk = partial(_chunk, stop=first + count, ways=ways, kinds=kinds)
        for tallies, told in pool.map(chunk, starts):
            for key, tally in tallies.items():
                total[key].merge(tally)
            broken += told
            for each in told:
                print(each, file=sys.stderr, flush=True)
            done = min(done + CHUNK, count)
            if done % TOLD == 0:
                print(_summary(done, total), file=sys.stderr, flush=True)
            if time.monotonic() - begun > 60.0 * minutes:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    lines = [_summary(done, total), "", *_table("way", total), *_table("trouble", total), *_grid(total), *_refusals(total)]
    name = "certificate" if len(kinds) == len(KINDS) else f"certificate-{kinds[0]}"
    write(name, [*lines, *broken[:40]], "short" in arguments)


def summary_of(count: int, first: int = 1_000_000) -> str:
    """The claims of so many problems in two lines, and each that is broken."""
    total: Tallies = defaultdict(Tally)
    broken: list[str] = []
    with ProcessPoolExecutor() as pool:
        starts = range(first, first + count, CHUNK)
        for tallies, told in pool.map(_chunk, starts, [first + count] * len(starts), [WAYS] * len(starts)):
            broken += told
            for key, tally in tallies.items():
                total[key].merge(tally)
    return "\n".join([_summary(count, total), *broken[:10]])


def _summary(done: int, total: Tallies) -> str:
    every = total[("all",)]
    return (
        f"{done:,} problems, {every.answers:,} answers, {every.claims:,} claims: of each coefficient, the whole, the intercept; "
        f"broken {every.broken:,}\ndigits hidden, median {every.quantile(0.5):.2f}; not of full rank though the scaled "
        f"condition is below 0.01 / tol: {every.unreached:,}"
    )


def _chunk(start: int, stop: int, ways: int | None, kinds: list[str]) -> tuple[Tallies, list[str]]:
    tallies: Tallies = defaultdict(Tally)
    told: list[str] = []
    seeds = range(start, min(start + CHUNK, stop))
    linear = run_all(seeds, ways) if "linear" in kinds else ()
    for verdict in chain(linear, stress_families.run_all(seeds) if "families" in kinds else ()):
        for key in KEYS:
            tallies[key(verdict)].add(verdict)
        if verdict.broken or verdict.unreached:
            what = "; ".join(verdict.broken[:2]) or f"not of full rank: {verdict.refused}"
            told.append(f"  seed {verdict.case.seed}, {verdict.route}: {what}")
    return dict(tallies), told


def _condition(value: float) -> str:
    low = min(int(log10(value)) // 4 * 4, 12)
    return f"1e{low:02d} to 1e{low + 4:02d}"


def _residual(value: float) -> str:
    named = ((0.0, "none"), (1e-5, "to 1e-6"), (0.1, "1e-2"), (10.0, "1"), (inf, "from 1e3"))
    return next(name for most, name in named if value <= most)


def _table(title: str, total: Tallies) -> list[str]:
    heads = f"{'answers':>9}{'refused':>9}{'claims':>10}{'broken':>8}{'not full':>10}{'hidden, median':>16}{'9 of 10':>9}"
    lines = [f"  {title:<34}{heads}"]
    for key in sorted(key for key in total if key[0] == title):
        t = total[key]
        told = f"{t.quantile(0.5):16.2f}{t.quantile(0.9):9.2f}" if t.claims else ""
        refused = sum(t.refused.values())
        lines.append(f"  {key[1]:<34}{t.answers:>9,}{refused:>9,}{t.claims:>10,}{t.broken:>8,}{t.unreached:>10,}{told}")
    return [*lines, ""]


def _grid(total: Tallies) -> list[str]:
    """Broken claims and digits hidden, by condition down and residual across."""
    cells = [key for key in total if key[0] == "cell"]
    across = [name for name in ("none", "to 1e-6", "1e-2", "1", "from 1e3") if any(key[2] == name for key in cells)]
    lines = ["  broken claims / digits hidden in the median, by condition and by residual beside signal"]
    lines.append(f"  {'':<16}{''.join(f'{name:>14}' for name in across)}")
    for down in sorted({key[1] for key in cells}):
        tallies = [total.get(("cell", down, name), Tally()) for name in across]
        lines.append(f"  {down:<16}{''.join(f'{t.broken:>7} / {t.quantile(0.5):4.2f}' for t in tallies)}")
    return [*lines, ""]


def _refusals(total: Tallies) -> list[str]:
    reasons = total[("all",)].refused
    ways = {reason: _by(total, reason) for reason in reasons}
    lines = ["  refused, by reason"] if reasons else []
    lines += [f"  {count:>9,}  {reason}: {', '.join(ways[reason])}" for reason, count in reasons.most_common()]
    return [*lines, ""]


def _by(total: Tallies, reason: str) -> Iterable[str]:
    return [f"{key[1]} {t.refused[reason]:,}" for key, t in sorted(total.items()) if key[0] == "way" and t.refused[reason]]


