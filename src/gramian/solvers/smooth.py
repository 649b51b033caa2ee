"""The methods that minimise any Objective, as the registry has them: least squares, GLM losses, user functions."""

from __future__ import annotations

from typing import Any, cast

from gramian.errors import not_a_choice
from gramian.problem.solver_options import SolverOptions
from gramian.solvers import SOLVERS
from gramian.solvers.ability import AUTO, Need, first_that, needs_of, refuse
from gramian.solvers.iterate import Minimiser
from gramian.solvers.iterated import Iterated

FUNCTION = Need("minimise a function that a user gives", lambda traits: traits.functions)


def methods() -> tuple[str, ...]:
    """Their names."""
    return tuple(FUNCTION.able())


def smooth(method: str, step: float | str | None = None) -> Minimiser[Any]:
    """The method of that name with the user's step: a number, "exact", "backtracking", "barzilai-borwein", or None.

    "auto" is the one that needs a few vectors of memory. Raises ArgumentError for an unknown method, and for one that cannot
    do this.
    """
    if method not in [AUTO, *SOLVERS]:
        raise not_a_choice("method", method, [AUTO, *methods()])
    running, default = SolverOptions(step=step), first_that(lambda traits: traits.functions and traits.limited_memory)
    refuse(method, [FUNCTION, *needs_of(running)], default)
    method = default if method == AUTO else method
    return cast(Minimiser[Any], cast(Iterated, SOLVERS[method]).made(running))
