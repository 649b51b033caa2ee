"""LSQR: the QR factorisation of the bidiagonal matrix that the Golub-Kahan process makes of A, updated a column a step.

Minimises ||b - A x||, a ridge being rows of A. The residual falls in every step; in exact arithmetic the iterates are those
of conjugate gradients on A'A x = A'b, but nothing is squared: digits are lost with the condition of A. Use it for many
columns, sparse rows, or data too large to reduce. Steps grow with the condition number; where columns depend on each other
it finds the shortest solution in its coordinates.

One pass a step. Memory a row vector (m, k) and 3 vectors (p, k) of doubles.
Reference: Paige and Saunders (1982), ACM Trans. Math. Software 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms
from gramian.problem.solution import Status
from gramian.solvers.bidiagonal import Pair, Products, advanced, begun, over
from gramian.solvers.iterate import Iterative


@dataclass(frozen=True, slots=True, eq=False)
class LSQRState:
    """theta (p, k), the search direction w, what is left of the bidiagonal system, and sums for the estimates, all (k,)."""

    theta: Floats
    pair: Pair
    w: Floats
    rhobar: Floats
    phibar: Floats
    frobenius: Floats
    inverse: Floats
    weight: float
    status: Status | None = None

    @property
    def value(self) -> float:
        """J: phibar is ||b - A x||."""
        return float(self.phibar @ self.phibar) / (2.0 * self.weight)

    @property
    def gradient_norms(self) -> Floats:
        """Of J: ||A'r|| is phibar alpha_{j+1} |c_j|, and rhobar is -c_j alpha_{j+1}."""
        return np.abs(self.phibar * self.rhobar) / self.weight

    @property
    def stride(self) -> float:
        return float("nan")

    @property
    def norm(self) -> Floats:
        """Estimate of ||A||_F, from below."""
        return np.sqrt(self.frobenius)

    @property
    def condition(self) -> Floats:
        """Estimate of ||A||_F ||A^+||_F, from below."""
        return np.sqrt(self.frobenius * self.inverse)


@dataclass(frozen=True, slots=True)
class LSQR(Iterative[Products, LSQRState]):
    """Golub-Kahan bidiagonalisation that minimises ||r||: Paige and Saunders (1982), several targets side by side."""

    def init(self, objective: Products, theta: Floats) -> LSQRState:
        pair = begun(objective, theta)
        none = np.zeros_like(pair.alpha)
        return LSQRState(theta, pair, pair.v, pair.alpha, pair.beta, pair.alpha**2, none, objective.weight)

    def step(self, objective: Products, state: LSQRState) -> LSQRState:
        pair = advanced(objective, state.pair)
        # rho = (rhobar^2 + beta^2)^1/2,  c = rhobar / rho,  s = beta / rho
        rho = np.hypot(state.rhobar, pair.beta)
        c, s = over(state.rhobar, rho), over(pair.beta, rho)
        # theta = s alpha,  rhobar = -c alpha,  phi = c phibar,  phibar = s phibar
        theta, rhobar = s * pair.alpha, -c * pair.alpha
        phi, phibar = c * state.phibar, s * state.phibar
        # x = x + (phi / rho) w,  w = v - (theta / rho) w
        x = state.theta + over(phi, rho) * state.w
        inverse = state.inverse + column_norms(over(state.w, rho)) ** 2
        w = pair.v - over(theta, rho) * state.w
        frobenius = state.frobenius + pair.alpha**2 + pair.beta**2
        return LSQRState(x, pair, w, rhobar, phibar, frobenius, inverse, state.weight)
