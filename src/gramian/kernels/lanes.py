"""Eight numbers that are one value in compiled loops: what fits a vector register, and stays there from row to row.

The compiler makes vector code of loops alone, and of a loop over eight columns or fewer it makes little: an epoch whose theta is
such a value takes a third of the time (measured on 20,433 x 8). Where registers are shorter, it is kept in several.
Products may be fused with the sums they go into; a dot product adds halves: 4 + 4 lanes, 2 + 2, 1 + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

WIDTH = 8
FAST = ("contract", "nsz")
VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class Lanes(types.Type):
    """The type of such a value; it lives inside compiled loops only."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


@intrinsic
def _eight_at(typing: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], VECTOR.as_pointer()), align=8)

    return lanes(types.intp), generate


def _place(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """A pointer to eight numbers, from place `at` of a contiguous array on."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), VECTOR.as_pointer())


def _spread(builder: Any, number: Any) -> Any:
    place, empty = ir.IntType(32), ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(empty, number, place(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(place, WIDTH), [0] * WIDTH))


@intrinsic
def _eight(typing: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature.args[0], *arguments), align=8)

    return lanes(array, types.intp), generate


@intrinsic
def _keep(typing: Any, array: Any, at: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at, value = arguments
        builder.store(value, _place(context, builder, signature.args[0], array, at), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def _zero(typing: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(VECTOR, [0.0] * WIDTH)

    return lanes(), generate


@intrinsic
def _product(typing: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, number = builder.fmul(*arguments, flags=FAST), ir.IntType(32)
        for half in (4, 2, 1):
            kind = ir.VectorType(number, half)
            low, high = (ir.Constant(kind, list(range(first, first + half))) for first in (0, half))
            total = builder.fadd(*(builder.shuffle_vector(total, total, part) for part in (low, high)), flags=FAST)
        return builder.extract_element(total, number(0))

    return types.float64(lanes, lanes), generate


@intrinsic
def _added(typing: Any, b: Any, move: Any, z: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        b, move, z = arguments
        return builder.fadd(b, builder.fmul(_spread(builder, move), z, flags=FAST), flags=FAST)

    return lanes(lanes, types.float64, lanes), generate


@intrinsic
def _times(typing: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fmul(*arguments, flags=FAST)

    return lanes(lanes, lanes), generate


@intrinsic
def _standardised(typing: Any, x: Any, centre: Any, inverse: Any, rest: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, centre, inverse, rest = arguments
        each = builder.fmul(builder.fsub(x, centre, flags=FAST), inverse, flags=FAST)
        live = builder.fcmp_unordered("!=", inverse, ir.Constant(VECTOR, [0.0] * WIDTH))
        return builder.select(live, each, rest)

    return lanes(lanes, lanes, lanes, lanes), generate


eight = cast(Callable[[Any, Any], Any], _eight)
"""array[at : at + 8] of a contiguous array, which must have them."""
eight_at = cast(Callable[[Any], Any], _eight_at)
"""The eight numbers at an address."""
keep = cast(Callable[[Any, Any, Any], None], _keep)
"""array[at : at + 8] = value."""
zero = cast(Callable[[], Any], _zero)
product = cast(Callable[[Any, Any], Any], _product)
"""a'b, a number."""
added = cast(Callable[[Any, Any, Any], Any], _added)
"""b + move z, for a number `move`."""
times = cast(Callable[[Any, Any], Any], _times)
"""a b, lane by lane."""
standardised = cast(Callable[[Any, Any, Any, Any], Any], _standardised)
"""(x - centre) inverse, and `rest` in the lanes whose inverse is 0, whatever x is there."""
