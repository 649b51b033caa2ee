"""Arrays as a user gives them: which types, shapes and weights can be used, and what is wrong with others."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gramian.data.blocks import as_float_block
from gramian.data.columns import EXACT
from gramian.data.sparse_structure import check_structure
from gramian.errors import tables as faults
from gramian.kernels.array_types import Floats


def dense_array(values: object, what: str, wide: bool = False) -> NDArray[Any]:
    """The values as a numeric array that shares memory with them where it can; `wide`: integers may be no doubles."""
    if isinstance(values, np.ma.MaskedArray):
        raise faults.masked_values(what)
    if sp.issparse(values):
        raise faults.array_kind(what, "a scipy.sparse matrix", f"pass {what}.toarray()")
    try:
        array: NDArray[Any] = np.asarray(cast(Any, values))
    except (ValueError, TypeError) as error:
        raise faults.array_kind(what, f"a {type(values).__name__} that is no array ({error})") from error
    if array.dtype.kind == "O":
        raise _object_fault(array, what)
    _check_dtype(array.dtype, what)
    if not wide:
        _check_exact(array, what)
    return array


def sparse_array(matrix: Any) -> sp.csr_array:
    """CSR with float64 values, sorted and without duplicates; the matrix itself is left as it is."""
    if matrix.ndim != 2:
        raise faults.array_shape("X", matrix.shape, "(rows, columns)")
    _check_dtype(matrix.dtype, "X")
    check_structure(matrix, "X")
    csr: Any = sp.csr_array(matrix)
    _check_exact(csr.data, "X", csr)
    if csr.dtype != np.float64:
        csr = csr.astype(np.float64)
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    return csr


def _check_dtype(dtype: np.dtype[Any], what: str) -> None:
    if dtype.kind == "c":
        raise faults.array_kind(
            what, f"complex ({dtype})", "stack the real and the imaginary parts as rows of one array"
        )
    if dtype.kind == "f" and dtype.itemsize > 8:
        raise faults.array_kind(
            what, f"of type {dtype}", f"round it to double precision yourself: {what}.astype(float)"
        )
    if dtype.kind in "US":
        raise faults.array_kind(what, f"text ({dtype})", f"convert it first: {what}.astype(float)")
    if dtype.kind not in "biuf":
        raise faults.array_kind(what, f"of type {dtype}", "pass one plain array of numbers")


def _check_exact(array: NDArray[Any], what: str, csr: sp.csr_array | None = None) -> None:
    """DataError where an integer is not a double."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8 or array.size == 0:
        return
    low, high = int(array.min()), int(array.max())
    if low >= -EXACT and high <= EXACT:
        return
    at = np.unravel_index(int(np.argmax(array) if high > EXACT else np.argmin(array)), array.shape)
    where = tuple(map(int, at))
    if csr is not None:
        where = int(np.searchsorted(csr.indptr, where[0], side="right")) - 1, int(csr.indices[where[0]])
    raise faults.array_overflow(what, high if high > EXACT else low, where)


def _object_fault(array: NDArray[Any], what: str) -> Exception:
    """The error for an object array, with the place of the first value that is not a number."""
    large = None
    for at, value in np.ndenumerate(array):
        large = at if large is None and isinstance(value, int) and abs(value) > EXACT else large
        if not isinstance(value, (int, float, np.number, np.bool_)):
            return faults.array_value(what, value, at)
    if large is not None:
        return faults.array_overflow(what, int(array[large]), large)
    return faults.array_kind(what, "an object array", f"convert it first: {what}.astype(float)")


def checked_weights(weights: object, rows: int) -> Floats | None:
    if weights is None:
        return None
    array = dense_array(weights, "weights")
    if array.ndim != 1:
        raise faults.array_shape("weights", array.shape, "(rows,)", shape_hint(array.ndim, "weights"))
    if array.size != rows:
        raise faults.array_lengths("weights", array.size, rows)
    w = as_float_block(array)
    # Two reductions test that every weight is a number >= 0: NaN fails both comparisons.
    if not (w.min() >= 0.0 and w.max() < np.inf):
        at = int(np.argmax(~((w >= 0.0) & (w < np.inf))))
        raise faults.array_weight(float(w[at]), at)
    if not w.any():
        raise faults.array_weights_zero()
    return w


def shape_hint(ndim: int, what: str = "X") -> str:
    if what == "weights":
        return "flatten it with .ravel()" if ndim == 2 else "give one weight for each row"
    if ndim == 1:
        return "for one column, pass X[:, None]; for one row, X[None, :]"
    return "bring it to two axes with .reshape(rows, -1)" if ndim > 2 else "pass a table of numbers"
