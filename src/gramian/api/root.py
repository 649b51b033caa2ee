"""gm.root: Newton-Raphson for f(x) = 0, one equation or as many as unknowns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.api.minimize import starting_point
from gramian.errors import bad_argument, counted
from gramian.kernels.array_types import Floats
from gramian.objectives.user_function import Function
from gramian.objectives.user_system import UserSystem
from gramian.problem.solution import Stats, Status
from gramian.solvers.history import Record, Snapshot
from gramian.solvers.iterate import run
from gramian.solvers.proof import RootProof
from gramian.solvers.raphson import Raphson
from gramian.solvers.state import Stop

MAX_ITER = 100


@dataclass(frozen=True, slots=True, eq=False)
class RootResult:
    """Where the search ended: x (in the shape of x0), f there, and why.

    `success` says that f(x) = 0 to the tolerance; `status.value` is the sentence. stats.passes counts the calls of f and
    jac. The value in `history` is ||f||^2 / 2, its gradient ||f||.
    """

    x: Any
    fun: Any
    status: Status
    stats: Stats
    history: tuple[Record, ...]
    path: Floats | None
    notes: tuple[str, ...]

    @property
    def success(self) -> bool:
        return self.status.ok

    def __repr__(self) -> str:
        size = float(np.linalg.norm(self.fun))
        where = np.array2string(np.asarray(self.x), precision=12, threshold=8)
        work = f"{counted(self.stats.iterations, 'iteration')}, {counted(round(self.stats.passes), 'evaluation')}"
        return "\n".join([f"x = {where}", f"|f(x)| = {size:.1e}, {work}", self.status.value, *self.notes])


def root(
    f: Function,
    x0: Any,
    jac: Function | None = None,
    *,
    damped: bool = True,
    tol: float = 1e-12,
    max_iter: int | None = None,
    callback: Callable[[Snapshot], object] | None = None,
    path: bool = False,
) -> RootResult:
    """Solve f(x) = 0 by x+ = x - J(x)^-1 f(x) from x0.

    f(x): as many numbers as x has, in the shape of x0; jac(x): their derivatives, (size, size), or a number for a float x0;
    central differences where it is missing. damped: a step is halved until ||f|| falls; False takes every step whole.
    tol: on ||f|| relative to its start, and its square root on the last step relative to x; a step at rounding level that
    leaves ||f|| there also ends the search. max_iter: default 100. callback, path: as in minimize.

    Raises ArgumentError for a start that is not finite and arrays of wrong shape. Reference: Ortega and Rheinboldt (1970),
    Iterative Solution of Nonlinear Equations; Deuflhard (2011), section 3.
    """
    start = starting_point(x0)
    if not (np.isfinite(tol) and tol >= 0):
        raise bad_argument("tol", tol, "a finite number >= 0")
    system = UserSystem(f, start, jac)
    stop = Stop(gradient=tol, max_iter=MAX_ITER if max_iter is None else max_iter, proof=RootProof)

    def told(seen: Snapshot) -> object:
        return callback is not None and callback(replace(seen, x=system.shaped(seen.x)))

    ended = run(Raphson(damped), system, stop, callback=told, path=path)
    return RootResult(
        x=system.shaped(ended.theta),
        fun=system.shaped(ended.state.f),
        status=ended.status,
        stats=ended.stats,
        history=ended.history,
        path=None if ended.path is None else ended.path.reshape(-1, *start.shape),
        notes=() if jac is not None else ("Jacobian by central differences of f",),
    )
