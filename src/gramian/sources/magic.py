"""The kind of a file, from its first bytes and not from its name."""

from __future__ import annotations

SIGNS = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow or Feather file",
    b"FEA1": "a Feather file of version 1, which is no longer read",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "gzip-compressed data",
    b"BZh": "bzip2-compressed data",
    b"\x28\xb5\x2f\xfd": "zstd-compressed data",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a numpy array file",
    b"\xff\xff\xff\xff": "an Arrow stream",
}


def looks_like(head: bytes) -> str:
    """Returns "text" for what may be a table of text, else the kind of file that begins like this."""
    for sign, kind in SIGNS.items():
        if head.startswith(sign):
            return kind
    return "binary data" if b"\0" in head else "text"
