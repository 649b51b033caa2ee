"""What one pass takes from the rows: a value that says how items reduce, so that any runner can send it to its workers.

A source is read in parts, a part in items: blocks [X y], or for the state of a formula tables and frames. A worker reduces a
part with `init`, `step` for each item in order, and `close`; the runner merges what the parts came to with `merge`, in the
order of the parts and in a tree that depends on nothing else, and returns `finish` of the total:

    part 0:  init -> step -> step -> ... -> close --+
    part 1:  init -> step -> step -> ... -> close --+-> merge in a fixed tree -> finish
    part 2:  init -> step -> step -> ... -> close --+

So one thread, several, other processes, a part that is reduced again and any order of completion give the same bits.

A reduction is a frozen dataclass at module level. It pickles, and is small: coefficients and settings, never rows. Nothing
outside the state of a part is changed by `step`, and what a part keeps between two items is in its state, not in the part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from gramian.data.blocks import Block
from gramian.execution.tree import Carry, Chain, Tree
from gramian.kernels.array_types import Floats

Item = TypeVar("Item")
ItemOut = TypeVar("ItemOut", covariant=True)
S = TypeVar("S")
P = TypeVar("P")
V = TypeVar("V")

NARROW, NARROW_PASS, NARROW_QR = 24, 40, 256
"""Columns up to which two workers are no quicker than one, and take up to 1.4 times as long (measured): they wait for each
other's locks, those of the interpreter in products and passes over X, those of LAPACK's short calls in QR.
"""


class Origin(Protocol):
    """Where items come from, for messages and for the numbers of rows."""

    @property
    def label(self) -> str: ...
    @property
    def first(self) -> int | None:
        """Number in the whole source of the part's first row; None where only a pass could tell."""
        ...


class TablePart(Origin, Protocol[ItemOut]):
    """A run of items that one worker reads in order."""

    def items(self) -> Iterator[ItemOut]: ...


class Tables(Protocol[ItemOut]):
    """What `Runner.learn` reads: a source's tables, or the frames of a formula, in parts."""

    def parts(self) -> Sequence[TablePart[ItemOut]]: ...


class Reduction(ABC, Generic[Item, S, P, V]):
    """Items of a part reduce to a state S, a part comes to a partial P or to nothing, all parts to a value V.

    `label` names the pass to whoever watches its progress. `narrow`: rows in memory of so many columns or fewer are reduced
    no faster by two workers than by one.
    """

    label: ClassVar[str]
    narrow: ClassVar[int] = 0

    @abstractmethod
    def init(self) -> S:
        """The state of a part of which nothing has been read."""

    @abstractmethod
    def step(self, state: S, item: Item, origin: Origin) -> S:
        """The state with one more item. `state` is given up: it may be changed and returned."""

    @abstractmethod
    def close(self, state: S) -> P | None:
        """What a part comes to once all its items are in; None where it adds nothing."""

    @abstractmethod
    def merge(self, a: P, b: P) -> P:
        """Of neighbours, `a` before `b`. Both are given up: they may be changed and returned."""

    @abstractmethod
    def finish(self, total: P) -> V:
        """The value of the whole pass; not called where no part came to anything."""

    @property
    def title(self) -> str:
        """What progress shows of this pass."""
        return self.label

    def tree(self) -> Tree[P]:
        """How the partials of all parts merge."""
        return Carry(self.merge)


class BlockReduction(Reduction[Block, Carry[P], P, P], Generic[P]):
    """Blocks reduced one by one, and merged like the parts: the fixed tree goes down to the blocks."""

    @abstractmethod
    def of_block(self, block: Block, origin: Origin) -> P:
        """What one block comes to. X and y of a block may be overwritten where it is `owned`."""

    def init(self) -> Carry[P]:
        return Carry(self.merge)

    def step(self, state: Carry[P], item: Block, origin: Origin) -> Carry[P]:
        state.push(self.of_block(item, origin))
        return state

    def close(self, state: Carry[P]) -> P | None:
        return state.total()

    def finish(self, total: P) -> P:
        return total


class TableReduction(Reduction[Item, S, S, V], Generic[Item, S, V]):
    """What a formula learns of all rows. Parts merge one after the other, in their order.

    The state of a part is what it comes to, and is therefore to pickle, and small beside the rows.
    """

    def close(self, state: S) -> S:
        return state

    def tree(self) -> Chain[S]:
        return Chain(self.merge)


class RowMap(ABC, Generic[P]):
    """A pass that makes or changes vectors with one row for each row of the data, and may add up something beside.

    A frozen dataclass at module level, as a reduction is. The rows must number their blocks through: `start` of a block counts
    the rows before it over all parts. A runner gives each block the segments of its rows, arrays (rows, q) that hold the
    vectors as they were and are overwritten in place: in memory of its own a runner gives views of the vectors, elsewhere
    copies, which it writes back. What the blocks return merges as in a BlockReduction.
    """

    label: ClassVar[str]

    @abstractmethod
    def of_block(self, block: Block, segments: Sequence[Floats]) -> P:
        """Overwrites the segments, and returns what the block adds to the sum."""

    @abstractmethod
    def merge(self, a: P, b: P) -> P:
        """Of neighbours, `a` before `b`."""
