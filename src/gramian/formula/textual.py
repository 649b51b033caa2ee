"""Text columns that a formula uses as numbers: the value that makes them text is found, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gramian.data.source import CodedColumn, Schema, Source, Table
from gramian.errors import numbers_as_text, text_as_number
from gramian.execution.reduction import Origin, TableReduction
from gramian.execution.runner import Runner
from gramian.formula.frame import row_name
from gramian.formula.nodes import Apply, Category, Column, Learned, Node
from gramian.formula.notation import advice_for, is_number
from gramian.formula.reading import SourceTables


def refuse_text(nodes: Iterable[Node], beside: Iterable[str], source: Source, runner: Runner) -> None:
    """Raises DataError where a node, or a column `beside` the rows, takes a text column for numbers.

    Reads that column up to its first value that is no number. A source that can be read once is left alone: the reading
    itself will meet the value.
    """
    used = dict.fromkeys([*(name for node in nodes for name in numeric(node)), *beside])
    names = [name for name in used if _is_text(name, source.schema)]
    for name in names if source.rereadable else []:
        some = runner.learn(SourceTables(source, (name,)), TextAsNumbers(name))
        if some is not None:
            raise numbers_as_text(name, some)


def numeric(node: Node) -> Iterator[str]:
    """The columns that must be numbers for the node to be computed; C(x) takes text too."""
    if isinstance(node, Column):
        yield node.name
    elif isinstance(node, Apply):
        for arg in node.args:
            yield from numeric(arg)
    elif isinstance(node, Learned) or (isinstance(node, Category) and not isinstance(node.arg, Column)):
        yield from numeric(node.arg)


def _is_text(name: str, schema: Schema) -> bool:
    return name in schema and schema.field(name).kind == "text"


@dataclass(frozen=True, slots=True)
class TextAsNumbers(TableReduction[Table, str | None, str | None]):
    """A text of a column whose texts all are numbers, None where it is empty. Raises DataError at the first other one."""

    label: ClassVar[str] = "text"

    name: str

    def init(self) -> str | None:
        return None

    def step(self, state: str | None, item: Table, origin: Origin) -> str | None:
        coded = item.columns[self.name]
        assert isinstance(coded, CodedColumn)
        odd = np.array([not is_number(level) for level in coded.levels] + [False])[coded.codes]
        if odd.any():
            at = int(np.argmax(odd))
            row = row_name(origin.label, (origin.first or 0) + item.start, origin.first is None, at)
            value = coded.levels[int(coded.codes[at])]
            raise text_as_number(self.name, value, row, advice_for(value))
        return coded.levels[0] if state is None and coded.levels else state

    def merge(self, a: str | None, b: str | None) -> str | None:
        return b if a is None else a

    def finish(self, total: str | None) -> str | None:
        return total
