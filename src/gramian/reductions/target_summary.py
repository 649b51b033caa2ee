"""The targets by themselves: whether the family allows them, and the sums that a first guess needs. One pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts
from gramian.errors import bad_target
from gramian.execution.reduction import NARROW, BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.formula.frame import row_name
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class TargetSummary:
    """Of one target y: counts, the weighted sums of y, of the offset and of the columns x (n,); least and largest y."""

    counts: Counts
    y: float
    offset: float
    x: Floats
    least: float
    largest: float

    @property
    def mean(self) -> float:
        return self.y / self.counts.weight

    @staticmethod
    def of(rows: Rows, runner: Runner, loss: Family, name: str, whole_counts: bool = True) -> TargetSummary | None:
        """None when there is no block. Raises DataError at the first y that the family does not allow."""
        return runner.fold(rows, SummaryOfTargets(loss, name, whole_counts))


@dataclass(frozen=True, slots=True, eq=False)
class SummaryOfTargets(BlockReduction[TargetSummary]):
    """TargetSummary of all rows; fields as `TargetSummary.of`."""

    label: ClassVar[str] = "targets"
    narrow: ClassVar[int] = NARROW

    loss: Family
    name: str
    whole_counts: bool

    def of_block(self, block: Block, origin: Origin) -> TargetSummary:
        check_targets(origin, block, self.loss, self.name, self.whole_counts)
        y = block.y[:, 0]
        w = np.ones(block.rows) if block.w is None else block.w
        offset = 0.0 if block.offset is None else float(w @ block.offset)
        return TargetSummary(
            Counts.of(block, False),
            float(w @ y),
            offset,
            np.asarray(block.X.T @ w),
            float(np.min(y, initial=np.inf)),
            float(np.max(y, initial=-np.inf)),
        )

    def merge(self, a: TargetSummary, b: TargetSummary) -> TargetSummary:
        return _merge(a, b)


def _merge(a: TargetSummary, b: TargetSummary) -> TargetSummary:
    return TargetSummary(
        a.counts + b.counts,
        a.y + b.y,
        a.offset + b.offset,
        a.x + b.x,
        min(a.least, b.least),
        max(a.largest, b.largest),
    )


def check_targets(part: Origin, block: Block, loss: Family, name: str, whole_counts: bool) -> None:
    """Raises DataError with the row and the value."""
    y = block.y[:, 0]
    bad = not_allowed(loss, y, whole_counts)
    if not bad.any():
        return
    at = int(np.argmax(bad))
    place = block.start + (at if block.kept is None else int(block.kept[at]))
    row = row_name(part.label, (part.first or 0) + place, part.first is None, 0)
    raise bad_target(name, float(y[at]), row, loss.name, loss.targets.allowed, loss.targets.hint)


def not_allowed(loss: Family, y: Floats, whole_counts: bool) -> NDArray[np.bool_]:
    """Which targets the family cannot have; NaN is never allowed."""
    return loss.targets.wrong(y, whole_counts)
