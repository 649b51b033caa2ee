"""Nodes in double-double: sums, products, quotients, powers and roots of decimals keep all their digits.

What a formula makes of decimals is then as exact as they are: 0.1 squared is 0.01, and not a float64 near it. A difference
that cancels leaves fewer digits: every value carries a bound on what it has lost (`kernels.bounded`). Functions that have no
double-double version here (`rounds` names them) see float64 numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from gramian.data.decimals import DIGITS, digits, low_part
from gramian.formula import evaluate
from gramian.formula.frame import Frame
from gramian.formula.nodes import COMPARISONS, Apply, Column, Learned, Node, Number, inside
from gramian.formula.states import Recurrence, Shift, States
from gramian.kernels.array_types import Floats
from gramian.kernels.bounded import COVER, TINY, Bounded, add, certain, divide, multiply, power, square_root
from gramian.kernels.exact import UNIT, Double
from gramian.kernels.rounding import U

MOST_POWER = 64
UNITS = Fraction(UNIT)
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


def read(values: Floats, low: Floats) -> Bounded:
    """Decimals as they were read: float64, and what it leaves of the decimal, of which 4u is uncertain."""
    return Bounded(Double(values, low), 4.0 * U / UNIT * np.abs(low) + TINY)


def number(node: Node, frame: Frame, states: States) -> Bounded:
    """As `evaluate.number`, (rows,): the same errors at the same rows."""
    with np.errstate(all="ignore"):
        value = _value(node, frame, states)
    return _checked(node, value, frame, states)


def columns(node: Node, frame: Frame, states: States) -> list[Bounded]:
    """As `evaluate.columns`."""
    if isinstance(node, Learned) and node.function == "poly":
        with np.errstate(all="ignore"):
            made = _poly(node, number(node.arg, frame, states), states)
        plain = evaluate.columns(node, frame, states)  # raises where a power overflows
        return [_where_finite(value, each) for value, each in zip(made, plain, strict=True)]
    if isinstance(node, Learned) and node.function in ("bs", "cr"):
        return [certain(each) for each in evaluate.columns(node, frame, states)]
    return [number(node, frame, states)]


def _checked(node: Node, found: Bounded, frame: Frame, states: States) -> Bounded:
    hi, lo, error = (np.broadcast_to(each, (frame.rows,)) for each in (*found.value, found.error))
    found = Bounded(Double(hi, lo), error)
    if all(np.isfinite(each).all() for each in (hi, lo, error)):
        return found
    return _where_finite(found, evaluate.number(node, frame, states))


def _where_finite(found: Bounded, plain: Floats) -> Bounded:
    """The float64 value where the splitting of double-double overflowed, or a divisor may be zero; nothing bounds its error."""
    (hi, lo), error = found
    finite = np.isfinite(hi) & np.isfinite(lo) & np.isfinite(error)
    return Bounded(Double(np.where(finite, hi, plain), np.where(finite, lo, 0.0)), np.where(finite, error, np.inf))


def _value(node: Node, frame: Frame, states: States) -> Bounded:
    if isinstance(node, Column):
        hi = frame.number(node.name)
        low = frame.low.get(node.name)
        return certain(hi) if low is None else read(hi, low)
    if isinstance(node, Number):
        return _constant(node)
    if isinstance(node, Learned):
        state = states[node.text]
        assert isinstance(state, Shift)
        shifted = add(_value(node.arg, frame, states), certain(-state.center))
        return divide(shifted, certain(state.scale))
    assert isinstance(node, Apply)
    if not _has_double(node):
        return certain(evaluate.number(node, frame, states))
    return _applied(node, [_value(arg, frame, states) for arg in node.args])


def _constant(node: Number) -> Bounded:
    """The decimal; where constants were joined, what they make of each other."""
    if node.of is not None:
        args = [_constant(arg) for arg in node.of.args if isinstance(arg, Number)]
        return _applied(node.of, args) if _has_double(node.of) else certain(node.value)
    low = low_part(node.value) if digits(node.value) <= DIGITS else 0.0
    off = abs(Fraction(repr(node.value)) - Fraction(node.value) - Fraction(low)) if low else 0
    return Bounded(Double(np.array(node.value), np.array(low)), np.array(COVER * float(off / UNITS)))


def _applied(node: Apply, args: list[Bounded]) -> Bounded:
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
        sign = np.where(a.value.hi < 0, -1.0, 1.0)
        return Bounded(Double(a.value.hi * sign, a.value.lo * sign), a.error)
    if name == "sqrt":
        return square_root(a)
    return -a if name == "USub" else a


def _poly(node: Learned, x: Bounded, states: States) -> list[Bounded]:
    """The powers of x, or the orthogonal polynomials of its recurrence."""
    state = states.get(node.text)
    degree = node.option("degree")
    assert isinstance(degree, float)
    if not isinstance(state, Recurrence):
        powers = [x]
        for _ in range(1, int(degree)):
            powers.append(multiply(powers[-1], x))
        return powers
    values = [certain(np.ones_like(x.value.hi))]
    for k in range(1, int(degree) + 1):
        value = multiply(add(x, certain(-state.alpha[k - 1])), values[-1])
        if k >= 2:
            value = add(value, -multiply(certain(state.norms[k - 1] / state.norms[k - 2]), values[-2]))
        values.append(value)
    sizes = [certain(np.sqrt(norm)) for norm in state.norms]
    return [divide(value, size) for value, size in zip(values[1:], sizes[1:], strict=True)]
