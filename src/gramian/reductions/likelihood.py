"""What a family's fit is judged by: deviance, Pearson's statistic and log-likelihood at a place. One pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.blocks import Block, BlockPart, PartOver, Rows, RowsOver
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families.losses import Loss
from gramian.kernels.special import special
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
        rows: Rows, runner: Runner, loss: Loss, at: Place, null_level: float, frequency: bool = False
    ) -> GoodnessOfFit | None:
        """`null_level` is the linear predictor of the null model, before the offset."""
        return runner.fold(rows, GoodnessSums(loss, at, null_level, frequency))

    @np.errstate(invalid="ignore")  # as of sums that are infinite
    def loglik(self, loss: Loss) -> float:
        """As R's logLik of a glm: for a family with a dispersion, that is deviance over the sum of the weights."""
        if not loss.scale:
            return self.density
        # Gamma: with A = sum w (log y - eta - y e^-eta) = -deviance/2 - W, a = 1/phi and B = sum w log y,
        # l(a) = a A + W (a log a - log Gamma(a)) - B, and l(1) = A - B.
        W, a = self.weight, self.weight / self.deviance if self.deviance > 0 else np.inf
        A = -0.5 * self.deviance - W
        return float(a * A + W * (a * np.log(a) - special.gammaln(a)) - (A - self.density))


@dataclass(frozen=True, slots=True, eq=False)
class GoodnessSums(BlockReduction[GoodnessOfFit]):
    """GoodnessOfFit of all rows; fields as `GoodnessOfFit.of`."""

    label: ClassVar[str] = "deviance"

    loss: Loss
    at: Place
    null_level: float
    frequency: bool

    def of_block(self, block: Block, origin: Origin) -> GoodnessOfFit:
        return _of_block(block, self.loss, self.at, self.null_level, self.frequency)

    def merge(self, a: GoodnessOfFit, b: GoodnessOfFit) -> GoodnessOfFit:
        return _merge(a, b)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # sums of a place far from the minimum are infinite
def _of_block(block: Block, loss: Loss, at: Place, null_level: float, frequency: bool) -> GoodnessOfFit:
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

