"""What every solver is: the view it needs, what it can do, what it costs, and one function.

A solver never switches itself to another: it returns a Status, and the caller walks down the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from gramian.arraytypes import Floats
from gramian.data.blocks import Rows
from gramian.problem import Facts, Penalty
from gramian.solution import Solution
from gramian.views.base import Runner

RankPolicy: TypeAlias = Literal["drop", "min-norm", "error"]

EPS = 2.0**-52
CONSTANT = 4 * EPS
"""A column whose norm about its mean is below this share of its norm about zero is constant to rounding."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a solver can do. `squares` says that it works on X'X, so that its condition is that of X squared."""

    squares: bool
    decides_rank: bool
    sparse: bool  # works on sparse X without making it dense


@dataclass(frozen=True, slots=True)
class Cost:
    """Counted work: flops at the rate of a matrix product, flops at the rate of a factorisation, passes, bytes held."""

    product_flops: float
    factor_flops: float
    passes: int
    memory: float


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a solver besides the rows: penalty, rank policy, and the distance below which columns depend."""

    penalty: Penalty
    rank: RankPolicy
    tol: float | None = None

    def tolerance(self, n: int) -> float:
        """The stated rank tolerance on columns of norm 1."""
        return self.tol if self.tol is not None else max(30, n) * EPS


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
    """||A||_2: exact up to 128 columns, else by power steps on A'A (good to a few per cent, from below)."""
    if A.size == 0:
        return 0.0
    if min(A.shape) <= 128:
        return float(np.linalg.norm(A, 2))
    v = np.random.default_rng(0).standard_normal(A.shape[1])
    size = 0.0
    for _ in range(steps):
        v /= np.linalg.norm(v)
        u = A @ v
        size = float(np.linalg.norm(u))
        v = A.T @ u
        if not np.any(v):
            return size
    return size
