"""The one loop under every iterative method: it counts, checks, records, and stops on what was asked.

A method owns no loop. It is `init`, which makes a state at the start, and `step`, which makes the next state; a state tells
the iterate, J there, and the norm of the gradient. The loop ends with a Status, whose value is the sentence that the user
reads:

    CONVERGED       ||g_t|| <= Stop.gradient ||g_t(0)|| for every target t, or the bound ||g||^2 / (2 mu) on J - J* is below
                    Stop.suboptimality (J(0) - J)
    DIVERGED        a value is not finite, or J rose 1e10 times as far as it had ever fallen
    STALLED         the iterate, or J and the smallest gradient so far, no longer change: rounding level
    MAX_ITER, OUT_OF_PASSES, OUT_OF_TIME, STOPPED (by the callback), and a method's own reasons
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from gramian.errors import not_finite_start
from gramian.kernels.array_types import Floats
from gramian.objectives.objective import Objective
from gramian.problem.solution import Stats, Status
from gramian.solvers.convergence import ConvergenceWatch
from gramian.solvers.history import History, Path, Record, Snapshot
from gramian.solvers.state import Counted, State, Stop

NO_BOUND = "how far J is from its minimum cannot be told, since no smallest curvature above 0 is known; ask for a gradient"


Read = TypeVar("Read", bound=Counted)
S = TypeVar("S", bound=State)
Callback = Callable[[Snapshot], object]


class Iterative(ABC, Generic[Read, S]):
    """A method as two functions; it owns no loop."""

    @abstractmethod
    def init(self, objective: Read, theta: Floats) -> S:
        """The state at the start."""

    @abstractmethod
    def step(self, objective: Read, state: S) -> S:
        """The next state."""

    def strong_convexity(self, objective: Read) -> float:
        """mu, for a bound on J - J*; 0 where none is known."""
        return 0.0

    def advice(self, objective: Read, start: Floats) -> str:
        """What to do after divergence, in numbers."""
        return ""

    def remark(self, state: S) -> str:
        """What a reader should know of a run that did not diverge."""
        return ""


class Minimiser(Iterative[Objective, S]):
    """A method that reads an Objective."""

    def in_units(self, length: float) -> Minimiser[S]:
        """The method where theta is of that size, and the gradient of the size that it has at the start, instead of 1."""
        return self

    def strong_convexity(self, objective: Objective) -> float:
        return objective.curvature().mu


@dataclass(frozen=True, slots=True, eq=False)
class Run(Generic[S]):
    """How a run ended: the last state, why, what it cost, how it went. `advice` adds numbers to the status."""

    state: S
    status: Status
    stats: Stats
    history: tuple[Record, ...]
    path: Floats | None
    advice: str

    @property
    def theta(self) -> Floats:
        return self.state.theta

    @property
    def value(self) -> float:
        return self.state.value

    @property
    def sentence(self) -> str:
        return f"{self.status.value}; {self.advice}" if self.advice else self.status.value


def run(
    method: Iterative[Read, S],
    objective: Read,
    stop: Stop | None = None,
    *,
    theta: Floats | None = None,
    callback: Callback | None = None,
    path: bool = False,
) -> Run[S]:
    """Iterate from `theta` (the objective's own start when None) until `stop`.

    Raises ArgumentError where J or its gradient is not finite at the start; exceptions of the callback pass through.
    """
    stop = stop or Stop()
    clock, counted = time.perf_counter(), objective.passes
    start = objective.start() if theta is None else np.array(theta, dtype=np.float64)
    history, points, iteration = History(), Path(path), 0
    # A method that diverges overflows on its way; the loop itself looks for what is not finite.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        state = method.init(objective, start)
        if not _finite(state):
            raise not_finite_start(state.value)
        mu = method.strong_convexity(objective) if stop.suboptimality is not None else 0.0
        watch = ConvergenceWatch(stop, state, mu)
        while True:
            record = _record(state, iteration, objective.passes - counted, time.perf_counter() - clock)
            history.add(record)
            status = watch.verdict(state, record)
            called = time.perf_counter()
            points.add(state.theta)
            if callback is not None and _wants_end(callback(_snapshot(record, state.theta))):
                status = status or Status.STOPPED
            clock += time.perf_counter() - called  # the callback's own time does not count
            status = status or _out_of(stop, record)
            if status is not None:
                spent = status in (Status.MAX_ITER, Status.OUT_OF_PASSES, Status.OUT_OF_TIME)
                status = Status.DIVERGED if spent and iteration > 1 and watch.rising(state.value) else status
                break
            following = method.step(objective, state)
            iteration += 1
            if not _finite(following):
                history.add(_record(following, iteration, objective.passes - counted, time.perf_counter() - clock))
                status = Status.DIVERGED
                break
            state = following
        stats = Stats(
            passes=objective.passes - counted, seconds=time.perf_counter() - clock, iterations=iteration
        )
        advice = method.advice(objective, start) if status is Status.DIVERGED else method.remark(state)
        if stop.suboptimality is not None and not mu > 0 and not advice:
            advice = NO_BOUND
    return Run(state, status, stats, history.records(), points.array(), advice)


def _out_of(stop: Stop, record: Record) -> Status | None:
    if record.iteration >= stop.iterations:
        return Status.MAX_ITER
    if stop.passes is not None and record.passes >= stop.passes:
        return Status.OUT_OF_PASSES
    if stop.seconds is not None and record.seconds >= stop.seconds:
        return Status.OUT_OF_TIME
    return None


def _wants_end(answer: object) -> bool:
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _finite(state: State) -> bool:
    """A gradient of nan means "not known"; a value of nan is never right."""
    if not math.isfinite(state.value) or np.isinf(state.gradient_norms).any():
        return False
    return bool(np.isfinite(state.theta).all())


def _record(state: State, iteration: int, passes: float, seconds: float) -> Record:
    norms = state.gradient_norms
    return Record(iteration, passes, seconds, state.value, math.sqrt(float(norms @ norms)), state.stride)


def _snapshot(record: Record, theta: Floats) -> Snapshot:
    seen = theta.view()
    seen.flags.writeable = False
    return Snapshot(
        record.iteration, record.passes, record.seconds, record.value, record.gradient, record.step, seen
    )
