"""Prices of a machine: units of each kind of work a second, measured and dated, by which counted work becomes seconds.

`Machine()` has the built-in prices; `here()` those that `gramian calibrate` measured on this machine, where it did.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, get_args

from gramian.errors import ModelError
from gramian.execution.pooling import available_threads
from gramian.planning.builtin import MEASURED, PRICES, SHARED, THREADS
from gramian.solvers.cost import PARALLEL, Kind, Work
from gramian.storage import json_file as jsonfile

Curve: TypeAlias = tuple[tuple[float, float], ...]
"""(width, units a second) in rising order of width."""

FORMAT, VERSION = "gramian-prices", 1
FILE = "prices.json"


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """Rates that turn counted work into seconds.

    prices: for each kind its units a second with one worker, at rising widths; between them a straight line in the
    logarithms. shared: how many times faster `threads` workers are. measured: the day, as in 2026-11-22. provenance: the
    sentence that says where they come from. note: what is wrong with the prices that were stored, if anything.
    """

    prices: Mapping[Kind, Curve] = field(default_factory=lambda: dict(PRICES))
    shared: Mapping[Kind, float] = field(default_factory=lambda: dict(SHARED))
    threads: int = THREADS
    measured: str = MEASURED
    provenance: str = f"built-in prices, measured on {MEASURED} on {THREADS} cores of an x86-64 server"
    note: str = ""

    def rate(self, kind: Kind, width: float = 1.0) -> float:
        """Units a second of one worker."""
        curve = self.prices[kind]
        if len(curve) == 1 or width <= curve[0][0]:
            return curve[0][1]
        for (low, a), (high, b) in pairwise(curve):
            if width <= high:
                share = math.log(width / low) / math.log(high / low)
                return a * (b / a) ** share
        return curve[-1][1]

    def speedup(self, kind: Kind, workers: int) -> float:
        """Of so many workers over one; more workers than were measured are taken to gain nothing more a core."""
        most = self.shared.get(kind, 1.0) if kind in PARALLEL else 1.0
        if workers <= 1 or self.threads <= 1:
            return 1.0
        return 1.0 + (most - 1.0) * (workers - 1) / (self.threads - 1)

    def seconds(self, work: Work, workers: int = 1) -> float:
        return work.count / (self.rate(work.kind, work.width) * self.speedup(work.kind, workers))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; `from_dict` makes the same machine again."""
        return {
            "measured": self.measured,
            "provenance": self.provenance,
            "threads": self.threads,
            "processors": available_threads(),
            "prices": {kind: [list(point) for point in curve] for kind, curve in self.prices.items()},
            "shared": dict(self.shared),
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Machine:
        """Raises KeyError, TypeError or ValueError where it is not whole; kinds that it lacks have their built-in price."""
        prices, shared = dict(PRICES), dict(SHARED)
        for kind, points in data["prices"].items():
            if kind not in get_args(Kind):
                raise ValueError(f"{kind!r} is no kind of work")
            curve = tuple((float(width), float(rate)) for width, rate in points)
            if not curve or any(not (0 < width < math.inf and 0 < rate < math.inf) for width, rate in curve):
                raise ValueError(f"the price of {kind!r} is not a positive number")
            if list(curve) != sorted(curve):
                raise ValueError(f"the widths of {kind!r} do not rise")
            prices[kind] = curve
        shared |= {kind: min(max(float(times), 1.0), 1024.0) for kind, times in data["shared"].items()}
        threads = int(data["threads"])
        if threads < 1:
            raise ValueError("threads below 1")
        return Machine(prices, shared, threads, str(data["measured"]), str(data["provenance"]))


def cache_folder() -> Path:
    """Where prices are kept: $GRAMIAN_CACHE, or `gramian` in the user's cache folder, as the system has it."""
    own = os.environ.get("GRAMIAN_CACHE")
    if own:
        return Path(own)
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "gramian"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "gramian"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "gramian"


def store(machine: Machine, folder: Path | None = None) -> Path:
    """Write the prices whole or not at all; raises ArgumentError where the place cannot be written to."""
    folder = cache_folder() if folder is None else folder
    with suppress(OSError):  # `write` raises, as it finds no folder
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    jsonfile.write(path, FORMAT, VERSION, machine.to_dict())
    return path


def here() -> Machine:
    """Prices of this machine: those stored, or the built-in ones, with a note where the stored ones cannot be used."""
    path = cache_folder() / FILE
    try:
        return _stored(str(path), path.stat().st_mtime_ns)
    except OSError:
        return _BUILT_IN


@lru_cache(maxsize=4)
def _stored(path: str, changed: int) -> Machine:
    """The file as it was at `changed`."""
    again = "built-in prices are used; 'gramian calibrate' measures them again"
    try:
        content = jsonfile.read(path, (FORMAT,), VERSION)[1]
        found = Machine.from_dict(content)
        processors = int(content["processors"])
    except ModelError as error:
        return Machine(note=f"stored prices: {str(error).splitlines()[0]}; {again}")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return Machine(note=f"stored prices: {FILE} is damaged ({error}); {again}")
    if processors != available_threads():
        note = f"the stored prices were measured with {processors} processors, and this process has {available_threads()}"
        return Machine(found.prices, found.shared, found.threads, found.measured, found.provenance, note)
    return found


_BUILT_IN = Machine()


def free_memory() -> float:
    """Bytes that can be allocated now; infinite where the system does not report them."""
    from gramian.execution.memory import free_memory

    return free_memory()
