"""Seconds of each part of a path, from its counted work and the machine's prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gramian.plan.machine import Machine
from gramian.solvers.cost import PARALLEL, Cost, Phase


@dataclass(frozen=True, slots=True)
class Estimate:
    """One part of the path: the passes that it makes over the rows, and its seconds."""

    what: Phase
    seconds: float
    passes: float = 0.0


def estimates(cost: Cost, machine: Machine, workers: int, compiled: bool) -> tuple[Estimate, ...]:
    """In the order of the path, parts without work left out; `compiled`: the compiled loops are loaded already."""
    found: list[Estimate] = []
    for phase in get_args(Phase):
        work = [w for w in cost.work if w.step == phase and not (w.kind == "compiled" and compiled)]
        if work:
            seconds = sum(machine.seconds(w, workers if w.kind in PARALLEL else 1) for w in work)
            found.append(Estimate(phase, seconds, sum(w.count for w in work if w.kind == "fold")))
    return tuple(found)
