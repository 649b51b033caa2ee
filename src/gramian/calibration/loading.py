"""What loading the compiled loops costs a process that uses them first.

Measured in processes of their own: the first may have to compile the loops and keep them on disk, the second finds them there.
So it does not matter whether this process, or any before it, has used them.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

PATIENCE = 60.0
"""Seconds after which a process is given up: the built-in price stays."""
FEWEST, MOST = 1e-3, 20.0
"""Seconds outside of which no loading lies."""

_FIRST_USE = """
import time
import numpy as np
from gramian.data.arrays import ArrayRows
from gramian.execution.threads import Threads
from gramian.families import GAUSSIAN
from gramian.objectives.linear_objective import LinearObjective
from gramian.problem.penalties import NoPenalty
rng = np.random.default_rng(0)
rows = ArrayRows.of(rng.standard_normal((4096, 3)), rng.standard_normal(4096))
started = time.perf_counter()
LinearObjective.of(rows, Threads(1), GAUSSIAN, NoPenalty()).gradient(np.zeros((3, 1)))
print(time.perf_counter() - started)
"""


def seconds_of_loading() -> float | None:
    """Seconds of the first use where the loops are on disk; None where no process could tell."""
    if _first_use() is None:
        return None
    found = _first_use()
    return found if found is not None and FEWEST <= found <= MOST else None


def _first_use() -> float | None:
    if not sys.executable:
        return None
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(
            [sys.executable, "-c", _FIRST_USE], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return float(done.stdout)
    return None
