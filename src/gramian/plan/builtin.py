"""Built-in prices, used where `gramian calibrate` has not been run: what it printed on the machine named in `Machine`.

For each kind of work (solvers/cost.py says what is counted), units a second of one worker at rising widths.
"""

from __future__ import annotations

from gramian.solvers.cost import Kind

MEASURED = "2026-11-22"
THREADS = 2

PRICES: dict[Kind, tuple[tuple[float, float], ...]] = {
    "call": ((1, 3e3),),
    "fold": ((1, 5e3),),
    "block": ((1, 2e4),),
    "copy": ((1, 2e8),),
    "parquet": ((1, 7e7),),
    "feather": ((1, 1e8),),
    "stream": ((1, 7e7),),
    "csv": ((1, 1.5e8),),
    "centre": ((1, 5e8),),
    "gram": ((2, 5e8), (8, 2e9), (32, 8e9), (128, 2.5e10), (512, 3.5e10)),
    "sparse gram": ((1, 1e8),),
    "triangle": ((2, 3e8), (8, 1e9), (32, 3e9), (128, 6e9), (512, 1.2e10)),
    "gradient": ((2, 1e8), (8, 3e8), (32, 6e8), (512, 8e8)),
    "sparse gradient": ((1, 2e8),),
    "exact column": ((1, 1e4),),
    "exact": ((1, 1e7),),
    "pass": ((2, 2e8), (8, 6e8), (32, 1e9), (512, 1.2e9)),
    "sparse pass": ((1, 2e8),),
    "epoch": ((2, 1e8), (32, 5e8), (512, 1e9)),
    "sparse epoch": ((1, 5e7),),
    "compiled": ((1, 2.0),),
    "cholesky": ((2, 1e5), (8, 5e6), (64, 5e8), (512, 5e9), (1500, 1e10)),
    "orthogonal": ((2, 1e5), (8, 5e6), (64, 5e8), (512, 5e9), (1500, 1e10)),
    "svd": ((2, 1e5), (8, 5e6), (64, 2e8), (512, 5e8)),
    "eigen": ((2, 1e5), (8, 5e6), (64, 2e8), (512, 5e8)),
    "sketch": ((1, 1e9),),
    "vector": ((1, 2e8),),
}

SHARED: dict[Kind, float] = {
    "copy": 1.5,
    "parquet": 1.8,
    "centre": 1.3,
    "gram": 1.8,
    "sparse gram": 1.5,
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
