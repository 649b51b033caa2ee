"""A few threads that share the parts of one pass, with little between two parts.

Every thread, the caller's too, takes the next part as soon as it is free, and whoever completes the earliest results hands
them on. A pool with a future for every part takes 60 microseconds a part, four fifths of them waiting for one another
(measured, two threads); here it is a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

P = TypeVar("P")
T = TypeVar("T")


def share(
    parts: Sequence[P], work: Callable[[P], T], take: Callable[[T], None], threads: int, stop: Event
) -> None:
    """take(work(part)) for every part, taken in the order of the parts, one at a time; results wait for at most four
    times `threads`.

    Raises what is no Exception, as Ctrl-C, else the error of the earliest part that has one. `stop` is set once no earlier
    part can have another, and on Ctrl-C: `work` looks at it between blocks and leaves early; all threads are waited for. Where
    the system gives no more threads, those that there are share the parts.
    """
    if threads <= 1 or len(parts) <= 1:
        for part in parts:
            take(work(part))
        return
    crew = _Crew(parts, work, take, stop, 4 * threads)
    others: list[Thread] = []
    try:
        with suppress(RuntimeError):  # no more threads, or no memory for their stacks
            for _ in range(min(threads, len(parts)) - 1):
                other = Thread(target=crew.run, daemon=True)
                other.start()
                others.append(other)
        crew.run()
        for other in others:
            other.join()
    except BaseException:
        crew.leave()
        raise
    finally:
        for other in others:
            other.join()
    crew.tell()


class _Crew(Generic[P, T]):
    def __init__(
        self, parts: Sequence[P], work: Callable[[P], T], take: Callable[[T], None], stop: Event, lead: int
    ) -> None:
        self._parts, self._work, self._take, self._stop, self._lead = parts, work, take, stop, lead
        self._changed = Condition()
        self._next = self._taken = 0
        self._taking = False
        self._done: dict[int, T] = {}
        self._errors: dict[int, BaseException] = {}
        self._left = False

    def run(self) -> None:
        """What every thread does."""
        while (i := self._assigned()) is not None:
            try:
                value = self._work(self._parts[i])
            except BaseException as error:
                self._failed(i, error)
                return
            self._finished(i, value)

    def leave(self) -> None:
        """No more parts, and what is under way ends at its next block."""
        self._stop.set()
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def tell(self) -> None:
        if self._errors:
            raise self._errors[min(self._errors, key=lambda i: (isinstance(self._errors[i], Exception), i))]

    def _assigned(self) -> int | None:
        with self._changed:
            while self._next - self._taken >= self._lead and not self._ended:
                self._changed.wait()
            if self._ended:
                return None
            self._next += 1
            return self._next - 1

    @property
    def _ended(self) -> bool:
        return self._left or bool(self._errors) or self._next == len(self._parts)

    def _failed(self, i: int, error: BaseException) -> None:
        with self._changed:
            self._errors[i] = error
            self._settle()
        if not isinstance(error, Exception):
            self.leave()

    def _settle(self) -> None:
        if self._errors and min(self._errors) <= self._taken:
            self._stop.set()
        self._changed.notify_all()

    def _finished(self, i: int, value: T) -> None:
        with self._changed:
            self._done[i] = value
            if self._taking:
                return
            self._taking = True
        while True:
            with self._changed:
                if self._taken not in self._done:
                    self._taking = False
                    self._settle()
                    return
                at, first = self._taken, self._done.pop(self._taken)
            try:
                self._take(first)
            except BaseException as error:
                self._failed(at, error)
                return
            with self._changed:
                self._taken += 1
