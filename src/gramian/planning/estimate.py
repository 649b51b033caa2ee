"""Seconds of each part of a path, from its counted work and the machine's prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gramian.execution.reduction import NARROW, NARROW_PASS, NARROW_QR
from gramian.planning.machine import Machine
from gramian.solvers.cost import PARALLEL, Cost, Kind, Phase

PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """One part of the path: the passes that it makes over the rows, and its seconds."""

    what: Phase
    seconds: float
    passes: float = 0.0


ALONE: dict[Kind, int] = {
    "copy": NARROW,
    "centre": NARROW,
    "gram": NARROW,
    "gradient": NARROW_PASS,
    "triangle": NARROW_QR,
}
"""Columns up to which one worker takes rows that lie in memory."""


def cost_estimates(cost: Cost, machine: Machine, workers: int, compiled: bool, held: bool) -> tuple[CostEstimate, ...]:
    """In the order of the path, parts without work left out; `compiled`: the compiled loops are loaded already; `held`: dense
    rows lie in memory.
    """
    seconds: dict[Phase, float] = {}
    passes: dict[Phase, float] = {}
    loaded = compiled
    for work in cost.work:
        if work.kind == "compiled":
            if loaded:
                continue
            loaded = True
        shared = work.kind in PARALLEL and not (held and work.width <= ALONE.get(work.kind, 0))
        taken = machine.seconds(work, workers if shared else 1)
        seconds[work.step] = seconds.get(work.step, 0.0) + taken
        if work.kind == "fold":
            passes[work.step] = passes.get(work.step, 0.0) + work.count
    return tuple(CostEstimate(phase, seconds[phase], passes.get(phase, 0.0)) for phase in PHASES if phase in seconds)
