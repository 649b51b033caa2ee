"""The Golub-Kahan process under `lsqr` and `lsmr`: two products with A a step, made in one read of the rows.

With A the design (rows times the roots of their weights, the ridge's rows below) and b the targets,

    beta_1 u_1 = b - A x_0,             alpha_1 v_1 = A'u_1,
    beta_{j+1} u_{j+1} = A v_j - alpha_j u_j,    alpha_{j+1} v_{j+1} = A'u_{j+1} - beta_{j+1} v_j.

A'u_{j+1} can be formed in the pass that makes u_{j+1}, because beta is a scalar that can be divided out afterwards. Columns of
b are targets that run side by side; one that has ended has beta or alpha zero from then on, and moves no more.
Memory: a row vector (m, k) and a vector v (p, k). Reference: Golub and Kahan (1965), SIAM J. Numer. Anal. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.kernels.rounding import EPS

RowVector = tuple[Floats, ...]
"""A vector over rows, (m, k), in pieces: the rows of the data, then those of a penalty."""


class Products(Protocol):
    """What the process reads of the rows: J = ||A x - b||^2 / (2 weight)."""

    @property
    def passes(self) -> float: ...
    @property
    def weight(self) -> float: ...
    def start(self) -> Floats: ...
    def targets(self) -> RowVector:
        """B."""
        ...

    def fused(self, v: Floats, u: RowVector, alpha: Floats) -> tuple[RowVector, Floats]:
        """A v - alpha u, and A' of it, in one pass."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """u v alpha beta of one step; u is kept as beta u, which saves a pass over a row vector. alpha and beta (k,)."""

    u: RowVector
    v: Floats
    alpha: Floats
    beta: Floats

    @property
    def ended(self) -> bool:
        """No column can move on: its residual is orthogonal to the range, or lies in the space already searched."""
        return not np.any(self.alpha)


def begun(A: Products, x: Floats) -> Pair:
    """(u_1, v_1) for the residual at x: one pass, two where x is not zero."""
    b = A.targets()
    zero, ones = np.zeros_like(x), np.ones(x.shape[1])
    if np.any(x):
        # A x - b is the residual with its sign turned.
        b = tuple(-piece for piece in A.fused(x, b, ones)[0])
    return _scaled(*A.fused(zero, b, -ones), zero, np.zeros_like(ones))


def advanced(A: Products, pair: Pair) -> Pair:
    """The next pair; one pass."""
    return _scaled(*A.fused(pair.v, pair.u, over(pair.alpha, pair.beta)), pair.v, pair.alpha)


def _scaled(u: RowVector, h: Floats, v: Floats, before: Floats) -> Pair:
    """beta, alpha and v from beta u and h = A'(beta u); what is left at the level of rounding is zero."""
    beta = column_norms(np.stack([_size(piece) for piece in u]))
    beta = np.where(beta > 4 * EPS * before, beta, 0.0)
    h = over(h, beta)
    w = h - beta * v
    alpha = column_norms(w)
    alpha = np.where(alpha > 4 * EPS * np.maximum(column_norms(h), beta), alpha, 0.0)
    return Pair(u, over(w, alpha), alpha, beta)


def _size(piece: Floats) -> Floats:
    squares = np.einsum("ij,ij->j", piece, piece)
    moderate = np.all((squares > 1e-280) & (squares < 1e280))
    return np.sqrt(squares) if moderate else column_norms(piece)


def over(a: Floats, b: Floats) -> Floats:
    """A / b, and 0 where b is 0: the columns that have ended."""
    return np.where(b != 0, a / np.where(b != 0, b, 1.0), 0.0)
