"""How many threads BLAS and LAPACK take: one for a piece of a pass, several for large factorisations."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

THREADED = 1000
"""Columns from which factorisations may use several threads. Smaller ones gain nothing from them, and with one thread they
give the same bits on any number of cores."""


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


class _Limit:
    """The limit is one for the process: the first to ask sets it, the last to leave takes it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limiter = _blas().limit(limits=1, user_api="blas")
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def single_threaded_blas() -> Generator[None]:
    """Inside, BLAS calls use the calling thread only, in this thread and in all others."""
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


def factorising(columns: int, threads: int) -> AbstractContextManager[None]:
    """LAPACK takes one thread, but for factorisations from THREADED columns on where the caller may use several."""
    return nullcontext() if columns >= THREADED and threads > 1 else single_threaded_blas()
