"""gm.minimize: any smooth function, by the methods that also fit linear models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gramian.errors import bad_argument, counted
from gramian.kernels.array_types import Floats
from gramian.objectives.derivatives import check_derivatives
from gramian.objectives.user_function import Function, UserFunction, numbers
from gramian.problem.solution import Stats, Status
from gramian.solvers.history import Record, Snapshot
from gramian.solvers.iterate import Run, run
from gramian.solvers.proof import MinimumProof
from gramian.solvers.smooth import smooth
from gramian.solvers.state import Stop

ANALYTIC, DIFFERENCED = 1e-8, 1e-5
"""Default tolerances on the gradient relative to its start: with the user's own gradient, and with differences."""


@dataclass(frozen=True, slots=True, eq=False)
class MinimizeResult:
    """Where a minimisation ended: x (in the shape of x0), fun and grad there, and why.

    `success` says that the tolerance was reached; `status.value` is the sentence, `notes` add to it. stats.passes counts the
    calls of fun, grad and hess; `history` is thin; `path` (iterations + 1, *shape) when it was asked for.
    """

    x: Any
    fun: float
    grad: Any
    status: Status
    stats: Stats
    history: tuple[Record, ...]
    path: Floats | None
    notes: tuple[str, ...]

    @property
    def success(self) -> bool:
        return self.status.ok

    def __repr__(self) -> str:
        size = float(np.linalg.norm(self.grad))
        work = f"{counted(self.stats.iterations, 'iteration')}, {counted(round(self.stats.passes), 'evaluation')}"
        lines = [f"fun {self.fun:.12g} at x = {np.array2string(np.asarray(self.x), precision=8, threshold=8)}"]
        return "\n".join([*lines, f"gradient {size:.1e}, {work}", self.status.value, *self.notes])


def minimize(
    fun: Function,
    x0: Any,
    grad: Function | None = None,
    hess: Function | None = None,
    method: str = "auto",
    *,
    step: float | str | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
    seconds: float | None = None,
    callback: Callable[[Snapshot], object] | None = None,
    check_gradient: bool = False,
    path: bool = False,
) -> MinimizeResult:
    """Minimise a smooth function of numbers from x0; a local minimum, the global one if the function is convex.

    fun(x): a number; x has the shape of x0 (a float for a float). grad(x): that shape; hess(x): (size, size); central
    differences where they are missing. method: "auto" (which is "lbfgs"), "newton", "gradient", "momentum", "nesterov",
    "adagrad", "rmsprop", "adam". step, of the last six: a number, honoured exactly, or "exact", "backtracking",
    "barzilai-borwein"; by default found by a line search. tol: on ||grad|| relative to its start, and on
    sum |grad_j| max(|x_j|, |x_j - x0_j|) relative to what fun has fallen; 1e-8, or 1e-5 with differences. The answer does not
    depend on the units of fun, nor of x. max_iter: default 100,000. seconds: a budget.
    callback: called with a Snapshot after every iteration; returning True stops; its exceptions pass through.
    check_gradient: compare grad and hess with differences first. path: keep
    every iterate.

    Raises ArgumentError for a start that is not finite, arrays of wrong shape, a wrong derivative, steps <= 0, an unknown
    method. Reference: Nocedal and Wright (2006), Numerical Optimization.
    """
    start = starting_point(x0)
    objective = UserFunction(fun, start, grad, hess)
    tolerance = tol if tol is not None else (ANALYTIC if grad is not None else DIFFERENCED)
    stop = Stop(gradient=_checked_tol(tolerance), seconds=seconds, max_iter=max_iter, proof=MinimumProof)
    if check_gradient:
        check_derivatives(objective)

    def told(seen: Snapshot) -> object:
        return callback is not None and callback(replace(seen, x=objective.shaped(seen.x)))

    found = smooth(method, step).in_units(float(np.linalg.norm(start)) or 1.0)
    ended = run(found, objective, stop, callback=told, path=path)
    return MinimizeResult(
        x=objective.shaped(ended.theta),
        fun=ended.value,
        grad=objective.shaped(ended.state.gradient),
        status=ended.status,
        stats=ended.stats,
        history=ended.history,
        path=None if ended.path is None else ended.path.reshape(-1, *start.shape),
        notes=_notes(ended, grad, objective.differenced),
    )


def starting_point(x0: Any) -> Floats:
    """x0 as floats, checked."""
    start = numbers(x0, np.shape(x0), "x0")
    if start.size == 0:
        raise bad_argument("x0", x0, "at least one number")
    if not np.all(np.isfinite(start)):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(start))[0])
        at = f"x0[{', '.join(map(str, place))}]" if place else "x0"
        raise bad_argument(at, float(start[place]), "finite numbers", "start from another point")
    return start


def _checked_tol(tol: float) -> float:
    if not (np.isfinite(tol) and tol >= 0):
        raise bad_argument("tol", tol, "a finite number >= 0", "1e-8 asks for eight digits off the first gradient")
    return tol


def _notes(ended: Run[Any], grad: Function | None, differenced: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if grad is None:
        notes.append("gradient by central differences of fun: about 10 digits at best")
    if differenced:
        notes.append(f"Hessian by central differences of {'fun' if grad is None else 'grad'}")
    if ended.stats.iterations == 0 and ended.status.ok:
        notes.append("the gradient is zero at x0: a minimum, or a maximum or saddle, which no method leaves")
    if ended.status is Status.LINE_SEARCH_FAILED and grad is not None:
        notes.append("is grad the gradient of fun? check_gradient=True compares it with differences")
    if ended.advice:
        notes.append(ended.advice)
    return tuple(notes)
