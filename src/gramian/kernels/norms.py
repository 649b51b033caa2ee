"""Column norms at any magnitude."""

from __future__ import annotations

import numpy as np

from gramian.kernels.array_types import Floats


def column_norms(values: Floats) -> Floats:
    """2-norms along the first axis, without overflow or underflow of the squares; infinite or NaN where a value is."""
    largest = np.max(np.abs(values), axis=0, initial=0.0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    unit = np.ldexp(1.0, np.frexp(unit)[1] - 1)  # a power of two, so that nothing is rounded by it
    return unit * np.sqrt(np.sum((values / unit) ** 2, axis=0))
