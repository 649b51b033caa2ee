"""What a reduction or objective reads: numeric blocks [X y] of consecutive rows, whatever they were made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.source import CodedColumn
from gramian.kernels.array_types import Floats, Ints

NONE = np.empty(0)

Matrix: TypeAlias = Floats | sp.csr_array

BLOCK_BYTES = 16 << 20
"""Target size of a dense block of [X y]. Measured: 4-16 MB are level on 1,000,000 x 50 and 100,000 x 500."""


def block_rows(columns: int) -> int:
    """Rows of a block for so many columns: a power of two between 1,024 and 16,384, so that it depends on nothing else."""
    rows = BLOCK_BYTES // (8 * max(columns, 1))
    return 1 << min(max(rows, 1024).bit_length() - 1, 14)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive rows, those with missing values already taken out.

    X (rows, n) is float64, C- or Fortran-contiguous, or CSR; y (rows, k); w (rows,) positive weights or None. `start`
    counts the rows of the part before the block, as the part's `first` counts those of the source before the part.
    `kept` are the positions, among the `read` rows from `start` on, of the rows that remain; None means all. A reader
    may overwrite X and y when `owned`.
    """

    start: int
    X: Matrix
    y: Floats
    w: Floats | None
    cluster: NDArray[Any] | CodedColumn | None  # (rows,) numbers, or text as codes into labels of this block
    read: int
    kept: Ints | None
    owned: bool
    idle: int = 0  # rows left out because their weight is zero
    offset: Floats | None = None  # (rows,), already taken off y where the loss is squared; added to eta for the others
    curve: Floats | None = None  # (rows,), where w is a weight times a curvature: that curvature
    X_lo: Floats | None = None  # (rows, n), (rows, k): what the float64 numbers leave of the decimals that they stand for;
    y_lo: Floats | None = None  # read only by the passes in double-double
    lost: Floats | None = None  # (n + k,): weighted norms of what a formula's roundings take off X + X_lo and y + y_lo,
    # in units of 2^-104; None: nothing is computed

    @property
    def rows(self) -> int:
        return self.y.shape[0]

    @property
    def n(self) -> int:
        return int(cast(tuple[int, int], self.X.shape)[1])

    def dense(self) -> Floats:
        """X as an array; a CSR block is expanded."""
        return self.X if isinstance(self.X, np.ndarray) else cast(Floats, self.X.toarray())

    @property
    def missing(self) -> int:
        """Rows left out because a value is missing."""
        return self.read - self.rows - self.idle


class BlockPart(Protocol):
    """A run of blocks that one worker reads in order."""

    @property
    def label(self) -> str:
        """For messages."""
        ...

    @property
    def first(self) -> int | None:
        """Row number of the part's first row in the whole source; None where it is known only after a pass."""
        ...

    def blocks(self) -> Iterator[Block]: ...


@dataclass(frozen=True, slots=True, eq=False)
class PartRun:
    """Neighbouring parts that one worker reduces together, in order: what it keeps between blocks goes on from part to part."""

    parts: tuple[BlockPart, ...]

    @property
    def label(self) -> str:
        return self.parts[0].label

    @property
    def first(self) -> int | None:
        return self.parts[0].first

    def blocks(self) -> Iterator[Block]:
        for part in self.parts:
            yield from part.blocks()


class Rows(Protocol):
    """m rows of [X y]: n columns, k targets."""

    @property
    def n(self) -> int: ...
    @property
    def k(self) -> int: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def centred(self) -> bool:
        """An intercept is fitted by centring, so X holds no column of ones. Never for sparse X."""
        ...

    @property
    def sparse(self) -> bool: ...
    @property
    def weighted(self) -> bool: ...
    @property
    def rereadable(self) -> bool: ...
    @property
    def in_memory(self) -> bool: ...
    @property
    def name(self) -> str: ...

    def parts(self) -> Sequence[BlockPart]: ...


@dataclass(frozen=True, slots=True, eq=False)
class RowsOver(ABC):
    """The rows `of` in another form: a subclass says what differs."""

    of: Rows

    @property
    def n(self) -> int:
        return self.of.n

    @property
    def k(self) -> int:
        return self.of.k

    @property
    def rows(self) -> int | None:
        return self.of.rows

    @property
    def centred(self) -> bool:
        return self.of.centred

    @property
    def sparse(self) -> bool:
        return self.of.sparse

    @property
    def weighted(self) -> bool:
        return self.of.weighted

    @property
    def rereadable(self) -> bool:
        return self.of.rereadable

    @property
    def in_memory(self) -> bool:
        return self.of.in_memory

    @property
    def name(self) -> str:
        return self.of.name

    @abstractmethod
    def parts(self) -> Sequence[BlockPart]: ...


@dataclass(frozen=True, slots=True, eq=False)
class PartOver(ABC):
    """The blocks of a `part` in another form."""

    part: BlockPart

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def first(self) -> int | None:
        return self.part.first

    @abstractmethod
    def blocks(self) -> Iterator[Block]: ...


def as_float_block(values: NDArray[Any]) -> Floats:
    """Values as a C-contiguous float64 array; no copy where they are that already."""
    return np.ascontiguousarray(values, dtype=np.float64)


def stored(X: sp.csr_array) -> tuple[Floats, Ints, Ints]:
    """Values, their columns, and where rows end; indices are of 32 or 64 bits."""
    return cast(Floats, X.data), cast(Ints, X.indices), cast(Ints, X.indptr)


def weights(block: Block) -> Floats:
    """An empty array where there are none: compiled loops accept only arrays."""
    return NONE if block.w is None else block.w
