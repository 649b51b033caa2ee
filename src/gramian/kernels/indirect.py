"""A call of a compiled function of one row by its address, from inside a compiled loop: see `row_functions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _call(typing_context: Any, table: Any, place: Any, eta: Any, y: Any) -> Any:
    """The function at `place` of a table of addresses, called with (eta, y)."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start, at, first, second = arguments
        number, double = ir.IntType(64), ir.DoubleType()
        entry = builder.inttoptr(builder.add(start, builder.mul(at, ir.Constant(number, 8))), ir.PointerType(number))
        kind = ir.FunctionType(double, [double, double])
        function = builder.inttoptr(builder.load(entry), ir.PointerType(kind))
        # It reads nothing but its arguments, so that a loop may keep what it has in registers.
        return builder.call(function, [first, second], attrs=("readnone", "nounwind"))

    return types.float64(types.int64, types.int64, types.float64, types.float64), code


call_row: Callable[[int, int, float, float], float] = cast(Any, intrinsic)(_call)
