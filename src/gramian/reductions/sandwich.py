"""Passes that need the coefficients first: leverage, and the middle of the sandwich by row or by cluster.

Rows are seen in coordinates in which the fit is trivial. With B (p, s) a root of (X'WX)^-1, z_i = B' x_i, so that
sum w z z' = I, and then

    leverage        h_i = w_i |z_i|^2
    sandwich        A (sum u_i^2 x_i x_i') A = B (sum u_i^2 z_i z_i') B'

No product with X'X or its inverse is formed, so that the digits lost go with the condition number, not its square.
All works given to one `gather` share one pass and one z.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian import errors
from gramian.data.blocks import Block, Rows
from gramian.data.counts import Counts, check_unchanged
from gramian.data.source import CodedColumn
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats, Ints

T = TypeVar("T")

RESIDUALS = "residuals"
SATURATED = 1e-10
"""A row whose 1 - leverage is below this is fitted exactly, whatever its target: its residual is rounding alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A fit as rows see it: coef (n, k), dropped ones 0 or NaN; root (n, r), (X'WX)^-1 = root root', X centred or not.

    level (k,): the fitted value at X = mean when centred (the mean of y), else the constant added to X coef, usually 0.
    mean (n,): weighted means of the columns of X; read only when centred. weight_sum: sum of the weights, or the number
    of rows. frequency: the weights repeat rows, rather than scale variances.
    """

    coef: Floats
    root: Floats
    level: Floats
    mean: Floats
    centred: bool
    weight_sum: float
    frequency: bool = False
    counts: Counts | None = None  # of the pass that made the fit; a later pass that met other rows is an error

    def bread(self) -> Floats:
        """B (p, s) in printed order, the intercept first when centred."""
        if not self.centred:
            return self.root
        n, r = self.root.shape
        full = np.zeros((n + 1, r + 1))
        full[0, 0] = 1.0 / np.sqrt(self.weight_sum)
        full[0, 1:] = -(self.mean @ self.root)
        full[1:, 1:] = self.root
        return full


@dataclass(frozen=True, slots=True, eq=False)
class FittedBlock:
    """A block in the coordinates of the fit: residual (rows, k), fitted (rows, k), z (rows, s), leverage (rows,)."""

    part: Origin
    block: Block
    fitted: Floats
    residual: Floats
    z: Floats
    leverage: Floats
    frequency: bool

    @property
    def saturated(self) -> NDArray[np.bool_]:
        return 1.0 - self.leverage <= SATURATED

    def row_of(self, i: int) -> int | None:
        """Number in the source of row i of this block, where the source knows it."""
        if self.part.first is None:
            return None
        return self.part.first + self.block.start + (i if self.block.kept is None else int(self.block.kept[i]))


class RowWork(ABC, Generic[T]):
    """What to take from every row in a pass that is shared: a frozen dataclass at module level, as a reduction is."""

    @abstractmethod
    def piece(self, seen: FittedBlock) -> T: ...

    @abstractmethod
    def merge(self, left: T, right: T) -> T: ...


def look(projection: Projection, part: Origin, block: Block) -> FittedBlock:
    """The block in the coordinates of the fit; X is not modified."""
    coef = np.nan_to_num(projection.coef, nan=0.0)
    given = cast(Floats, block.X)  # or CSR, which has the same product
    X = given - projection.mean if projection.centred else given
    fitted = np.asarray(X @ coef) + projection.level
    z = np.asarray(X @ projection.root)
    if projection.centred:
        z = np.column_stack([np.full(block.rows, 1.0 / np.sqrt(projection.weight_sum)), z])
    leverage = np.einsum("ij,ij->i", z, z)
    scale = block.curve if projection.frequency else block.w
    if scale is not None:
        leverage *= scale
    np.minimum(leverage, 1.0, out=leverage)
    return FittedBlock(part, block, fitted, block.y - fitted, z, leverage, projection.frequency)


WorkResults: TypeAlias = tuple[Counts, tuple[Any, ...]]
"""Counts, and the result of each work, which has the work's own type."""


@dataclass(frozen=True, slots=True, eq=False)
class WorksOfRows(BlockReduction[WorkResults]):
    """All works of one pass. `whole`: the bits of X are counted."""

    label: ClassVar[str] = RESIDUALS

    projection: Projection
    works: tuple[RowWork[Any], ...]
    whole: bool
    what: str

    @property
    def title(self) -> str:
        return self.what

    def of_block(self, block: Block, origin: Origin) -> WorkResults:
        counts = Counts.of(block, self.whole)
        seen = look(self.projection, origin, block)
        return counts, tuple(work.piece(seen) for work in self.works)

    def merge(self, a: WorkResults, b: WorkResults) -> WorkResults:
        return a[0] + b[0], tuple(work.merge(x, y) for work, x, y in zip(self.works, a[1], b[1], strict=True))


def gather(
    rows: Rows, runner: Runner, projection: Projection, works: Sequence[RowWork[Any]], what: str = RESIDUALS
) -> list[Any]:
    """Do all works in one pass; the results, in the order of `works`.

    Each result has its work's own type, hence Any. Raises DataError when the source has no rows left.
    """
    total = runner.fold(rows, WorksOfRows(projection, tuple(works), not rows.in_memory, what))
    if total is None:
        raise errors.no_rows_for(what, rows.name)
    counts, gathered = total
    if projection.counts is not None:
        check_unchanged(rows.name, projection.counts, counts)
    return list(gathered)


@dataclass(frozen=True, slots=True, eq=False)
class Meat:
    """Sum of u^2 z z' (k, s, s); `lone` holds (row, z) of saturated rows, which a discounted sum leaves out."""

    sums: Floats
    lone: tuple[tuple[int | None, Floats], ...]


@dataclass(frozen=True, slots=True)
class Scores(RowWork[Meat]):
    """The meat by row, residuals over (1 - leverage)^(power / 2): power 0 for HC0 and HC1, 1 for HC2, 2 for HC3."""

    power: int

    def piece(self, seen: FittedBlock) -> Meat:
        w = seen.block.w
        curve = 1.0 if seen.block.curve is None else np.sqrt(seen.block.curve)
        scale = np.ones_like(seen.leverage) if w is None else (np.sqrt(w) * curve if seen.frequency else w)
        lone: tuple[tuple[int | None, Floats], ...] = ()
        if self.power:
            full = seen.saturated
            lone = tuple((seen.row_of(int(i)), seen.z[i].copy()) for i in np.flatnonzero(full))
            remaining = np.where(full, 1.0, 1.0 - seen.leverage)
            scale = np.where(full, 0.0, scale / remaining ** (0.5 * self.power))
        return Meat(np.stack([_gram(seen.z * (scale * u)[:, None]) for u in seen.residual.T]), lone)

    def merge(self, left: Meat, right: Meat) -> Meat:
        return Meat(left.sums + right.sums, left.lone + right.lone)


@dataclass(frozen=True, slots=True, eq=False)
class ClusterSums:
    """labels (g,), each once, in an order that depends on the rows alone; sums (g, k, s), the scores of each cluster."""

    labels: NDArray[Any]
    sums: Floats


@dataclass(frozen=True, slots=True)
class ClusterScores(RowWork[ClusterSums]):
    """Scores w e z summed by cluster. Memory: clusters x k x s doubles."""

    def piece(self, seen: FittedBlock) -> ClusterSums:
        block = seen.block
        if block.cluster is None:
            raise errors.no_clusters()
        u = seen.residual if block.w is None else seen.residual * block.w[:, None]
        labels, group = _grouped(block.cluster)
        # Numpy sorts 16-bit numbers by their digits, ten times as fast.
        order = np.argsort(group.astype(np.uint16) if labels.size <= 1 << 16 else group, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=labels.size))])
        # Row g of the sparse matrix holds the residuals of cluster g, so that its product with z sums their scores.
        sums = [sp.csr_array((v[order], order, ends), shape=(labels.size, block.rows)) @ seen.z for v in u.T]
        return ClusterSums(labels, np.stack(sums, axis=1))

    def merge(self, left: ClusterSums, right: ClusterSums) -> ClusterSums:
        labels, group = _united(left.labels, right.labels)
        sums = np.zeros((labels.size, *left.sums.shape[1:]))
        sums[group[: left.labels.size]] += left.sums
        sums[group[left.labels.size :]] += right.sums
        return ClusterSums(labels, sums)


def _grouped(cluster: NDArray[Any] | CodedColumn) -> tuple[NDArray[Any], Ints]:
    """The labels that occur, and the place among them of each row's."""
    if not isinstance(cluster, CodedColumn):
        return np.unique(cluster, return_inverse=True)
    counts = np.bincount(cluster.codes, minlength=len(cluster.levels))
    used = np.flatnonzero(counts)
    group = (np.cumsum(counts > 0) - 1)[cluster.codes]
    labels = np.empty(used.size, dtype=object)
    labels[:] = [cluster.levels[code] for code in used.tolist()]
    return labels, group


def _united(left: NDArray[Any], right: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """The labels of both, and the places among them of the left ones and then of the right ones."""
    if left.dtype.kind != "O":
        return np.unique(np.concatenate([left, right]), return_inverse=True)
    place = {label: at for at, label in enumerate(left.tolist())}
    more = [place.setdefault(label, len(place)) for label in right.tolist()]
    labels = np.empty(len(place), dtype=object)
    labels[:] = list(place)
    return labels, np.concatenate([np.arange(left.size), np.array(more, dtype=np.intp)])


def _gram(S: Floats) -> Floats:
    """S'S, symmetric to the bit."""
    return S.T @ S
