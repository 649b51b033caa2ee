"""From what the user names (path, folder, glob, list, URL, '-') to a list of files, each with a stamp that changes with it."""

from __future__ import annotations

import atexit
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from gramian.errors import tables as faults
from gramian.sources.kinds import unknown_source

Format: TypeAlias = Literal["csv", "parquet", "feather"]
FileSystem: TypeAlias = Any

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".ipc": "feather",
}
COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")
"""Endings that may follow those of text files."""

ALLOWED = (*SUFFIXES, ".csv.gz")
STDIN = "standard input"


class Spool:
    """An open file, closed when nothing that may read it is left; `path` reaches it once it has no name of its own."""

    def __init__(self, handle: int) -> None:
        self.path = f"/proc/self/fd/{handle}"
        self._handle = handle

    def __del__(self) -> None:
        os.close(self._handle)


@dataclass(frozen=True, slots=True)
class File:
    """One file: `path` on `filesystem` (None: the local one), what to call it, and the values its folders stand for."""

    path: str
    label: str
    filesystem: FileSystem = None
    keys: tuple[tuple[str, str | int | None], ...] = ()
    spool: Spool | None = None  # keeps a file without a name open

    def stamp(self) -> tuple[object, ...]:
        """Changes when the file does."""
        try:
            if self.filesystem is None:
                status = os.stat(self.path)
                return status.st_size, status.st_mtime_ns
            info = self.filesystem.info(self.path)
            times = ("mtime", "LastModified", "last_modified", "created", "ETag", "etag")
            return info.get("size"), *(str(info[key]) for key in times if key in info)
        except FileNotFoundError:
            return ("gone",)
        except OSError as error:
            raise faults.unreadable(self.label, error.strerror or str(error)) from error

    def open(self) -> Any:
        """A binary file object, buffered."""
        try:
            return open(self.path, "rb") if self.filesystem is None else self.filesystem.open(self.path, "rb")
        except OSError as error:
            raise faults.unreadable(self.label, error.strerror or str(error)) from error

    def head(self, size: int = 1 << 16) -> bytes:
        with self.open() as stream:
            return stream.read(size)

    @property
    def suffix(self) -> str:
        """The suffix that gives the format, without that of a compression."""
        return ".csv" if self.spool is not None else _suffix(self.path)

    @property
    def format(self) -> Format:
        known = SUFFIXES.get(self.suffix)
        packed = self.path.lower().endswith(COMPRESSED)
        if known is None or (packed and known != "csv"):
            raise faults.unknown_format(self.label, ALLOWED)
        return known


@dataclass(frozen=True, slots=True, eq=False)
class FileRun:
    """Rows of a file that can be read on their own, as often as wanted; `first` counts from the start of the file."""

    first: int
    batches: Callable[[], Iterator[Any]]


def find(where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> tuple[str, list[File]]:
    """A name for messages and the files, in a fixed order. SourceError where there are none."""
    if not isinstance(where, (str, os.PathLike)):
        files = [file for one in where for file in find(one)[1]]
        if not files:
            raise unknown_source(where)
        return (files[0].label if len(files) == 1 else f"{files[0].label} and {len(files) - 1} more"), files
    text = os.fspath(where)
    if text == "-":
        return STDIN, [_spooled()]
    parts = urlsplit(text)
    if parts.scheme == "file":
        text = url2pathname(parts.path)
    elif "://" in text:
        return text, _remote(text)
    text = os.path.expanduser(text)
    if os.path.isdir(text):
        return text, _folder(text)
    if os.path.exists(text):
        return os.path.basename(text), [File(text, os.path.basename(text))]
    if glob.has_magic(text):
        found = sorted(path for path in glob.glob(text, recursive=True) if os.path.isfile(path))
        if not found:
            raise faults.no_match(text)
        return text, [_partitioned(path, "") for path in found]
    folder = os.path.dirname(text) or "."
    raise faults.no_such_path(text, os.listdir(folder) if os.path.isdir(folder) else [])


def _suffix(path: str) -> str:
    name = path.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return os.path.splitext(name)[1]


def _is_data(path: str) -> bool:
    return _suffix(path) in SUFFIXES and not path.lower().endswith(".txt")


def _folder(root: str) -> list[File]:
    """All data files below a folder; names that begin with a dot or an underscore are skipped, as writers use them."""
    everything = sorted(_walk(root))
    found = [path for path in everything if _is_data(path)]
    if not found:
        raise faults.no_data_files(root, (os.path.relpath(path, root) for path in everything), ALLOWED)
    return [_partitioned(path, root) for path in found]


def _walk(root: str) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith((".", "_"))]
        yield from (os.path.join(folder, name) for name in names if not name.startswith((".", "_")))


def _partitioned(path: str, root: str, filesystem: FileSystem = None) -> File:
    """A file whose folders below `root` may be named key=value."""
    inside = os.path.relpath(path, root) if root else path
    folders = inside.replace(os.sep, "/").split("/")[:-1]
    keys = tuple(_key(*folder.split("=", 1)) for folder in folders if "=" in folder) if root else ()
    label = inside if root else os.path.basename(path)
    return File(path, label, filesystem, keys)


def _key(name: str, value: str) -> tuple[str, str | int | None]:
    if value == "__HIVE_DEFAULT_PARTITION__":
        return name, None
    text = unquote(value)
    return name, int(text) if text.isdecimal() and (text == "0" or not text.startswith("0")) else text


def _remote(url: str) -> list[File]:
    fsspec: Any = import_module("fsspec.core")
    try:
        filesystem, path = fsspec.url_to_fs(url)
        if glob.has_magic(path):
            found = sorted(map(str, filesystem.glob(path)))
            if not found:
                raise faults.no_match(url)
            return [File(one, one.rsplit("/", 1)[-1], filesystem) for one in found]
        if filesystem.isdir(path):
            everything = sorted(map(str, filesystem.find(path)))
            found = [one for one in everything if _is_data(one)]
            if not found:
                raise faults.no_data_files(url, everything, ALLOWED)
            return [_partitioned(one, path, filesystem) for one in found]
        if not filesystem.exists(path):
            raise faults.no_such_path(url, ())
    except ImportError as error:
        raise faults.no_package(url, str(error)) from error
    except faults.SourceError:
        raise
    except (OSError, ValueError) as error:
        raise faults.unreadable(url, str(error)) from error
    return [File(path, path.rsplit("/", 1)[-1], filesystem)]


def _spooled() -> File:
    """Standard input in a temporary file, so that it can be read more than once.

    Where an open file can be reached without its name, the name goes at once, and the file with the process however that
    ends; elsewhere the file is deleted at exit.
    """
    if cast(object, sys.stdin) is None:
        raise faults.no_standard_input()
    handle, path = tempfile.mkstemp(prefix="gramian-", suffix=".csv")
    spool = Spool(handle)
    if os.path.exists(spool.path):
        os.unlink(path)
    else:
        atexit.register(lambda: Path(path).unlink(missing_ok=True))
    with os.fdopen(handle, "wb", closefd=False) as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return File(path, STDIN) if os.path.exists(path) else File(spool.path, STDIN, spool=spool)
