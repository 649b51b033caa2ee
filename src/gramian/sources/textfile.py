"""Text files as text: their compression, first bytes, header and delimiter, and quotes that are left open."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any

from gramian.errors import SourceError
from gramian.errors import tables as faults
from gramian.sources.arrow import pa
from gramian.sources.magic import looks_like
from gramian.sources.paths import File

MOST = 1 << 26
"""Largest line in bytes."""


def check_head(file: File) -> None:
    """SourceError where the first bytes cannot be those of a text file."""
    try:
        with stream_of(file) as stream:
            head: bytes = stream.read(1 << 20)
    except (pa.ArrowException, OSError) as error:
        raise faults.unreadable(file.label, str(error)) from error
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise faults.not_utf8(file.label, "it begins with the mark of UTF-16", "UTF-16")
    looks = looks_like(head)
    if looks != "text":
        raise faults.wrong_file_type(file.label, "a text file", looks)
    if not head.strip(b" \t\r\n\xef\xbb\xbf"):
        raise faults.empty_file(file.label)


def header_line(file: File) -> tuple[str, bool]:
    """The header as one string, which may hold line breaks inside quotes, and whether the file ends within it."""
    header = ""
    with text_of(file) as stream:
        while line := stream.readline(MOST):
            if header or line.strip():
                header += line
                if header.count('"') % 2 == 0 or len(header) > MOST:
                    break
    if "\ufffd" in header:
        raise faults.not_utf8(file.label, f"the header reads {header[:60].strip()!r}")
    return header.rstrip("\r\n"), not header.endswith(("\r", "\n"))


def delimiter_of(header: str) -> str:
    """The one of , ; tab | that splits the header into the most names; a comma where none does."""
    counts = {sign: len(next(csv.reader([header], delimiter=sign), [])) for sign in (",", ";", "\t", "|")}
    return max(counts, key=lambda sign: counts[sign])


def check_quotes(file: File) -> None:
    """SourceError where a quote is left open, which turns all rows after it into one value."""
    opened = None
    with text_of(file) as lines:
        for number, line in enumerate(lines, 1):
            if line.count('"') % 2:
                opened = number if opened is None else None
    if opened is not None:
        raise faults.open_quote(file.label, opened)


def ragged(file: File, delimiter: str, wanted: int) -> SourceError | None:
    """The error for the first row that has not `wanted` columns, with its line; None where Python's reader finds none."""
    raw: list[str] = []

    def kept_lines(lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            raw.append(line)
            yield line

    with text_of(file) as lines:
        reader, before, got = csv.reader(kept_lines(lines), delimiter=delimiter), 0, 0
        try:
            for cells in reader:
                if cells and len(cells) != wanted:
                    got = len(cells)
                    break
                before = reader.line_num
                raw.clear()
        except csv.Error:
            pass  # a value too long for this reader, as a quote left open makes
    text = "".join(raw)
    if text.count('"') % 2:
        return faults.open_quote(file.label, before + 1)
    return faults.ragged_row(file.label, before + 1, wanted, got, text.strip("\r\n")) if got else None


def stream_of(file: File) -> Any:
    """The bytes of the file, decompressed, as a pyarrow stream; a local file is opened by Arrow, not by Python."""
    where = file.open() if file.filesystem is not None else file.path
    try:
        return pa.input_stream(where, compression=compression_of(file))
    except OSError as error:
        raise faults.unreadable(file.label, error.strerror or str(error)) from error


def text_of(file: File) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream_of(file), encoding="utf-8-sig", errors="replace", newline="")


def compression_of(file: File) -> str | None:
    endings = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
    return next((name for ending, name in endings.items() if file.path.lower().endswith(ending)), None)
