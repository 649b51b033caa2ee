"""Update rules in compiled loops: theta moves once a mini-batch, by the rule that a code names.

    0 gradient    theta = theta - h g
    1 momentum    m = a m + g,                                theta = theta - h m
    2 nesterov    m = a m + g,                                theta = theta - h (g + a m)
    3 adagrad     v = v + g^2,                                theta = theta - h g / (sqrt v + e)
    4 rmsprop     v = a v + (1 - a) g^2,                      theta = theta - h g / (sqrt v + e)
    5 adam        m = a m + (1 - a) g, v = b v + (1 - b) g^2, theta = theta - h (m / (1 - a^t)) / (sqrt(v / (1 - b^t)) + e)

The step of update t = 1, 2, ... is h = step / (1 + decay (t - 1))^power. `settings` are (step, decay, power, a, b, e).

The mean of the iterates is kept as their sum: where `total` is not empty, theta is added to it after each update from number
`begin` on. Counters are (updates, rows of the batch so far, iterates in the total).
Reference: Polyak and Juditsky (1992), SIAM J. Control Optim. 30(4).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.rows import compiled, inlined


@inlined
def fallen(step: float, decay: float, power: float, t: Any) -> Any:
    """The step of update t; the powers 1, 1/2 and 1/4 take no logarithm."""
    if decay == 0.0:
        return step
    grown = 1.0 + decay * (t - 1)
    if power == 1.0:
        return step / grown
    if power == 0.5:
        return step / np.sqrt(grown)
    if power == 0.25:
        return step / np.sqrt(np.sqrt(grown))
    return step * grown**-power


@inlined
def step_at(settings: Floats, t: Any) -> Any:
    """As `fallen`, of (step, decay, power)."""
    return fallen(settings[0], settings[1], settings[2], t)


@inlined
def filled(a: float, t: Any) -> Any:
    """1 - a^t: the share of its weights that an average of t terms has; 1 to rounding from a^t < e^-40 on."""
    return 1.0 - a**t if (1.0 - a) * t < 40.0 else 1.0


@inlined
def add_iterate(counters: Ints, theta: Floats, total: Floats) -> None:
    for i in range(theta.shape[0]):
        for j in range(theta.shape[1]):
            total[i, j] += theta[i, j]
    counters[2] += 1


@inlined
def end_batch(
    rule: int,
    settings: Floats,
    counters: Ints,
    shrink: Floats,
    sums: Floats,
    theta: Floats,
    m: Floats,
    v: Floats,
    total: Floats,
    begin: int,
) -> None:
    """An update with the mean of the rows summed so far. Clears the sums."""
    k, p = theta.shape
    one = 1.0 / counters[1]
    counters[0] += 1
    counters[1] = 0
    t = counters[0]
    h, a, b, e = step_at(settings, t), settings[3], settings[4], settings[5]
    # One loop for each rule, so that each is a loop of vector units.
    for i in range(k):
        if rule == 0:
            for j in range(p):
                theta[i, j] -= h * (one * sums[i, j] + shrink[j] * theta[i, j])
                sums[i, j] = 0.0
        elif rule == 1:
            for j in range(p):
                m[i, j] = a * m[i, j] + (one * sums[i, j] + shrink[j] * theta[i, j])
                theta[i, j] -= h * m[i, j]
                sums[i, j] = 0.0
        elif rule == 2:
            for j in range(p):
                g = one * sums[i, j] + shrink[j] * theta[i, j]
                m[i, j] = a * m[i, j] + g
                theta[i, j] -= h * (g + a * m[i, j])
                sums[i, j] = 0.0
        elif rule == 3:
            for j in range(p):
                g = one * sums[i, j] + shrink[j] * theta[i, j]
                v[i, j] += g * g
                theta[i, j] -= h * g / (np.sqrt(v[i, j]) + e)
                sums[i, j] = 0.0
        elif rule == 4:
            for j in range(p):
                g = one * sums[i, j] + shrink[j] * theta[i, j]
                v[i, j] = a * v[i, j] + (1.0 - a) * g * g
                theta[i, j] -= h * g / (np.sqrt(v[i, j]) + e)
                sums[i, j] = 0.0
        else:
            # What does not depend on j is divided out once.
            length, share = h / filled(a, t), 1.0 / np.sqrt(filled(b, t))
            for j in range(p):
                g = one * sums[i, j] + shrink[j] * theta[i, j]
                m[i, j] = a * m[i, j] + (1.0 - a) * g
                v[i, j] = b * v[i, j] + (1.0 - b) * g * g
                theta[i, j] -= length * m[i, j] / (share * np.sqrt(v[i, j]) + e)
                sums[i, j] = 0.0
    if total.size and t >= begin:
        add_iterate(counters, theta, total)


@compiled
def finish_batch(
    rule: int,
    settings: Floats,
    counters: Ints,
    shrink: Floats,
    sums: Floats,
    theta: Floats,
    m: Floats,
    v: Floats,
    total: Floats,
    begin: int,
) -> None:
    """As `end_batch`, for callers that are not compiled."""
    end_batch(rule, settings, counters, shrink, sums, theta, m, v, total, begin)
