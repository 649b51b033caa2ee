"""Counted work: what a solver does, as counts by kind that a machine's prices turn into seconds.

A kind is work of one rate: `gram` counts multiplications of X'X at a width, `triangle` the flops of QR of blocks, `pass` the
values that a compiled gradient reads, `fold` the passes that are begun. Each count is made of the sizes alone, so that a test
can hold it, and nothing here is a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypedDict

from gramian.data.blocks import block_rows
from gramian.kernels.rounding import gamma
from gramian.problem.facts import Facts
from gramian.reductions.coalesced_rows import STORED, gathered
from gramian.reductions.gram import CHUNK

Phase: TypeAlias = Literal["open", "learn", "read", "reduce", "solve", "confirm", "iterate", "refine"]
Kind: TypeAlias = Literal[
    "call",  # one answer: checks, plan, certificate
    "fold",  # passes begun
    "block",  # blocks handed to a worker
    "copy",  # values of a table in memory made into blocks
    "parquet",  # values decoded, made into blocks and checked, as in the next three
    "feather",
    "stream",
    "csv",  # bytes of text parsed
    "centre",  # values moved to their mean in a copy
    "gram",  # multiplications of a dense X'X, by width
    "sparse gram",  # multiplications of stored values
    "sparse square",  # numbers of the dense Gram matrices that blocks of sparse rows leave, and what fills them
    "image",  # as gram, of X W for a triangle W with its Gram matrix, by width
    "triangle",  # flops of QR of dense blocks, by width
    "gradient",  # values read by the certifying pass, by width
    "sparse gradient",
    "exact column",  # columns of an exact pass, a block
    "exact",  # values of an exact pass
    "exact compiled",  # the same of more rows, in compiled loops
    "pass",  # values read by a compiled gradient, by width
    "sparse pass",
    "epoch",  # values read in steps of one row, by width
    "sparse epoch",
    "compiled",  # loading of the compiled loops, once a process
    "cholesky",  # n^3 of a factor of the Gram matrix with its inverse, by n
    "orthogonal",  # n^3 of a rank scan of a triangle with its inverse, by n
    "svd",  # n^3 of a singular value decomposition, by n
    "eigen",  # n^3 of the eigenvalues of a Gram matrix, by n
    "sketch",  # values added to a sketch
    "vector",  # values of vectors of the length of theta, updated
]

PARALLEL: frozenset[str] = frozenset(
    ("copy", "parquet", "centre", "gram", "sparse gram", "sparse square", "image", "triangle", "gradient", "sparse gradient")
) | {"exact column", "exact", "exact compiled", "pass", "sparse pass", "block", "sketch"}
"""Kinds that workers share."""


@dataclass(frozen=True, slots=True)
class Work:
    """`count` units of one kind, at a width; `step` is the part of the path that it belongs to."""

    step: Phase
    kind: Kind
    count: float
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a solver does until it has an answer to certify.

    passes: over the rows. reads: those of them that take the rows from their source; the others find them held. memory:
    bytes held at the peak of a pass beside what the user holds, with one worker; each: bytes more for each further worker;
    solving: bytes held at the peak of the solution.
    """

    work: tuple[Work, ...]
    passes: float
    memory: float
    reads: float = 1.0
    each: float = 0.0
    solving: float = 0.0

    def peak(self, workers: int) -> float:
        """Bytes held with so many workers."""
        return max(self.memory + self.each * (workers - 1), self.solving)

    def workers(self, most: int, bytes: float) -> int:
        """How many of `most` workers find room in so many bytes; one at least."""
        if self.peak(most) <= bytes or not self.each:
            return most
        return max(1, min(most, 1 + math.floor((bytes - self.memory) / self.each)))

    def count(self, kind: Kind) -> float:
        """Units of one kind, all steps together."""
        return math.fsum(work.count for work in self.work if work.kind == kind)


def rows_of(facts: Facts) -> float:
    return float(facts.rows or 0)


def fewest(facts: Facts) -> float:
    """Columns, or rows where those are fewer: the most that the rank can be."""
    return min(float(facts.n), max(rows_of(facts), 1.0))


def values(facts: Facts) -> float:
    """Numbers of [X y] that a pass reads: the stored ones of sparse X."""
    if facts.nnz is not None:
        return float(facts.nnz) + rows_of(facts) * facts.k
    return rows_of(facts) * (facts.n + facts.k)


def gram_work(facts: Facts, step: Phase = "reduce") -> tuple[Work, ...]:
    """One pass that makes the Gram matrix of [X y]: m p^2 / 2 products each with a sum, counted as m p^2."""
    m, p = rows_of(facts), facts.n + facts.k
    begun = (Work(step, "fold", 1), Work(step, "block", facts.blocks))
    if facts.sparse and facts.nnz is not None:
        # A row of r stored values makes r^2 products; rows alike, and values in random places, are assumed.
        products = facts.nnz**2 / max(m, 1.0)
        dense = Work(step, "sparse square", squares(products, p, sparse_runs(facts)), p)
        return (*begun, Work(step, "sparse gram", products, p), dense)
    return (*begun, *centring(facts, step), Work(step, "gram", m * p**2, p))


def sparse_runs(facts: Facts) -> int:
    """Runs of blocks of sparse rows that are multiplied at once."""
    runs = math.ceil(facts.blocks / gathered(facts.blocks, int(rows_of(facts))))
    return max(runs, math.ceil((facts.nnz or 0) / STORED))


def squares(products: float, p: float, blocks: int) -> float:
    """Dense matrices of p columns, one a run of blocks, and the entries that so many products of values in random places fill."""
    square = float(p) ** 2
    return blocks * square * (1.0 - ENTRY * math.expm1(-products / (blocks * square)))


def triangle_work(facts: Facts, step: Phase = "reduce") -> tuple[Work, ...]:
    """One pass of QR by blocks: 2 m p^2 flops, sparse rows made dense."""
    m, p = rows_of(facts), facts.n + facts.k
    begun = (Work(step, "fold", 1), Work(step, "block", facts.blocks))
    return (*begun, *centring(facts, step), Work(step, "triangle", 2 * m * p * min(m, p), p))


def centring(facts: Facts, step: Phase) -> tuple[Work, ...]:
    """Rows of arrays are centred in a copy; blocks made anew are centred as they are, at no cost that shows."""
    return (Work(step, "centre", values(facts), facts.n + facts.k),) if facts.centred and not facts.sparse else ()


def gradient_work(facts: Facts, step: Phase) -> tuple[Work, ...]:
    """One certifying pass."""
    kind: Kind = "sparse gradient" if facts.sparse else "gradient"
    begun = (Work(step, "fold", 1), Work(step, "block", facts.blocks))
    return (*begun, Work(step, kind, values(facts), facts.n + facts.k))


def levels(blocks: int) -> int:
    """Partial results that wait in the tree of merges at most: ones in the binary number of any block."""
    return math.floor(math.log2(blocks))


def block_bytes(facts: Facts, most: int = 1 << 30) -> float:
    """Bytes of [X y] in double of a block, or of `most` rows of it."""
    p = facts.n + facts.k
    return 8.0 * min(block_rows(p), max(rows_of(facts), 1.0), most) * p


class Held(TypedDict):
    """The memory part of a Cost."""

    memory: float
    each: float
    solving: float


def gram_memory(facts: Facts, factors: int) -> Held:
    """Gram matrices in the tree, and for each worker one, one product and a chunk of rows; or the solution's, if more."""
    gram, made = 8.0 * (facts.n + facts.k) ** 2, block_bytes(facts) if facts.where.copied else 0.0
    room = 24.0 * min(float(facts.nnz or 0), STORED) if facts.sparse else block_bytes(facts, CHUNK)
    blocks = sparse_runs(facts) if facts.sparse else facts.blocks
    each = 2.0 * gram + room + made
    solving = factors * 8.0 * facts.n**2 + gram
    return Held(memory=levels(blocks) * gram + each, each=each + gram, solving=solving)


def triangle_memory(facts: Facts, factors: int) -> Held:
    """Triangles in the tree, and for each worker one, its block and LAPACK's copy of it; or what a merge holds, if more.

    A merge has two triangles, both stacked, and LAPACK's copy of the stack beside the result.
    """
    triangle, block = 8.0 * (facts.n + facts.k) ** 2, block_bytes(facts)
    each = triangle + 2.0 * block + (block if facts.where.copied else 0.0)
    solving = factors * 8.0 * facts.n**2 + triangle
    merging = (levels(facts.blocks) + 6.0) * triangle if facts.blocks > 2 else 0.0
    return Held(memory=max(levels(facts.blocks) * triangle + each, merging), each=each, solving=solving)


def values_of_y(facts: Facts) -> float:
    return rows_of(facts) * facts.k


CONDITION = 10.0
"""Condition of the scaled columns that is assumed until a reduction has measured it: a prior, not a claim."""
SHORT = 8.0
"""Where passes in float64 end with fewer digits than this, passes in double-double follow: each costs under three of them."""
MANY = 2000
"""Columns up to which methods that iterate make the Gram matrix too, for tolerances and a certificate."""
RULED = 5e11
ENTRY = 9.0
"""Numbers of a dense matrix that cost as much as an entry of the sparse one that fills it: measured, 200 to 1,500 columns."""

REWEIGHTED = 7.0
"""Steps of Newton's method on a loss that is not quadratic."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Steps of a method: factor * condition^power * ln(10^digits).

    `finite`: in exact arithmetic it ends after as many steps as there are columns; rounding takes about three times that.
    Published rates: gradient descent condition^2, accelerated and conjugate methods condition (Nocedal and Wright, 2006).
    """

    power: float
    factor: float
    finite: bool = False

    def steps(self, facts: Facts, digits: float) -> float:
        """Also from the condition that was measured, where one was."""
        condition = max(CONDITION if facts.condition is None else facts.condition, 1.0)
        digits = digits if facts.digits is None else facts.digits
        steps = self.factor * condition**self.power * math.log(10.0) * digits if self.power else self.factor
        return max(1.0, math.ceil(min(steps, 3.0 * (facts.n + 1)) if self.finite else steps))


def times(work: tuple[Work, ...], count: float) -> tuple[Work, ...]:
    """The same so many times."""
    return tuple(replace(each, count=each.count * count) for each in work)


def described_by_gram(facts: Facts) -> bool:
    """Whether a method that iterates makes the Gram matrix of its rows too."""
    return facts.n + 1 <= MANY and rows_of(facts) * (facts.n + 1) ** 2 <= RULED


def iterating(facts: Facts, steps: float, sweep: Kind, vectors: float, gram: bool) -> Cost:
    """A method of `steps` passes: scales first, the Gram matrix where it is affordable or needed, then its own passes.

    Rows that do not lie in memory as they are wanted are copied there, where they fit; else each pass reads them again.
    """
    p = facts.n + facts.k
    kind: Kind = ("sparse epoch" if facts.sparse else "epoch") if sweep == "epoch" else "sparse pass" if facts.sparse else "pass"
    work = [Work("reduce", "compiled", 1), Work("reduce", "fold", 2), Work("reduce", "gradient", values(facts), p)]
    square: Held = {"memory": 0.0, "each": 0.0, "solving": 0.0}
    described = gram or described_by_gram(facts)
    if described:
        work += [*gram_work(facts), Work("reduce", "eigen", facts.n**3, facts.n)]
        work += [Work("solve", "cholesky", facts.n**3, facts.n)]
        square = gram_memory(facts, factors=5)
    begun = steps * facts.blocks if kind in ("pass", "sparse pass") else 0.0
    work += [
        Work("iterate", "fold", steps),
        Work("iterate", "block", begun),
        Work("iterate", kind, steps * values(facts), p),
        Work("iterate", "vector", 6.0 * steps * (facts.n + 1) * facts.k),
    ]
    held = 8.0 * values(facts) if facts.where.copied and facts.held else 0.0
    passes = steps + (3.0 if described else 2.0)
    return Cost(
        tuple(work),
        passes,
        memory=vectors + held + square["memory"],
        reads=passes if facts.where.copied and not facts.held else 1.0,
        each=square["each"],
        solving=vectors + held + square["solving"],
    )


def reweighting(facts: Facts) -> Cost:
    """Reweighted least squares: a pass over the targets, then each step, and the certificate, a Gram matrix and its factor."""
    steps, n = REWEIGHTED, facts.n
    work = (
        *gradient_work(facts, "reduce"),
        *times((*gram_work(facts, "iterate"), *gradient_work(facts, "iterate")[2:]), steps),
        Work("iterate", "cholesky", steps * n**3, n),
        *gram_work(facts, "refine"),
        Work("refine", "cholesky", n**3, n),
    )
    passes = steps + 2.0
    return Cost(work, passes, reads=passes if facts.where.copied else 1.0, **gram_memory(facts, factors=5))


def falls_short(n: int, condition: float) -> bool:
    """Whether rounding of the residual, amplified, leaves passes in float64 too few digits."""
    return gamma(n + 5) * condition > 10.0**-SHORT
