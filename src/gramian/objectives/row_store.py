"""Rows of which every block knows its place: `start` counts the used rows before it, over all parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast

import numpy as np
import scipy.sparse as sp

from gramian import errors
from gramian.data.blocks import Block, BlockPart, Matrix, PartOver, RowsOver
from gramian.data.counts import Counts
from gramian.kernels.array_types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class RowStore:
    """All used rows in memory: X (m, n) in C order or CSR, y (m, k) in C order, w (m,) or None."""

    X: Matrix
    y: Floats
    w: Floats | None

    @property
    def bytes(self) -> int:
        X = [self.X] if isinstance(self.X, np.ndarray) else [self.X.data, self.X.indices, self.X.indptr]
        return sum(int(part.nbytes) for part in [*X, self.y, *([] if self.w is None else [self.w])])

    def block(self, start: int, stop: int) -> Block:
        w = None if self.w is None else self.w[start:stop]
        return Block(start, slice_rows(self.X, start, stop), self.y[start:stop], w, None, stop - start, None, False)


def slice_rows(X: Matrix, start: int, stop: int) -> Matrix:
    """Rows start .. stop, sharing memory."""
    if isinstance(X, np.ndarray):
        return X[start:stop]
    ends = X.indptr[start : stop + 1]
    inside = slice(int(ends[0]), int(ends[-1]))
    n = cast(tuple[int, int], X.shape)[1]
    return sp.csr_array((X.data[inside], X.indices[inside], ends - ends[0]), shape=(stop - start, n), copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class HeldPart:
    """Blocks in memory."""

    label: str
    first: int | None
    held: tuple[Block, ...]

    def blocks(self) -> Iterator[Block]:
        yield from self.held


@dataclass(frozen=True, slots=True, eq=False)
class StreamedPart(PartOver):
    """A part of the source; `number` is its place among the parts, `places` tells where each block's rows go."""

    number: int
    places: Mapping[int, int] | None = None

    def blocks(self) -> Iterator[Block]:
        for block in self.part.blocks():
            if self.places is None:
                yield block
                continue
            place = self.places.get(block.start)
            if place is None:
                raise errors.changed_between_passes(self.label)
            yield replace(block, start=place)


@dataclass(frozen=True, slots=True, eq=False)
class CachedRows(RowsOver):
    """Rows whose blocks' `start` counts the used rows before them, over all parts; `passes` were read to know that."""

    counts: Counts
    store: RowStore | None
    ready: tuple[HeldPart, ...]
    places: tuple[Mapping[int, int], ...]
    passes: float

    @property
    def rows(self) -> int | None:
        return self.counts.used

    @property
    def rereadable(self) -> bool:
        return self.held or self.of.rereadable

    @property
    def in_memory(self) -> bool:
        return self.held or self.of.in_memory

    @property
    def held(self) -> bool:
        return self.store is not None

    @property
    def bytes(self) -> int:
        """Bytes of the rows that are held; 0 when they are read anew each pass."""
        return 0 if self.store is None else self.store.bytes

    def parts(self) -> Sequence[BlockPart]:
        if self.store is not None:
            return self.ready
        # A part that had no block at first has no places.
        none: Mapping[int, int] = MappingProxyType({})
        known = dict(enumerate(self.places))
        return [StreamedPart(part, i, known.get(i, none)) for i, part in enumerate(self.of.parts())]
