"""Levels of a category from all rows: what occurs, in which order, which is the base."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from gramian.errors import (
    DataError,
    base_not_a_level,
    level_not_declared,
    listed,
    numbers_as_levels,
    text_as_number,
    too_many_columns,
)  # fmt: skip
from gramian.formula.coding import MOST_COLUMNS
from gramian.formula.evaluate import number
from gramian.formula.frame import Frame
from gramian.formula.nodes import Category, Column, columns_of
from gramian.formula.notation import PLAIN, hint_for, is_code, is_number, notation, notation_of_all
from gramian.formula.states import LevelKind, Levels, States, label

MOST_LEVELS = 4 * MOST_COLUMNS
_MOSTLY = 0.9
_ENOUGH = 10
_FEW = 20
"""Numbers as text that may be levels all the same, where each has two rows or more."""


@dataclass(slots=True)
class SeenLevels:
    """Levels met so far, each with the row where it was first met."""

    node: Category
    kind: LevelKind
    declared: tuple[str, ...] | None
    seen: dict[str | float, str] = field(default_factory=dict)
    full: bool = False  # too many levels, numbers all of them: those that follow are checked and not kept
    rows: int = 0

    def add(self, frame: Frame, states: States) -> None:
        node = self.node
        self.rows += frame.rows
        if isinstance(node.arg, Column) and node.arg.name in frame.coded:
            coded = frame.coded[node.arg.name]
            places, first = np.unique(coded.codes, return_index=True)
            found = [coded.levels[int(place)] for place in places]
            self.kind = "text"
        else:
            values, first = np.unique(number(node.arg, frame, states), return_index=True)
            found = [float(value) for value in values]
        for place in np.argsort(first):
            if self.full and not is_number(str(found[place])):
                raise text_as_number(columns_of(node)[0], str(found[place]), frame.row(int(first[place])))
            if not self.full and found[place] not in self.seen:
                self.seen[found[place]] = frame.row(int(first[place]))
        self._bound()

    def merge(self, other: SeenLevels) -> SeenLevels:
        """Levels of this one, then those of later rows."""
        kind = other.kind if other.seen else self.kind
        both = SeenLevels(self.node, kind, self.declared, {**other.seen, **self.seen}, self.full or other.full)
        both.rows = self.rows + other.rows
        both._bound()
        return both

    def _bound(self) -> None:
        """Too many levels are refused. Where they are numbers in a column of text, a later row says why it is text."""
        if len(self.seen) <= MOST_LEVELS or self.full:
            return
        if self._unasked:
            self._check_text(whole=False)
        if not self._unasked or not all(is_number(str(level)) for level in self.seen):
            raise self._too_many()
        self.full = True

    def _too_many(self) -> DataError:
        return too_many_columns(len(self.seen), MOST_COLUMNS, self.node.text, len(self.seen))

    @property
    def _unasked(self) -> bool:
        """A column of text that nobody called a category, by C() or by declaring its levels."""
        return self.kind == "text" and self.declared is None and self.node.text == columns_of(self.node)[0]

    def finish(self) -> tuple[Levels, list[str]]:
        """The levels in order, and sentences about what the user may not expect."""
        node, notes = self.node, list[str]()
        if self.full:
            self._numbers()
            raise self._too_many()
        order = node.levels if node.levels is not None else self.declared
        if node.levels is not None:
            self._check_declared(node.levels)
        elif self._unasked:
            notes += self._check_text()
        occurring: list[Any] = sorted(cast(Iterable[Any], self.seen))  # all text, or all numbers
        known: list[str | float] = list(dict.fromkeys([*(order or ()), *occurring]))
        values = tuple(level for level in known if level in self.seen)
        unused = [label(self.kind, level) for level in known if level not in self.seen]
        if unused:
            notes.append(f"levels of {node.text} that occur in no row make no column: {listed(unused)}")
        if len(values) == 1:
            notes.append(f"{node.text} has the one level {label(self.kind, values[0])!r} in all rows")
        if node.base is not None and node.base not in values:
            raise base_not_a_level(
                node.text, label(self.kind, node.base), [label(self.kind, level) for level in values]
            )
        return Levels(self.kind, values, values.index(node.base) if node.base is not None else 0), notes

    def _check_declared(self, declared: tuple[str | float, ...]) -> None:
        for level, row in self.seen.items():
            if level not in declared:
                names = [label(self.kind, each) for each in declared]
                raise level_not_declared(self.node.text, label(self.kind, level), row, names)

    def _check_text(self, whole: bool = True) -> list[str]:
        """A text column that nobody called a category, and that is numbers but for a few values, is a mistake.

        Where numbers are fewer, it may be meant: a note says what made it a category. `whole`: all rows have been seen.
        """
        name = columns_of(self.node)[0]
        odd = [str(level) for level in self.seen if notation(str(level)) is None]
        if not odd:
            return self._numbers(whole)
        if len(odd) == len(self.seen) or all(is_code(level) for level in odd):
            return []
        if len(self.seen) >= _ENOUGH and len(odd) <= (1 - _MOSTLY) * len(self.seen):
            raise text_as_number(name, odd[0], self.seen[odd[0]])
        what = f"column {name!r} holds numbers and text, as {odd[0]!r} at {self.seen[odd[0]]}, and is taken as a category"
        return [f"{what}: repair the text if numbers are meant; C({name}) says that a category is"]

    def _numbers(self, whole: bool = True) -> list[str]:
        """Numbers all of them, as text: a mistake where they are many or nearly as many as the rows, else a note."""
        found = notation_of_all(map(str, self.seen)) if self._unasked else None
        if found is None or (found == PLAIN and not whole):
            return []
        name, count = columns_of(self.node)[0], len(self.seen)
        # The value that shows the notation, which others may lack.
        shown = next(str(level) for level in self.seen if notation(str(level)) == found)
        if count > _FEW or 2 * count > self.rows:
            raise numbers_as_levels(name, shown, self.seen[shown], count, hint_for(found))
        what = f"column {name!r} holds its numbers as text, such as {shown!r}, and is taken as a category of {count} levels"
        return [f"{what}: if numbers are meant, {hint_for(found)}; C({name}) says that a category is"]
