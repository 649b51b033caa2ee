"""A sheet: titled lines, tables and notes in plain texts, which the renderers of this folder draw.

What prints itself (a plan, a race) composes a sheet; the renderers decide only how it looks: `sheet_text` for
terminals, `sheet_html` for notebooks and pages, `sheet_markup` for LaTeX and Markdown, and `sheet_data` here for JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class SheetNote:
    """One paragraph, printed as "label: text". `kind` is its class on a page."""

    text: str
    label: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a table. align "fill": at the left, and in text wrapped to the width that the others leave."""

    head: str = ""
    align: Literal["left", "right", "fill"] = "left"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row of a table; where it has fewer cells than the table columns, the last one reaches to the end.

    kind: the class of the row on a page. hint: a sentence that a page shows under the pointer.
    """

    cells: tuple[str, ...]
    kind: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SheetTable:
    columns: tuple[SheetColumn, ...]
    lines: tuple[SheetLine, ...]

    @property
    def headed(self) -> bool:
        return any(column.head for column in self.columns)


@dataclass(frozen=True, slots=True)
class SheetPicture:
    """Ready HTML, which needs nothing else; only pages show it."""

    html: str


SheetBlock: TypeAlias = SheetNote | SheetTable | SheetPicture


@dataclass(frozen=True, slots=True)
class Sheet:
    """kind: what it is of, "plan" or "race". sections: a blank line stands between them in text."""

    kind: str
    title: SheetNote
    sections: tuple[tuple[SheetBlock, ...], ...]

    @property
    def blocks(self) -> Iterator[SheetBlock]:
        for section in self.sections:
            yield from section


def sheet_data(sheet: Sheet) -> dict[str, Any]:
    """Plain JSON types: kind, title, and of each block its fields; pictures are left out."""
    blocks = [asdict(block) for block in sheet.blocks if not isinstance(block, SheetPicture)]
    return {"kind": sheet.kind, "title": str(sheet.title), "blocks": blocks}
