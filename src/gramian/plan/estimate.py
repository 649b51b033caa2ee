"""Seconds of each part of a path, from its counted work and the machine's prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gramian.plan.machine import Machine
from gramian.solvers.cost import PARALLEL, Cost, Phase

PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One part of the path: the passes that it makes over the rows, and its seconds."""

    what: Phase
    seconds: float
    passes: float = 0.0


def estimates(cost: Cost, machine: Machine, workers: int, compiled: bool) -> tuple[Estimate, ...]:
    """In the order of the path, parts without work left out; `compiled`: the compiled loops are loaded already."""
    seconds: dict[Phase, float] = {}
    passes: dict[Phase, float] = {}
    loaded = compiled
    for work in cost.work:
        if work.kind == "compiled":
            if loaded:
                continue
            loaded = True
        taken = machine.seconds(work, workers if work.kind in PARALLEL else 1)
        seconds[work.step] = seconds.get(work.step, 0.0) + taken
        if work.kind == "fold":
            passes[work.step] = passes.get(work.step, 0.0) + work.count
    return tuple(Estimate(phase, seconds[phase], passes.get(phase, 0.0)) for phase in PHASES if phase in seconds)
