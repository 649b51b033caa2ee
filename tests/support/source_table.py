"""One table with every kind of column, and the contents of a source as values that can be compared."""

import numpy as np
import pandas as pd
import pyarrow as pa

from gramian.data.source import CodedColumn
from gramian.sources.open import as_source

M, ROWS = 1000, 128
TEXT = ["b", "a", None, "longer than twelve bytes", "é"]


def rows_of_table():
    """One table as Arrow, with every kind of column that a model can use."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(M)
    x[[5, 700]] = np.nan
    i = rng.integers(-(10**12), 10**12, M)
    return pa.table(
        {
            "x": pa.array(x),
            "i": pa.array(i),
            "n": pa.array([None if k % 97 == 3 else k for k in range(M)], pa.int64()),
            "b": pa.array(rng.integers(0, 2, M).astype(bool)),
            "t": pa.array([TEXT[k] for k in rng.integers(0, 5, M)]),
        }
    )


TABLE = rows_of_table()


def contents(source, columns=None, rows=ROWS):
    """Every table of every part as comparable values: dtype and bytes, or codes and levels."""
    out = []
    for part in source.parts(list(columns or source.schema.names), rows):
        for table in part.tables():
            values = {}
            for name, column in table.columns.items():
                if isinstance(column, CodedColumn):
                    assert column.codes.dtype == np.int32
                    values[name] = (column.codes.tolist(), column.levels)
                else:
                    # The sign and payload of a NaN are nobody's business.
                    clean = np.where(np.isnan(column), np.nan, column) if column.dtype.kind == "f" else column
                    values[name] = (str(column.dtype), clean.tobytes())
                assert len(column.codes if isinstance(column, CodedColumn) else column) == table.rows
            out.append((part.first if part.first is None else part.first + table.start, table.rows, values))
    return out


def pandas_nullable():
    frame = TABLE.to_pandas()
    frame["n"] = pd.array(TABLE.column("n").to_pylist(), dtype="Int64")
    return frame


EXPECTED = contents(as_source(TABLE))
