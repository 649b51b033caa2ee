"""Text files as text: their compression, first bytes, header and delimiter, and quotes that are left open."""

from __future__ import annotations

import codecs
import csv
import io

from gramian.data import faults
from gramian.data.arrow import pa
from gramian.data.magic import looks_like
from gramian.data.paths import File

MOST = 1 << 26
"""Largest line in bytes."""


def check_head(file: File) -> None:
    """SourceError where the first bytes cannot be those of a text file."""
    try:
        with pa.input_stream(file.open(), compression=compression_of(file)) as stream:
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


def text_of(file: File) -> io.TextIOWrapper:
    stream = pa.input_stream(file.open(), compression=compression_of(file))
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


def compression_of(file: File) -> str | None:
    endings = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
    return next((name for ending, name in endings.items() if file.path.lower().endswith(ending)), None)
