"""gm.fit on a folder of Parquet files against pyarrow's scan of the same columns; peak memory at once and twice the rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import gramian as gm
from bench.data import folder
from bench.timing import Clock, write

FILES, COLUMNS = 8, 20
RATIO, MEGABYTES = 2.5, 600.0


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes a tenth of the rows."""
    short = "short" in arguments
    rows = 100_000 if short else 1_000_000
    once, twice = tables(rows)
    clock = Clock()
    clock.rounds({"scan to batches": lambda: _scan(once), "fit y ~ .": lambda: _fit(once)}, 3 if short else 5)
    for name, answer in clock.answers.items():
        assert answer == FILES * rows, f"{name} saw {answer} rows"
    ratio = clock.ratio("fit y ~ .", "scan to batches")
    lines = [f"{FILES * rows:,} x {COLUMNS + 1} doubles in {FILES} files", *clock.lines("scan to batches")]
    lines.append(f"  fit / scan {ratio:.2f} (target {RATIO})")
    for path, size in ((once, FILES * rows), (twice, 2 * FILES * rows)):
        told = _fresh(path)
        assert told["nobs"] == size
        lines.append(
            f"  peak memory at {size:,} rows {told['megabytes']:.0f} MB (target {MEGABYTES:.0f}), {told['seconds']:.1f} s, "
            f"{told['digits']:.1f} digits from {told['evidence']}"
        )
    write("parquet", lines, short)


def tables(rows: int) -> tuple[Path, Path]:
    """Folders of 8 files of so many rows each, and of 16 that are the same 8 twice (hard links)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    once, twice = (folder() / f"parquet-{times}-{rows}" for times in ("once", "twice"))
    done = once.with_suffix(".done")
    if not done.exists():
        once.mkdir(exist_ok=True)
        coef = np.random.default_rng(1).standard_normal(COLUMNS)
        for i in range(FILES):
            rng = np.random.default_rng([2, i])
            X = rng.standard_normal((rows, COLUMNS))
            columns = {"y": X @ coef + rng.standard_normal(rows)} | {f"x{j}": X[:, j] for j in range(COLUMNS)}
            pq.write_table(pa.table(columns), once / f"part-{i}.parquet", row_group_size=1 << 18)
        done.touch()
    twice.mkdir(exist_ok=True)
    for path in once.glob("*.parquet"):
        for side in ("a", "b"):
            link = twice / f"{side}-{path.name}"
            if not link.exists():
                os.link(path, link)
    return once, twice


def _scan(path: Path) -> int:
    import pyarrow.dataset as ds

    files = sorted(str(file) for file in path.glob("*.parquet"))
    return sum(batch.num_rows for batch in ds.dataset(files).to_batches())


def _fit(path: Path) -> int:
    return int(gm.fit("y ~ .", path).nobs)


CHILD = """
import json, resource, sys, time
import gramian as gm
started = time.perf_counter()
fit = gm.fit("y ~ .", sys.argv[1])
fit.se
try:  # ru_maxrss also remembers the process that this one was forked from
    held = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
except OSError:
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform != "darwin" else 1024)
peak = held / 1024
print(json.dumps({"nobs": fit.nobs, "megabytes": peak * 1.024 ** 2, "seconds": time.perf_counter() - started,
                  "digits": float(fit.certificate.digits.min()), "evidence": fit.certificate.evidence}))
"""


def _fresh(path: Path) -> dict[str, Any]:
    """The fit in a process of its own, which tells its peak resident memory."""
    command = [sys.executable, "-c", CHILD, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
