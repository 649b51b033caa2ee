"""Asking memory for a cache line before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def _fetch(typing: Any, address: Any) -> Any:
    """A hint to the processor: the line at this address will be read soon. Any address is harmless."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", (pointer,), kind)
        # To read (0), kept in the caches from the second level on (2), data (1).
        builder.call(hint, [builder.inttoptr(arguments[0], pointer), number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(types.intp), generate


ask_line = cast(Callable[[Any], None], _fetch)
AHEAD = 8
"""Rows between asking and reading: level from 4 to 16, measured."""
