"""The limit on threads of BLAS: it enters and leaves from any thread, and what was there before comes back."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

import gramian as gm
from gramian.execution.blas import blas_versions, single_threaded_blas

SEVERAL = 4


def limits() -> list[int]:
    return [lib.get_num_threads() for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]


@pytest.fixture(autouse=True)
def several() -> Iterator[None]:
    """As on a machine of several processors, whatever this one has."""
    gm.lstsq(np.eye(2), np.ones(2))  # all libraries are loaded
    with threadpool_limits(SEVERAL, user_api="blas"):
        yield


def in_thread(work) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_the_limit_enters_and_leaves_in_the_thread_that_asks() -> None:
    before = limits()
    assert set(before) == {SEVERAL}
    with single_threaded_blas():
        assert set(limits()) == {1}
        with single_threaded_blas():
            assert set(limits()) == {1}
        assert set(limits()) == {1}
    assert limits() == before


def test_the_limit_enters_in_a_thread_while_another_one_holds_its_own() -> None:
    before, seen = limits(), []

    def other() -> None:
        with single_threaded_blas():
            seen.extend(limits())

    in_thread(other)  # this thread holds the limit of the fixture
    assert set(seen) == {1}
    assert limits() == before


def test_the_last_to_leave_restores_the_limit_whoever_came_first() -> None:
    before = limits()
    inside, leave = threading.Event(), threading.Event()
    seen: list[int] = []

    def first() -> None:
        with single_threaded_blas():
            inside.set()
            leave.wait(10)

    def second() -> None:
        with single_threaded_blas():
            leave.set()
            one.join()
            seen.extend(limits())

    one = threading.Thread(target=first)
    one.start()
    inside.wait(10)
    in_thread(second)
    assert set(seen) == {1}
    assert limits() == before


def test_a_limit_that_someone_lifted_is_set_again() -> None:
    before, seen = limits(), []
    with single_threaded_blas(), threadpool_limits(3, user_api="blas"), single_threaded_blas():
        seen.extend(limits())
    assert set(seen) == {1}
    assert limits() == before


def test_an_error_leaves_no_limit_behind() -> None:
    before = limits()
    with pytest.raises(ValueError, match="broken"), single_threaded_blas():
        raise ValueError("broken")
    assert limits() == before


def test_fits_that_overlap_in_threads_give_the_bits_of_one_alone() -> None:
    rng = np.random.default_rng(90)
    X = rng.standard_normal((3_000, 300))
    y = rng.standard_normal(3_000)
    before = limits()

    def fitted() -> list[bytes]:
        found = [gm.lstsq(X, y, method, accuracy=6, threads=1) for method in ("cholesky", "qr")]
        return [value.tobytes() for one in found for value in (one.coef, one.certificate.digits_each)]

    alone, together = fitted(), []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait(10)
        for _ in range(3):
            together.append(fitted())

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(together) == 9
    assert all(one == alone for one in together)
    assert limits() == before


def test_two_calls_that_overlap_in_a_fresh_process_leave_it_as_it_was() -> None:
    """The first call of the process is made in a thread, which ends while another one is inside."""
    code = """
import threading, numpy as np
import scipy.linalg
from threadpoolctl import ThreadpoolController
def limits(): return [lib.get_num_threads() for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
for lib in ThreadpoolController().lib_controllers:
    if lib.user_api == "blas": lib.set_num_threads(4)
before = limits()
import gramian as gm
rng = np.random.default_rng(0)
X, y = rng.standard_normal((20_000, 100)), rng.standard_normal(20_000)
def work(times):
    for _ in range(times): gm.lstsq(X, y, "qr", accuracy=6)
threads = [threading.Thread(target=work, args=(n,)) for n in (1, 4)]
for t in threads: t.start()
for t in threads: t.join()
assert before == limits() and set(before) == {4}, (before, limits())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_versions_name_each_library_once() -> None:
    found = blas_versions()
    assert found
    assert len(set(found)) == len(found)
