"""What a pass counts besides its sums: rows read and used, weights, and whether the numbers are those of the pass before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gramian.data.blocks import Block
from gramian.errors import changed_between_passes
from gramian.kernels.array_types import Floats

WORD = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows read, used, left out; and the sums of weights that inference needs."""

    read: int
    used: int
    missing: int
    idle: int
    weight: float
    log_weight: float
    bits: int  # a sum of the values' bit patterns, each times its place: equal where a later pass read the same numbers

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.used + other.used,
            self.missing + other.missing,
            self.idle + other.idle,
            self.weight + other.weight,
            self.log_weight + other.log_weight,
            (self.bits + other.bits) & WORD,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.read - other.read,
            self.used - other.used,
            self.missing - other.missing,
            self.idle - other.idle,
            self.weight - other.weight,
            self.log_weight - other.log_weight,
            (self.bits - other.bits) & WORD,
        )

    @staticmethod
    def of(block: Block, whole: bool) -> Counts:
        """`whole` also takes the bits of X, not only those of y; a sparse X always gives its own."""
        w = block.w
        seen = [block.y]
        if not isinstance(block.X, np.ndarray):
            seen.append(cast(Floats, block.X.data)[None, :])
        elif whole:
            seen.append(block.X)
        if w is not None:
            seen.append(w[None, :])
        bits = sum((2 * i + 1) * _bits(values) for i, values in enumerate(seen)) * (2 * block.start + 1) & WORD
        return Counts(
            read=block.read,
            used=block.rows,
            missing=block.missing,
            idle=block.idle,
            weight=float(block.rows) if w is None else float(np.sum(w)),
            log_weight=0.0 if w is None else float(np.sum(np.log(w))),
            bits=bits,
        )


NOTHING = Counts(0, 0, 0, 0, 0.0, 0.0, 0)


def check_unchanged(name: str, first: Counts, now: Counts) -> None:
    """Raises SourceError when a later pass read other rows than the first one."""
    if (first.read, first.used, first.bits) != (now.read, now.used, now.bits):
        same = f"the same {now.read:,} rows with other values"
        how = same if first.read == now.read else f"{first.read:,} rows at first, {now.read:,} rows later"
        raise changed_between_passes(name, how)


def _bits(values: Floats) -> int:
    """Bit patterns times odd numbers of their row and column, summed modulo 2^64: any swap or change alters it."""
    flat = np.ascontiguousarray(values.T if values.flags.f_contiguous else values).view(np.uint64)
    mixed = flat >> np.uint64(32)
    mixed ^= flat  # else two changes of sign would cancel
    return int((mixed @ _odd(flat.shape[1])) @ _odd(flat.shape[0]))


def _odd(size: int) -> NDArray[np.uint64]:
    return np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C16) + np.uint64(1)
