"""LSMR: MINRES on A'A x = A'b, by two QR factorisations of the bidiagonal matrix of the Golub-Kahan process.

Minimises ||b - A x||, a ridge being rows of A. ||A'r||, which is what least squares must bring to zero, falls in every step
(in `lsqr` it may rise), so it can be stopped early with less to lose. Use it for many columns, sparse rows, or data too
large to reduce. Steps grow with the condition number of A, not its square; where columns depend on each other it finds the
shortest solution in its coordinates.

One pass a step. Memory a row vector (m, k) and 4 vectors (p, k) of doubles.
Reference: Fong and Saunders (2011), SIAM J. Sci. Comput. 33(5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.problem.solution import Status
from gramian.solvers.bidiagonal import Pair, Products, advanced, begun, over
from gramian.solvers.iterate import Iterative


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """The rotations that estimate ||r|| and the condition: section 5 of the paper, all (k,)."""

    betadd: Floats
    betad: Floats
    rhodold: Floats
    tautildeold: Floats
    thetatilde: Floats
    norm: Floats
    frobenius: Floats
    largest: Floats
    smallest: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LSMRState:
    """theta (p, k), the directions h and hbar, the two rotations, all else (k,)."""

    theta: Floats
    pair: Pair
    h: Floats
    hbar: Floats
    alphabar: Floats
    zetabar: Floats
    rho: Floats
    rhobar: Floats
    cbar: Floats
    sbar: Floats
    zeta: Floats
    seen: Residual
    weight: float
    status: Status | None = None

    @property
    def value(self) -> float:
        """J, from the estimate of ||b - A x||."""
        return float(self.seen.norm @ self.seen.norm) / (2.0 * self.weight)

    @property
    def gradient_norms(self) -> Floats:
        """Of J: |zetabar| is ||A'(b - A x)||."""
        return np.abs(self.zetabar) / self.weight

    @property
    def stride(self) -> float:
        return float("nan")

    @property
    def norm(self) -> Floats:
        """Estimate of ||A||_F, from below."""
        return np.sqrt(self.seen.frobenius)

    @property
    def condition(self) -> Floats:
        """Estimate of the condition of A, from below."""
        return over(self.seen.largest, self.seen.smallest)


@dataclass(frozen=True, slots=True)
class LSMR(Iterative[Products, LSMRState]):
    """Golub-Kahan bidiagonalisation that minimises ||A'r||: Fong and Saunders (2011), several targets side by side."""

    def init(self, objective: Products, theta: Floats) -> LSMRState:
        pair = begun(objective, theta)
        one, zero = np.ones_like(pair.alpha), np.zeros_like(pair.alpha)
        unseen = np.full_like(zero, np.finfo(np.float64).max)
        seen = Residual(pair.beta, zero, one, zero, zero, pair.beta, pair.alpha**2, zero, unseen)
        hbar, zetabar = np.zeros_like(pair.v), pair.alpha * pair.beta
        return LSMRState(
            theta, pair, pair.v, hbar, pair.alpha, zetabar, one, one, one, zero, zero, seen, objective.weight
        )

    def step(self, objective: Products, state: LSMRState) -> LSMRState:
        pair = advanced(objective, state.pair)
        # rho = (alphabar^2 + beta^2)^1/2,  c = alphabar / rho,  s = beta / rho,  theta = s alpha,  alphabar = c alpha
        rho = np.hypot(state.alphabar, pair.beta)
        c, s = over(state.alphabar, rho), over(pair.beta, rho)
        theta, alphabar = s * pair.alpha, c * pair.alpha
        # thetabar = sbar rho,  rhobar = ((cbar rho)^2 + theta^2)^1/2,  cbar = cbar rho / rhobar,  sbar = theta / rhobar
        thetabar, rhotemp = state.sbar * rho, state.cbar * rho
        rhobar = np.hypot(rhotemp, theta)
        cbar, sbar = over(rhotemp, rhobar), over(theta, rhobar)
        # zeta = cbar zetabar,  zetabar = -sbar zetabar
        zeta, zetabar = cbar * state.zetabar, -sbar * state.zetabar
        # hbar = h - (thetabar rho / (rho_old rhobar_old)) hbar,  x = x + (zeta / (rho rhobar)) hbar,  h = v - (theta / rho) h
        hbar = state.h - over(thetabar * rho, state.rho * state.rhobar) * state.hbar
        x = state.theta + over(zeta, rho * rhobar) * hbar
        h = pair.v - over(theta, rho) * state.h
        seen = _seen(state, pair, c, s, thetabar, rhotemp, rhobar, zeta)
        return LSMRState(
            x, pair, h, hbar, alphabar, zetabar, rho, rhobar, cbar, sbar, zeta, seen, state.weight
        )


def _seen(
    state: LSMRState,
    pair: Pair,
    c: Floats,
    s: Floats,
    thetabar: Floats,
    rhotemp: Floats,
    rhobar: Floats,
    zeta: Floats,
) -> Residual:
    """||r|| from the QR factorisation of Rbar', one rotation Ptilde a step behind."""
    old = state.seen
    # betahat = c betadd,  betadd = -s betadd
    betahat, betadd = c * old.betadd, -s * old.betadd
    # rhotilde = (rhodold^2 + thetabar^2)^1/2;  Ptilde takes thetabar out
    rhotilde = np.hypot(old.rhodold, thetabar)
    ctilde, stilde = over(old.rhodold, rhotilde), over(thetabar, rhotilde)
    thetatilde, rhodold = stilde * rhobar, ctilde * rhobar
    betad = -stilde * old.betad + ctilde * betahat
    # tautilde = (zeta_old - thetatilde_old tautilde_old) / rhotilde,  taud = (zeta - thetatilde tautilde) / rhodot
    tautilde = over(state.zeta - old.thetatilde * old.tautildeold, rhotilde)
    taud = over(zeta - thetatilde * tautilde, rhodold)
    norm = np.hypot(betad - taud, betadd)
    # ||A|| and cond(A) from the rhobar: the diagonal of the second R.
    largest = np.maximum(old.largest, rhobar)
    smallest = np.where(rhobar > 0, np.minimum(old.smallest, rhobar), old.smallest)
    frobenius = old.frobenius + pair.alpha**2 + pair.beta**2
    return Residual(betadd, betad, rhodold, tautilde, thetatilde, norm, frobenius, largest, smallest)
