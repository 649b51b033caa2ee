"""What every solver is: the view it needs, what it can do, what it costs, and one function.

A solver never switches itself to another: it returns a Status, and the caller walks down the plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from gramian.arraytypes import Floats
from gramian.data.blocks import Rows
from gramian.errors import bad_argument
from gramian.problem import Facts, Penalty
from gramian.solution import Solution
from gramian.solvers.cost import Cost
from gramian.views.base import Runner

RankPolicy: TypeAlias = Literal["drop", "min-norm", "error"]

EPS = 2.0**-52
CONSTANT = 4 * EPS
"""A column whose norm about its mean is below this share of its norm about zero is constant to rounding."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a solver can do. `squares` says that it works on X'X, so that its condition is that of X squared.

    `iterates`: it reads the rows many times, and stops at a tolerance; `digits` is what it aims for when nothing is asked.
    `steps`, `batches`, `limits`: it takes step=, batch=, max_iter=. `seeded`: its order of rows may be random. `limit`: the
    largest condition of the scaled columns at which it reaches full accuracy.
    """

    squares: bool
    decides_rank: bool
    sparse: bool  # works on sparse X without making it dense
    iterates: bool = False
    steps: bool = False
    batches: bool = False
    limits: bool = False
    seeded: bool = False
    spectral: bool = False  # takes step="barzilai-borwein", which is made for the direction -g
    losses: bool = False  # minimises any loss of a row, not only the squared one
    functions: bool = False  # and any smooth function that a user gives
    reweights: bool = False  # with a loss that is no parabola it is least squares with new weights in each step
    frugal: bool = False  # quick on any smooth function with a few vectors: "auto" where a Hessian is too large
    digits: float = 8.0
    batch_digits: float = 2.0
    confirmed: bool = False  # its factor holds only once later passes over the rows have confirmed it
    limit: float = math.inf  # the largest scaled condition up to which it has all digits; past it another method must do

    def aim(self, running: Running) -> float:
        """The digits that a run aims for."""
        return running.digits or (self.digits if running.batch is None else self.batch_digits)


@dataclass(frozen=True, slots=True)
class Running:
    """How a method that iterates is to run; None leaves it to the method.

    step: a number, acting on the gradient of J in the user's columns, or the name of a line search. batch: rows a step.
    digits: what to aim for; suboptimality: instead, the share of what J can fall that may be left. callback: told after every
    iteration; returning True stops. path: keep every iterate.
    """

    step: float | str | None = None
    batch: int | None = None
    max_iter: int | None = None
    seed: int = 0
    digits: float | None = None
    suboptimality: float | None = None
    callback: Callable[[Any], object] | None = None
    path: bool = False
    refined: bool = False  # all digits were asked for by name
    beyond: float = 0.0  # digits by which to overshoot the aim, where the aim was met and could not be proven
    tolerance: float | None = None  # of ||g|| relative to its start, in place of one made from digits, which reads curvature

    def __post_init__(self) -> None:
        step, share = self.step, self.suboptimality
        if step is not None and not isinstance(step, str) and not _between(step, math.inf):
            raise bad_argument("step", step, "a finite number > 0, or the name of a line search")
        if share is not None and not _between(share, 1.0):
            raise bad_argument("suboptimality", share, "a number between 0 and 1: 1e-3 is a thousandth of what J can fall")
        if share is not None and (self.digits is not None or self.refined):
            raise bad_argument("accuracy", self.digits or "data", "accuracy or suboptimality, not both")
        for what, value in (("batch", self.batch), ("max_iter", self.max_iter)):
            if value is not None and not _whole(value, 1):
                raise bad_argument(what, value, "a whole number >= 1, or None")
        if not _whole(self.seed, 0):
            raise bad_argument("seed", self.seed, "a whole number >= 0")


def _between(value: object, most: float) -> bool:
    """Whether it is a number above 0 and below `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return 0 < float(value) < most


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a solver besides the rows: penalty, rank policy, and the distance below which columns depend."""

    penalty: Penalty
    rank: RankPolicy
    tol: float | None = None
    running: Running = Running()
    errors: bool = False  # standard errors will be wanted

    def tolerance(self, n: int, rows: int) -> float:
        """The stated rank tolerance on columns of norm 1: max(30, n, 4 sqrt(min(rows, 4096))) eps.

        Indicator columns repeat rows, and with them their rounding, which then grows with the rows of a block: up to 80
        eps was measured on dummies of 1,000 to 300,000 rows (bench/rank.py).
        """
        return self.tol if self.tol is not None else max(30.0, float(n), 4.0 * math.sqrt(min(rows, 4096))) * EPS


class View(Protocol):
    """A reduction of the rows, made by one pass."""

    @staticmethod
    def of(rows: Rows, runner: Runner) -> Any: ...


V = TypeVar("V", contravariant=True)


class Solver(Protocol[V]):
    """One algorithm."""

    @property
    def view(self) -> type[Any]: ...
    @property
    def traits(self) -> Traits: ...
    def cost(self, facts: Facts) -> Cost: ...
    def solve(self, view: V, request: Request) -> Solution: ...


def largest_singular(A: Floats, steps: int = 12) -> float:
    """||A||_2: exact up to 128 columns, else by power steps on A'A, raised by a fifth, more than they miss.

    Never above the Frobenius norm, which is a bound.
    """
    if A.size == 0:
        return 0.0
    if min(A.shape) <= 128:
        return float(np.linalg.norm(A, 2))
    most = float(np.linalg.norm(A))
    v = np.random.default_rng(0).standard_normal(A.shape[1])
    size = 0.0
    for _ in range(steps):
        v /= np.linalg.norm(v)
        u = A @ v
        size = float(np.linalg.norm(u))
        v = A.T @ u
        if not np.any(v):
            break
    return min(1.2 * size, most)
