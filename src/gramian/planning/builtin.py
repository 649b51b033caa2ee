"""Built-in prices, used where `gramian calibrate` has not been run: what it printed on the machine named in `Machine`.

For each kind of work (solvers/cost.py says what is counted), units a second of one worker at rising widths.
"""

from __future__ import annotations

from gramian.solvers.cost import Kind

MEASURED = "2026-11-22"
THREADS = 2

PRICES: dict[Kind, tuple[tuple[float, float], ...]] = {
    "call": ((1, 1.29e3),),
    "fold": ((1, 3.07e4),),
    "block": ((1, 2.92e4),),
    "copy": ((4, 8.39e8), (32, 1.33e9)),
    "parquet": ((10, 1.14e8),),
    "feather": ((10, 1.83e8),),
    "stream": ((10, 3.14e8),),
    "csv": ((1, 2.71e8),),
    "centre": ((8, 4.76e8), (128, 4e9)),
    "gram": ((2, 5.59e8), (8, 2.98e9), (32, 1.14e10), (128, 2.57e10), (512, 4.24e10)),
    "sparse gram": ((1, 2.8e8),),
    "sparse square": ((1, 3.64e8),),
    "image": ((2, 1.89e7), (8, 6.03e8), (32, 4.78e9), (128, 1.04e10), (512, 1.75e10)),
    "triangle": ((2, 1e9), (8, 3.25e9), (32, 8.62e9), (128, 1.13e10), (512, 2.19e10)),
    "gradient": ((2, 1.59e8), (8, 5.08e8), (32, 1.32e9), (128, 1.05e9), (512, 3.45e9)),
    "sparse gradient": ((1, 8.29e7),),
    "exact column": ((1, 8.84e3),),
    "exact": ((1, 1.79e7),),
    "exact compiled": ((1, 3.07e8),),
    "pass": ((2, 3.97e8), (8, 9.71e8), (32, 2.16e9), (128, 2.76e9), (512, 3.21e9)),
    "sparse pass": ((1, 6e8),),
    "epoch": ((2, 9.99e7), (32, 3.02e8), (256, 3.68e8)),
    "sparse epoch": ((1, 8.84e7),),
    "compiled": ((1, 3.08),),
    "cholesky": ((2, 1.01e5), (8, 5.34e6), (32, 1.72e8), (128, 1.04e9), (512, 1.24e10), (1024, 1.63e10)),
    "orthogonal": ((2, 7.89e4), (8, 4.24e6), (32, 1.34e8), (128, 8.65e8), (512, 6.64e9)),
    "svd": ((2, 1.01e5), (8, 5.38e6), (32, 1.38e8), (128, 8.3e8), (512, 1.45e9)),
    "eigen": ((2, 1.45e6), (8, 4.66e7), (32, 4.04e8), (128, 2.07e9), (512, 5.31e9)),
    "sketch": ((64, 4.56e9),),
    "vector": ((1, 2.48e9),),
}

SHARED: dict[Kind, float] = {
    "copy": 1.0,
    "parquet": 1.8,
    "centre": 1.3,
    "gram": 1.8,
    "sparse gram": 1.4,
    "sparse square": 1.3,
    "image": 1.6,
    "triangle": 1.8,
    "gradient": 1.0,
    "sparse gradient": 1.0,
    "pass": 1.5,
    "sparse pass": 1.0,
    "exact": 1.2,
    "exact column": 1.0,
    "block": 1.0,
    "sketch": 1.8,
    "exact compiled": 1.0,
}
"""Times faster THREADS workers are."""
