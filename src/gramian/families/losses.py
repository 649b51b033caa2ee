"""What minimising reads of a family: the loss of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gramian.families.link import Link
from gramian.kernels.array_types import Floats

Rowwise: TypeAlias = Callable[[Floats, Floats], Floats]
Absorb: TypeAlias = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]


class Loss(Protocol):
    """One row's loss in (eta, y), its derivatives in eta, and how compiled loops call it; the fields are those of `Family`."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> Rowwise: ...
    @property
    def first(self) -> Rowwise: ...
    @property
    def second(self) -> Rowwise: ...
    @property
    def curvature(self) -> float: ...
    @property
    def link(self) -> Link: ...
    @property
    def absorb(self) -> Absorb | None: ...
    @property
    def code(self) -> int: ...
    @property
    def quadratic(self) -> bool: ...
