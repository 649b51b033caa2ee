"""Linear hypotheses about the coefficients, written as equations: "sqft = 2 * beds", "a = b = 0", "a = 1, b = 0".

    hypothesis := equation ("," equation)*
    equation   := sum ("=" sum)*                     a sum by itself is tested against 0
    sum        := ["+" | "-"] product (("+" | "-") product)*
    product    := atom (("*" | "/") atom)*           at most one factor holds coefficients
    atom       := number | name | "(" sum ")" | ("+" | "-") atom

A name is the longest coefficient name that the text continues with, or anything between backticks. Reading turns the
text into R b = r; nothing is evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gramian import errors
from gramian.kernels.array_types import Floats

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[^\s,=+*/`)-][^\s,=+*/`]*")
_RUNS_ON = re.compile(r"[\w\[:.]")
_DEEPEST = 50


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """R b = r, R (q, p) and r (q,), with the text to print."""

    R: Floats
    r: Floats
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class _Affine:
    """weights'b + constant."""

    weights: Floats
    constant: float

    def scaled(self, by: float) -> _Affine:
        return _Affine(by * self.weights, by * self.constant)

    def plus(self, other: _Affine) -> _Affine:
        return _Affine(self.weights + other.weights, self.constant + other.constant)

    @property
    def is_number(self) -> bool:
        return not self.weights.any()


def parse(text: str, names: tuple[str, ...]) -> Hypothesis:
    """Read equations over coefficient `names`; raises FormulaError with a caret under the place."""
    return _HypothesisReader(text, names).hypothesis()


def from_matrix(R: Floats, r: Floats | float, names: tuple[str, ...]) -> Hypothesis:
    """R (q, p) or (p,) and r (q,) or a number, checked; raises ArgumentError."""
    left = np.atleast_2d(np.asarray(R, dtype=np.float64))
    if left.ndim != 2 or left.shape[1] != len(names) or not left.shape[0]:
        allowed = f"(q, {len(names)}), a column for each of the coefficients"
        raise errors.bad_argument("the shape of R", left.shape, allowed)
    right = np.asarray(r, dtype=np.float64)
    if right.ndim > 1 or (right.ndim == 1 and right.shape != (left.shape[0],)):
        raise errors.bad_argument(
            "the shape of r", right.shape, f"a number, or ({left.shape[0]},): one for each row of R"
        )
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise errors.bad_argument("an entry of R or r", "NaN or infinite", "finite numbers")
    right = np.broadcast_to(right, (left.shape[0],)).copy()
    text = ", ".join(_written(row, value, names) for row, value in zip(left, right, strict=True))
    return Hypothesis(left, right, text)


def zero(positions: tuple[int, ...], names: tuple[str, ...], text: str) -> Hypothesis:
    """All coefficients at `positions` are zero."""
    return Hypothesis(np.eye(len(names))[list(positions)], np.zeros(len(positions)), text)


def _written(row: Floats, value: float, names: tuple[str, ...]) -> str:
    used = np.flatnonzero(row)
    terms = " ".join(
        f"{'-' if row[j] < 0 else '+'} {'' if abs(row[j]) == 1 else f'{abs(row[j]):g} * '}{names[j]}" for j in used
    )
    return f"{(terms or '0').removeprefix('+ ')} = {value:g}"


class _HypothesisReader:
    """Recursive descent over one text; `at` is the place."""

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.text = text
        self.names = names
        self.longest = sorted((name for name in names if not _NUMBER.fullmatch(name)), key=len, reverse=True)
        self.at = 0
        self.depth = 0

    def hypothesis(self) -> Hypothesis:
        rows = self.equation()
        while self.accept(","):
            rows += self.equation()
        if self.peek():
            raise self.wrong("cannot read on here", self.at)
        return Hypothesis(
            np.stack([row.weights for row in rows]),
            np.array([-row.constant for row in rows]),
            " ".join(self.text.split()),
        )

    def equation(self) -> list[_Affine]:
        self.peek()
        start = self.at
        sides = [self.sum()]
        while self.accept("="):
            self.at += self.text.startswith("=", self.at)  # == means the same, = = is a slip
            sides.append(self.sum())
        if len(sides) == 1:
            sides.append(_Affine(np.zeros(len(self.names)), 0.0))
        rows = [a.plus(b.scaled(-1.0)) for a, b in pairwise(sides)]
        if any(row.is_number for row in rows):
            raise self.wrong("an equation holds no coefficient", start)
        return rows

    def sum(self) -> _Affine:
        total = self.product()
        while sign := self.accept("+") or self.accept("-"):
            total = total.plus(self.product().scaled(1.0 if sign == "+" else -1.0))
        return total

    def product(self) -> _Affine:
        value = self.atom()
        while sign := self.accept("*") or self.accept("/"):
            self.peek()
            place = self.at
            other = self.atom()
            if sign == "/":
                if not other.is_number or other.constant == 0.0:
                    raise self.wrong("division by what is not a number other than 0", place)
                value = value.scaled(1.0 / other.constant)
            elif other.is_number:
                value = value.scaled(other.constant)
            elif value.is_number:
                value = other.scaled(value.constant)
            else:
                raise self.wrong("a product of two coefficients is not linear", place)
        return value

    def atom(self) -> _Affine:
        if self.depth > _DEEPEST:
            raise self.wrong(f"nested more than {_DEEPEST} deep", self.at)
        self.depth += 1
        try:
            return self._atom()
        finally:
            self.depth -= 1

    def _atom(self) -> _Affine:
        if self.accept("-"):
            return self.atom().scaled(-1.0)
        if self.accept("+"):
            return self.atom()
        name = self.name()
        if name is not None:
            weights = np.zeros(len(self.names))
            weights[self.names.index(name)] = 1.0
            return _Affine(weights, 0.0)
        if found := _NUMBER.match(self.text, self.at):
            return self.number(found)
        if self.accept("("):
            inner = self.sum()
            if not self.accept(")"):
                raise self.wrong("a closing parenthesis is missing", self.at)
            return inner
        raise self.unreadable()

    def number(self, found: re.Match[str]) -> _Affine:
        if re.match(r"[\w`(]", self.text[found.end() :]):
            raise self.wrong("write a product with *", found.end())
        value = float(found.group())
        if not np.isfinite(value):
            raise self.wrong("a number is too large", self.at)
        self.at = found.end()
        return _Affine(np.zeros(len(self.names)), value)

    def name(self) -> str | None:
        self.peek()
        for name in self.longest:
            if self.text.startswith(name, self.at) and not self.runs_on(name):
                self.at += len(name)
                return name
        if self.text[self.at : self.at + 1] != "`":
            return None
        end = self.text.find("`", self.at + 1)
        if end < 0:
            raise self.wrong("a closing backtick is missing", self.at)
        name = self.text[self.at + 1 : end]
        if name not in self.names:
            raise self.unknown(name)
        self.at = end + 1
        return name

    def runs_on(self, name: str) -> bool:
        """The text goes on after `name` as a longer name would."""
        return _RUNS_ON.match(self.text, self.at + len(name)) is not None

    def unreadable(self) -> errors.FormulaError:
        word = _WORD.match(self.text, self.at)
        if word is None or _NUMBER.match(word.group()):
            return self.wrong("a coefficient or a number is expected here", self.at)
        name = word.group()
        return self.unknown(name.rstrip(")") if name.count(")") > name.count("(") else name)

    def unknown(self, name: str) -> errors.FormulaError:
        return errors.unknown_coefficient(self.text, self.at, name, self.names)

    def wrong(self, what: str, at: int) -> errors.FormulaError:
        return errors.bad_hypothesis(self.text, at, what)

    def accept(self, symbol: str) -> str:
        if self.peek() != symbol:
            return ""
        self.at += 1
        return symbol

    def peek(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]
