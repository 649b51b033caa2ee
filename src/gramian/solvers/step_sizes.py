"""How far: the length of a step along a direction d that a rule has chosen.

Every length goes with every rule. A search wants a direction that points down, g'd < 0. Several targets are problems of
their own that share X: where a length has a closed form, each target gets its own.

    Fixed           the same for ever; a user's own number is honoured exactly
    Bounded         -g'd / (L ||d||^2): the minimum of the parabola that lies above J; 1/L for d = -g. No pass
    ExactLine       min over the step of J(theta + step d). One pass
    Backtracking    from `start`, halved until J falls by c step |g'd|. One pass, however many trials
    BarzilaiBorwein s's / s'y, with s and y the last changes of theta and g. No pass on a quadratic
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from gramian.errors import bad_argument, not_a_choice
from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import EPS
from gramian.objectives.objective import Objective
from gramian.solvers.search import armijo, minimum

Step: TypeAlias = float | Floats
"""One number, or one for each target, (k,)."""


class LineStart(Protocol):
    """What a rule for the length of a step reads: the iterate, value, gradient and direction."""

    @property
    def theta(self) -> Floats: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> Floats: ...
    @property
    def stride(self) -> float: ...
    @property
    def moved(self) -> tuple[Floats, Floats] | None:
        """The last changes (s, y) of theta and of its gradient; None at the start."""
        ...

    @property
    def recent(self) -> tuple[float, ...]:
        """The last values of J."""
        ...


class StepSize(Protocol):
    """A rule for the length of a step: `find` returns the step along d, nan where there is none."""

    @property
    def searches(self) -> bool:
        """Only directions that point down will do."""
        ...

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step: ...


@dataclass(frozen=True, slots=True)
class FixedStep:
    """The same step for ever."""

    step: float
    searches: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.step) and self.step > 0):
            raise bad_argument("step", self.step, "a finite number > 0", "leave step out to have it computed")

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step:
        return self.step


@dataclass(frozen=True, slots=True)
class BoundedStep:
    """step = -g'd / (L ||d||^2), for each target."""

    L: float
    searches: bool = True

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step:
        return _divided(-np.sum(at.gradient * d, axis=0), self.L * np.sum(d**2, axis=0))


@dataclass(frozen=True, slots=True)
class ExactLine:
    """step = -g'd / d'Hd on a quadratic, for each target; elsewhere the root of the slope along d."""

    searches: bool = True

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step:
        if objective.quadratic and d.shape[1] > 1:
            Hd = objective.hessian_vector(at.theta, d)
            return _divided(-np.sum(at.gradient * d, axis=0), np.sum(d * Hd, axis=0))
        line = objective.line(at.theta, d)
        if line.exact_step is not None:
            return line.exact_step
        first = at.stride if np.isfinite(at.stride) and at.stride > 0 else 1.0
        return minimum(line, float(np.sum(at.gradient * d)), first)


@dataclass(frozen=True, slots=True)
class Backtracking:
    """From `start`, times `shrink` until J(theta + step d) <= J - c step |g'd|.

    `grow`: begin at that multiple of the last accepted step instead of at `start` again. `reach`: the first of all moves so
    far, whatever the size of d, where the units of theta are known.
    Reference: Armijo (1966), Pacific J. Math. 16(1).
    """

    start: float = 1.0
    shrink: float = 0.5
    c: float = 0.5
    grow: float | None = None
    reach: float | None = None
    searches: bool = True

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step:
        first = self.start
        if self.reach is not None:
            first = self.reach / (float(np.linalg.norm(d)) or 1.0)
        if self.grow is not None and np.isfinite(at.stride):
            first = self.grow * at.stride
        slope = float(np.sum(at.gradient * d))
        return armijo(objective.line(at.theta, d), at.value, slope, first, self.shrink, self.c)


@dataclass(frozen=True, slots=True)
class BarzilaiBorwein:
    """step = s's / s'y, for each target, along -g; the first is exact.

    J may rise on its way. On a quadratic that converges as it is; elsewhere a step is halved until J falls below the
    highest of the last ten values. Reference: Barzilai and Borwein (1988), IMA J. Numer. Anal. 8(1); Raydan (1997).
    """

    searches: bool = True

    def find(self, objective: Objective, at: LineStart, d: Floats) -> Step:
        if at.moved is None:
            return ExactLine().find(objective, at, d) if objective.quadratic else Backtracking().find(objective, at, d)
        s, y = at.moved
        sy = np.sum(s * y, axis=0)
        if objective.quadratic:
            return _divided(np.sum(s * s, axis=0), sy)
        total = float(np.sum(sy))
        first = float(np.sum(s * s)) / total if total > 0 else 2.0 * at.stride
        slope = float(np.sum(at.gradient * d))
        return armijo(objective.line(at.theta, d), max(at.recent), slope, first, 0.5, 1e-4)


NAMED: dict[str, StepSize] = {
    "exact": ExactLine(),
    "backtracking": Backtracking(),
    "barzilai-borwein": BarzilaiBorwein(),
}


def step_size_of(step: float | str | StepSize | None) -> StepSize | None:
    """What a user wrote as `step`: a number, a name, a Length, or None for the default from the curvature."""
    if step is None:
        return None
    if isinstance(step, str):
        if step not in NAMED:
            raise not_a_choice("step", step, [*NAMED, "a number > 0"])
        return NAMED[step]
    if isinstance(step, bool):
        raise bad_argument("step", step, f"a number > 0, or one of {', '.join(NAMED)}")
    if isinstance(step, int | float | np.integer | np.floating):
        return FixedStep(float(step))
    if isinstance(step, FixedStep | BoundedStep | ExactLine | Backtracking | BarzilaiBorwein):
        return step
    raise bad_argument("step", step, f"a number > 0, or one of {', '.join(NAMED)}")


def _divided(above: Floats, below: Floats) -> Step:
    """The quotient for each target, 0 where the target is done; one number where all have the same."""
    tiny = np.abs(below) <= EPS * np.finfo(np.float64).tiny
    step = np.where(tiny, 0.0, above / np.where(tiny, 1.0, below))
    return float(step[0]) if step.size == 1 else step
