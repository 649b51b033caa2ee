"""A source in place of one whose rows cannot leave the process that opened them: a query, a stream, standard input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gramian.data.source import Part, Schema
from gramian.errors import rows_stayed_behind


@dataclass(frozen=True, slots=True, eq=False)
class AbsentRows:
    """What such a source becomes when it is pickled: its name and columns. Reading it raises NeedsData.

    So a fit of a DuckDB relation or a LazyFrame goes to another process with all but its rows, and what needs those says so.
    """

    name: str
    schema: Schema
    rows: int | None

    @property
    def rereadable(self) -> bool:
        return True

    @property
    def in_memory(self) -> bool:
        return False

    def parts(self, columns: Sequence[str], rows: int) -> Sequence[Part]:
        raise rows_stayed_behind(self.name)
