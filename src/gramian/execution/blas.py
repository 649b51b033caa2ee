"""How many threads BLAS and LAPACK take: one for a piece of a pass, several for large factorisations.

The limit of a library is one for the process (OpenBLAS and BLIS with threads of their own, MKL), or, where it runs on
OpenMP, one for each thread. Both enter and leave from any thread: the first of those inside sets the limit of the process,
the last one restores what was there before, and each thread sets its own. Libraries are asked one by one, because newer
versions of threadpoolctl leave the limit of OpenBLAS to the thread that asked first, and do nothing in any other.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from types import TracebackType
from typing import Any

from threadpoolctl import ThreadpoolController

THREADED = 1000
"""Columns from which factorisations may use several threads. Smaller ones gain nothing from them, and with one thread they
give the same bits on any number of cores."""


@cache
def _libraries() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Of the BLAS libraries loaded, those with one limit for the process, and those with one for each thread."""
    found = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    apart = [lib for lib in found if getattr(lib, "threading_layer", None) == "openmp"]
    return tuple(lib for lib in found if lib not in apart), tuple(apart)


def limited_by_thread() -> bool:
    """Whether a library keeps a limit for each thread, so that every worker has to enter."""
    return bool(_libraries()[1])


def blas_versions() -> tuple[str, ...]:
    """Name, version and kernel of each BLAS library, which bits depend on."""
    infos = [lib.info() for libs in _libraries() for lib in libs]
    return tuple(
        sorted({f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".rstrip() for info in infos})
    )


def _set(lib: Any, threads: int | None) -> None:
    """Sets the limit of one library from any thread."""
    if threads is None:
        return
    free = getattr(type(lib), "clear_controlling_thread", None)  # threadpoolctl 3.8: one thread holds the limit
    if free is None:
        lib.set_num_threads(threads)
        return
    free(force=True)
    lib.set_num_threads(threads)
    free(force=True)


class _Limit:
    """One thread for every library, while anyone is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: list[int | None] = []
        self._own = threading.local()

    def enter(self) -> None:
        process, apart = _libraries()
        with self._lock:
            now = [lib.get_num_threads() for lib in process]
            if self._users == 0:
                self._before = now
            self._users += 1
            for lib, threads in zip(process, now, strict=True):
                if threads != 1:  # also where someone else changed it meanwhile
                    _set(lib, 1)
        if apart:
            self._own.before = [*getattr(self._own, "before", []), [lib.get_num_threads() for lib in apart]]
            for lib in apart:
                lib.set_num_threads(1)

    def leave(self) -> None:
        process, apart = _libraries()
        if apart:
            *self._own.before, before = self._own.before
            for lib, threads in zip(apart, before, strict=True):
                lib.set_num_threads(threads)
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for lib, threads in zip(process, self._before, strict=True):
                    if threads != 1:
                        _set(lib, threads)


_LIMIT = _Limit()


class _SingleThreaded:
    """A context that holds no state of its own."""

    def __enter__(self) -> None:
        _LIMIT.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _LIMIT.leave()


_SINGLE_THREADED = _SingleThreaded()


def single_threaded_blas() -> AbstractContextManager[None]:
    """Inside, BLAS calls use the calling thread only: in this thread, and in those that enter too."""
    return _SINGLE_THREADED


def factorising(columns: int, threads: int) -> AbstractContextManager[None]:
    """LAPACK takes one thread, but for factorisations from THREADED columns on where the caller may use several."""
    return nullcontext() if columns >= THREADED and threads > 1 else single_threaded_blas()
