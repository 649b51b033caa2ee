"""Which columns of a source hold numbers that were printed, and so stand for decimals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from gramian.data.decimals import low_parts
from gramian.data.source import Source, Table
from gramian.execution.reduction import Origin, TableReduction
from gramian.execution.runner import Runner
from gramian.formula.design import Design
from gramian.formula.double_double import rounds
from gramian.formula.nodes import Category, Column, Node, columns_of
from gramian.formula.reading import SourceTables


@dataclass(frozen=True, slots=True)
class DecimalColumns:
    """`columns` that are taken as decimals; in those `named` this makes a difference. `notes` are for the report."""

    columns: frozenset[str]
    named: tuple[str, ...]
    notes: tuple[str, ...]


def with_decimals(design: Design, source: Source, asked: bool, runner: Runner) -> Design:
    """The design with its decimal columns marked: all of float64 when `asked`, else those that look printed. One pass."""
    found = decimal_columns(design, source, asked, runner)
    return design if found is None else design.with_decimals(found.columns, found.notes)


def decimal_columns(design: Design, source: Source, asked: bool, runner: Runner) -> DecimalColumns | None:
    """The columns of numbers of the design whose values all have at most 15 significant digits; `asked`: all of float64.

    None where double-double would make no difference: no number was rounded when it was read, and none is computed. One pass.
    """
    factors = [*design.formula.targets, *(each for term in design.formula.terms for each in term)]
    nodes = [factor.node for factor in factors if not isinstance(factor.node, Category)]
    beside = [design.offset.column] if design.offset is not None and design.offset.column else []
    names = _numbers([*dict.fromkeys([name for node in nodes for name in columns_of(node)] + beside)], source)
    seen = runner.learn(SourceTables(source, tuple(names)), SeenDecimals(tuple(names), asked)) if names else None
    columns, low = (frozenset(names), frozenset[str]()) if seen is None else seen
    if not columns or not (low or _computed(design, nodes, columns)):
        return None
    named = tuple(name for name in names if name in low)
    return DecimalColumns(columns, named, _notes(design, nodes, named) if named else ())


def _numbers(names: Iterable[str], source: Source) -> list[str]:
    return [name for name in names if source.schema.field(name).kind in ("float", "integer")]


Decimals: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""Columns that are decimals so far, and those of which a float64 leaves something."""


@dataclass(frozen=True, slots=True)
class SeenDecimals(TableReduction[Table, Decimals, Decimals]):
    """Which columns hold decimals alone. `asked`: numbers of any digits are taken."""

    label: ClassVar[str] = "decimals"

    names: tuple[str, ...]
    asked: bool

    def init(self) -> Decimals:
        return frozenset(self.names), frozenset()

    def step(self, state: Decimals, item: Table, origin: Origin) -> Decimals:
        left, low = set(state[0]), set(state[1])
        for name in state[0]:
            values = item.columns[name]
            found = low_parts(values, self.asked) if isinstance(values, np.ndarray) and _may(values) else None
            if found is None:
                left.remove(name)
            elif found.any():
                low.add(name)
        return frozenset(left), frozenset(low)

    def merge(self, a: Decimals, b: Decimals) -> Decimals:
        return a[0] & b[0], a[1] | b[1]

    def finish(self, total: Decimals) -> Decimals:
        return total[0], total[0] & total[1]


def _may(values: np.ndarray) -> bool:
    """Float64 numbers and integers; a float32 has been rounded to its own eight digits, and is what it is."""
    return values.dtype == np.float64 or values.dtype.kind in "iu"


def _computed(design: Design, nodes: Iterable[Node], columns: Collection[str]) -> bool:
    """Whether X holds products or functions of these columns."""
    several = any(sum(not isinstance(each.node, Category) for each in term) > 1 for term in design.formula.terms)
    return several or any(not isinstance(node, Column) and columns_of(node)[0] in columns for node in nodes)


def _notes(design: Design, nodes: Iterable[Node], named: tuple[str, ...]) -> tuple[str, ...]:
    shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
    notes = [f"numbers are taken as the decimals that they were written as ({shown}); decimal=False takes the float64 ones"]
    rounded = rounds(node for node in nodes if set(columns_of(node)) & set(named))
    if rounded:
        notes.append(f"{', '.join(rounded)} saw the decimals rounded to float64")
    return tuple(notes)
