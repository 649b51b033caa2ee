"""The text of one factor, as log(x) or C(city), becomes a node, or an error: nothing is ever executed.

Python's parser only builds the tree. Each kind of tree node that is not named here is refused, so that what a formula
can reach is this file and the tables of `nodes`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from gramian.errors import FormulaError, bad_formula, unknown_column
from gramian.errors.formulas import described, function_hint, hint_for
from gramian.formula.function_options import check_options
from gramian.formula.nodes import (
    ALLOWED,
    CONSTANTS,
    FUNCTIONS,
    OPERATORS,
    SIGNATURES,
    WIDE,
    Apply,
    Category,
    Column,
    Learned,
    Node,
    Number,
    Option,
    columns_of,
    operation,
)
from gramian.formula.spelling import normal, spelled

MOST_CHARACTERS = 20_000
MOST_DEPTH = 100
_QUOTES = 0x13000  # hieroglyphs: letters to Python's parser, one character wide, in no column's name
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\W\d]\w*")
MOST_QUOTED = 1_000
_OPERATORS_ALLOWED = "Allowed: + - * / // % ** and one comparison (< <= > >= == !=)"


def expression(text: str, formula: str, start: int, columns: Mapping[str, object], where: str) -> tuple[str, Node]:
    """The factor written `text` at character `start` of `formula`: its canonical text and its node.

    Raises FormulaError for what is not allowed or does not parse, DataError for an unknown column.
    """
    return _Checker(formula, start, columns, where).checked(text)


@dataclass(slots=True)
class _Checker:
    formula: str
    start: int
    columns: Mapping[str, object]
    where: str
    text: str = ""
    quoted: dict[str, str] = field(default_factory=dict)

    def checked(self, text: str) -> tuple[str, Node]:
        if len(text) > MOST_CHARACTERS:
            raise self._refused(0, 1, f"an expression of {len(text):,} characters", "make a column of it instead")
        bare = text.lstrip()
        self.start += len(text) - len(bare)
        self.text = self._unquoted("".join(" " if char.isspace() else char for char in bare.rstrip()))
        tree = self._parsed()
        self._check_depth(tree)
        node = self._whole(tree)
        if not columns_of(node):
            raise self._refused(0, len(self.text), f"{self._written()}, which names no column,", "name a column in it")
        return self._name(tree), node

    def _unquoted(self, text: str) -> str:
        """Backticked names, and those that the parser would respell, become a letter and underscores of the same width."""

        def alias(found: re.Match[str]) -> str:
            word = found.group()
            respelled = word in self.columns and normal(word) != word
            if not (word.startswith("`") or respelled):
                return word
            name = chr(_QUOTES + len(self.quoted)) + "_" * (len(word) - 1)
            self.quoted[name] = word
            return name

        plain = _QUOTED.sub(alias, text)
        if "\\" in plain or len(self.quoted) > MOST_QUOTED:
            raise self._refused(0, len(text), "a backslash, or so many quoted names,", "make a column of it instead")
        return plain

    def _parsed(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            at = min(max((error.offset or 1) - 1, 0), max(len(self.text) - 1, 0))
            raise self._refused(at, at + 1, f"{self._written()} does not parse", "check its brackets and commas") from None
        except (ValueError, RecursionError, MemoryError):
            raise self._refused(0, len(self.text), "an expression that cannot be read", "make it simpler") from None

    def _check_depth(self, tree: ast.expr) -> None:
        level: list[ast.AST] = [tree]
        for _ in range(2 * MOST_DEPTH):
            if not level:
                return
            level = list(chain.from_iterable(ast.iter_child_nodes(each) for each in level))
        raise self._refused(0, len(self.text), "an expression nested too deeply", "make a column of it instead")

    def _whole(self, tree: ast.expr) -> Node:
        """A whole factor may be C(), or a function that makes several columns; a part of one may not."""
        if isinstance(tree, ast.Call):
            name = self._function(tree)
            if name == "C":
                return self._category(tree)
            if name in WIDE:
                return self._learned(tree, name)
        return self._node(tree)

    def _node(self, tree: ast.expr) -> Node:
        if isinstance(tree, ast.Name):
            return self._column(tree)
        if isinstance(tree, ast.Constant):
            return Number(self._number(tree))
        if isinstance(tree, ast.UnaryOp | ast.BinOp):
            return self._operated(tree)
        if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]).__name__ in OPERATORS:
            sides = (self._node(tree.left), self._node(tree.comparators[0]))
            return self._apply(tree, type(tree.ops[0]).__name__, sides)
        if isinstance(tree, ast.Call):
            return self._call(tree)
        if isinstance(tree, ast.Attribute) and self._from_numpy(tree) and tree.attr in CONSTANTS:
            return Number(CONSTANTS[tree.attr])
        raise self._refuse(tree, described(tree), hint_for(tree))

    def _column(self, tree: ast.Name) -> Node:
        name = self.quoted.get(tree.id, tree.id).strip("`")
        if name in self.columns:
            return Column(name)
        if name == "pi":
            return Number(CONSTANTS["pi"])
        if name.startswith("__") or name in FUNCTIONS or name in SIGNATURES:
            raise self._refuse(tree, f"{name!r} without a column", f"write {name}(x)" if name in FUNCTIONS else "")
        known = spelled(name, self.columns, self.where)
        if known is None:
            raise unknown_column(name, self.columns, self.where)
        return Column(known)

    def _number(self, tree: ast.Constant) -> float:
        value = tree.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(tree, described(tree), hint_for(tree))
        if abs(value) > 1e300:
            raise self._refuse(tree, "a number too large", "numbers reach 1e300")
        return float(value)

    def _operated(self, tree: ast.UnaryOp | ast.BinOp) -> Node:
        name = type(tree.op).__name__
        if name not in OPERATORS:
            hint = "join conditions by * (and), or make a column of them" if name in ("BitAnd", "BitOr") else ""
            raise self._refuse(tree, f"the operator {name}", hint, _OPERATORS_ALLOWED)
        sides = (tree.operand,) if isinstance(tree, ast.UnaryOp) else (tree.left, tree.right)
        return self._apply(tree, name, tuple(self._node(side) for side in sides))

    def _apply(self, tree: ast.expr, name: str, args: tuple[Node, ...]) -> Node:
        """Constants are computed here, in floating point, so that none can overflow or grow later."""
        if not all(isinstance(arg, Number) for arg in args):
            return Apply(name, args)
        with np.errstate(all="ignore"):
            value = float(operation(name)(*(arg.value for arg in args if isinstance(arg, Number))))
        if not np.isfinite(value):
            raise self._refuse(tree, f"a constant that is {value}", "numbers reach 1e300")
        return Number(value, Apply(name, args))

    def _function(self, tree: ast.Call) -> str:
        """The name that is called; np.log is log. Anything computed, or of another module, is refused."""
        called = tree.func
        if isinstance(called, ast.Name):
            return {"standardise": "standardize", "cs": "cr"}.get(called.id, called.id)
        if isinstance(called, ast.Attribute) and self._from_numpy(called) and called.attr in FUNCTIONS:
            return called.attr
        raise self._refuse(called, f"a call of {self._written(called)}", hint_for(called))

    def _from_numpy(self, tree: ast.Attribute) -> bool:
        return isinstance(tree.value, ast.Name) and tree.value.id in ("np", "numpy") and tree.value.id not in self.columns

    def _call(self, tree: ast.Call) -> Node:
        name = self._function(tree)
        if name == "C" or name in WIDE:
            raise self._refuse(tree, f"{name}() inside another expression", f"{name}() makes columns: use it on its own")
        if name in SIGNATURES:
            return self._learned(tree, name)
        arity = 1 if name == "I" else FUNCTIONS[name][1] if name in FUNCTIONS else None
        if arity is None:
            raise self._refuse(tree.func, f"the function {name}", function_hint(name))
        if tree.keywords or len(tree.args) != arity or any(isinstance(arg, ast.Starred) for arg in tree.args):
            raise self._refuse(tree, f"{name}() with these arguments", f"{name}() takes {arity} and no names")
        args = tuple(self._node(arg) for arg in tree.args)
        return args[0] if name == "I" else self._apply(tree, name, args)

    def _learned(self, tree: ast.Call, name: str) -> Learned:
        if not tree.args:
            raise self._refuse(tree, f"{name}() without a column", f"write {name}(x)")
        given = self._options(tree, name, list(SIGNATURES[name]))
        options = {**SIGNATURES[name], **given}
        complaint = check_options(name, options)
        if complaint:
            raise self._refuse(tree, f"{name}() with {complaint}", "")
        return Learned(self._name(tree), name, self._node(tree.args[0]), tuple(options.items()))

    def _options(self, tree: ast.Call, name: str, names: list[str]) -> dict[str, Option]:
        allowed = f"Allowed: {name}({', '.join(['x', *names])})"
        if len(tree.args) - 1 > len(names):
            raise self._refuse(tree, f"{name}() with {len(tree.args)} arguments", "", allowed)
        given = {key: self._option(value) for key, value in zip(names, tree.args[1:], strict=False)}
        for keyword in tree.keywords:
            if keyword.arg not in names or keyword.arg in given:
                raise self._refuse(keyword.value, f"{name}() with the argument {keyword.arg or '**'}", "", allowed)
            given[keyword.arg] = self._option(keyword.value)
        return given

    def _option(self, tree: ast.expr) -> Option:
        """A literal: True, False, None, a string, a number, a list of numbers. Not an expression."""
        if isinstance(tree, ast.Constant) and (tree.value is None or isinstance(tree.value, bool | str)):
            return tree.value
        if isinstance(tree, ast.List | ast.Tuple):
            return tuple(self._signed(each) for each in tree.elts)
        return self._signed(tree)

    def _signed(self, tree: ast.expr) -> float:
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return -self._signed(tree.operand)
        if isinstance(tree, ast.Constant):
            return self._number(tree)
        raise self._refuse(tree, "an argument that is not a plain number, string or list", "write the value itself")

    def _category(self, tree: ast.Call) -> Category:
        allowed = "Allowed: C(x), C(x, levels=['a', 'b']), C(x, Treatment('a')), C(x, base='a')"
        if not 1 <= len(tree.args) <= 2:
            raise self._refuse(tree, f"C() with {len(tree.args)} arguments", "", allowed)
        base = self._treatment(tree.args[1], allowed) if len(tree.args) == 2 else None
        levels: tuple[str | float, ...] | None = None
        for keyword in tree.keywords:
            if keyword.arg == "levels" and isinstance(keyword.value, ast.List | ast.Tuple) and levels is None:
                levels = tuple(self._level(each) for each in keyword.value.elts)
                if not levels or len(set(levels)) != len(levels) or len({type(each) for each in levels}) != 1:
                    raise self._refuse(keyword.value, "levels that are empty, repeated or of mixed kinds", "", allowed)
            elif keyword.arg == "base" and base is None:
                base = self._level(keyword.value)
            else:
                raise self._refuse(keyword.value, f"C() with the argument {keyword.arg or '**'}", "", allowed)
        if base is not None and levels is not None and base not in levels:
            raise self._refuse(tree, f"C() with the base {base!r} outside its levels", "", allowed)
        return Category(self._name(tree), self._node(tree.args[0]), levels, base)

    def _treatment(self, tree: ast.expr, allowed: str) -> str | float:
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "Treatment":
            values = [*tree.args, *(keyword.value for keyword in tree.keywords if keyword.arg == "reference")]
            if len(values) == 1 and len(tree.keywords) + len(tree.args) == 1:
                return self._level(values[0])
        raise self._refuse(tree, f"C() with the coding {self._written(tree)}", "", allowed)

    def _level(self, tree: ast.expr) -> str | float:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value
        if isinstance(tree, ast.Constant) and isinstance(tree.value, bool):
            return float(tree.value)
        return self._signed(tree)

    def _name(self, tree: ast.expr) -> str:
        return self._requoted(ast.unparse(tree).replace("\n", " "))

    def _requoted(self, text: str) -> str:
        for alias, name in self.quoted.items():
            text = text.replace(alias, name)
        return text

    def _written(self, tree: ast.expr | None = None) -> str:
        text = self._requoted(ast.unparse(tree) if tree is not None else self.text)
        return text if len(text) <= 40 else text[:37] + "..."

    def _refuse(self, tree: ast.expr, what: str, hint: str, allowed: str = ALLOWED) -> FormulaError:
        line = self.text.encode()
        start = len(line[: tree.col_offset].decode())
        return self._refused(start, len(line[: tree.end_col_offset].decode()), what, hint, allowed)

    def _refused(self, start: int, stop: int, what: str, hint: str, allowed: str = ALLOWED) -> FormulaError:
        got = what if what.endswith("parse") else f"{what} is not allowed in a formula"
        return bad_formula(got, self.formula, self.start + start, self.start + stop, allowed, hint)
