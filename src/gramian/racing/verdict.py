"""Who won a race and why, in sentences: from the times, the passes, and the plan's counts of what a method had to do."""

from __future__ import annotations

import math

from gramian.errors import counted
from gramian.racing.lane import Lane, Standings, tie_until
from gramian.racing.text import duration
from gramian.report.numbers import certified
from gramian.solvers.cost import Cost

COARSE = 2.0
"""Digits of a rough answer, for which the race has a second winner."""
HEAVY: dict[str, str] = {
    "gram": "multiplications for the Gram matrix",
    "sparse gram": "multiplications for the Gram matrix",
    "triangle": "operations for the triangle of QR",
    "sketch": "additions for the sketch",
    "cholesky": "operations for the factor of the Gram matrix",
    "orthogonal": "operations for the factor of the triangle",
    "svd": "operations for the singular values",
}
"""What the heavy parts of direct methods are called; the counts are those of the plan."""


def heaviest(cost: Cost) -> str:
    """The largest heavy part of an answer before it is confirmed, as "190,000 multiplications for the Gram matrix"; or ""."""
    made = [work for work in cost.work if work.step in ("reduce", "solve")]
    counts = {kind: math.fsum(work.count for work in made if work.kind == kind) for kind in HEAVY}
    kind = max(counts, key=lambda each: counts[each])
    count = counts[kind]
    return f"{_size(count)} {HEAVY[kind]}" if count > 0 else ""


def verdict(race: Standings) -> str:
    """Who won or tied, and why; how the best of the other kind did; what is enough for a rough answer."""
    return " ".join(filter(None, (_first(race), _rough(race))))


def _first(race: Standings) -> str:
    digits, first, tied = f"{race.accuracy:g} digits", race.winner, race.tied
    if first is None:
        best = max((lane for lane in race.lanes if lane.ran), key=lambda lane: lane.digits, default=None)
        if best is None:
            return "No method could run."
        closest = f"{best.name} came closest with {certified(best.digits)}"
        return f"No method reached {digits} in its share of the time; {closest}."
    seconds = first.seconds_to(race.accuracy)
    if len({lane.direct for lane in tied}) > 1:
        return f"{_tie(race)}."
    others = [lane for lane in race.lanes if lane.direct != first.direct and lane.ran]
    rival = min(others, key=lambda lane: lane.seconds_to(race.accuracy), default=None)
    head = _tie(race) if len(tied) > 1 else f"{first.name} won: {digits} in {duration(seconds)}"
    won = f"{head}, {_why(tied, rival or _runner_up(race))}."
    kind = "iterative" if first.direct else "direct"
    if rival is None:
        return won
    later = rival.seconds_to(race.accuracy)
    if math.isinf(later):
        return f"{won} No {kind} method reached them."
    return f"{won} The best {kind} method, {rival.name}, took {later / seconds:.1f} x as long{_steps(rival)}."


def _tie(race: Standings) -> str:
    times = [lane.seconds_to(race.accuracy) for lane in race.tied]
    *names, last = [lane.name for lane in race.tied]
    low, high = duration(min(times)), duration(max(times))
    span = low if low == high else f"{low} to {high}"
    return f"A tie of {', '.join(names)} and {last}: {race.accuracy:g} digits in {span}"


def _runner_up(race: Standings) -> Lane | None:
    rest = [lane for lane in race.lanes if lane.ran and lane not in race.tied]
    return min(rest, key=lambda lane: lane.seconds_to(race.accuracy), default=None)


def _why(tied: tuple[Lane, ...], rival: Lane | None) -> str:
    """What the winner did, and what of it the rival had to do more."""
    first = tied[0]
    passes = sorted({lane.last.passes for lane in tied})
    read = _passes(passes[0]) if len(passes) == 1 else f"{passes[0]:,.4g} to {_passes(passes[-1])}"
    if not first.direct:
        steps = f"{_counted_steps(first)} and {read}" if len(tied) == 1 else read
        spared = f", without the {rival.work} of {rival.name}" if rival is not None and rival.direct and rival.work else ""
        return f"with {steps}{spared or _beside(passes[-1], rival)}"
    work = f" and {first.work}" if len(tied) == 1 and first.work else ""
    if rival is None or not rival.direct:
        return f"with {read} over the rows{work or ' and no steps'}"
    return f"with {read} over the rows{work}{_beside(passes[-1], rival)}"


def _beside(passes: float, rival: Lane | None) -> str:
    """What the rival made more of: passes, or what stands beside as many."""
    if rival is None or rival.last.passes < passes:
        return ""
    made = _passes(rival.last.passes) if rival.last.passes > passes else rival.work
    return f"; {rival.name} made {made}" if made else ""


def _steps(lane: Lane) -> str:
    return "" if lane.direct else f" ({_counted_steps(lane)}, {_passes(lane.last.passes)})"


def _counted_steps(lane: Lane) -> str:
    return counted(lane.last.iterations, "iteration")


def _passes(count: float) -> str:
    return f"{count:,.4g} pass{'' if count == 1 else 'es'}"


def _size(count: float) -> str:
    """As "9,000", "1.9 million", "25 billion"."""
    for unit, size in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if count >= size:
            return f"{count / size:,.2g} {unit}" if count < 100 * size else f"{count / size:,.0f} {unit}"
    return f"{float(f'{count:.2g}'):,.0f}"


def _rough(race: Standings) -> str:
    rough, first = race.first_to(COARSE), race.winner
    if race.accuracy <= COARSE or rough is None:
        return ""
    seconds = rough.seconds_to(COARSE)
    if first is not None and first.seconds_to(COARSE) <= tie_until(seconds):
        return ""
    return f"For {COARSE:g} digits {rough.name} is enough: {duration(seconds)}."
