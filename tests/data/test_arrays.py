"""Rows from arrays: every layout gives the same blocks, nothing is written to, and what cannot be used says why."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gramian.data.arrays import ArrayRows, first_nonfinite
from gramian.data.blocks import block_rows
from gramian.errors import DataError

M, N = 20_000, 40
BIG = 2**53 + 1
WHOLE = np.random.default_rng(1).integers(-100, 100, (M, N)).astype(np.float64)
Y = WHOLE.sum(axis=1)


def gathered(rows):
    """X, y, w of all blocks, dense, and the positions of the rows."""
    parts = rows.parts()
    blocks = [block for part in parts for block in part.blocks()]
    firsts = [part.first + block.start for part in parts for block in part.blocks()]
    X = np.vstack([b.X.toarray() if sp.issparse(b.X) else b.X for b in blocks])
    w = None if blocks[0].w is None else np.concatenate([b.w for b in blocks])
    kept = [np.arange(b.read) if b.kept is None else b.kept for b in blocks]
    at = np.concatenate([first + places for first, places in zip(firsts, kept, strict=True)])
    return X, np.vstack([b.y for b in blocks]), w, at


def reversed_view(X):
    base = np.empty((2 * M, 2 * N))
    view = base[::-2, ::-2]
    view[:] = X
    return view


def read_only(X):
    copy = X.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": reversed_view,
    "read-only": read_only,
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "big-endian": lambda X: X.astype(">f8"),
    "int8": lambda X: X.astype(np.int8),
    "int64": lambda X: X.astype(np.int64),
    "matrix": lambda X: np.asmatrix(X),
    "lists": lambda X: X.tolist(),
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_blocks(layout):
    given_X = LAYOUTS[layout](WHOLE)
    rows = ArrayRows.of(given_X, Y, centred=True)
    assert (rows.n, rows.k, rows.rows, rows.sparse, rows.weighted, rows.centred) == (N, 1, M, False, False, True)
    for part in rows.parts():
        for block in part.blocks():
            assert block.X.dtype == block.y.dtype == np.float64
            assert block.X.flags.c_contiguous
            assert block.start == 0
            if isinstance(given_X, np.ndarray):
                assert block.owned != np.shares_memory(block.X, given_X)
    X, y, w, at = gathered(rows)
    assert X.tobytes() == WHOLE.tobytes()
    assert y.tobytes() == Y.tobytes()
    assert w is None
    assert at.tolist() == list(range(M))
    assert np.array_equal(np.asarray(given_X, dtype=np.float64), WHOLE)


def test_parts_depend_on_the_width_alone():
    parts = ArrayRows.of(WHOLE, Y).parts()
    step = block_rows(N + 1)
    assert [part.first for part in parts] == list(range(0, M, step))
    assert not next(iter(parts[0].blocks())).owned
    assert next(iter(ArrayRows.of(np.asfortranarray(WHOLE), Y).parts()[0].blocks())).owned


def test_booleans_and_several_targets():
    X = WHOLE > 0
    rows = ArrayRows.of(X, np.stack([Y, -Y], axis=1))
    assert rows.k == 2
    assert np.array_equal(gathered(rows)[0], X.astype(float))
    assert ArrayRows.of(X, Y[:, None].astype(np.int32)).k == 1


def test_rows_of_weight_zero_leave():
    w = np.random.default_rng(2).integers(0, 3, M).astype(np.float32)
    w[: block_rows(N + 1)] = 0.0
    rows = ArrayRows.of(WHOLE, Y, w)
    X, y, weights, at = gathered(rows)
    assert np.array_equal(at, np.flatnonzero(w))
    assert np.array_equal(X, WHOLE[w > 0])
    assert np.array_equal(y[:, 0], Y[w > 0])
    assert np.array_equal(weights, w[w > 0])
    assert next(iter(rows.parts()[0].blocks())).rows == 0
    assert rows.weighted


SPARSE = ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"]


# A DIA matrix of scattered values is slow to make, which is not the question here.
@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix")
@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix], ids=["array", "matrix"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.bool_])
def test_sparse_of_any_format(kind, make, dtype):
    dense = np.where(np.random.default_rng(3).random((2500, 20)) < 0.1, WHOLE[:2500, :20], 0.0).astype(dtype)
    matrix = make(dense).asformat(kind)
    rows = ArrayRows.of(matrix, Y[:2500], centred=True)
    assert rows.sparse
    assert not rows.centred
    for part in rows.parts():
        for block in part.blocks():
            assert isinstance(block.X, sp.csr_array)
            assert block.X.dtype == np.float64
            assert not block.owned
    assert np.array_equal(gathered(rows)[0], dense.astype(float))


def test_sparse_with_duplicates_and_weights():
    data, row, column = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 2, 1]), np.array([2, 2, 0, 1])
    indptr = np.array([0, 2, 3, 4])
    matrix = sp.csr_array((data.copy(), column[[0, 1, 3, 2]].copy(), indptr), shape=(3, 3))
    before = matrix.data.copy(), matrix.indices.copy(), matrix.indptr.copy()
    X, _, w, at = gathered(ArrayRows.of(matrix, np.ones(3), np.array([1.0, 0.0, 2.0])))
    assert np.array_equal(X, [[0, 0, 3], [4, 0, 0]])
    assert at.tolist() == [0, 2]
    assert w.tolist() == [1.0, 2.0]
    assert all(np.array_equal(a, b) for a, b in zip(before, (matrix.data, matrix.indices, matrix.indptr), strict=True))
    assert np.array_equal(
        gathered(ArrayRows.of(sp.coo_array((data, (row, column)), shape=(3, 3)), np.ones(3)))[0][0], [0, 0, 3]
    )


def test_first_nonfinite():
    X = np.zeros((70_000, 7))
    assert first_nonfinite(X) is None
    X[60_001, 3] = np.inf
    X[60_001, 5] = np.nan
    assert first_nonfinite(X) == (60_001, 3)
    assert first_nonfinite(np.asfortranarray(X.astype(np.float32))) == (60_001, 3)
    assert first_nonfinite(X[:, 5]) == (60_001, 0)
    assert first_nonfinite(np.zeros((3, 2), int)) is None
    assert first_nonfinite(sp.csr_array(X)) == (60_001, 3)
    assert first_nonfinite(sp.csr_array((3, 3))) is None


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([0.0, 1.0, np.nan, np.inf]),
    )
)
def test_first_nonfinite_of_any_array(X):
    bad = np.argwhere(~np.isfinite(X))
    expected = tuple(bad[0].tolist()) if bad.size else None
    assert first_nonfinite(X) == expected
    assert first_nonfinite(sp.csr_array(X)) == expected


GOOD, T = np.ones((4, 2)), np.arange(4.0)
RAGGED = [[1.0, 2.0], [3.0]]
BAD = [
    (np.float64(3.0), T, None, ["X has shape ()", "Allowed: (rows, columns)", "Hint: pass a table"]),
    (T, T, None, ["X has shape (4,)", "Allowed: (rows, columns)", "Hint: for one column, pass X[:, None]"]),
    (np.ones((4, 2, 2)), T, None, ["X has shape (4, 2, 2)", "Hint: bring it to two axes"]),
    (np.ones((0, 2)), np.ones(0), None, ["X has shape (0, 2)", "at least one row and one column"]),
    (np.ones((4, 0)), T, None, ["X has shape (4, 0)", "at least one row and one column"]),
    (GOOD + 1j, T, None, ["X is complex (complex128)", "Hint: stack the real and the imaginary parts"]),
    (GOOD, T + 1j, None, ["y is complex (complex128)"]),
    (
        np.array([[1, 2], [3, "x"]], object),
        np.ones(2),
        None,
        ["X is an object array with 'x' (str) at row 1, column 1"],
    ),
    (
        np.array([[1, 2], [None, 4]], object),
        np.ones(2),
        None,
        ["with None (NoneType) at row 1, column 0", "Hint: missing"],
    ),
    (GOOD.astype(object), T, None, ["X is an object array", "Hint: convert it first: X.astype(float)"]),
    (pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}), np.ones(2), None, ["with 'u' (str) at row 0, column 1"]),
    (np.array([["1", "2"]]), np.ones(1), None, ["X is text (<U1)"]),
    (GOOD.astype("datetime64[s]"), T, None, ["X is of type datetime64[s]", "Hint: pass one plain array"]),
    (GOOD.astype(np.longdouble), T, None, ["X is of type float128", "Hint: round it to double precision yourself"]),
    (np.ma.masked_array(GOOD, GOOD > 0), T, None, ["X is a masked array", "Hint: "]),
    (RAGGED, np.ones(2), None, ["X is a list that is no array"]),
    (GOOD, sp.csr_array(GOOD), None, ["y is a scipy.sparse matrix", "Hint: pass y.toarray()"]),
    (GOOD, np.ones(3), None, ["y has 3 rows, X has 4", "Hint: y needs one entry for each row of X"]),
    (GOOD, np.ones((4, 2, 1)), None, ["y has shape (4, 2, 1)", "Allowed: (rows,) or (rows, targets)"]),
    (GOOD, np.ones((4, 0)), None, ["y has shape (4, 0)"]),
    (GOOD, 1.0, None, ["y has shape ()"]),
    (
        np.array([[1, 2], [3, BIG]]),
        np.ones(2),
        None,
        [f"X holds the integer {BIG} at row 1, column 1", "2**53", "Hint: "],
    ),
    (np.array([[1, -BIG]]), np.ones(1), None, [f"X holds the integer {-BIG} at row 0, column 1"]),
    (GOOD, np.array([1, 2, BIG, 3]), None, [f"y holds the integer {BIG} at row 2"]),
    (sp.csr_array(np.array([[0, 1], [0, BIG]])), np.ones(2), None, [f"X holds the integer {BIG} at row 1, column 1"]),
    (sp.csr_array(GOOD + 1j), T, None, ["X is complex"]),
    (sp.coo_array(np.ones(4)), T, None, ["X has shape (4,)"]),
    (GOOD, T, np.ones(3), ["weights has 3 rows, X has 4"]),
    (GOOD, T, np.ones((4, 1)), ["weights has shape (4, 1)", "Allowed: (rows,)", "Hint: flatten it with .ravel()"]),
    (GOOD, T, 1.0, ["weights has shape ()", "Hint: give one weight for each row"]),
    (GOOD, T, [1, 2, -1, 0], ["weights is -1.0 at row 2", "Allowed: finite numbers, zero or more", "Hint: "]),
    (GOOD, T, [1, np.nan, -1, 0], ["weights is nan at row 1"]),
    (GOOD, T, [1, 2, np.inf, 0], ["weights is inf at row 2"]),
    (GOOD, T, np.zeros(4), ["weights is zero in every row", "Allowed: at least one positive weight"]),
    (GOOD, T, ["a"] * 4, ["weights is text (<U1)"]),
]


@pytest.mark.parametrize(("X", "y", "w", "pieces"), BAD, ids=[case[3][0] for case in BAD])
def test_what_cannot_be_used(X, y, w, pieces):
    with pytest.raises(DataError, match="(?s)" + ".*".join(map(re.escape, pieces))):
        ArrayRows.of(X, y, w)


@pytest.mark.parametrize("made", [np.asarray, np.asfortranarray, sp.csr_array])
def test_a_part_pickles_with_its_own_rows_alone(made):
    X, w = np.arange(400_000.0).reshape(-1, 4), np.arange(100_000.0) % 3
    rows = ArrayRows.of(made(X), X[:, 0], weights=w)
    part = rows.parts()[2]
    text = pickle.dumps(part)
    assert len(text) < 1.2 * 8 * (part.stop - part.first) * (8 if made is sp.csr_array else 6)
    again = pickle.loads(pickle.dumps(pickle.loads(text)))
    (one,), (other,) = part.blocks(), again.blocks()
    assert (again.label, again.first, again.stop) == (part.label, part.first, part.stop)
    assert np.array_equal(one.dense(), other.dense())
    assert np.array_equal(one.y, other.y)
    assert np.array_equal(one.w, other.w)
    assert (one.start, one.read, one.idle) == (other.start, other.read, other.idle)
