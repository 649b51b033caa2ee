"""What a checked expression is made of, and the only functions it can name.

    Number | Column | Apply(function, args) | Learned(function, arg, options) | Category(arg, levels, base)

`Apply` is done value by value; `Learned` and `Category` need something from all rows (knots, means, levels), kept under
their `text`. Nothing outside the tables of this file can be reached from a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Option: TypeAlias = float | bool | str | tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Number:
    """`of`: what it was computed from, in floating point."""

    value: float
    of: Apply | None = None


@dataclass(frozen=True, slots=True)
class Column:
    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    function: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """center, scale, standardize: one column. poly, bs, cr: several, and only as a whole factor."""

    text: str
    function: str
    arg: Node
    options: tuple[tuple[str, Option], ...]

    def option(self, name: str) -> Option:
        return dict(self.options)[name]


@dataclass(frozen=True, slots=True)
class Category:
    """C(arg): one indicator a level. `levels` fixes their order, `base` the level that is left out."""

    text: str
    arg: Node
    levels: tuple[str | float, ...] | None = None
    base: str | float | None = None


Node: TypeAlias = Number | Column | Apply | Learned | Category

OPERATORS: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mult": np.multiply,
    "Div": np.divide,
    "FloorDiv": np.floor_divide,
    "Mod": np.mod,
    "Pow": np.power,
    "UAdd": np.positive,
    "USub": np.negative,
    "Lt": np.less,
    "LtE": np.less_equal,
    "Gt": np.greater,
    "GtE": np.greater_equal,
    "Eq": np.equal,
    "NotEq": np.not_equal,
}
COMPARISONS = frozenset({"Lt", "LtE", "Gt", "GtE", "Eq", "NotEq"})

_ONE = [
    *("log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "sqrt", "cbrt", "square", "abs", "sign", "floor", "ceil"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
]
FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    **{name: (getattr(np, name), 1) for name in _ONE},
    "minimum": (np.minimum, 2),
    "maximum": (np.maximum, 2),
}
CONSTANTS = {"pi": float(np.pi), "e": float(np.e)}

# Options in the order in which they may be given by position, with their defaults.
SIGNATURES: dict[str, dict[str, Option]] = {
    "center": {},
    "scale": {"center": True, "scale": True, "ddof": 1.0},
    "standardize": {"center": True, "rescale": True, "ddof": 0.0},
    "poly": {"degree": 1.0, "raw": False},
    "bs": {
        "df": None,
        "knots": None,
        "degree": 3.0,
        "include_intercept": False,
        "lower_bound": None,
        "upper_bound": None,
        "extrapolation": "raise",
    },
    "cr": {
        "df": None,
        "knots": None,
        "lower_bound": None,
        "upper_bound": None,
        "constraints": None,
        "extrapolation": "extend",
    },
}
WIDE = frozenset({"poly", "bs", "cr"})

ALLOWED = (
    "Allowed: columns, numbers, pi, + - * / // % **, one comparison, I() C() "
    f"{' '.join(f'{name}()' for name in SIGNATURES)}, and log log2 log10 log1p exp expm1 sqrt abs sign floor ceil "
    "minimum maximum sin cos tan and their inverses and hyperbolics"
)


def operation(name: str) -> Callable[..., Any]:
    """The numpy function of an operator or of an allowed name."""
    return OPERATORS[name] if name in OPERATORS else FUNCTIONS[name][0]


def inside(node: Node) -> Iterator[Node]:
    """The node and everything under it, innermost last."""
    yield node
    if isinstance(node, Apply):
        for arg in node.args:
            yield from inside(arg)
    elif isinstance(node, Learned | Category):
        yield from inside(node.arg)


def columns_of(node: Node) -> list[str]:
    """Names of the columns that the node reads, in order, each once."""
    return list(dict.fromkeys(each.name for each in inside(node) if isinstance(each, Column)))


def depth(node: Node) -> int:
    """How many learned functions are nested: scale(center(x)) is 2; the inner one must be learned first."""
    below = [node.arg] if isinstance(node, Learned | Category) else node.args if isinstance(node, Apply) else []
    deepest = max((depth(each) for each in below), default=0)
    return deepest + isinstance(node, Learned | Category)
