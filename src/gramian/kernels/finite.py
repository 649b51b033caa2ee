"""Whether all numbers are finite, in one read at the speed of memory, and without an array of answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gramian.kernels.array_types import Floats
from gramian.kernels.rows import compiled


def all_finite(values: Floats) -> bool:
    """Of a C-contiguous array of any shape."""
    return _all_finite(values.reshape(-1).view(np.uint64))


@compiled
def _all_finite(bits: Any) -> bool:
    # The exponent of NaN and infinity alone is all ones, and overflows into the sign when one is added to it.
    exponent, one, found = np.uint64(0x7FF << 52), np.uint64(1 << 52), np.uint64(0)
    for i in range(bits.size):
        found |= (bits[i] & exponent) + one
    return bool(found >> np.uint64(63) == 0)
