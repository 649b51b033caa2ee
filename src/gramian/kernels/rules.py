"""Update rules in compiled loops: theta moves once a mini-batch, by the rule that a code names.

    0 gradient    theta = theta - h g
    1 momentum    m = a m + g,                                theta = theta - h m
    2 nesterov    m = a m + g,                                theta = theta - h (g + a m)
    3 adagrad     v = v + g^2,                                theta = theta - h g / (sqrt v + e)
    4 rmsprop     v = a v + (1 - a) g^2,                      theta = theta - h g / (sqrt v + e)
    5 adam        m = a m + (1 - a) g, v = b v + (1 - b) g^2, theta = theta - h (m / (1 - a^t)) / (sqrt(v / (1 - b^t)) + e)

The step of update t = 1, 2, ... is h = step / (1 + decay (t - 1))^power. `settings` are (step, decay, power, a, b, e).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.arraytypes import Floats, Ints
from gramian.kernels.rows import compiled, inlined


@inlined
def step_at(settings: Floats, t: Any) -> Any:
    """The step of update t."""
    return settings[0] if settings[1] == 0.0 else settings[0] * (1.0 + settings[1] * (t - 1)) ** -settings[2]


@compiled
def update(rule: int, settings: Floats, t: int, g: Floats, theta: Floats, m: Floats, v: Floats) -> None:
    """One update of theta (k, p) with the gradient g (k, p)."""
    h, a, b, e = step_at(settings, t), settings[3], settings[4], settings[5]
    k, p = theta.shape
    first, second = 1.0 - a**t, 1.0 - b**t
    for i in range(k):
        for j in range(p):
            gj = g[i, j]
            if rule == 0:
                theta[i, j] -= h * gj
            elif rule == 1:
                m[i, j] = a * m[i, j] + gj
                theta[i, j] -= h * m[i, j]
            elif rule == 2:
                m[i, j] = a * m[i, j] + gj
                theta[i, j] -= h * (gj + a * m[i, j])
            elif rule == 3:
                v[i, j] += gj * gj
                theta[i, j] -= h * gj / (np.sqrt(v[i, j]) + e)
            elif rule == 4:
                v[i, j] = a * v[i, j] + (1.0 - a) * gj * gj
                theta[i, j] -= h * gj / (np.sqrt(v[i, j]) + e)
            else:
                m[i, j] = a * m[i, j] + (1.0 - a) * gj
                v[i, j] = b * v[i, j] + (1.0 - b) * gj * gj
                theta[i, j] -= h * (m[i, j] / first) / (np.sqrt(v[i, j] / second) + e)


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
) -> None:
    """An update with the mean of the rows summed so far; counters are (updates, rows in the batch). Clears the sums."""
    k, p = theta.shape
    share = 1.0 / counters[1]
    for i in range(k):
        for j in range(p):
            sums[i, j] = sums[i, j] * share + shrink[j] * theta[i, j]
    counters[0] += 1
    counters[1] = 0
    update(rule, settings, counters[0], sums, theta, m, v)
    sums[:] = 0.0
