"""Terms become columns of X: full or reduced coding of categories, names, places, and the filling of a block.

A factor that spans the constant (a category, a spline with its intercept) is, inside a term, the constant plus a
reduced factor. So a term is a sum of products of reduced factors; products that an earlier term already holds are left
out, and what remains is put together again: (a-):b and b join to a:b with a in full. That is R's and formulaic's coding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Generic, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from gramian.errors import bad_formula, too_many_columns
from gramian.formula import double_double as doubled
from gramian.formula import evaluate
from gramian.formula.frame import Frame
from gramian.formula.nodes import WIDE, Category, Column, Learned
from gramian.formula.parser import FormulaFactor
from gramian.formula.states import Levels, States
from gramian.kernels.array_types import Floats, Ints
from gramian.kernels.bounded import Bounded, multiply

T = TypeVar("T")
MOST_COLUMNS = 20_000


@dataclass(frozen=True, slots=True)
class CodedFactor:
    """A factor as it stands in one product: in full, or reduced by the column that the constant covers."""

    factor: FormulaFactor
    reduced: bool


Product: TypeAlias = tuple[CodedFactor, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the formula, and the places of its columns in X."""

    name: str
    factors: tuple[str, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayoutPiece:
    """One product of coded factors: columns start..stop of X."""

    factors: Product
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where every column of X comes from."""

    names: tuple[str, ...]
    terms: tuple[Term, ...]
    pieces: tuple[LayoutPiece, ...]
    plain: dict[str, int]  # source columns that are columns of X as they are, with their places; one place for each


def layout(formula: str, terms: Sequence[tuple[FormulaFactor, ...]], intercept: bool, states: States) -> Layout:
    """Names and places of the columns of `terms`, in order. Raises for too many columns, or two of one name."""
    covered: set[frozenset[tuple[str, bool]]] = {frozenset()} if intercept else set()
    names: list[str] = []
    made: list[Term] = []
    pieces: list[LayoutPiece] = []
    widths: dict[str, int] = {}
    for factors in terms:
        start = len(names)
        for piece in _coded(factors, covered, states):
            parts = [_names(each, states) for each in piece]
            count = int(np.prod([len(part) for part in parts], dtype=object))
            widest = max(piece, key=lambda each: len(_names(each, states))).factor.text if piece else "the constant"
            widths[widest] = widths.get(widest, 0) + count
            if len(names) + count > MOST_COLUMNS:
                most = max(widths, key=lambda each: widths[each])
                raise too_many_columns(len(names) + count, MOST_COLUMNS, most, widths[most])
            if count:
                pieces.append(LayoutPiece(piece, len(names), len(names) + count))
                names += [":".join(reversed(each)) for each in product(*reversed(parts))] if parts else ["1"]
        texts = tuple(factor.text for factor in factors)
        made.append(Term(":".join(texts), texts, tuple(range(start, len(names)))))
    if len(set(names)) != len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise bad_formula(f"two columns of X would be called {twice!r}", formula, 0, len(formula), hint="rename one")
    plain = {
        node.name: piece.start
        for piece in pieces
        if len(piece.factors) == 1 and isinstance(node := piece.factors[0].factor.node, Column)
    }
    return Layout(tuple(names), tuple(made), tuple(pieces), plain)


def _coded(
    factors: tuple[FormulaFactor, ...], covered: set[frozenset[tuple[str, bool]]], states: States
) -> Iterable[Product]:
    choices: list[list[CodedFactor | None]] = [
        [CodedFactor(factor, True), None] if _spans(factor, states) else [CodedFactor(factor, False)] for factor in factors
    ]
    span = [tuple(each for each in chosen if each is not None) for chosen in product(*choices)]
    fresh = {_key(piece): piece for piece in span if _key(piece) not in covered}
    covered.update(fresh)
    return _joined(list(fresh.values()))


def _key(piece: Product) -> frozenset[tuple[str, bool]]:
    return frozenset((each.factor.text, each.reduced) for each in piece)


def _joined(span: list[Product]) -> list[Product]:
    """Join piece and piece:(a reduced) to piece:(a in full), again until nothing joins."""
    kept: list[Product] = []
    for piece in sorted(span, key=len):
        for other in kept:
            new = [each for each in piece if each not in other]
            if len(piece) == len(other) + 1 and len(new) == 1 and new[0].reduced:
                full = tuple(CodedFactor(each.factor, False) if each is new[0] else each for each in piece)
                kept = _joined([*(each for each in kept if each is not other), full])
                break
        else:
            kept.append(piece)
    return kept


def _spans(factor: FormulaFactor, states: States) -> bool:
    node = factor.node
    if isinstance(node, Category):
        return bool(_levels(node, states).values)
    return isinstance(node, Learned) and node.function == "bs" and bool(node.option("include_intercept"))


def _levels(node: Category, states: States) -> Levels:
    state = states[node.text]
    assert isinstance(state, Levels)
    return state


def _names(coded: CodedFactor, states: States) -> list[str]:
    node, text = coded.factor.node, coded.factor.text
    if isinstance(node, Category):
        levels = _levels(node, states)
        if not coded.reduced:
            return [f"{text}[{label}]" for label in levels.labels]
        return [f"{text}[T.{label}]" for at, label in enumerate(levels.labels) if at != levels.base]
    if not (isinstance(node, Learned) and node.function in WIDE):
        return [text]
    if node.function == "poly":
        degree = node.option("degree")
        assert isinstance(degree, float)
        return [f"{text}[{power}]" for power in range(1, int(degree) + 1)]
    width = evaluate.spline_width(node, states)
    first = 0 if node.function == "bs" and node.option("include_intercept") else 1
    return [f"{text}[{at + first}]" for at in range(int(coded.reduced), width)]


def fill(made: Layout, frame: Frame, states: States, out: Floats, beside: tuple[Floats, Floats] | None = None) -> None:
    """Rows start..stop of `out` (n, frame.rows) get the columns of each piece, but for the plain ones.

    With `beside`, two arrays as `out`, they are made in double-double: the first gets what `out` cannot hold, the second
    units of error.
    """
    numbers: dict[str, list[Floats]] | dict[str, list[Bounded]] = {}
    codes: dict[str, Ints] = {}
    filled = set(made.plain.values())
    for piece in made.pieces:
        if piece.start in filled:
            continue
        for coded in piece.factors:
            node, text = coded.factor.node, coded.factor.text
            if isinstance(node, Category):
                if text not in codes:
                    codes[text] = evaluate.codes(node, frame, states)
            elif text not in numbers:
                numbers[text] = cast(Any, (evaluate if beside is None else doubled).columns(node, frame, states))
        at = slice(piece.start, piece.stop)
        if beside is None:
            found = _products(piece, cast(dict[str, list[Floats]], numbers), codes, states, frame.rows, np.multiply)
            _write(found, out[at], lambda value: value)
        else:
            pairs = _products(piece, numbers, codes, states, frame.rows, multiply)
            _write(pairs, out[at], lambda found: found.value.hi)
            _write(pairs, beside[0][at], lambda found: found.value.lo, one=0.0)
            _write(pairs, beside[1][at], lambda found: found.error, one=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Made(Generic[T]):
    """Products by the place of their column, None for 1; `place` (rows,) is added to it where `inside` (rows,) holds."""

    values: list[tuple[int, T | None]]
    place: Ints | None
    inside: NDArray[np.bool_]


def _products(
    piece: LayoutPiece,
    numbers: dict[str, list[T]],
    codes: dict[str, Ints],
    states: States,
    rows: int,
    times: Callable[[T, T], T],
) -> _Made[T]:
    """Column i_1 + width_1 (i_2 + width_2 (...)) is the product of the factors' columns i_1, i_2, ..."""
    place = np.zeros(rows, dtype=np.intp)  # offset by the categories, alike for all products of numbers
    inside = np.ones(rows, dtype=bool)
    values: list[tuple[int, T | None]] = [(0, None)]
    stride, indicator = 1, False
    for coded in piece.factors:
        node, text = coded.factor.node, coded.factor.text
        if isinstance(node, Category):
            indicator = True
            levels = _levels(node, states)
            column, width = _columns_of_levels(levels, coded.reduced)
            at = column[codes[text]]  # the entry after the last stands for missing
            inside &= at >= 0
            place += stride * at
        else:
            own = numbers[text][int(coded.reduced) :]
            width = len(own)
            values = [
                (base + stride * at, each if value is None else times(value, each))
                for at, each in enumerate(own)
                for base, value in values
            ]
        stride *= width
    return _Made(values, place if indicator else None, inside)


def _write(made: _Made[T], out: Floats, part: Callable[[T], Floats], one: float = 1.0) -> None:
    """The products into the rows of `out`; `part` of each, or `one` for the empty product."""
    if made.place is None:
        for base, value in made.values:
            out[base] = one if value is None else part(value)
        return
    out[:] = 0.0
    chosen = np.flatnonzero(made.inside)
    for base, value in made.values:
        out[base + made.place[chosen], chosen] = one if value is None else part(value)[chosen]


def _columns_of_levels(levels: Levels, reduced: bool) -> tuple[Ints, int]:
    """For each level its column, -1 for the base of a reduced coding; one more -1 for missing."""
    count = len(levels.values)
    column = np.arange(count + 1)
    column[count] = -1
    if reduced:
        column[levels.base :] -= 1
        column[levels.base] = -1
        column[count] = -1
    return column, count - reduced
