"""What is asked of a method, and whether its traits can do it: the one place where methods are refused, by one message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gramian.errors import cannot, not_a_choice
from gramian.families import Family
from gramian.problem.penalty import PenaltyKind
from gramian.problem.solver_options import SolverOptions
from gramian.solvers import SOLVERS
from gramian.solvers.base import Traits

AUTO = "auto"
"""The name that leaves the choice of the method to the plan."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something asked for, in words that follow "cannot", and the traits that can do it."""

    what: str
    met: Callable[[Traits], bool]

    def able(self) -> list[str]:
        """The methods that can."""
        return [name for name, solver in SOLVERS.items() if self.met(solver.traits)]


def needs_of(running: SolverOptions) -> list[Need]:
    """What the settings of a run ask of a method."""
    asked = [
        (running.step is not None, Need("take a step", lambda traits: traits.steps)),
        (running.step == "barzilai-borwein", Need("take step='barzilai-borwein'", lambda traits: traits.spectral)),
        (running.batch is not None, Need("take a batch of rows", lambda traits: traits.batches)),
        (running.suboptimality is not None, Need("stop at a suboptimality", lambda traits: traits.iterates)),
        (running.max_iter is not None, Need("take max_iter", lambda traits: traits.limits)),
        (running.callback is not None, Need("call back", lambda traits: traits.iterates)),
        (running.path, Need("keep the path of iterates", lambda traits: traits.iterates)),
    ]
    return [need for wanted, need in asked if wanted]


def penalty_need(kind: PenaltyKind) -> Need:
    """What a penalty asks of a method."""
    return Need(f"take the penalty {kind.name!r}", lambda traits: traits.penalties(kind))


def family_need(family: Family) -> Need:
    """What a family asks of a method."""
    return Need(f"minimise the loss of family={family.name!r}", lambda traits: traits.losses)


def reweighting_method() -> str:
    """The first method that reweights: what "auto" means for every family but the normal."""
    return first_that(lambda traits: traits.losses and traits.reweights)


def first_that(met: Callable[[Traits], bool]) -> str:
    """The first method of the registry with such traits: what "auto" stands for where that does not depend on prices."""
    return next(name for name, solver in SOLVERS.items() if met(solver.traits))


def refuse(method: str, needs: Iterable[Need], means: str | None = AUTO) -> None:
    """Raises ArgumentError where the method is not registered, or cannot do what is asked.

    means: the method that "auto" stands for, which then must be able to do it; AUTO where that is still open, and then
    nothing may be asked; None where "auto" is not allowed.
    """
    choices = list(SOLVERS) if means is None else [AUTO, *SOLVERS]
    if method not in choices:
        raise not_a_choice("method", method, choices)
    asked, name = list(needs), means if method == AUTO and means is not None else method
    for need in asked:
        if name == AUTO or not need.met(SOLVERS[name].traits):
            everything = [each for each in need.able() if all(other.met(SOLVERS[each].traits) for other in asked)]
            raise cannot(f"method={method!r}", need.what, everything or need.able())
