"""Losses that compiled loops do not know by a code: three functions of one row, compiled once and called through their addresses.

A loop takes a loss as one integer. The smallest ones are the losses that `rows` has written out; any other is the address of a
table of three addresses, those of the value, the first and the second derivative. So a new loss needs no new loop, and no loop
is compiled anew for it. A call costs a few nanoseconds a row, and such a loop is not made of vector instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

SQUARED, LOGISTIC, EXPONENTIAL, RECIPROCAL = 0, 1, 2, 3
"""Codes of the losses that `rows` has written out: r^2/2, log(1 + e^eta) - y eta, e^eta - y eta, and y e^-eta + eta."""

RowFunction: TypeAlias = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class RowFunctions:
    """A loss of one row and its first two derivatives in eta, each a function of (eta, y) in the Python that numba compiles."""

    value: RowFunction
    first: RowFunction
    second: RowFunction


@cache
def code_of(functions: RowFunctions) -> int:
    """The integer by which compiled loops call these functions; compiles them when first asked for."""
    return int(_table(functions)[0].ctypes.data)


@cache
def _table(functions: RowFunctions) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """The table of addresses, with the compiled functions, which must live as long as it does."""
    from numba import cfunc

    made = tuple(
        cast(Any, cfunc("float64(float64, float64)", error_model="numpy"))(each)
        for each in (functions.value, functions.first, functions.second)
    )
    return np.array([each.address for each in made], dtype=np.int64), made
