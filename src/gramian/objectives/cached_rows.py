"""Rows ready for many passes: held once in memory where they fit, else read anew each pass; every block knows its place.

A method of many passes runs at the speed of memory or at that of a decoder, ten to a hundred times apart. So blocks that a
source builds on each pass are copied once, in C order, when all of them fit in half of the free memory. Blocks keep
their borders, so held and streamed rows give the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, ClassVar, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian import errors
from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Block, BlockPart, Matrix, Rows, RowsOver
from gramian.data.counts import NOTHING, Counts
from gramian.execution.memory import free_memory
from gramian.execution.reduction import Origin, Reduction
from gramian.execution.runner import Runner
from gramian.execution.tree import Carry
from gramian.objectives.row_store import CachedRows, HeldPart, RowStore, StreamedPart

SHARE = 0.5
"""Share of the free memory that held rows may take."""
SPARSE_PART = 1 << 18
"""Stored values of a sparse part, at least: a part's gradient is dense, and merging it must cost less than making it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Numbered(RowsOver):
    """The rows with their parts numbered."""

    def parts(self) -> Sequence[BlockPart]:
        return [StreamedPart(part, i) for i, part in enumerate(self.of.parts())]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What a first pass saw of a block; its rows, copied, where they are to be held."""

    part: int
    start: int
    rows: int
    block: Block | None


@dataclass(slots=True, eq=False)
class _Reading:
    """What a first pass saw of neighbouring blocks; `bytes` of their rows, held or not."""

    counts: Counts
    seen: list[_Seen]
    bytes: float

    def let_go(self) -> None:
        """Keeps no rows: they will be read anew each pass."""
        self.seen = [each if each.block is None else replace(each, block=None) for each in self.seen]


@dataclass(slots=True, eq=False)
class _PartReading:
    """The same of the part that is being read; counts add up in the fixed tree."""

    counts: Carry[Counts]
    read: _Reading


@dataclass(frozen=True, slots=True)
class FirstReading(Reduction[Block, _PartReading, _Reading, _Reading]):
    """Counts and places of all blocks, and their rows where `keep` and all of them take no more than `room` bytes.

    Each part keeps its rows while they fit and while `floor` bytes are free, and neighbours keep theirs while they fit
    together. `whole`: the bits of X are counted.
    """

    label: ClassVar[str] = "reading"

    room: float
    floor: float
    keep: bool
    whole: bool

    def init(self) -> _PartReading:
        return _PartReading(Carry(Counts.__add__), _Reading(NOTHING, [], 0.0))

    def step(self, state: _PartReading, item: Block, origin: Origin) -> _PartReading:
        read = state.read
        state.counts.push(Counts.of(item, self.whole))
        read.bytes += 8.0 * (item.n + item.y.shape[1] + 1) * item.rows
        keep = self.keep and read.bytes <= self.room and (not self.floor or free_memory() >= self.floor)
        block = _copied(item) if keep else None
        read.seen.append(_Seen(cast(StreamedPart, origin).number, item.start, item.rows, block))
        if not keep:
            read.let_go()
        return state

    def close(self, state: _PartReading) -> _Reading | None:
        counts = state.counts.total()
        return None if counts is None else replace(state.read, counts=counts)

    def merge(self, a: _Reading, b: _Reading) -> _Reading:
        both = _Reading(a.counts + b.counts, a.seen + b.seen, a.bytes + b.bytes)
        if both.bytes > self.room:
            both.let_go()
        return both

    def finish(self, total: _Reading) -> _Reading:
        return total


def placed(rows: Rows, runner: Runner, share: float = SHARE) -> CachedRows:
    """One pass (of y alone for arrays as they are), which holds the rows where they fit in `share` of the free memory.

    Raises DataError where no row is left, SourceError where rows that can be read once only do not fit.
    """
    as_is = _as_is(rows)
    if as_is is not None:
        counts = _counts(rows, as_is)
        cuts = _cuts(as_is, cast(ArrayRows, rows))
        return CachedRows(rows, counts, as_is, tuple(_parts(rows.name, as_is, [[c] for c in cuts])), (), 0.0)
    room = share * free_memory()
    size = 8.0 * (rows.n + rows.k + 1) * rows.rows if rows.rows is not None else 0.0
    floor = 0.5 * room if rows.rows is None else 0.0  # of rows whose number is not known, all parts may turn out large
    total = runner.fold(_Numbered(rows), FirstReading(room, floor, size <= room, not rows.in_memory))
    if total is None:
        raise errors.no_rows_for("a fit", rows.name)
    counts, seen = total.counts, total.seen
    if counts.used == 0:
        raise errors.no_weight_left("weights") if counts.idle else errors.no_rows_for("a fit", rows.name)
    if all(each.block is not None for each in seen):
        return _held(rows, counts, seen)
    if not rows.rereadable:
        raise errors.once_and_too_large(rows.name, counts.used, room)
    return CachedRows(rows, counts, None, (), _places(seen), 1.0)


def _as_is(rows: Rows) -> RowStore | None:
    """Arrays that need no copy: float64 in C order or CSR, and no weight of zero."""
    if not isinstance(rows, ArrayRows):
        return None
    X = rows.X
    w = None if rows.weights is None else np.ascontiguousarray(rows.weights, dtype=np.float64)
    if isinstance(X, np.ndarray) and not (X.dtype == np.float64 and X.flags.c_contiguous and X.flags.aligned):
        return None
    if w is not None and not w.all():
        return None
    y = np.ascontiguousarray(rows.y, dtype=np.float64)
    return RowStore(_open_matrix(cast(Matrix, X)), _open(y), None if w is None else _open(w))


class _Window:
    """Another look at an array's memory."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values
        self.__array_interface__ = values.__array_interface__ | {"data": (values.ctypes.data, False)}


def _open(values: NDArray[Any]) -> NDArray[Any]:
    """A read-only array as one that may be written to, which nothing does: else loops would be compiled twice, and the
    second code might round in another order.
    """
    return values if values.flags.writeable else np.asarray(_Window(values))


def _open_matrix(X: Matrix) -> Matrix:
    if isinstance(X, np.ndarray):
        return _open(X)
    shape = cast(tuple[int, int], X.shape)
    return sp.csr_array((_open(X.data), _open(X.indices), _open(X.indptr)), shape=shape, copy=False)


def _counts(rows: Rows, store: RowStore) -> Counts:
    """The same counts as a pass over the blocks would add up."""
    return Counts.of(store.block(0, store.y.shape[0]), not rows.in_memory)


def _cuts(store: RowStore, rows: ArrayRows) -> list[tuple[int, int]]:
    """Borders of the parts: as the source has them; for sparse rows, by stored values."""
    m = store.y.shape[0]
    if isinstance(store.X, np.ndarray):
        return [(part.first, part.stop) for part in rows.parts()]
    nnz = int(store.X.nnz)
    count = max(1, min(m, nnz // max(SPARSE_PART, 4 * rows.n)))
    inner = np.searchsorted(store.X.indptr, np.arange(1, count) * (nnz / count))
    edges = np.unique(np.concatenate([[0], inner, [m]]))
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _parts(name: str, store: RowStore, cuts: Sequence[Sequence[tuple[int, int]]]) -> Iterator[HeldPart]:
    for part in cuts:
        yield HeldPart(name, 0, tuple(store.block(start, stop) for start, stop in part))


def _copied(block: Block) -> Block:
    """The rows in arrays of their own, X in C order."""
    X = block.X
    own = np.array(X, order="C") if isinstance(X, np.ndarray) else X.copy()
    return replace(block, X=own, y=np.array(block.y, order="C"), w=None if block.w is None else block.w.copy())


def _held(rows: Rows, counts: Counts, seen: list[_Seen]) -> CachedRows:
    """Copies the blocks one by one to their place in one array, and lets go of each; the peak is one block above it."""
    groups = [[each.rows for each in group] for _, group in groupby(seen, key=lambda each: each.part)]
    blocks = [each.block for each in seen if each.block is not None]
    seen.clear()
    y = np.empty((counts.used, rows.k))
    w = np.empty(counts.used) if any(block.w is not None for block in blocks) else None
    dense = np.empty((0 if rows.sparse else counts.used, rows.n))
    X = cast(sp.csr_array, sp.vstack([block.X for block in blocks], format="csr")) if rows.sparse else dense
    start = 0
    for block in _emptied(blocks):
        stop = start + block.rows
        y[start:stop] = block.y
        if w is not None:
            w[start:stop] = 1.0 if block.w is None else block.w
        if isinstance(block.X, np.ndarray):
            dense[start:stop] = block.X
        start = stop
    store = RowStore(X, y, w)
    ends = iter(np.cumsum([rows for group in groups for rows in group]).tolist())
    cuts = [[(end - rows, end) for rows, end in zip(group, ends, strict=False)] for group in groups]
    return CachedRows(rows, counts, store, tuple(_parts(rows.name, store, cuts)), (), 1.0)


def _emptied(blocks: list[Block]) -> Iterator[Block]:
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def _places(seen: Sequence[_Seen]) -> tuple[Mapping[int, int], ...]:
    places: list[dict[int, int]] = [{} for _ in range(1 + max(each.part for each in seen))]
    start = 0
    for each in seen:
        places[each.part][each.start] = start
        start += each.rows
    return tuple(MappingProxyType(each) for each in places)
