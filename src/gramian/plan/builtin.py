"""Built-in prices, used where `gramian calibrate` has not been run: what it printed on the machine named in `Machine`.

For each kind of work (solvers/cost.py says what is counted), units a second of one worker at rising widths.
"""

from __future__ import annotations

from gramian.solvers.cost import Kind

MEASURED = "2026-11-22"
THREADS = 2

PRICES: dict[Kind, tuple[tuple[float, float], ...]] = {
    "call": ((1, 1.4e3),),
    "fold": ((1, 1.5e4),),
    "block": ((1, 2.2e4),),
    "copy": ((4, 7.96e8), (32, 1.29e9)),
    "parquet": ((10, 1.21e8),),
    "feather": ((10, 2.36e8),),
    "stream": ((10, 3.11e8),),
    "csv": ((1, 2.51e8),),
    "centre": ((8, 4.95e8), (128, 2.68e9)),
    "gram": ((2, 5.67e8), (8, 2.95e9), (32, 1.2e10), (128, 2.59e10), (512, 4.06e10)),
    "sparse gram": ((1, 2.7e8),),
    "sparse square": ((1, 3e8),),
    "image": ((2, 2e8), (8, 1e9), (32, 4e9), (128, 1.1e10), (512, 1.7e10)),
    "triangle": ((2, 1.03e9), (8, 3.26e9), (32, 6.6e9), (128, 9.35e9), (512, 2.14e10)),
    "gradient": ((2, 1.6e8), (8, 5.1e8), (32, 1.28e9), (128, 2.12e9), (512, 3.13e9)),
    "sparse gradient": ((1, 8.49e7),),
    "exact column": ((1, 8.93e3),),
    "exact": ((1, 1.83e7),),
    "exact compiled": ((1, 1e8),),
    "pass": ((2, 3.96e8), (8, 1.04e9), (32, 2.14e9), (128, 2.08e9), (512, 2.47e9)),
    "sparse pass": ((1, 5.51e8),),
    "epoch": ((2, 8.67e7), (32, 2.5e8), (256, 3.02e8)),
    "sparse epoch": ((1, 8.77e7),),
    "compiled": ((1, 2.9),),
    "cholesky": ((2, 1.03e5), (8, 5.6e6), (32, 1.78e8), (128, 1.1e9), (512, 1.53e10), (1024, 2.44e10)),
    "orthogonal": ((2, 8.34e4), (8, 4.51e6), (32, 1.43e8), (128, 9.33e8), (512, 9.15e9)),
    "svd": ((2, 1.06e5), (8, 5.66e6), (32, 1.45e8), (128, 8.39e8), (512, 1.52e9)),
    "eigen": ((2, 1.46e6), (8, 4.7e7), (32, 4.03e8), (128, 2.06e9), (512, 5.28e9)),
    "sketch": ((64, 4.34e9),),
    "vector": ((1, 2.38e9),),
}

SHARED: dict[Kind, float] = {
    "copy": 1.5,
    "parquet": 1.8,
    "centre": 1.3,
    "gram": 1.8,
    "sparse gram": 1.5,
    "sparse square": 1.3,
    "image": 1.8,
    "triangle": 1.8,
    "gradient": 1.5,
    "sparse gradient": 1.5,
    "pass": 1.7,
    "sparse pass": 1.7,
    "exact": 1.2,
    "exact column": 1.0,
    "block": 1.0,
    "sketch": 1.8,
}
"""Times faster THREADS workers are."""
