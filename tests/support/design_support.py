"""An in-memory source of columns for the tests of formulas and designs, in as many parts and tables as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gramian.data.source import CodedColumn, ColumnValues, Field, Kind, Part, Schema, Table


def _column(values: Any) -> tuple[Kind, ColumnValues, tuple[str, ...] | None]:
    if hasattr(values, "cat"):
        levels = tuple(str(level) for level in values.cat.categories)
        return "text", CodedColumn(values.cat.codes.to_numpy().astype(np.int32), levels), levels
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        kinds: dict[str, Kind] = {"f": "float", "i": "integer", "u": "integer", "b": "boolean"}
        return kinds[array.dtype.kind], array, None
    if array.dtype.kind == "M":
        return "other", array, None
    seen: dict[str, int] = {}
    codes = [-1 if v is None or v != v else seen.setdefault(str(v), len(seen)) for v in array.tolist()]
    return "text", CodedColumn(np.array(codes, dtype=np.int32), tuple(seen)), None


def taken(values: ColumnValues, start: int, stop: int) -> ColumnValues:
    if isinstance(values, CodedColumn):
        codes = values.codes[start:stop]
        present = sorted({int(code) for code in codes if code >= 0}, reverse=True)  # levels of this table only
        place = {code: at for at, code in enumerate(present)}
        own = np.array([place.get(int(code), -1) for code in codes], dtype=np.int32)
        return CodedColumn(own, tuple(values.levels[code] for code in present))
    return values[start:stop]


@dataclass
class MemoryPart:
    source: Memory
    names: Sequence[str]
    begin: int
    end: int
    step: int
    label: str

    @property
    def first(self) -> int | None:
        return self.begin if self.source.numbered else None

    def tables(self) -> Iterator[Table]:
        for start in range(self.begin, self.end, self.step):
            stop = min(start + self.step, self.end)
            columns = {name: taken(self.source.columns[name], start, stop) for name in self.names}
            yield Table(start - self.begin, stop - start, columns)


class Memory:
    """Columns in memory; `parts_of` rows to a part and at most `most` to a table, whatever is asked."""

    in_memory = True

    def __init__(
        self, data: Mapping[str, Any], parts_of: int | None = None, most: int | None = None,
        numbered: bool = True, rereadable: bool = True,
    ) -> None:
        found = {str(name): _column(values) for name, values in data.items()}
        self.columns = {name: values for name, (_, values, _) in found.items()}
        dtypes = {name: str(getattr(values, "dtype", "text")) for name, values in self.columns.items()}
        self.schema = Schema(tuple(Field(n, kind, dtypes[n], levels) for n, (kind, _, levels) in found.items()))
        first = next(iter(self.columns.values()))
        self.rows: int | None = len(first.codes) if isinstance(first, CodedColumn) else len(first)
        self.name, self.parts_of, self.most = "houses.csv", parts_of, most
        self.numbered, self.rereadable, self.passes = numbered, rereadable, 0

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        self.passes += 1
        step = min(rows, self.most or rows)
        size = self.parts_of or max(self.rows or 0, 1)
        return [
            MemoryPart(self, columns, begin, min(begin + size, self.rows or 0), step, f"part-{number}.csv")
            for number, begin in enumerate(range(0, self.rows or 0, size))
        ]
