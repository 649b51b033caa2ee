"""What a formula reads of a source to learn from: its tables as they are, or the complete rows of each as a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gramian.data.source import Part, Source, Table
from gramian.formula.frame import Frame, Reading, read_frame

ROWS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class SourceTables:
    """Some columns of a source, in tables of at most ROWS rows."""

    source: Source
    columns: tuple[str, ...]

    def parts(self) -> Sequence[_TablesPart]:
        return [_TablesPart(part) for part in self.source.parts(self.columns, ROWS)]


@dataclass(frozen=True, slots=True, eq=False)
class _TablesPart:
    part: Part

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def first(self) -> int | None:
        return self.part.first

    def items(self) -> Iterator[Table]:
        return self.part.tables()


@dataclass(frozen=True, slots=True, eq=False)
class SourceFrames:
    """The complete rows of a source, in frames that are not empty."""

    source: Source
    reading: Reading

    def parts(self) -> Sequence[_FramesPart]:
        return [_FramesPart(part, self.reading) for part in self.source.parts(self.reading.columns, ROWS)]


@dataclass(frozen=True, slots=True, eq=False)
class _FramesPart:
    part: Part
    reading: Reading

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def first(self) -> int | None:
        return self.part.first

    def items(self) -> Iterator[Frame]:
        for table in self.part.tables():
            frame = read_frame(table, self.part, self.reading)
            if frame.rows:
                yield frame
