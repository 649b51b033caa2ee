"""Threads that share the parts of a pass: order, the number that may wait, and errors that end it early."""

from __future__ import annotations

import threading
import time

import pytest

from gramian.execution.crew import share


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_results_are_taken_in_the_order_of_the_parts_one_at_a_time(threads: int) -> None:
    taken: list[int] = []
    busy = threading.Lock()

    def work(i: int) -> int:
        time.sleep(0.001 * (5 - i % 5))
        return i

    def take(value: int) -> None:
        assert busy.acquire(blocking=False)
        taken.append(value)
        busy.release()

    share(range(60), work, take, threads, threading.Event())
    assert taken == list(range(60))


def test_no_part_beyond_four_times_the_threads_starts_before_the_first_is_done() -> None:
    done, early = threading.Event(), []

    def work(i: int) -> int:
        if i == 0:
            time.sleep(0.1)
            done.set()
        elif i >= 8 and not done.is_set():
            early.append(i)
        return i

    share(range(64), work, lambda _: None, 2, threading.Event())
    assert not early


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_error_of_the_earliest_part_is_raised_and_the_rest_is_not_begun(threads: int) -> None:
    stop, begun = threading.Event(), []

    def work(i: int) -> int:
        begun.append(i)
        if i == 3:
            time.sleep(0.02)
            raise ValueError("part 3")
        if i == 4:
            raise ValueError("part 4")
        return i

    taken: list[int] = []
    with pytest.raises(ValueError, match="part 3"):
        share(range(1000), work, taken.append, threads, stop)
    assert len(begun) < 100
    assert taken == [0, 1, 2]


def test_an_error_while_taking_is_raised() -> None:
    def take(value: int) -> None:
        if value == 5:
            raise ArithmeticError("no merge")

    with pytest.raises(ArithmeticError, match="no merge"):
        share(range(50), lambda i: i, take, 3, threading.Event())


def test_parts_under_way_end_at_their_next_block_after_an_error() -> None:
    stop, blocks = threading.Event(), []

    def work(i: int) -> int:
        if i == 0:
            time.sleep(0.02)
            raise OSError("the disk is gone")
        for _ in range(1000):
            if stop.is_set():
                break
            blocks.append(i)
            time.sleep(0.005)
        return i

    with pytest.raises(OSError, match="the disk is gone"):
        share(range(8), work, lambda _: None, 2, stop)
    assert len(blocks) < 1000  # of 7,000


def test_an_interrupt_leaves_no_thread_behind() -> None:
    before = threading.active_count()

    def work(i: int) -> int:
        if threading.current_thread() is threading.main_thread() and i > 10:
            raise KeyboardInterrupt
        time.sleep(0.001)
        return i

    with pytest.raises(KeyboardInterrupt):
        share(range(500), work, lambda _: None, 3, threading.Event())
    assert threading.active_count() == before


def test_an_interrupt_is_told_before_an_error_of_an_earlier_part() -> None:
    both = threading.Barrier(2, timeout=5)

    def work(i: int) -> int:
        both.wait()
        if i == 0:
            time.sleep(0.02)
            raise ValueError("part 0")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        share(range(2), work, lambda _: None, 2, threading.Event())


def test_a_system_without_more_threads_leaves_the_work_to_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    taken: list[int] = []
    share(range(40), lambda i: i, taken.append, 4, threading.Event())
    assert taken == list(range(40))
