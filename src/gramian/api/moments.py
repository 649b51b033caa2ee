"""gm.moments: what a linear model needs of its rows, in n^2 numbers that merge, subtract and travel.

An update with new rows costs only the new rows; a fit from moments reads none. What it cannot give is what needs rows:
robust errors, leverage, and digits beyond those that the rounding of the Gram matrix leaves (the certificate says how many).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from gramian.execution.registry import runner_for
from gramian.execution.runner import Runner
from gramian.results.frame_kind import kind_of
from gramian.results.moments import Moments, moments_of_source
from gramian.solving.options import TableOptions, checked_threads
from gramian.sources.open import as_source


def moments(
    formula: str,
    data: Any,
    *,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    missing: Literal["drop", "error"] = "drop",
    threads: int | None = None,
    runner: str | Runner | None = None,
) -> Moments:
    """One pass over `data`: the moments of the columns of `formula`, ready to merge and to fit from.

    Arguments as in gm.fit. Raises FormulaError, DataError or ArgumentError.
    """
    source = as_source(data)
    table = TableOptions(weights, freq_weights, offset, missing=missing)
    readers = runner_for(runner, checked_threads(threads))
    design = table.design(formula, source.schema, source.name).learned(source, readers)
    return replace(moments_of_source(design, source, freq_weights is not None, readers), frame=kind_of(data))

