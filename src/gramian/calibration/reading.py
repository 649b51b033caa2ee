"""Reading: tables in memory, and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gramian.calibration import sizes
from gramian.calibration.samples import read, rows_of
from gramian.calibration.sheet import Measurements, best
from gramian.execution.threads import Threads
from gramian.solvers.cost import Kind


def tables(sheet: Measurements) -> None:
    for p in (4, 32):
        rows = rows_of({f"x{j}": np.ones(sizes.VALUES // 2 // p) for j in range(p - 1)} | {"y": np.ones(sizes.VALUES // 2 // p)})
        sheet.fold("copy", p, sizes.VALUES // 2, rows, lambda runner, rows=rows: read(rows, runner))


def files(sheet: Measurements, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as text
    import pyarrow.feather as feather
    import pyarrow.parquet as parquet

    m, p = sizes.VALUES // 35, 10
    rng = np.random.default_rng(5)
    table = pa.table({"y": rng.standard_normal(m)} | {f"x{j}": rng.standard_normal(m) for j in range(p - 1)})
    parquet.write_table(table, folder / "a.parquet", row_group_size=m // 4)
    feather.write_feather(table, str(folder / "a.feather"), chunksize=m // 4)
    text.write_csv(table, folder / "a.csv")
    names: dict[Kind, str] = {"parquet": "a.parquet", "feather": "a.feather"}
    for kind, name in names.items():
        rows = rows_of(folder / name)
        sheet.fold(kind, p, m * p, rows, lambda runner, rows=rows: read(rows, runner))
    reader = Threads(1)
    stream = best(lambda: read(rows_of(pa.RecordBatchReader.from_batches(table.schema, table.to_batches())), reader))
    sheet.put("stream", p, m * p, stream)
    size = (folder / "a.csv").stat().st_size
    run = best(lambda: [None for _ in text.open_csv(folder / "a.csv")])
    sheet.put("csv", 1, size, run + m * p * sheet.cost("copy"))
