"""A text column with two levels as a target of 0 and 1: the levels are sorted, and the second one is 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gramian.data.source import CodedColumn, Field, Part, Schema, Source, Table
from gramian.errors import not_two_levels, second_pass_needed
from gramian.execution.reduction import Origin, TableReduction
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.formula.nodes import Column
from gramian.formula.parser import parse
from gramian.formula.reading import SourceTables


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The source with `column` as numbers: 0 for `levels[0]`, 1 for `levels[1]`, NaN where missing."""

    source: Source
    column: str
    levels: tuple[str, str]

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def schema(self) -> Schema:
        fields = self.source.schema.fields
        return Schema(tuple(Field(f.name, "float") if f.name == self.column else f for f in fields))

    @property
    def rows(self) -> int | None:
        return self.source.rows

    @property
    def rereadable(self) -> bool:
        return self.source.rereadable

    @property
    def in_memory(self) -> bool:
        return self.source.in_memory

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        parts = self.source.parts(columns, rows)
        return parts if self.column not in columns else [_LabelledPart(part, self.column, self.levels) for part in parts]


@dataclass(frozen=True, slots=True, eq=False)
class _LabelledPart:
    part: Part
    column: str
    levels: tuple[str, str]

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def first(self) -> int | None:
        return self.part.first

    def tables(self) -> Iterator[Table]:
        for table in self.part.tables():
            coded = table.columns[self.column]
            assert isinstance(coded, CodedColumn)
            values = np.array([float(level == self.levels[1]) for level in coded.levels] + [np.nan])
            yield replace(table, columns={**table.columns, self.column: values[coded.codes]})


@dataclass(frozen=True, slots=True)
class SeenLabels(TableReduction[Table, frozenset[str], list[str]]):
    """The levels that occur in a column of text, sorted."""

    label: ClassVar[str] = "labels"

    column: str

    def init(self) -> frozenset[str]:
        return frozenset()

    def step(self, state: frozenset[str], item: Table, origin: Origin) -> frozenset[str]:
        coded = item.columns[self.column]
        assert isinstance(coded, CodedColumn)
        return state.union(coded.levels[code] for code in np.unique(coded.codes) if code >= 0)

    def merge(self, a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
        return a | b

    def finish(self, total: frozenset[str]) -> list[str]:
        return sorted(total)


def labelled(source: Source, column: str, family: str, runner: Runner) -> Labelled:
    """One pass over the column. Raises DataError unless it has two levels, SourceError where it can be read once only."""
    if not source.rereadable:
        raise second_pass_needed(source.name, [column])
    levels = runner.learn(SourceTables(source, (column,)), SeenLabels(column)) or []
    if len(levels) != 2:
        raise not_two_levels(column, levels, family)
    return Labelled(source, column, (levels[0], levels[1]))


def with_coded_target(source: Source, formula: str, family: Family, runner: Runner) -> tuple[Source, tuple[str, ...]]:
    """The source with a text target as 0 and 1 where the family takes one, and the note that says which is which."""
    if not family.targets.two_texts:
        return source, ()
    targets = parse(formula, source.schema.names, set(), source.name).targets
    node = targets[0].node if len(targets) == 1 else None
    if not isinstance(node, Column) or source.schema.field(node.name).kind != "text":
        return source, ()
    found = labelled(source, node.name, family.name, runner)
    zero, one = found.levels
    return found, (f"{node.name}: {zero!r} is 0, {one!r} is 1",)
