"""How much each row matters: residuals, leverage, studentised residuals, Cook's distance, DFFITS; one pass."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gramian.data.blocks import Rows
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.reductions.sandwich import SATURATED, FittedBlock, Projection, RowWork, gather


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """One entry per row of the source, m in all, NaN for rows that were dropped; (m, k) for k targets.

    fitted: with the offset, where there is one. residuals: target less fitted.
    leverage (m,): diagonal of the hat matrix; for frequencies, of one of the repeated rows. weight (m,) or None:
    analytic weights. sigma (k,), df, rank: of the fit. Definitions are those of R's influence.measures.
    Reference: Belsley, Kuh and Welsch (1980), Regression Diagnostics, chapter 2.
    """

    fitted: Floats
    residuals: Floats
    leverage: Floats
    weight: Floats | None
    sigma: Floats
    df: float
    rank: int

    @property
    def standardized(self) -> Floats:
        """Residuals over their own standard error: sqrt(w) e / (sigma sqrt(1 - h)); NaN where h = 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._weighted() / (self.sigma * np.sqrt(self._beside(self._left())))

    @property
    def studentized(self) -> Floats:
        """The same with sigma estimated without the row: Student's t on df - 1; NaN where df <= 1."""
        if self.df <= 1:
            return np.full_like(self.residuals, np.nan)
        r = self.standardized
        with np.errstate(divide="ignore", invalid="ignore"):
            return r * np.sqrt((self.df - 1.0) / np.maximum(self.df - r * r, 0.0))

    @property
    def cooks(self) -> Floats:
        """Cook's distance: how far all fitted values move when the row is left out, in units of rank sigma^2."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.standardized**2 * self._beside(self.leverage / self._left()) / self.rank

    @property
    def dffits(self) -> Floats:
        """How far the row's own fitted value moves when it is left out, in its standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.studentized * np.sqrt(self._beside(self.leverage / self._left()))

    def squeezed(self) -> Influence:
        """With arrays (m,) for one target."""
        if self.residuals.shape[1] > 1:
            return self
        return replace(self, fitted=self.fitted[:, 0], residuals=self.residuals[:, 0])

    def _beside(self, values: Floats) -> Floats:
        return values if self.residuals.ndim == 1 else values[:, None]

    def _left(self) -> Floats:
        rest = 1.0 - self.leverage
        return np.where(rest <= SATURATED, np.nan, rest)

    def _weighted(self) -> Floats:
        return self.residuals if self.weight is None else self.residuals * self._beside(np.sqrt(self.weight))

    def __repr__(self) -> str:
        m, k = self.residuals.shape if self.residuals.ndim == 2 else (self.residuals.size, 1)
        used = int(np.count_nonzero(~np.isnan(self.leverage)))
        targets = "" if k == 1 else f" x {k} targets"
        return (
            f"Influence({m:,} rows{targets}, {used:,} used: .residuals .fitted .leverage .standardized .studentized "
            f".cooks .dffits)"
        )


@dataclass(frozen=True, slots=True, eq=False)
class InfluencePiece:
    """Fitted (k), residual (k), leverage, weight of the rows read from `start` of the source on, NaN where dropped."""

    start: int | None
    values: Floats


@dataclass(frozen=True, slots=True)
class RowValues(RowWork[tuple[InfluencePiece, ...]]):
    """Gathers what Influence holds. Memory: m (2 k + 2) doubles."""

    def piece(self, seen: FittedBlock) -> tuple[InfluencePiece, ...]:
        block = seen.block
        w = np.ones(block.rows) if block.w is None or seen.frequency else block.w
        fitted = seen.fitted if block.offset is None else seen.fitted + block.offset[:, None]
        columns = np.column_stack([fitted, seen.residual, seen.leverage, w])
        values = np.full((block.read, columns.shape[1]), np.nan)
        values[slice(None) if block.kept is None else block.kept] = columns
        first = seen.part.first
        return (InfluencePiece(None if first is None else first + block.start, values),)

    def merge(self, left: tuple[InfluencePiece, ...], right: tuple[InfluencePiece, ...]) -> tuple[InfluencePiece, ...]:
        return left + right

    @staticmethod
    def laid_out(pieces: tuple[InfluencePiece, ...], rows: int | None) -> Floats:
        """All rows in the order of the source. Pieces come in that order; gaps between them, where known, are NaN."""
        starts: list[int] = []
        end = 0
        for piece in pieces:
            starts.append(end if piece.start is None else piece.start)
            end = starts[-1] + piece.values.shape[0]
        out = np.full((max(end, rows or 0), pieces[0].values.shape[1]), np.nan)
        for start, piece in zip(starts, pieces, strict=True):
            out[start : start + piece.values.shape[0]] = piece.values
        return out


def influence(rows: Rows, runner: Runner, projection: Projection, *, sigma: Floats, df: float, rank: int) -> Influence:
    """One pass over the rows. sigma (k,), df and rank are those of the fit (rank with the intercept)."""
    (pieces,) = gather(rows, runner, projection, [RowValues()], "influence")
    return arranged(pieces, rows, sigma=sigma, df=df, rank=rank)


def arranged(pieces: tuple[InfluencePiece, ...], rows: Rows, *, sigma: Floats, df: float, rank: int) -> Influence:
    """Influence from what `RowValues` gathered in a pass shared with other works."""
    values = RowValues.laid_out(pieces, rows.rows)
    k = rows.k
    weight = values[:, 2 * k + 1] if rows.weighted else None
    return Influence(values[:, :k], values[:, k : 2 * k], values[:, 2 * k], weight, sigma, df, rank)
