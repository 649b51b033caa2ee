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
    # One loop for each rule, so that each is a loop of vector units.
    for i in range(theta.shape[0]):
        gi, x, mi, vi = g[i], theta[i], m[i], v[i]
        if rule == 0:
            for j in range(x.size):
                x[j] -= h * gi[j]
        elif rule == 1:
            for j in range(x.size):
                mi[j] = a * mi[j] + gi[j]
                x[j] -= h * mi[j]
        elif rule == 2:
            for j in range(x.size):
                mi[j] = a * mi[j] + gi[j]
                x[j] -= h * (gi[j] + a * mi[j])
        elif rule == 3:
            for j in range(x.size):
                vi[j] += gi[j] * gi[j]
                x[j] -= h * gi[j] / (np.sqrt(vi[j]) + e)
        elif rule == 4:
            for j in range(x.size):
                vi[j] = a * vi[j] + (1.0 - a) * gi[j] * gi[j]
                x[j] -= h * gi[j] / (np.sqrt(vi[j]) + e)
        else:
            # What does not depend on j is divided out once.
            length, share = h / (1.0 - a**t), 1.0 / np.sqrt(1.0 - b**t)
            for j in range(x.size):
                mi[j] = a * mi[j] + (1.0 - a) * gi[j]
                vi[j] = b * vi[j] + (1.0 - b) * gi[j] * gi[j]
                x[j] -= length * mi[j] / (share * np.sqrt(vi[j]) + e)


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
