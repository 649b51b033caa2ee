"""What can be wrong with rows that come in: one constructor per cause, as in `gramian.errors`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gramian.errors import DataError, SourceError, listed, message, nearest, shortened

# ---- columns ---------------------------------------------------------------------------------------------------------


def column_of_kind(name: str, dtype: str, where: str = "the data") -> DataError:
    if dtype.startswith("complex"):
        hint = "use the real and the imaginary part as two columns"
    elif dtype.startswith(("timestamp", "date", "time", "duration", "interval", "period", "Datetime", "Date", "Time")):
        hint = f"make a number of it (days since a day) or a category (month) first, or leave it out, as in '. - {name}'"
    elif dtype.startswith("integers beyond"):
        hint = "store it as decimal numbers, or as text if it is a label"
    else:
        hint = f"convert the column to numbers or to text first, or leave it out, as in '. - {name}'"
    allowed = "Allowed in a model: numbers, booleans, text, categories"
    return DataError(message(f"column {name!r} of {where} holds {dtype or 'values that are no numbers'}", allowed, hint))


def duplicate_columns(names: Iterable[str], where: str) -> DataError:
    twice = listed(repr(name) for name in names)
    return DataError(message(f"{where} has more than one column named {twice}", hint="rename the columns"))


def clashing_names(names: Iterable[object], where: str) -> DataError:
    got = f"{where} has column names that are the same once written as text: {listed(repr(name) for name in names)}"
    return DataError(message(got, "Allowed: names that differ as text", "rename the columns"))


def integer_overflow(name: str, value: int, row: str, where: str) -> DataError:
    got = f"column {name!r} of {where} holds the integer {shortened(value)} in {row}"
    allowed = "Allowed: integers between -2**53 and 2**53, which double precision represents exactly"
    return DataError(message(got, allowed, "subtract a constant first, or convert to text if the number is a label"))


def mixed_objects(name: str, value: object, row: str, where: str) -> DataError:
    got = f"column {name!r} of {where} is an object column with {shortened(value)} ({type(value).__name__}) in {row}"
    allowed = "Allowed: one kind of value in a column (numbers, booleans or text), None where missing"
    return DataError(message(got, allowed, "convert the column to one type first"))


def column_shape(name: str, shape: tuple[int, ...], where: str) -> DataError:
    what = "a single value" if not shape else f"an array of shape {shape}"
    if len(shape) == 2 and 1 in shape:
        hint = "flatten it with .ravel()"
    elif shape:
        hint = "give each of its columns a name of its own, or use gm.lstsq(X, y)"
    else:
        hint = "repeat the value once for each row"
    return DataError(message(f"column {name!r} of {where} is {what}", "Allowed: 1-D columns of equal length", hint))


def column_type(name: str, got: str, where: str) -> DataError:
    return DataError(
        message(
            f"column {name!r} of {where} is a {got}", "Allowed: 1-D arrays, lists or Series", "pass np.asarray(...)"
        )
    )


def masked_values(what: str) -> DataError:
    hint = "write missing numbers as NaN, array.astype(float).filled(np.nan), in a named column; or drop these rows"
    return DataError(message(f"{what} is a masked array", "Allowed: plain arrays", hint))


def mismatched_lengths(lengths: Mapping[str, int], where: str) -> DataError:
    pairs = listed(f"{name!r} {length}" for name, length in lengths.items())
    return DataError(message(f"columns of {where} differ in length: {pairs}", hint="all columns need the same rows"))


def no_rows(where: str) -> DataError:
    return DataError(message(f"{where} has no rows", hint="check the filter or the file that made it"))


def no_columns(where: str) -> DataError:
    return DataError(message(f"{where} has no columns", hint="check the selection or the file that made it"))


# ---- sources ---------------------------------------------------------------------------------------------------------


def unknown_source(got: object, allowed: Iterable[str]) -> SourceError:
    shape = getattr(got, "shape", None)
    kind = type(got).__name__ + (f" of shape {shape}" if isinstance(shape, tuple) else "")
    hint = ""
    if type(got).__module__.split(".")[0] == "numpy":
        hint = "use gm.lstsq(X, y) for plain arrays, or name the columns: {'a': X[:, 0], ...}"
    elif isinstance(got, list):
        hint = "a list is a list of paths; for columns, pass {'name': values, ...}"
    return SourceError(message(f"cannot read rows from a {kind}", f"Allowed: {', '.join(allowed)}", hint))


def one_shot(where: str) -> SourceError:
    return SourceError(
        message(
            f"{where} is a one-shot stream and has been read already, but another pass over the rows is needed",
            "Allowed for several passes: tables, datasets, relations and files",
            "read it into a table first (reader.read_all()), pass the dataset or path it came from, or ask for what "
            "one pass can give: accuracy=8, classical standard errors and plain numeric columns",
        )
    )


def changed(where: str, how: str) -> SourceError:
    return SourceError(
        message(f"{where} changed while it was being read: {how}", hint="fit again once nothing writes to it")
    )


def unreadable(where: str, reason: str) -> SourceError:
    return SourceError(message(f"cannot read {where}: {reason}", hint="check that the file is complete and readable"))


def no_such_path(path: str, beside: Iterable[str]) -> SourceError:
    names = list(beside)
    near = nearest(path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1], names)
    got = f"{path!r} does not exist"
    beside_it = f"Beside it: {listed(sorted(names), 8)}" if names else ""
    return SourceError(message(got, beside_it, f"did you mean {near!r}?" if near else "check the path"))


def no_match(pattern: str) -> SourceError:
    return SourceError(message(f"no file matches {pattern!r}", hint="use ** to look in folders below"))


def no_data_files(folder: str, found: Iterable[str], allowed: Iterable[str]) -> SourceError:
    names = list(found)
    got = f"no data files in {folder!r}" + (f", only {listed(names, 6)}" if names else ", it is empty")
    return SourceError(message(got, f"Allowed: {', '.join(allowed)}", "point to the folder that holds the files"))


def unknown_format(path: str, allowed: Iterable[str]) -> SourceError:
    hint = "rename the file to what it is, or read it with pandas or Polars and pass the table"
    got = f"cannot tell from its name what kind of file {path!r} is"
    return SourceError(message(got, f"Allowed: {', '.join(allowed)}", hint))


def mixed_formats(first: str, other: str) -> SourceError:
    return SourceError(
        message(
            f"{first!r} and {other!r} are files of different formats", hint="pass one kind, with a glob like '*.csv'"
        )
    )


def wrong_file_type(path: str, expected: str, looks: str) -> SourceError:
    got = f"{path!r} is not {expected}: it looks like {looks}"
    return SourceError(message(got, hint="give the file the name of what it is, or export it again"))


def empty_file(path: str) -> SourceError:
    return SourceError(message(f"{path!r} is empty (0 bytes of text)", hint="check the program that wrote it"))


_READERS = {
    "http": "aiohttp requests",
    "https": "aiohttp requests",
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
    "adl": "adlfs",
    "hf": "huggingface_hub",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
    "github": "requests",
}
"""Schemes of URLs whose reader fsspec takes from another package."""


def no_package(url: str, reason: str) -> SourceError:
    scheme = url.split("://", 1)[0].split("::")[-1].lower()
    package = _READERS.get(scheme)
    hint = f"pip install {package}" if package else f"install the package that reads {scheme}:// for fsspec"
    return SourceError(message(f"cannot open {url!r}: {reason}", hint=f"{hint}, or download the file first"))


def different_columns(path: str, first: str, missing: Iterable[str], extra: Iterable[str]) -> SourceError:
    lacks, more = list(missing), list(extra)
    parts = [f"lacks {listed(map(repr, lacks))}"] * bool(lacks) + [f"adds {listed(map(repr, more))}"] * bool(more)
    got = f"{path!r} has not the columns of {first!r}: it {' and '.join(parts)}"
    return SourceError(message(got, "Allowed: files with the same columns", "pass only files that belong together"))


def different_types(path: str, column: str, kind: str, first: str, first_kind: str) -> SourceError:
    got = f"column {column!r} is {kind} in {path!r} but {first_kind} in {first!r}"
    return SourceError(message(got, "Allowed: files with the same columns", "convert the column in one of the files"))


def no_standard_input() -> SourceError:
    return SourceError(
        message("standard input is closed, and '-' reads it", hint="pipe CSV into the command, or name a file")
    )


# ---- text files ------------------------------------------------------------------------------------------------------


def ragged_row(path: str, line: int | None, expected: int, got: int, text: str) -> SourceError:
    at = f"line {line} of {path!r}" if line is not None else f"a line of {path!r}"
    start = text if len(text) <= 60 else text[:57] + "..."
    hint = 'quote values that contain the delimiter or a line break: "a, b"'
    return SourceError(
        message(f"{at} has {got} column{'s' * (got != 1)}: {start!r}", f"Expected: {expected} columns, as in the header", hint)
    )


def not_utf8(path: str, where: str, encoding: str = "") -> SourceError:
    got = f"{path!r} is not UTF-8 text: {where}"
    convert = f"iconv -f {encoding or 'LATIN1'} -t UTF-8"
    return SourceError(message(got, "Allowed: UTF-8", f"convert it first, for example with {convert}"))


def open_quote(path: str, line: int | None) -> SourceError:
    at = f"line {line} of {path!r}" if line is not None else repr(path)
    return SourceError(message(f"a quote opened in {at} is never closed", hint='write a quote inside a value as ""'))


# ---- arrays ----------------------------------------------------------------------------------------------------------


def array_shape(what: str, shape: tuple[int, ...], allowed: str, hint: str = "") -> DataError:
    return DataError(message(f"{what} has shape {shape}", f"Allowed: {allowed}", hint))


def array_lengths(what: str, got: int, rows: int) -> DataError:
    return DataError(
        message(f"{what} has {got:,} rows, X has {rows:,}", hint=f"{what} needs one entry for each row of X")
    )


def array_kind(what: str, got: str, hint: str = "") -> DataError:
    return DataError(message(f"{what} is {got}", "Allowed: booleans, integers and floats of at most 64 bits", hint))


def array_value(what: str, value: object, at: tuple[int, ...]) -> DataError:
    got = f"{what} is an object array with {shortened(value)} ({type(value).__name__}) at {place(at)}"
    return DataError(
        message(got, "Allowed: booleans, integers and floats of at most 64 bits", "missing numbers are NaN")
    )


def array_overflow(what: str, value: int, at: tuple[int, ...]) -> DataError:
    got = f"{what} holds the integer {shortened(value)} at {place(at)}"
    allowed = "Allowed: integers between -2**53 and 2**53, which double precision represents exactly"
    hint = "decimal=True keeps their last digits; or subtract a constant from the column first"
    return DataError(message(got, allowed, hint))


def sparse_structure(what: str, got: str, allowed: str) -> DataError:
    """`what`: the array of a scipy.sparse matrix that its format does not allow."""
    hint = "build the matrix from (values, (rows, columns)), with scipy.sparse.coo_array: it checks them"
    return DataError(message(f"{what} {got}", f"Allowed: {allowed}", hint))


def not_squareable(large: Iterable[str], small: Iterable[str], cause: str = "", weighted: bool = False) -> DataError:
    """Columns whose sums of squares, weighted or not, overflow or vanish; `cause` names the values to blame."""
    what = "weighted sum" if weighted else "sum"
    sides = [(list(large), "large"), (list(small), "small")]
    got = ", and ".join(f"the {what} of squares of {listed(names)} is too {how}" for names, how in sides if names)
    return DataError(
        message(
            f"{got} for a float64{f': {cause}' if cause else ''}",
            "Allowed: zeros, and values from about 1e-100 to 1e100 in size; squares of others are too large or too small",
            f"divide or multiply {'the weights or the column' if weighted else 'the column'} by a power of ten",
        )
    )


def array_not_finite(what: str, value: float, at: tuple[int, ...]) -> DataError:
    return DataError(
        message(f"{what} is {value} at {place(at)}", "Allowed: finite numbers", "leave these rows out first")
    )


def array_weight(value: float, row: int) -> DataError:
    got = f"weights is {value} at row {row}"
    return DataError(message(got, "Allowed: finite numbers, zero or more", "rows of weight zero leave the fit"))


def array_weights_zero() -> DataError:
    return DataError(
        message("weights is zero in every row", "Allowed: at least one positive weight", "check the weights")
    )


def place(at: tuple[int, ...]) -> str:
    """Row and column of an array, counted from 0 as numpy does."""
    return f"row {at[0]}" + "".join(f", column {column}" for column in at[1:]) if at else "the only value"
