"""Parts worked on by several threads, their results taken in the order of the parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

P = TypeVar("P")
T = TypeVar("T")


def available_threads() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(parts: Sequence[P], work: Callable[[P], T], threads: int, stop: Event) -> Generator[T]:
    """work(part) of every part, in the order of the parts; at most twice `threads` are under way.

    On an error in one part, on Ctrl-C and when the caller closes the generator, `stop` is set and the workers are
    waited for: `work` looks at it between blocks and leaves early.
    """
    if threads <= 1 or len(parts) <= 1:
        yield from map(work, parts)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        pending: list[Future[T]] = []
        for part in parts:
            if len(pending) == 2 * threads:
                yield pending.pop(0).result()
            pending.append(pool.submit(work, part))
        while pending:
            yield pending.pop(0).result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
