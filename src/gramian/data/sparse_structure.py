"""The index arrays of a scipy.sparse matrix, checked before compiled code follows them.

scipy believes them: an index out of range is read from beyond an array, or lost in silence. Cost: one read of the indices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.errors import tables as faults


def check_structure(matrix: Any, what: str) -> None:
    """DataError where indices point outside a sparse matrix, or pointers do not rise from 0 within the data; any format.

    What is not sparse passes.
    """
    if sp.issparse(matrix) and matrix.format in CHECKS:
        CHECKS[matrix.format](matrix, what)


def _compressed(matrix: Any, what: str) -> None:
    """CSR, CSC and BSR: a line holds indices[indptr[i]:indptr[i + 1]], of blocks for BSR."""
    rows, columns = matrix.shape
    if matrix.format == "bsr":
        rows, columns = rows // matrix.blocksize[0], columns // matrix.blocksize[1]
    lines, across = (columns, rows) if matrix.format == "csc" else (rows, columns)
    starts, indices = np.asarray(matrix.indptr), np.asarray(matrix.indices)
    stored = min(indices.size, int(matrix.data.shape[0]))
    _whole(starts, f"{what}.indptr")
    _whole(indices, f"{what}.indices")
    allowed = f"{lines + 1:,} places that begin with 0, never fall, and end within the {stored:,} values stored"
    if starts.shape != (lines + 1,):
        raise faults.sparse_structure(f"{what}.indptr", f"has shape {starts.shape}", allowed)
    if starts[0] != 0:
        raise faults.sparse_structure(f"{what}.indptr", f"begins with {int(starts[0])}", allowed)
    falls = starts[1:] < starts[:-1]
    if np.any(falls):
        at = int(np.argmax(falls))
        got = f"falls from {int(starts[at])} to {int(starts[at + 1])} at place {at + 1}"
        raise faults.sparse_structure(f"{what}.indptr", got, allowed)
    if starts[-1] > stored:
        raise faults.sparse_structure(f"{what}.indptr", f"ends with {int(starts[-1])}", allowed)
    _within(indices[: int(starts[-1])], across, f"{what}.indices")


def _coordinates(matrix: Any, what: str) -> None:
    """COO: a value has one index along each axis."""
    for axis, indices in enumerate(matrix.coords):
        name = f"{what}.coords[{axis}]"
        _whole(indices, name)
        if indices.shape != matrix.data.shape:
            got = f"has {indices.size:,} indices for {matrix.data.size:,} values"
            raise faults.sparse_structure(name, got, "one index for each value")
        _within(indices, matrix.shape[axis], name)


def _lists(matrix: Any, what: str) -> None:
    """LIL: a list of indices and a list of values for each row."""
    if len(matrix.rows) != matrix.shape[0] or len(matrix.data) != matrix.shape[0]:
        got = f"has {len(matrix.rows):,} lists of indices and {len(matrix.data):,} of values"
        raise faults.sparse_structure(what, got, f"{matrix.shape[0]:,} of each, one for each row")
    for i, (indices, values) in enumerate(zip(matrix.rows, matrix.data, strict=True)):
        if len(indices) != len(values):
            got = f"has {len(indices)} indices for {len(values)} values"
            raise faults.sparse_structure(f"{what}.rows[{i}]", got, "one index for each value")
        if indices:
            found = np.asarray(indices)
            _whole(found, f"{what}.rows[{i}]")
            _within(found, matrix.shape[1], f"{what}.rows[{i}]")


def _keys(matrix: Any, what: str) -> None:
    """DOK: a dictionary of (row, column)."""
    if matrix.nnz:
        places = np.array(list(matrix.keys()))
        for axis in range(2):
            _within(places[:, axis], matrix.shape[axis], f"{what}.keys()")


def _whole(indices: NDArray[Any], name: str) -> None:
    if indices.dtype.kind not in "iu":
        raise faults.sparse_structure(name, f"is of type {indices.dtype}", "whole numbers")


def _within(indices: NDArray[Any], size: int, name: str) -> None:
    if indices.size == 0 or (indices.min() >= 0 and indices.max() < size):
        return
    at = int(np.argmax((indices < 0) | (indices >= size)))
    allowed = f"0 to {size - 1:,}" if size else "none, since the matrix has no such line"
    raise faults.sparse_structure(name, f"holds {int(indices[at])} at place {at:,}", allowed)


CHECKS: dict[str, Callable[[Any, str], None]] = {
    "csr": _compressed,
    "csc": _compressed,
    "bsr": _compressed,
    "coo": _coordinates,
    "lil": _lists,
    "dok": _keys,
}
"""By format. The offsets of a DIA matrix may lie outside, which means nothing stored."""
