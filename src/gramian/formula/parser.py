"""A formula becomes targets and terms: the algebra of + - : * / ^ %in% ( ) and . over factors.

Parsing never runs or imports anything: it costs the same for every formula, and its work is bounded by MOST_TERMS.
The terms, their order and their factors are those of formulaic 1.x and R; the tests compare them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gramian.errors import FormulaError, bad_formula, listed, unknown_column
from gramian.formula.expressions import expression
from gramian.formula.nodes import Column, Node, columns_of
from gramian.formula.spelling import spelled
from gramian.formula.tokens import GRAMMAR, Token, tokens

MOST_TERMS = 50_000
MOST_FACTORS = 8
MOST_NESTING = 100


@dataclass(frozen=True, slots=True)
class FormulaFactor:
    """One factor of a term: its text as in names of columns, what it computes, its place in the formula."""

    text: str
    node: Node
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Formula:
    """Targets on the left, terms on the right ordered by degree, each a product of factors; the intercept apart."""

    text: str
    targets: tuple[FormulaFactor, ...]
    terms: tuple[tuple[FormulaFactor, ...], ...]
    intercept: bool
    named: frozenset[str]  # columns that the text names, those that it takes away again too
    notes: tuple[str, ...]


# Insertion-ordered set: the texts of a term's factors, then the factors as first written. The intercept is the empty term.
Terms: TypeAlias = dict[frozenset[str], tuple[FormulaFactor, ...]]
_INTERCEPT: Terms = {frozenset(): ()}


def parse(
    text: object,
    columns: Sequence[str],
    reserved: Collection[str] = (),
    where: str = "the data",
    dates: Collection[str] = (),
) -> Formula:
    """The formula `text` over `columns`; `.` leaves out the columns on the left, those `reserved`, and `dates` with a note.

    Raises FormulaError with a caret under the place, DataError for an unknown column.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is text, as in 'price ~ sqft + C(city)', and this is {type(text).__name__}")
    found = tokens(text)
    split = [at for at, token in enumerate(found) if token.text == "~" and token.kind == "operator"]
    if len(split) != 1:
        at = found[split[1]].start if split else 0
        got = "the formula has more than one ~" if split else "the formula has no ~"
        raise bad_formula(got, text, at, at + 1, "Allowed: target ~ columns", "write it as 'y ~ x1 + x2', or 'y ~ .'")
    names = dict.fromkeys(columns)
    targets = _targets(text, found[: split[0]], names, where, found[split[0]])
    taken = {name for target in targets for name in _read_by(target)} | set(reserved)
    free = [name for name in columns if name not in taken and name not in dates]
    reader = _FormulaReader(text, found[split[0] + 1 :], names, free, where)
    terms = reader.whole()
    intercept = terms.pop(frozenset(), None) is not None
    ordered = sorted(terms.values(), key=len)
    _check(text, targets, ordered, intercept, found[split[0]])
    passed = [name for name in columns if name in dates and name not in taken | reader.named]
    if passed and any(token.kind == "dot" for token in found):
        remedy = "make numbers (days since a day) or categories (the month) of them first"
        reader.notes.append(f"'.' leaves out dates, {listed(passed)}: {remedy}")
    named = reader.named.union(*(_read_by(target) for target in targets))
    return Formula(text, targets, tuple(ordered), intercept, frozenset(named), tuple(reader.notes))


def _read_by(factor: FormulaFactor) -> list[str]:
    return columns_of(factor.node)


def _factor(token: Token, formula: str, columns: dict[str, None], where: str) -> FormulaFactor:
    if token.kind == "name":
        name = token.text if token.text in columns else spelled(token.text, columns, where)
        if name is None:
            raise unknown_column(token.text, columns, where)
        return FormulaFactor(name, Column(name), token.start, token.stop)
    text, node = expression(token.text, formula, token.start, columns, where)
    return FormulaFactor(text, node, token.start, token.stop)


def _targets(formula: str, found: list[Token], columns: dict[str, None], where: str, tilde: Token) -> tuple[FormulaFactor, ...]:
    targets: list[FormulaFactor] = []
    for at, token in enumerate([*found, tilde]):
        if at % 2 == 0 and token.kind in ("name", "expression"):
            targets.append(_factor(token, formula, columns, where))
        elif at % 2 == 0 or token.text not in ("+", "~"):
            got = "a target is missing here" if token.text in ("~", "+") else f"{token.text!r} cannot stand on the left"
            raise bad_formula(
                got, formula, token.start, token.stop, "Allowed left of ~: targets joined by +", "as in 'y1 + y2 ~ x'"
            )
    texts = [target.text for target in targets]
    for target in targets:
        if texts.count(target.text) > 1:
            raise bad_formula(f"the target {target.text} is there twice", formula, target.start, target.stop)
    return tuple(targets)


def _check(
    formula: str, targets: Sequence[FormulaFactor], terms: Sequence[tuple[FormulaFactor, ...]], intercept: bool, tilde: Token
) -> None:
    if not terms and not intercept:
        raise bad_formula(
            "nothing is left on the right", formula, tilde.start, len(formula), hint="'y ~ 1' fits a mean alone"
        )
    left = {target.text for target in targets}
    for term in terms:
        for factor in term:
            if factor.text in left:
                raise bad_formula(
                    f"the target {factor.text} is on both sides of ~",
                    formula,
                    factor.start,
                    factor.stop,
                    hint="take it out of one side",
                )


class _FormulaReader:
    """Precedence climbing over the tokens right of ~; each method returns the terms of what it has read."""

    def __init__(
        self, formula: str, found: list[Token], columns: dict[str, None], free: list[str], where: str
    ) -> None:
        self.formula, self.found, self.columns, self.free, self.where = formula, found, columns, free, where
        self.at = 0
        self.nesting = 0
        self.notes: list[str] = []
        self.named: set[str] = set()

    def whole(self) -> Terms:
        terms = self._sum(dict(_INTERCEPT))
        if self.at < len(self.found):
            token = self.found[self.at]
            if token.text == ")":
                raise self._error(token, "')' closes nothing here", "check the brackets")
            raise self._error(token, f"an operator is missing before {token.text!r}", "join columns by +")
        return terms

    def _peek(self) -> str:
        """The operator, bracket or number next; empty at the end and before a column."""
        if self.at == len(self.found):
            return ""
        token = self.found[self.at]
        return "" if token.kind in ("name", "expression") else token.text

    def _sum(self, terms: Terms) -> Terms:
        """Signed products, added to `terms` in place; 0 stands for -1, and what is subtracted leaves."""
        first = True
        while first or self._peek() in ("+", "-"):
            sign = 1
            while self._peek() in ("+", "-"):
                sign = -sign if self._peek() == "-" else sign
                self.at += 1
            first = False
            if self._peek() == "0":
                self.at += 1
                sign, more = -sign, dict(_INTERCEPT)
            else:
                more = self._product()
            for key, term in more.items():
                if sign > 0:
                    terms.setdefault(key, term)
                else:
                    terms.pop(key, None)
        return self._bounded(terms)

    def _product(self) -> Terms:
        left = self._interaction()
        while self._peek() in ("*", "/", "%in%"):
            operator = self._peek()
            self.at += 1
            right = self._interaction()
            if operator == "*":
                both = {**left, **_new(right, left)}
                left = {**both, **_new(self._times(left, right), both)}
            else:
                outer, nested = (left, right) if operator == "/" else (right, left)
                common = _join(outer.values())
                inner = self._times({frozenset(f.text for f in common): common}, nested)
                left = {**outer, **_new(inner, outer)}
        return self._bounded(left)

    def _interaction(self) -> Terms:
        left = self._power()
        while self._peek() == ":":
            self.at += 1
            left = self._times(left, self._power())
        return left

    def _power(self) -> Terms:
        start = self.at
        base = self._operand()
        while self._peek() in ("^", "**"):
            self.at += 1
            exponent = self.found[self.at] if self.at < len(self.found) else self.found[-1]
            if not (exponent.kind == "number" and exponent.text.isdigit() and 1 <= int(exponent.text[:9]) <= MOST_FACTORS):
                raise self._error(exponent, f"the power is not a whole number from 1 to {MOST_FACTORS}", "")
            self.at += 1
            if len(base) == 1 and exponent.text != "1" and self.found[start].kind in ("name", "expression"):
                name = self.found[start].text
                self.notes.append(
                    f"{name}^{exponent.text} means {name} in a formula, as in R; I({name}**{exponent.text}) is its power"
                )
            power = base
            for _ in range(int(exponent.text) - 1):
                power = self._times(power, base)
            base = power
        return base

    def _operand(self) -> Terms:
        if self.at == len(self.found):
            end = len(self.formula)
            raise bad_formula("the formula ends where a column should follow", self.formula, end, end + 1, GRAMMAR)
        token = self.found[self.at]
        self.at += 1
        if token.kind in ("name", "expression"):
            factor = _factor(token, self.formula, self.columns, self.where)
            self.named.update(_read_by(factor))
            return {frozenset([factor.text]): (factor,)}
        if token.kind == "dot":
            return {frozenset([name]): (FormulaFactor(name, Column(name), token.start, token.stop),) for name in self.free}
        if token.kind == "open":
            return self._bracket(token)
        if token.text == "1":
            return dict(_INTERCEPT)
        if token.kind == "number":
            raise self._error(token, f"the number {token.text} cannot be a term", f"write I({token.text} * x)")
        raise self._error(token, f"{token.text!r} stands where a column should be", "")

    def _bracket(self, token: Token) -> Terms:
        self.nesting += 1
        if self.nesting > MOST_NESTING:
            raise self._error(token, "brackets are nested too deeply", "")
        inner = self._sum({})
        if self._peek() != ")":
            raise self._error(token, "'(' is not closed", "add ')'")
        self.at += 1
        self.nesting -= 1
        return inner

    def _times(self, left: Terms, right: Terms) -> Terms:
        if len(left) * len(right) > 40 * MOST_TERMS:
            raise self._too_many()
        product: Terms = {}
        for a in left.values():
            for b in right.values():
                term = _join((a, b))
                product.setdefault(frozenset(factor.text for factor in term), term)
                if len(term) > MOST_FACTORS:
                    what = f"a term of more than {MOST_FACTORS} factors"
                    raise self._error(self.found[max(self.at - 1, 0)], f"{what} is not allowed", "leave some out")
            if len(product) > MOST_TERMS:
                raise self._too_many()
        return product

    def _bounded(self, terms: Terms) -> Terms:
        if len(terms) > MOST_TERMS:
            raise self._too_many()
        return terms

    def _too_many(self) -> FormulaError:
        token = self.found[max(self.at - 1, 0)]
        return self._error(token, f"the formula has more than {MOST_TERMS:,} terms", "lower the power, or name fewer")

    def _error(self, token: Token, got: str, hint: str) -> FormulaError:
        return bad_formula(got, self.formula, token.start, token.stop, GRAMMAR, hint)


def _join(terms: Collection[tuple[FormulaFactor, ...]]) -> tuple[FormulaFactor, ...]:
    """The factors of all terms, each once, in order."""
    joined: dict[str, FormulaFactor] = {}
    for term in terms:
        for factor in term:
            joined.setdefault(factor.text, factor)
    return tuple(joined.values())


def _new(more: Terms, terms: Terms) -> Terms:
    return {key: term for key, term in more.items() if key not in terms}
