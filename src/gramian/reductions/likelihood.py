"""What a family's fit is judged by: deviance, Pearson's statistic and log-likelihood at a place. One pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartOver, Rows, RowsOver
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.reductions.irls_pass import Place, centred_eta


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """Sums over rows: weights, deviance, that of the null model, Pearson's (y - mu)^2 / variance, log-density at phi = 1."""

    weight: float
    deviance: float
    null: float
    pearson: float
    density: float

    @staticmethod
    def of(
        rows: Rows, runner: Runner, loss: Family, at: Place, null_level: float, frequency: bool = False
    ) -> GoodnessOfFit | None:
        """`null_level` is the linear predictor of the null model, before the offset."""
        return runner.fold(rows, GoodnessSums(loss, at, null_level, frequency))

    @np.errstate(invalid="ignore")  # as of sums that are infinite
    def loglik(self, loss: Family) -> float:
        """As R's logLik of a glm: for a family with a dispersion, that is deviance over the sum of the weights."""
        if loss.dispersion is None:
            return self.density
        return loss.dispersion.loglik(self.weight, self.deviance, self.density)


@dataclass(frozen=True, slots=True, eq=False)
class GoodnessSums(BlockReduction[GoodnessOfFit]):
    """GoodnessOfFit of all rows; fields as `GoodnessOfFit.of`."""

    label: ClassVar[str] = "deviance"

    loss: Family
    at: Place
    null_level: float
    frequency: bool

    def of_block(self, block: Block, origin: Origin) -> GoodnessOfFit:
        return _of_block(block, self.loss, self.at, self.null_level, self.frequency)

    def merge(self, a: GoodnessOfFit, b: GoodnessOfFit) -> GoodnessOfFit:
        return _merge(a, b)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # sums of a place far from the minimum are infinite
def _of_block(block: Block, loss: Family, at: Place, null_level: float, frequency: bool) -> GoodnessOfFit:
    y = block.y[:, 0]
    w = np.ones(block.rows) if block.w is None else block.w
    eta = centred_eta(block, at)
    empty = np.full(block.rows, null_level) if block.offset is None else null_level + block.offset
    mu, base = loss.mean(eta), loss.mean(empty)
    pearson = np.where(y == mu, 0.0, (y - mu) ** 2 / loss.variance(mu))
    density = w * loss.density(eta, y, np.ones_like(y), 1.0) if frequency else loss.density(eta, y, w, 1.0)
    return GoodnessOfFit(
        float(np.sum(w)),
        float(w @ loss.deviance(mu, y)),
        float(w @ loss.deviance(base, y)),
        float(w @ pearson),
        float(np.sum(density)),
    )


def _merge(a: GoodnessOfFit, b: GoodnessOfFit) -> GoodnessOfFit:
    return GoodnessOfFit(
        a.weight + b.weight, a.deviance + b.deviance, a.null + b.null, a.pearson + b.pearson, a.density + b.density
    )


@dataclass(frozen=True, slots=True, eq=False)
class NoColumns(RowsOver):
    """The same rows with no column at all: those of the null model."""

    @property
    def n(self) -> int:
        return 0

    @property
    def centred(self) -> bool:
        return True

    @property
    def sparse(self) -> bool:
        return False

    def parts(self) -> Sequence[BlockPart]:
        return [_Empty(part) for part in self.of.parts()]


@dataclass(frozen=True, slots=True, eq=False)
class _Empty(PartOver):
    def blocks(self) -> Iterator[Block]:
        for block in self.part.blocks():
            yield replace(block, X=np.zeros((block.rows, 0)))

