"""The state of a method that iterates, and when its run is to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gramian.errors import bad_argument
from gramian.kernels.array_types import Floats
from gramian.problem.solution import Status

MAX_ITER = 100_000
"""The default bound on iterations."""


class Counted(Protocol):
    """What a method reads: it counts its passes and gives the start."""

    @property
    def passes(self) -> float: ...
    def start(self) -> Floats: ...


class State(Protocol):
    """The state of a method that iterates. `gradient_norms` (k,) is nan where unknown; `status` is the method's own end."""

    @property
    def theta(self) -> Floats: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient_norms(self) -> Floats: ...
    @property
    def stride(self) -> float:
        """The step that led here; nan at the start."""
        ...

    @property
    def status(self) -> Status | None: ...


class Proof(Protocol):
    """A further test of a state whose gradient is small; see `solvers.proof`."""

    def see(self, state: Any) -> None:
        """Called with every state, in order."""
        ...

    def holds(self, state: Any, tol: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Stop:
    """When to stop. gradient: relative to the gradient at the start, each target by itself. suboptimality: (J - J*) relative
    to what was gained, by the bound ||g||^2 / (2 mu), where a mu > 0 is known. passes, seconds, max_iter: budgets of this run.

    `proof`: made with the state at the start; it must hold as well, where a far start has a gradient that says nothing.
    """

    gradient: float | None = 1e-8
    suboptimality: float | None = None
    passes: float | None = None
    seconds: float | None = None
    max_iter: int | None = None
    proof: Callable[[Any], Proof] | None = None

    def __post_init__(self) -> None:
        for name in ("gradient", "suboptimality", "passes", "seconds"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise bad_argument(name, value, "a finite number >= 0, or None")
        if self.max_iter is not None and (isinstance(self.max_iter, bool) or self.max_iter != int(self.max_iter)):
            raise bad_argument("max_iter", self.max_iter, "a whole number >= 1, or None")
        if self.max_iter is not None and self.max_iter < 1:
            raise bad_argument("max_iter", self.max_iter, "a whole number >= 1, or None")

    @property
    def iterations(self) -> int:
        return MAX_ITER if self.max_iter is None else int(self.max_iter)
