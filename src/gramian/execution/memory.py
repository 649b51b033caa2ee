"""Memory that can be had without swapping."""

from __future__ import annotations

import os
from pathlib import Path


def free_memory() -> float:
    """Bytes that can be had without swapping, as the system and a container tell; infinite where none does."""
    return min(_system_memory(), _container_memory())


def _system_memory() -> float:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return 1024.0 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return float("inf")


def _container_memory() -> float:
    """What the control group leaves: its limit less what is used, the cache of files not counted."""
    try:
        folder = Path("/sys/fs/cgroup")
        limit = float((folder / "memory.max").read_text())
        used = float((folder / "memory.current").read_text())
        told = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(limit - used + float(told.get("inactive_file", 0)), 0.0)
    except (OSError, ValueError):  # no such file, or "max": no limit
        return float("inf")
