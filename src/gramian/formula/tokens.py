"""A formula as tokens: columns, function calls, numbers and operators, each with its place in the text.

A call is one token, taken whole up to its closing parenthesis; what is inside belongs to `expressions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gramian.errors import bad_formula

TokenKind: TypeAlias = Literal["name", "expression", "number", "operator", "open", "close", "dot"]

MOST_CHARACTERS = 1_000_000
_BLANK = re.compile(r"\s+")
_NAME = re.compile(r"[^\W\d](?:[\w.]*\w)?")
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+")
_OPERATOR = re.compile(r"%in%|\*\*|[-+*/:^~]")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
GRAMMAR = "Allowed: columns, calls like log(x) or C(city), and + - : * / ^ %in% ( ) . 0 1"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as written (a quoted name without its backticks), from character `start` up to `stop` of the formula."""

    kind: TokenKind
    text: str
    start: int
    stop: int


def tokens(formula: str) -> list[Token]:
    """The tokens of a formula in order. Raises FormulaError at the first character that cannot begin one."""
    if len(formula) > MOST_CHARACTERS:
        raise bad_formula(
            f"the formula has {len(formula):,} characters", formula, 0, 1, f"Allowed: at most {MOST_CHARACTERS:,}"
        )
    found: list[Token] = []
    at = 0
    while at < len(formula):
        blank = _BLANK.match(formula, at)
        if blank:
            at = blank.end()
            continue
        token = _token(formula, at)
        found.append(token)
        at = token.stop
    return found


def _token(formula: str, at: int) -> Token:
    char = formula[at]
    if char == "`":
        stop = formula.find("`", at + 1)
        if stop < 0:
            raise bad_formula("the formula ends inside a quoted name", formula, at, len(formula), hint="add a backtick")
        return Token("name", formula[at + 1 : stop], at, stop + 1)
    if char == "{":
        stop = closing(formula, at)
        return Token("expression", formula[at + 1 : stop - 1], at + 1, stop)
    name = _NAME.match(formula, at)
    if name:
        after = _BLANK.match(formula, name.end())
        opening = after.end() if after else name.end()
        if opening < len(formula) and formula[opening] == "(":
            stop = closing(formula, opening)
            return Token("expression", formula[at:stop], at, stop)
        return Token("name", name.group(), at, name.end())
    number = _NUMBER.match(formula, at)
    if number:
        return Token("number", number.group(), at, number.end())
    operator = _OPERATOR.match(formula, at)
    if operator:
        return Token("operator", operator.group(), at, operator.end())
    if char in "().":
        kind: TokenKind = "open" if char == "(" else "close" if char == ")" else "dot"
        return Token(kind, char, at, at + 1)
    if char in "'\"":
        raise bad_formula(
            "a formula holds no strings outside C()", formula, at, at + 1, GRAMMAR, "quote the name of a column with `"
        )
    hint = "write several targets as y1 + y2" if char == "|" else "quote odd names with backticks, as in `unit price`"
    raise bad_formula(f"{char!r} means nothing in a formula", formula, at, at + 1, GRAMMAR, hint)


def closing(formula: str, at: int) -> int:
    """The place after the bracket that closes the one at `at`; strings and quoted names inside are skipped."""
    waiting: list[str] = []
    place = at
    while place < len(formula):
        char = formula[place]
        if char in _CLOSERS:
            waiting.append(_CLOSERS[char])
        elif char in "'\"`":
            stop = formula.find(char, place + 1)
            if stop < 0:
                break
            place = stop
        elif char in ")]}":
            if char != waiting.pop():
                raise bad_formula(f"{char!r} closes nothing here", formula, place, place + 1, hint="check the brackets")
            if not waiting:
                return place + 1
        place += 1
    raise bad_formula(
        f"the formula ends before {formula[at]!r} is closed", formula, at, at + 1, hint=f"add {_CLOSERS[formula[at]]!r}"
    )
