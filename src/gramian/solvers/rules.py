"""Which way: update rules turn gradients into a direction d, and theta moves by step * d. How far is in `steps`.

A rule works element by element, so it serves full gradients and mini-batches alike. Its memory is a tuple of arrays that
only the rule reads. What a rule leaves open (None) is set from the curvature of the objective.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from typing import Protocol, TypeAlias

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.objectives.objective import Curvature

Memory: TypeAlias = tuple[Floats, ...]
OFFSET = 1e-8
"""Added to the root of the second moment, as published."""


class Rule(Protocol):
    """direction(g, memory, k) is the k-th direction, k = 1, 2, ..."""

    @property
    def name(self) -> str: ...
    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule: ...
    def in_units(self, slope: float) -> Rule:
        """The rule for gradients of that size."""
        ...

    def memory(self, shape: tuple[int, ...]) -> Memory: ...
    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]: ...
    def forget(self, memory: Memory) -> Memory:
        """The memory without its momentum, for a direction that no longer points down."""
        ...

    @property
    def leaps(self) -> bool:
        """Where a constant step does not converge: an exact step repays its pass, since d remembers more than g."""
        ...

    def natural(self, curvature: Curvature) -> float | None:
        """The constant step that the rule is best used with; None where a constant step does not converge."""
        ...

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        """The largest constant step that is stable on a quadratic, its formula first; inf where there is no such bound."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """d = -g."""

    name: str = "gradient"
    leaps: bool = False

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        return self

    def in_units(self, slope: float) -> Rule:
        return self

    def memory(self, shape: tuple[int, ...]) -> Memory:
        return ()

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        return -g, memory

    def forget(self, memory: Memory) -> Memory:
        return memory

    def natural(self, curvature: Curvature) -> float | None:
        return 1.0 / curvature.L

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        return "2/L", 2.0 / curvature.L


@dataclass(frozen=True, slots=True)
class Momentum:
    """m = beta m + g, d = -m. beta None: the optimum ((k - 1)/(k + 1))^2, k = sqrt(L/mu), on a quadratic, else 0.9.

    Reference: Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    """

    beta: float | None = None
    optimal: bool = False
    name: str = "momentum"
    leaps: bool = False

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        if self.beta is not None:
            return self
        if not (quadratic and curvature.mu > 0 and isfinite(curvature.L)):
            return replace(self, beta=0.9)
        k = sqrt(curvature.L / curvature.mu)
        return replace(self, beta=((k - 1) / (k + 1)) ** 2, optimal=True)

    def in_units(self, slope: float) -> Rule:
        return self

    def memory(self, shape: tuple[int, ...]) -> Memory:
        return (np.zeros(shape),)

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        m = _given(self.beta) * memory[0] + g
        return -m, (m,)

    def forget(self, memory: Memory) -> Memory:
        return (np.zeros_like(memory[0]),)

    def natural(self, curvature: Curvature) -> float | None:
        if self.optimal:
            return 4.0 / (sqrt(curvature.L) + sqrt(curvature.mu)) ** 2
        return 1.0 / curvature.L

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        return "2(1 + beta)/L", 2.0 * (1.0 + _given(self.beta)) / curvature.L


@dataclass(frozen=True, slots=True)
class Nesterov:
    """x+ = y - step g(y), y+ = x+ + beta (x+ - x); the iterates are the points y, where gradients are known.

    With m = beta m + g that is d = -(g + beta+ m). beta None: (sqrt L - sqrt mu)/(sqrt L + sqrt mu) on a quadratic with
    mu > 0; else (t - 1)/t+ with t+ = (1 + sqrt(1 + 4 t^2))/2, begun again where x+ - x points uphill.
    Reference: Nesterov (1983), Doklady 27(2), and (2004), section 2.2; restarts: O'Donoghue and Candes (2015).
    """

    beta: float | None = None
    name: str = "nesterov"
    leaps: bool = False

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        if self.beta is not None or not (quadratic and curvature.mu > 1e-12 * curvature.L):
            return self
        a, b = sqrt(curvature.L), sqrt(curvature.mu)
        return replace(self, beta=(a - b) / (a + b))

    def in_units(self, slope: float) -> Rule:
        return self

    def memory(self, shape: tuple[int, ...]) -> Memory:
        columns = (1, *shape[1:])
        return np.zeros(shape), np.ones(columns), np.zeros(columns)

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        m, t, beta = memory
        if self.beta is not None:
            m = self.beta * m + g
            return -(g + self.beta * m), (m, t, beta)
        m = beta * m + g
        uphill = np.sum(g * m, axis=0, keepdims=True) < 0
        m, t = np.where(uphill, g, m), np.where(uphill, 1.0, t)
        after = (1.0 + np.sqrt(1.0 + 4.0 * t**2)) / 2.0
        beta = (t - 1.0) / after
        return -(g + beta * m), (m, after, beta)

    def forget(self, memory: Memory) -> Memory:
        return np.zeros_like(memory[0]), np.ones_like(memory[1]), np.zeros_like(memory[2])

    def natural(self, curvature: Curvature) -> float | None:
        return 1.0 / curvature.L

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        # z^2 - (1 + beta)(1 - step L) z + beta (1 - step L) = 0 has a root -1 there.
        beta = 1.0 if self.beta is None else self.beta
        bound = 2.0 * (1.0 + beta) / ((1.0 + 2.0 * beta) * curvature.L)
        return "4/(3 L)" if self.beta is None else "2(1 + beta)/((1 + 2 beta) L)", bound


@dataclass(frozen=True, slots=True)
class AdaGrad:
    """v = v + g^2, d = -g / (sqrt v + 1e-8). Reference: Duchi, Hazan and Singer (2011), JMLR 12."""

    offset: float = OFFSET
    name: str = "adagrad"
    leaps: bool = False

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        return self

    def in_units(self, slope: float) -> Rule:
        return replace(self, offset=self.offset * slope)

    def memory(self, shape: tuple[int, ...]) -> Memory:
        return (np.zeros(shape),)

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        v = memory[0] + g**2
        return -g / (np.sqrt(v) + self.offset), (v,)

    def forget(self, memory: Memory) -> Memory:
        return memory

    def natural(self, curvature: Curvature) -> float | None:
        return None

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        return "", inf


@dataclass(frozen=True, slots=True)
class RMSprop:
    """v = rho v + (1 - rho) g^2, d = -g / (sqrt v + 1e-8). Reference: Tieleman and Hinton (2012), lecture 6.5."""

    rho: float = 0.9
    offset: float = OFFSET
    name: str = "rmsprop"
    leaps: bool = False

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        return self

    def in_units(self, slope: float) -> Rule:
        return replace(self, offset=self.offset * slope)

    def memory(self, shape: tuple[int, ...]) -> Memory:
        return (np.zeros(shape),)

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        v = self.rho * memory[0] + (1.0 - self.rho) * g**2
        return -g / (np.sqrt(v) + self.offset), (v,)

    def forget(self, memory: Memory) -> Memory:
        return memory

    def natural(self, curvature: Curvature) -> float | None:
        return None

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        return "", inf


@dataclass(frozen=True, slots=True)
class Adam:
    """m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, d = -(m / (1 - b1^k)) / (sqrt(v / (1 - b2^k)) + 1e-8).

    Reference: Kingma and Ba (2015), algorithm 1.
    """

    b1: float = 0.9
    b2: float = 0.999
    offset: float = OFFSET
    name: str = "adam"
    leaps: bool = True

    def tuned(self, curvature: Curvature, quadratic: bool) -> Rule:
        return self

    def in_units(self, slope: float) -> Rule:
        return replace(self, offset=self.offset * slope)

    def memory(self, shape: tuple[int, ...]) -> Memory:
        return np.zeros(shape), np.zeros(shape)

    def direction(self, g: Floats, memory: Memory, k: int) -> tuple[Floats, Memory]:
        m = self.b1 * memory[0] + (1.0 - self.b1) * g
        v = self.b2 * memory[1] + (1.0 - self.b2) * g**2
        root = np.sqrt(v / (1.0 - self.b2**k)) + self.offset
        return -(m / (1.0 - self.b1**k)) / root, (m, v)

    def forget(self, memory: Memory) -> Memory:
        return np.zeros_like(memory[0]), memory[1]

    def natural(self, curvature: Curvature) -> float | None:
        return None

    def stable(self, curvature: Curvature) -> tuple[str, float]:
        return "", inf


def _given(beta: float | None) -> float:
    return 0.9 if beta is None else beta
