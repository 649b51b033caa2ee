"""Measuring this machine: each kind of work that solvers count, done by the code that a fit runs, on random numbers.

Every price is a count over the least of a few timings, since what else the machine does only ever adds. About ten seconds; a
kind whose turn comes after sizes.MOST seconds keeps its built-in price, and the machine says so.
"""

from __future__ import annotations

import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from gramian.calibration import sizes
from gramian.calibration.direct import calls, certifying, factors, reductions
from gramian.calibration.passes import compiled, sparse
from gramian.calibration.reading import files, tables
from gramian.calibration.sheet import Measurements
from gramian.execution.pooling import available_threads
from gramian.planning.builtin import PRICES, SHARED
from gramian.planning.machine import Machine

DIRECT = {each.__name__: each for each in (calls, reductions, factors, certifying, tables)}
COMPILED = {each.__name__: each for each in (sparse, compiled)}


def calibrate(folder: Path | None = None) -> Machine:
    """The prices of this machine, under 20 s; files for reading are written to a temporary folder, or in `folder`."""
    begun = time.perf_counter()
    sheet = Measurements(available_threads())
    left_out: list[str] = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        reading = {files.__name__: partial(files, folder=Path(place))}
        for name, measure in {**DIRECT, **reading, **COMPILED}.items():
            if time.perf_counter() - begun > sizes.MOST:
                left_out.append(name)
            else:
                measure(sheet)
    return _machine(sheet, left_out)


def _machine(sheet: Measurements, left_out: list[str]) -> Machine:
    today = date.today().isoformat()
    cores = f"{sheet.threads} core{'' if sheet.threads == 1 else 's'}"
    provenance = f"measured on this machine on {today}, {cores}"
    if left_out:
        provenance += f"; built-in for {', '.join(left_out)}, for want of time"
    prices, shared = dict(PRICES), dict(SHARED)
    prices.update({kind: tuple(sorted(found.items())) for kind, found in sheet.rates.items()})
    shared.update({kind: max(1.0, float(np.median(gains))) for kind, gains in sheet.gains.items()})
    return Machine(prices, shared, sheet.threads, today, provenance)
