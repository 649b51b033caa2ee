"""The objective over rows, as the parts of its work that stand in files of their own see it."""

from __future__ import annotations

from typing import Protocol

from gramian.data.coordinates import Coordinates
from gramian.data.counts import Counts
from gramian.execution.reduction import BlockReduction, P, RowMap
from gramian.execution.runner import Runner
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.objectives.many_targets import Sums, Surface
from gramian.objectives.row_store import CachedRows
from gramian.problem.penalty import Penalty


class RowObjective(Protocol):
    """J over rows, theta (p, k) in the coordinates of the objective."""

    @property
    def rows(self) -> CachedRows: ...
    @property
    def runner(self) -> Runner: ...
    @property
    def loss(self) -> Loss: ...
    @property
    def penalty(self) -> Penalty: ...
    @property
    def coordinates(self) -> Coordinates: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def weight(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def raw_norms(self) -> Floats: ...
    @property
    def quadratic(self) -> bool: ...
    @property
    def shrink(self) -> Floats:
        """The ridge in these coordinates, (p,)."""
        ...

    def start(self) -> Floats: ...
    def count(self, passes: float) -> None:
        """Adds passes that another reader of these rows made."""
        ...

    def hessian(self, theta: Floats) -> Floats: ...
    def hessian_at(self, at: Surface | None, bend: float = 1.0) -> Floats: ...
    def hessian_vector(self, theta: Floats, v: Floats) -> Floats: ...
    def squared(self) -> RowObjective:
        """The squared loss of the same rows in the same coordinates, without the penalty."""
        ...

    def surface(self, theta: Floats) -> Surface:
        """Theta (p, q) in the user's columns."""
        ...

    def over_rows(self, reduction: BlockReduction[P]) -> P:
        """What a pass comes to. Raises SourceError where no row is left."""
        ...

    def mapped(self, mapped: RowMap[P], *vectors: Floats) -> P:
        """The same of a pass that overwrites vectors with a row for each row."""
        ...

    def complete(self, total: Sums) -> Sums:
        """The sums of a pass. Raises SourceError where not all rows went in."""
        ...

    def unscaled(self, total: Sums) -> Floats:
        """The gradient (p, k) that sums in the user's columns stand for."""
        ...
