"""The coefficient table as columns, and as the caller's own kind of frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from gramian import errors
from gramian.inference.statistics import Inference
from gramian.kernels.array_types import Floats

Like: TypeAlias = Literal["dict", "pandas", "polars", "arrow"]
Columns: TypeAlias = dict[str, list[str] | Floats]


def table(inference: Inference, digits: Floats | None = None, level: float = 0.95) -> Columns:
    """Columns name, coef, se, t, p, low, high, digits, target after target; a first column `target` for several.

    digits (p, k): certified decimal digits, NaN where unknown.
    """
    e = inference.estimate
    low, high = inference.conf_int(level)
    known = np.full(e.coef.shape, np.nan) if digits is None else np.asarray(digits, dtype=np.float64)
    columns: Columns = {"target": [target for target in e.targets for _ in e.names]} if e.k > 1 else {}
    columns["name"] = list(e.names) * e.k
    parts = {
        "coef": inference.coef,
        "se": inference.se,
        "t": inference.tvalues,
        "p": inference.pvalues,
        "low": low,
        "high": high,
        "digits": known.reshape(e.coef.shape),
    }
    for name, values in parts.items():
        columns[name] = values.T.reshape(-1).copy()
    return columns


def as_frame(columns: Mapping[str, list[str] | Floats], like: Like = "dict") -> Any:
    """The columns as a dict, pandas DataFrame, Polars DataFrame or pyarrow Table, which is imported only now.

    Raises ArgumentError for another `like`, or when the package is not installed.
    """
    if like == "dict":
        return dict(columns)
    try:
        if like == "pandas":
            import pandas as pd

            return pd.DataFrame(dict(columns))
        if like == "polars":
            import polars as pl

            return pl.DataFrame(dict(columns))
        if like == "arrow":
            import pyarrow as pa

            return pa.table(dict(columns))
    except ImportError as missing:
        raise errors.bad_argument("like", like, "an installed package, or 'dict'", f"{missing}") from missing
    raise errors.not_a_choice("like", like, ("dict", "pandas", "polars", "arrow"))
