"""Nodes become numbers: a walk over the checked expression on the columns of one frame. Never eval, never exec."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gramian.data.source import CodedColumn
from gramian.errors import kind_changed, level_never_seen, out_of_domain, result_not_finite
from gramian.formula.frame import Frame
from gramian.formula.nodes import WIDE, Apply, Category, Column, Learned, Node, Number, columns_of, operation
from gramian.formula.states import FITTED, Knots, Levels, Shift, States, label, poly_columns, spline_columns
from gramian.kernels.array_types import Floats, Ints

MISSING = -1


def number(node: Node, frame: Frame, states: States) -> Floats:
    """The node as one column (rows,) of finite float64. Raises DataError at the first row where it is not finite."""
    values = np.asarray(_value(node, frame, states), dtype=np.float64)
    if values.ndim == 0:
        values = np.full(frame.rows, float(values))
    return values if isinstance(node, Column) else _finite(node, values, frame)


def columns(node: Node, frame: Frame, states: States) -> list[Floats]:
    """The node as the columns that it makes: one, or those of poly(), bs(), cr()."""
    if not (isinstance(node, Learned) and node.function in WIDE):
        return [number(node, frame, states)]
    x = number(node.arg, frame, states)
    if not x.size:
        width = len(columns_at(node, np.array([0.5]), states)) if node.function == "poly" else spline_width(node, states)
        return [x] * width
    if node.function == "poly":
        return [_finite(node, values, frame) for values in columns_at(node, x, states)]
    state = states[node.text]
    assert isinstance(state, Knots)
    if node.option("extrapolation") == "raise":
        outside = np.flatnonzero((x < state.lower) | (x > state.upper))
        if outside.size:
            at = int(outside[0])
            raise out_of_domain(node.text, float(x[at]), state.lower, state.upper, frame.row(at))
    return columns_at(node, x, states)


def columns_at(node: Learned, x: Floats, states: States) -> list[Floats]:
    if node.function == "poly":
        with np.errstate(all="ignore"):
            return poly_columns(node, states.get(node.text), x)
    state = states[node.text]
    assert isinstance(state, Knots)
    return spline_columns(node, state, x)


def spline_width(node: Learned, states: States) -> int:
    state = states[node.text]
    assert isinstance(state, Knots)
    if node.function == "cr":
        return len(state.knots) - (state.means is not None)
    degree = node.option("degree")
    assert isinstance(degree, float)
    return len(state.knots) - int(degree) - 1 - (not node.option("include_intercept"))


def codes(node: Category, frame: Frame, states: States) -> Ints:
    """The place of each row's level, (rows,); MISSING where the text is. Raises DataError for a level never seen."""
    state = states[node.text]
    assert isinstance(state, Levels)
    if isinstance(node.arg, Column) and node.arg.name in frame.coded:
        return _text_codes(node.arg.name, frame.coded[node.arg.name], state, frame)
    if state.kind == "text":
        raise kind_changed(columns_of(node)[0], "numbers", FITTED[state.kind])
    values = number(node.arg, frame, states)
    known = np.array(state.values, dtype=np.float64)
    order = np.argsort(known)
    place = np.searchsorted(known[order], values)
    place[place == known.size] = 0
    found = order[place] if known.size else np.zeros(values.size, dtype=np.intp)
    unseen = known[found] != values if known.size else np.ones(values.size, dtype=bool)
    unseen &= ~np.isnan(values)
    if unseen.any():
        at = int(np.argmax(unseen))
        raise level_never_seen(columns_of(node)[0], label(state.kind, float(values[at])), frame.row(at), state.labels)
    return np.where(np.isnan(values), MISSING, found)


def _text_codes(name: str, coded: CodedColumn, state: Levels, frame: Frame) -> Ints:
    if state.kind != "text":
        raise kind_changed(name, "text", FITTED[state.kind])
    place = {value: at for at, value in enumerate(state.values)}
    unseen = -2
    # One more entry at the end, which code -1 picks: missing stays missing.
    table = np.array([*(place.get(level, unseen) for level in coded.levels), MISSING], dtype=np.intp)
    found = table[coded.codes]
    if found.size and found.min() == unseen:
        at = int(np.argmax(found == unseen))
        raise level_never_seen(name, coded.levels[int(coded.codes[at])], frame.row(at), state.labels)
    return found


def _value(node: Node, frame: Frame, states: States) -> NDArray[Any] | float:
    if isinstance(node, Column):
        return frame.number(node.name)
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Apply):
        args = [_value(arg, frame, states) for arg in node.args]
        with np.errstate(all="ignore"):  # what is not finite is an error of its own, with the row
            return np.asarray(operation(node.function)(*args), dtype=np.float64)
    assert isinstance(node, Learned)
    state = states[node.text]
    assert isinstance(state, Shift)
    return (number(node.arg, frame, states) - state.center) / state.scale


def _finite(node: Node, values: Floats, frame: Frame) -> Floats:
    """`values`, once it is certain that they are finite wherever the columns they come from are."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.add.reduce(values)):
            return values
    inputs = {name: frame.number(name) for name in columns_of(node)}
    wrong = ~np.isfinite(values)
    for column in inputs.values():
        wrong &= ~np.isnan(column)
    if wrong.any():
        at = int(np.argmax(wrong))
        shown = {name: float(column[at]) for name, column in inputs.items()}
        raise result_not_finite(text(node), float(values[at]), shown, frame.row(at))
    return values


_SYMBOLS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**"}
_SYMBOLS |= {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}


def text(node: Node) -> str:
    """The node as a user would write it, for messages."""
    if isinstance(node, Column):
        return node.name
    if isinstance(node, Number):
        return f"{node.value:g}"
    if isinstance(node, Learned | Category):
        return node.text
    args = [text(arg) for arg in node.args]
    if node.function in _SYMBOLS:
        return f"({args[0]} {_SYMBOLS[node.function]} {args[1]})"
    return f"{ {'UAdd': '+', 'USub': '-'}.get(node.function, node.function) }({', '.join(args)})"
