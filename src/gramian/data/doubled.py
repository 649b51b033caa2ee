"""Nodes in double-double: sums, products, quotients, powers and roots of decimals keep all their digits.

What a formula makes of decimals is then as exact as they are: 0.1 squared is 0.01, and not a float64 near it. Functions that
have no double-double version here (`rounds` names them) see float64 numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gramian.arraytypes import Floats
from gramian.data import evaluate
from gramian.data.decimals import DIGITS, digits, low_part
from gramian.data.frame import Frame
from gramian.data.nodes import COMPARISONS, Apply, Column, Learned, Node, Number, inside
from gramian.data.states import Recurrence, Shift, States
from gramian.kernels.exact import Double, add, divide, exactly, multiply, power, square_root

MOST_POWER = 64
WHOLE = COMPARISONS | {"sign", "floor", "ceil", "FloorDiv"}
"""Their values are whole numbers, and the same for a decimal as for the float64 it was read as, but on the edge."""


def rounds(nodes: Iterable[Node]) -> list[str]:
    """The functions in these nodes that are computed from rounded numbers, each once."""
    return list(dict.fromkeys(name for node in nodes for each in inside(node) if (name := _rounding(each)) is not None))


def _rounding(node: Node) -> str | None:
    if isinstance(node, Learned):
        return node.function if node.function in ("bs", "cr") else None
    return node.function if isinstance(node, Apply) and not _has_double(node) and node.function not in WHOLE else None


def _has_double(node: Apply) -> bool:
    if node.function == "Pow":
        return _exponent(node) is not None
    return node.function in ("Add", "Sub", "Mult", "Div", "UAdd", "USub", "square", "abs", "sqrt")


def _exponent(node: Apply) -> int | None:
    by = node.args[1]
    if isinstance(by, Number) and float(by.value).is_integer() and abs(by.value) <= MOST_POWER:
        return int(by.value)
    return None


def number(node: Node, frame: Frame, states: States) -> Double:
    """As `evaluate.number`, (rows,): the same errors at the same rows."""
    with np.errstate(all="ignore"):
        value = _value(node, frame, states)
    return _checked(node, value, frame, states)


def columns(node: Node, frame: Frame, states: States) -> list[Double]:
    """As `evaluate.columns`."""
    if isinstance(node, Learned) and node.function == "poly":
        with np.errstate(all="ignore"):
            made = _poly(node, number(node.arg, frame, states), states)
        plain = evaluate.columns(node, frame, states)  # raises where a power overflows
        return [_where_finite(value, each) for value, each in zip(made, plain, strict=True)]
    if isinstance(node, Learned) and node.function in ("bs", "cr"):
        return [exactly(each) for each in evaluate.columns(node, frame, states)]
    return [number(node, frame, states)]


def _checked(node: Node, value: Double, frame: Frame, states: States) -> Double:
    hi = np.broadcast_to(value.hi, (frame.rows,))
    lo = np.broadcast_to(value.lo, (frame.rows,))
    if np.isfinite(hi).all() and np.isfinite(lo).all():
        return Double(hi, lo)
    return _where_finite(Double(hi, lo), evaluate.number(node, frame, states))


def _where_finite(value: Double, plain: Floats) -> Double:
    """The float64 value where the splitting of double-double overflowed."""
    finite = np.isfinite(value.hi) & np.isfinite(value.lo)
    return Double(np.where(finite, value.hi, plain), np.where(finite, value.lo, 0.0))


def _value(node: Node, frame: Frame, states: States) -> Double:
    if isinstance(node, Column):
        hi = frame.number(node.name)
        return Double(hi, frame.low.get(node.name, np.zeros_like(hi)))
    if isinstance(node, Number):
        # A constant that was computed, as 1 / 3, is what it is.
        low = low_part(node.value) if digits(node.value) <= DIGITS else 0.0
        return Double(np.array(node.value), np.array(low))
    if isinstance(node, Learned):
        state = states[node.text]
        assert isinstance(state, Shift)
        shifted = add(_value(node.arg, frame, states), exactly(np.array(-state.center)))
        return divide(shifted, exactly(np.array(state.scale)))
    assert isinstance(node, Apply)
    if not _has_double(node):
        return exactly(evaluate.number(node, frame, states))
    return _applied(node, [_value(arg, frame, states) for arg in node.args])


def _applied(node: Apply, args: list[Double]) -> Double:
    a, name = args[0], node.function
    if name == "Pow":
        exponent = _exponent(node)
        assert exponent is not None
        return power(a, exponent)
    if name in ("Add", "Sub"):
        return add(a, args[1] if name == "Add" else -args[1])
    if name == "Mult" or name == "square":
        return multiply(a, args[1] if name == "Mult" else a)
    if name == "Div":
        return divide(a, args[1])
    if name == "abs":
        sign = np.where(a.hi < 0, -1.0, 1.0)
        return Double(a.hi * sign, a.lo * sign)
    if name == "sqrt":
        return square_root(a)
    return -a if name == "USub" else a


def _poly(node: Learned, x: Double, states: States) -> list[Double]:
    """The powers of x, or the orthogonal polynomials of its recurrence."""
    state = states.get(node.text)
    degree = node.option("degree")
    assert isinstance(degree, float)
    if not isinstance(state, Recurrence):
        powers = [x]
        for _ in range(1, int(degree)):
            powers.append(multiply(powers[-1], x))
        return powers
    values = [exactly(np.ones_like(x.hi))]
    for k in range(1, int(degree) + 1):
        value = multiply(add(x, exactly(np.array(-state.alpha[k - 1]))), values[-1])
        if k >= 2:
            value = add(value, -multiply(exactly(np.array(state.norms[k - 1] / state.norms[k - 2])), values[-2]))
        values.append(value)
    sizes = [exactly(np.array(np.sqrt(norm))) for norm in state.norms]
    return [divide(value, size) for value, size in zip(values[1:], sizes[1:], strict=True)]
