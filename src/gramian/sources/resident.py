"""A table in memory: named columns of equal length, sliced without copying."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute

from gramian.data.columns import TableColumn, Where, check_columns
from gramian.data.source import Part, Schema, Table
from gramian.errors import tables as faults


@dataclass(frozen=True, slots=True, eq=False)
class ResidentPart:
    """Rows first .. first + count of a table in memory, as one table."""

    label: str
    first: int
    count: int
    columns: Mapping[str, TableColumn]

    def tables(self) -> Iterator[Table]:
        where = Where(self.label, self.first)
        stop = self.first + self.count
        yield Table(
            0,
            self.count,
            {name: column.values(name, self.first, stop, where) for name, column in self.columns.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """A source whose columns are in memory; `load` makes a column ready when it is first asked for.

    `load` is a value of this package, not a closure: a fit that holds its rows is pickled with them.
    """

    name: str
    schema: Schema
    rows: int
    load: Callable[[str], TableColumn]
    _ready: dict[str, TableColumn] = attribute(default_factory=dict[str, TableColumn])

    def __post_init__(self) -> None:
        if not self.schema.fields:
            raise faults.no_columns(self.name)
        if self.rows == 0:
            raise faults.no_rows(self.name)

    @property
    def rereadable(self) -> bool:
        return True

    @property
    def in_memory(self) -> bool:
        return True

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        """One part for every `rows` rows."""
        check_columns(self.schema, columns, self.name)
        for name in columns:
            if name not in self._ready:
                self._ready[name] = self.load(name)
        wanted = {name: self._ready[name] for name in columns}
        return [
            ResidentPart(self.name, first, min(rows, self.rows - first), wanted) for first in range(0, self.rows, rows)
        ]
