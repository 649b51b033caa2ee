"""Rows whose offset has gone into the targets and the weights, so that methods that know no offset minimise the same.

For Poisson counts with exposure e^o these are the rates y e^-o with the weights e^o. The loss is the same but for a constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartOver, Rows, RowsOver
from gramian.families.losses import Loss


def has_offset(rows: Rows) -> bool:
    for part in rows.parts():
        for block in part.blocks():
            return block.offset is not None
    return False


@dataclass(frozen=True, slots=True, eq=False)
class OffsetFolded(RowsOver):
    """The rows of a loss that can absorb an offset."""

    loss: Loss

    @property
    def weighted(self) -> bool:
        return True

    def parts(self) -> Sequence[BlockPart]:
        return [_FoldedPart(part, self.loss) for part in self.of.parts()]


@dataclass(frozen=True, slots=True, eq=False)
class _FoldedPart(PartOver):
    loss: Loss

    def blocks(self) -> Iterator[Block]:
        absorb = self.loss.absorb
        for block in self.part.blocks():
            if block.offset is None or absorb is None:
                yield block
                continue
            w = np.ones(block.rows) if block.w is None else block.w
            with np.errstate(over="ignore", invalid="ignore"):
                y, w = absorb(block.y, w[:, None], block.offset[:, None])
            yield replace(block, y=y, w=w[:, 0], offset=None)
