"""How much each row matters to a fit of another family than the normal: one pass, by the weighted least-squares problem there.

Leverage is the diagonal of the hat matrix of that problem, and the effect of leaving a row out is that of one Newton step.
Reference: Pregibon (1981), Annals of Statistics 9; Williams (1987), Applied Statistics 36.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian import errors
from gramian.data.blocks import Block
from gramian.execution.reduction import BlockReduction, Origin
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.inference.influence import InfluencePiece, RowValues
from gramian.kernels.array_types import Floats
from gramian.reductions.irls_pass import Place, WorkingRows, centred_eta, working_block
from gramian.reductions.sandwich import SATURATED, Projection, look


@dataclass(frozen=True, slots=True, eq=False)
class FamilyInfluence:
    """One entry per row of the source, (m,), NaN for rows that were dropped.

    fitted: the mean. residuals: target less mean. pearson: that over its standard deviation for dispersion 1. deviance: the
    root of the row's deviance, with the sign of the residual. leverage: for frequencies, of one of the repeated rows.
    weight: prior weights or frequencies, or None. dispersion: of the fit; `scaled` where it was estimated. Definitions are
    those of R's glm, with `standardized` from deviance residuals, and `cooks` from Pearson's.
    """

    fitted: Floats
    residuals: Floats
    pearson: Floats
    deviance: Floats
    leverage: Floats
    weight: Floats | None
    dispersion: float
    scaled: bool
    df: float
    rank: int
    frequency: bool

    @property
    def standardized(self) -> Floats:
        """The deviance residual over sqrt(dispersion (1 - h)); NaN where h = 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.deviance / np.sqrt(self.dispersion * self._left())

    @property
    def studentized(self) -> Floats:
        """About the deviance residual of the row where it is left out, in deviations where those are estimated."""
        with np.errstate(divide="ignore", invalid="ignore"):
            both = self.deviance**2 + self.leverage * self.pearson**2 / self._left()
            r = np.sign(self.deviance) * np.sqrt(both)
            return r / self._without() if self.scaled else r

    @property
    def cooks(self) -> Floats:
        """Cook's distance: h pearson^2 / (rank dispersion (1 - h)^2)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.leverage * (self.pearson / self._left()) ** 2 / (self.rank * self.dispersion)

    @property
    def dffits(self) -> Floats:
        """How far the row's own linear predictor moves when it is left out, in its standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.deviance * np.sqrt(self.leverage) / (self._without() * self._left())

    def _without(self) -> Floats:
        """The root of the mean deviance without the row."""
        repeats = self.weight if self.weight is not None and self.frequency else np.ones_like(self.deviance)
        total = float(np.nansum(repeats * self.deviance**2))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(np.maximum(total - self.deviance**2 / self._left(), 0.0) / (self.df - 1.0))

    def _left(self) -> Floats:
        rest = 1.0 - self.leverage
        return np.where(rest <= SATURATED, np.nan, rest)

    def __repr__(self) -> str:
        used = int(np.count_nonzero(~np.isnan(self.leverage)))
        return (
            f"FamilyInfluence({self.residuals.size:,} rows, {used:,} used: .residuals .fitted .pearson .deviance .leverage "
            ".standardized .studentized .cooks .dffits)"
        )


@dataclass(frozen=True, slots=True, eq=False)
class FamilyInfluencePass(BlockReduction[tuple[InfluencePiece, ...]]):
    """Gathers what FamilyInfluence holds, in pieces of (rows, 6). Memory: 6 m doubles."""

    label: ClassVar[str] = "influence"

    projection: Projection
    loss: Family
    at: Place

    def of_block(self, block: Block, origin: Origin) -> tuple[InfluencePiece, ...]:
        loss, eta, y = self.loss, centred_eta(block, self.at), block.y[:, 0]
        seen = look(self.projection, origin, working_block(block, loss, eta))
        w = np.ones(block.rows) if block.w is None else block.w
        once = np.ones(block.rows) if self.projection.frequency else w
        mu = loss.mean(eta)
        assert seen.block.curve is not None
        pearson = np.sqrt(once * seen.block.curve) * seen.block.y[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            deviance = np.sign(y - mu) * np.sqrt(np.maximum(once * loss.deviance(mu, y), 0.0))
        values = np.full((block.read, 6), np.nan)
        columns = np.column_stack([mu, y - mu, pearson, deviance, seen.leverage, w])
        values[slice(None) if block.kept is None else block.kept] = columns
        return (InfluencePiece(None if origin.first is None else origin.first + block.start, values),)

    def merge(self, a: tuple[InfluencePiece, ...], b: tuple[InfluencePiece, ...]) -> tuple[InfluencePiece, ...]:
        return a + b


def family_influence(
    rows: WorkingRows, runner: Runner, projection: Projection, *, dispersion: float, scaled: bool, df: float, rank: int
) -> FamilyInfluence:
    """One pass over the rows."""
    frequency = projection.frequency
    pieces = runner.fold(rows.of, FamilyInfluencePass(projection, rows.loss, rows.at))
    if pieces is None:
        raise errors.no_rows_for("influence", rows.name)
    fitted, residuals, pearson, deviance, leverage, w = RowValues.laid_out(pieces, rows.rows).T
    weight = w if rows.weighted else None
    return FamilyInfluence(
        fitted, residuals, pearson, deviance, leverage, weight, dispersion, scaled, df, rank, frequency
    )
