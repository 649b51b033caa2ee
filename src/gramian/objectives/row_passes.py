"""What the objective takes from the rows in one pass each: sums, and vectors with one row for each row of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block
from gramian.data.coordinates import Coordinates
from gramian.execution.reduction import BlockReduction, Origin, RowMap
from gramian.families.losses import Loss
from gramian.kernels.array_types import Floats
from gramian.objectives import block_sums
from gramian.objectives.many_targets import Sums, Surface


class RowSums(BlockReduction[Sums]):
    """Sums over rows that add up."""

    def merge(self, a: Sums, b: Sums) -> Sums:
        return a + b


@dataclass(frozen=True, slots=True, eq=False)
class ValuePass(RowSums):
    """Sum of w loss."""

    label: ClassVar[str] = "value"

    at: Surface
    loss: Loss

    def of_block(self, block: Block, origin: Origin) -> Sums:
        return block_sums.value(block, self.at, self.loss)


@dataclass(frozen=True, slots=True, eq=False)
class GradientPass(RowSums):
    """Sum of w loss and its gradient."""

    label: ClassVar[str] = "gradient"

    at: Surface
    loss: Loss

    def of_block(self, block: Block, origin: Origin) -> Sums:
        return block_sums.gradient(block, self.at, self.loss)


@dataclass(frozen=True, slots=True, eq=False)
class ProductPass(RowSums):
    """The Hessian at a surface times a direction."""

    label: ClassVar[str] = "Hessian"

    at: Surface
    d: Surface
    loss: Loss

    def of_block(self, block: Block, origin: Origin) -> Sums:
        return block_sums.product(block, self.at, self.d, self.loss)


@dataclass(frozen=True, slots=True, eq=False)
class HessianPass(BlockReduction[Floats]):
    """Sum of v [1 z][1 z]' (k, n + 1, n + 1), v the curvature at a surface, or 1 without one."""

    label: ClassVar[str] = "Hessian"

    centre: Floats
    at: Surface | None
    loss: Loss

    def of_block(self, block: Block, origin: Origin) -> Floats:
        return block_sums.gram(block, self.centre, self.at, self.loss)

    def merge(self, a: Floats, b: Floats) -> Floats:
        return a + b


@dataclass(frozen=True, slots=True, eq=False)
class ParabolaPass(BlockReduction[Floats]):
    """The three sums of a line of the squared loss; both: theta, then the direction."""

    label: ClassVar[str] = "line"

    both: Surface

    def of_block(self, block: Block, origin: Origin) -> Floats:
        return block_sums.parabola(block, self.both)

    def merge(self, a: Floats, b: Floats) -> Floats:
        return a + b


@dataclass(frozen=True, slots=True, eq=False)
class RowSizes:
    """Bounds on the Hessian of single rows, times the number of rows over their weight; see `block_sums.row_sizes`."""

    coordinates: Coordinates
    loss: Loss
    share: float

    @staticmethod
    def of(coordinates: Coordinates, loss: Loss, rows: int, weight: float) -> RowSizes:
        bounded = bool(np.isfinite(loss.curvature))
        return RowSizes(coordinates, loss, rows / weight * (loss.curvature if bounded else 1.0))

    def each(self, block: Block) -> Floats:
        """Not yet times the share."""
        return block_sums.row_sizes(block, self.coordinates, self.loss, bool(np.isfinite(self.loss.curvature)))


@dataclass(frozen=True, slots=True, eq=False)
class LargestRow(BlockReduction[float]):
    """The largest of RowSizes, without the share."""

    label: ClassVar[str] = "rows"

    sizes: RowSizes

    def of_block(self, block: Block, origin: Origin) -> float:
        return float(np.max(self.sizes.each(block), initial=0.0))

    def merge(self, a: float, b: float) -> float:
        return max(a, b)


# ---- vectors over the rows -------------------------------------------------------------------------------------------


class NewVectors(RowMap[int]):
    """Vectors that are made anew; the sum counts their rows."""

    def merge(self, a: int, b: int) -> int:
        return a + b


@dataclass(frozen=True, slots=True, eq=False)
class FittedValues(NewVectors):
    """Eta (m, q)."""

    label: ClassVar[str] = "fitted values"

    at: Surface

    def of_block(self, block: Block, segments: Sequence[Floats]) -> int:
        segments[0][...] = block_sums.forward(block.X, self.at)
        return block.rows


@dataclass(frozen=True, slots=True, eq=False)
class LineValues(NewVectors):
    """Eta and its change (m, k); and y (m, k) and w (m,), where there are vectors for them."""

    label: ClassVar[str] = "line"

    both: Surface

    def of_block(self, block: Block, segments: Sequence[Floats]) -> int:
        segments[0][...], segments[1][...] = np.hsplit(block_sums.forward(block.X, self.both), 2)
        if len(segments) > 2:
            segments[2][...] = block.y
        if len(segments) > 3:
            segments[3][...] = 1.0 if block.w is None else block.w
        return block.rows


@dataclass(frozen=True, slots=True, eq=False)
class SizesOfRows(NewVectors):
    """RowSizes (m,)."""

    label: ClassVar[str] = "rows"

    sizes: RowSizes

    def of_block(self, block: Block, segments: Sequence[Floats]) -> int:
        segments[0][...] = self.sizes.share * self.sizes.each(block)
        return block.rows


@dataclass(frozen=True, slots=True)
class WeightedTargets(NewVectors):
    """sqrt(w) y (m, k)."""

    label: ClassVar[str] = "targets"

    def of_block(self, block: Block, segments: Sequence[Floats]) -> int:
        root = 1.0 if block.w is None else np.sqrt(block.w)[:, None]
        segments[0][...] = root * block.y
        return block.rows


@dataclass(frozen=True, slots=True, eq=False)
class FusedProducts(RowMap[Sums]):
    """u (m, k) becomes A v - alpha u, and the sums are A' of it; alpha (k,)."""

    label: ClassVar[str] = "products"

    v: Surface
    alpha: Floats

    def of_block(self, block: Block, segments: Sequence[Floats]) -> Sums:
        return block_sums.fused(block, self.v, segments[0], self.alpha)

    def merge(self, a: Sums, b: Sums) -> Sums:
        return a + b
