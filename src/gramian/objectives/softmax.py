"""The multinomial logistic objective over rows in memory: J, gradient, Hessian and lines, as `views.objective` has them.

    J = 1/W sum w_i (log sum_a e^{eta_ia} - eta_{i y_i}) + ridge/(2 W) ||B||^2,    eta_i = t + ((x_i - centre) / scale) B

One column of (t, B) for each class; theta is (p K, 1), class after class. Every class has its own coefficients, as in
scikit-learn: without a penalty only their differences count, and methods that start from zero keep their sum at zero.
Reference: Bohning (1992), Ann. Inst. Statist. Math. 44, for the bound 1/2 on the curvature.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from gramian.execution.blas import single_threaded_blas
from gramian.kernels.array_types import Floats
from gramian.objectives.objective import Curvature, Line

ROWS = 4096
"""Rows looked at together."""


@dataclass(slots=True, eq=False)
class Softmax:
    """X (m, n) an array or CSR, labels (m,) from 0 to K - 1, w (m,). CSR is not centred: its centre is zero."""

    X: Any
    labels: NDArray[np.int64]
    w: Floats
    K: int
    ridge: float
    intercept: bool
    centre: Floats
    scale: Floats
    passes: float = 0.0
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        self.weight = float(np.sum(self.w))

    @staticmethod
    def of(X: Any, labels: NDArray[np.int64], w: Floats, K: int, ridge: float, intercept: bool) -> Softmax:
        """In standardised coordinates; a sparse X is scaled only."""
        n = X.shape[1]
        W = float(np.sum(w))
        if sp.issparse(X):
            centre = np.zeros(n)
            squares = np.asarray(X.multiply(X).T @ w).ravel()
        else:
            centre = (w @ X) / W if intercept else np.zeros(n)
            squares = np.zeros(n)
            for at in range(0, X.shape[0], ROWS):
                squares += w[at : at + ROWS] @ (X[at : at + ROWS] - centre) ** 2
        scale = np.sqrt((squares + 2.0 * ridge) / W)
        return Softmax(X, labels, w, K, ridge, intercept, centre, np.where(scale > 0, scale, 1.0))

    @property
    def p(self) -> int:
        return self.scale.size + int(self.intercept)

    @property
    def shape(self) -> tuple[int, int]:
        return self.p * self.K, 1

    @property
    def quadratic(self) -> bool:
        return False

    def start(self) -> Floats:
        return np.zeros(self.shape)

    def to_user(self, theta: Floats) -> tuple[Floats, Floats]:
        """(coef (K, n), intercept (K,)) in the units of the columns."""
        T = theta.reshape(self.K, self.p)
        first = int(self.intercept)
        coef = T[:, first:] / self.scale
        level = T[:, 0] if self.intercept else np.zeros(self.K)
        return coef, level - coef @ self.centre

    def value(self, theta: Floats) -> float:
        eta = self.forward(theta)
        return self.loss_of(eta) + 0.5 * self._ridge(theta, theta)

    def gradient(self, theta: Floats) -> tuple[float, Floats]:
        total, G = 0.0, np.zeros((self.K, self.p))
        coef, level = self.to_user(theta)
        for part, Z in self._parts():
            eta = Z @ coef.T + level
            w, labels = self.w[part], self.labels[part]
            total += float(w @ (logsumexp(eta, axis=1) - eta[np.arange(labels.size), labels]))
            u = softmax(eta, axis=1)
            u[np.arange(labels.size), labels] -= 1.0
            G += self._back(Z, w[:, None] * u)
        self.passes += 1
        g = (G.reshape(-1, 1) + self._shrink()[:, None] * theta) / self.weight
        return total / self.weight + 0.5 * self._ridge(theta, theta), g

    def hessian(self, theta: Floats) -> Floats:
        """(1, p K, p K): blocks sum w P_a (1{a = b} - P_b) z z'."""
        p, K = self.p, self.K
        H = np.zeros((K, p, K, p))
        coef, level = self.to_user(theta)
        for part, Z in self._parts():
            P = softmax(Z @ coef.T + level, axis=1)
            z = self._rows(Z)
            w = self.w[part]
            for a in range(K):
                for b in range(a + 1):
                    v = w * P[:, a] * ((a == b) - P[:, b])
                    H[a, :, b, :] += z.T @ (v[:, None] * z)
        for a in range(K):
            for b in range(a):
                H[b, :, a, :] = H[a, :, b, :].T
        self.passes += 1
        full = (H.reshape(p * K, p * K) + np.diag(self._shrink())) / self.weight
        return full[None]

    def hessian_vector(self, theta: Floats, v: Floats) -> Floats:
        G = np.zeros((self.K, self.p))
        (coef, level), (dcoef, dlevel) = self.to_user(theta), self.to_user(v)
        for part, Z in self._parts():
            P = softmax(Z @ coef.T + level, axis=1)
            q = Z @ dcoef.T + dlevel
            u = P * (q - np.sum(P * q, axis=1, keepdims=True))
            G += self._back(Z, self.w[part][:, None] * u)
        self.passes += 1
        return (G.reshape(-1, 1) + self._shrink()[:, None] * v) / self.weight

    def line(self, theta: Floats, d: Floats) -> Line:
        """One pass; each trial costs m K."""
        eta, q = self.forward(theta), self.forward(d)
        return _Line(self, eta, q, self._ridge(theta, theta), self._ridge(theta, d), self._ridge(d, d))

    def curvature(self) -> Curvature:
        """L from the trace of the Gram matrix of the coordinates, which is p there, or less; 1/2 bounds the softmax."""
        ridge = self._shrink() / self.weight
        row = 0.0
        for _, Z in self._parts():
            z = self._rows(Z)
            row = max(row, float(np.max(np.einsum("ij,ij->i", z, z), initial=0.0)))
        self.passes += 1
        L = 0.5 * self.p + float(np.max(ridge, initial=0.0))
        return Curvature(L, float(np.min(ridge, initial=np.inf)), 0.5 * row)

    def forward(self, theta: Floats) -> Floats:
        """Eta of every row, (m, K)."""
        coef, level = self.to_user(theta)
        eta = np.empty((self.labels.size, self.K))
        for part, Z in self._parts():
            eta[part] = Z @ coef.T + level
        self.passes += 1
        return eta

    def margins(self, d: Floats) -> tuple[float, float]:
        """By how much eta differs between classes along d at most, and the most by which a row's own class loses; one pass."""
        q, rows = self.forward(d), np.arange(self.labels.size)
        lost = np.where((self.w > 0)[:, None], q - q[rows, self.labels][:, None], 0.0)
        return float(np.max(np.abs(lost), initial=0.0)), float(np.max(lost, initial=0.0))

    def _parts(self) -> Iterator[tuple[slice, Any]]:
        with single_threaded_blas():
            for at in range(0, self.labels.size, ROWS):
                part = slice(at, min(at + ROWS, self.labels.size))
                yield part, self.X[part]

    def _rows(self, Z: Any) -> Floats:
        """The rows in these coordinates, dense, with the column of ones first."""
        z = ((Z.toarray() if sp.issparse(Z) else Z) - self.centre) / self.scale
        return np.column_stack([np.ones(z.shape[0]), z]) if self.intercept else z

    def _back(self, Z: Any, u: Floats) -> Floats:
        s = np.sum(u, axis=0)
        g = (np.asarray(Z.T @ u).T - s[:, None] * self.centre) / self.scale
        return np.column_stack([s, g]) if self.intercept else g

    def _shrink(self) -> Floats:
        one = np.concatenate([np.zeros(int(self.intercept)), self.ridge / self.scale**2])
        return np.tile(one, self.K)

    def _ridge(self, a: Floats, b: Floats) -> float:
        return float(np.sum(self._shrink() * a[:, 0] * b[:, 0])) / self.weight

    def loss_of(self, eta: Floats) -> float:
        each = np.asarray(logsumexp(eta, axis=1)) - eta[np.arange(self.labels.size), self.labels]
        return float(self.w @ each) / self.weight


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """J along eta + step q, with the penalty's three numbers."""

    of: Softmax
    eta: Floats
    q: Floats
    start: float
    tilt: float
    bend: float

    def value(self, step: float) -> float:
        penalty = 0.5 * self.start + step * self.tilt + 0.5 * step**2 * self.bend
        return self.of.loss_of(self.eta + step * self.q) + penalty

    def slope(self, step: float) -> float:
        P = softmax(self.eta + step * self.q, axis=1)
        rows = np.arange(P.shape[0])
        inside = np.sum(P * self.q, axis=1) - self.q[rows, self.of.labels]
        return float(self.of.w @ inside) / self.of.weight + self.tilt + step * self.bend

    @property
    def exact_step(self) -> float | None:
        return None
