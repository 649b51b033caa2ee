"""Text columns that a formula uses as numbers: the value that makes them text is found, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gramian.data.source import CodedColumn, Schema, Source
from gramian.errors import numbers_as_text, text_as_number
from gramian.formula.frame import row_name
from gramian.formula.nodes import Apply, Category, Column, Learned, Node
from gramian.formula.notation import advice_for, is_number

ROWS = 1 << 16


def refuse_text(nodes: Iterable[Node], beside: Iterable[str], source: Source) -> None:
    """Raises DataError where a node, or a column `beside` the rows, takes a text column for numbers.

    Reads that column up to its first value that is no number. A source that can be read once is left alone: the reading
    itself will meet the value.
    """
    used = dict.fromkeys([*(name for node in nodes for name in numeric(node)), *beside])
    names = [name for name in used if _is_text(name, source.schema)]
    for name in names if source.rereadable else []:
        _refuse(name, source)


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


def _refuse(name: str, source: Source) -> None:
    some = None
    for part in source.parts([name], ROWS):
        for table in part.tables():
            coded = table.columns[name]
            assert isinstance(coded, CodedColumn)
            first = (part.first or 0) + table.start
            odd = np.array([not is_number(level) for level in coded.levels] + [False])[coded.codes]
            if odd.any():
                at = int(np.argmax(odd))
                row = row_name(part.label, first, part.first is None, at)
                value = coded.levels[int(coded.codes[at])]
                raise text_as_number(name, value, row, advice_for(value))
            if some is None and coded.levels:
                some = coded.levels[0]
    if some is not None:
        raise numbers_as_text(name, some)
