"""Prices of the machine: measured, kept whole, read again, and told of when they cannot be used."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

import gramian as gm
from command import run
from gramian.calibration import calibrate, loading
from gramian.planning.builtin import PRICES
from gramian.planning.machine import FILE, Machine, cache_folder, here, store
from gramian.solvers.cost import PARALLEL, Kind, Work


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAMIAN_CACHE", str(tmp_path))
    return tmp_path


def test_every_kind_of_work_has_a_built_in_price() -> None:
    assert set(PRICES) == set(get_args(Kind))
    assert set(get_args(Kind)) >= PARALLEL
    assert all(rate > 0 for curve in PRICES.values() for _, rate in curve)
    assert all(list(curve) == sorted(curve) for curve in PRICES.values())
    assert "2 cores" in Machine().provenance
    assert Machine().measured in Machine().provenance


def test_between_two_widths_a_price_is_between_them() -> None:
    machine = Machine(prices={**PRICES, "gram": ((10, 1e9), (1000, 1e11))})
    assert machine.rate("gram", 100) == pytest.approx(1e10)
    assert machine.rate("gram", 1) == 1e9
    assert machine.rate("gram", 1e6) == 1e11
    assert machine.seconds(Work("reduce", "gram", 1e10, 100)) == pytest.approx(1.0)


def test_workers_help_up_to_what_was_measured() -> None:
    machine = Machine(shared={"gram": 3.4}, threads=4)
    assert [machine.speedup("gram", workers) for workers in (1, 2, 4)] == pytest.approx([1.0, 1.8, 3.4])
    assert machine.speedup("cholesky", 4) == 1.0


def test_prices_are_kept_and_found_again(folder: Path) -> None:
    assert here().provenance == Machine().provenance
    made = Machine(prices={**PRICES, "gram": ((10, 1.0),)}, provenance="measured by a test")
    assert store(made) == folder / FILE
    found = here()
    assert found.provenance == "measured by a test"
    assert found.rate("gram", 50) == 1.0
    assert here() is found
    assert "prices: measured by a test" in str(gm.lstsq([[1.0], [2.0]], [1.0, 2.0]).plan)


def _broken(text: str) -> str:
    return text[: len(text) // 2]


def _older(text: str) -> str:
    return text.replace('"version": 1', '"version": 0')


def _altered(text: str) -> str:
    return text.replace('"fold":[[1', '"fold":[[2')


def _negative(text: str) -> str:
    from gramian.storage.json_file import _checksum

    content = json.loads(text)["content"]
    content["prices"]["fold"] = [[1, -1.0]]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f'{{"format": "gramian-prices", "version": 1, "checksum": "{_checksum(body)}", "content": {body}}}'


@pytest.mark.parametrize("damage", [_broken, _older, _altered, _negative, lambda text: "", lambda text: "[]"])
def test_prices_that_cannot_be_used_are_told_and_never_end_a_fit(damage: Any, folder: Path) -> None:
    path = store(Machine(provenance="measured by a test"))
    path.write_text(damage(path.read_text()))
    os.utime(path, ns=(1, 1))
    plan = gm.lstsq([[1.0], [2.0]], [1.0, 2.0]).plan
    assert plan.machine.rate("gram", 50) == Machine().rate("gram", 50)
    text = " ".join(str(plan).split())
    assert "note: stored prices: " in text
    assert "'gramian calibrate' measures them again" in text
    assert "prices: built-in prices" in text


def test_prices_of_a_machine_with_other_processors_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(Machine())
    monkeypatch.setattr("gramian.planning.machine.available_threads", lambda: 61)
    assert "this process has 61" in here().note


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAMIAN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == Path("/caches/gramian")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "gramian"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "gramian"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder() == Path("/local/gramian")
    monkeypatch.setenv("GRAMIAN_CACHE", "/own")
    assert cache_folder() == Path("/own")


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAMIAN_CACHE", str(tmp_path / "file"))
    with pytest.raises(gm.ArgumentError):
        store(Machine())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures on few numbers, once each: what is tested is that it is whole, not that it is right."""
    small = {"VALUES": 1 << 14, "WIDTHS": (2, 8), "SIZES": (2, 8, 16), "LEAST": 0.0, "REPEATS": 1, "MOST": 1e9}
    for name, value in small.items():
        monkeypatch.setattr(f"gramian.calibration.sizes.{name}", value)


@pytest.mark.usefixtures("few")
def test_the_command_measures_keeps_and_prints(folder: Path) -> None:
    status, out, err = run("calibrate", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert Path(told["file"]) == folder / FILE
    assert set(told["prices"]) == set(PRICES)
    assert all(rate > 0 for curve in told["prices"].values() for _, rate in curve)
    assert "measured on this machine on" in told["provenance"]
    assert here().provenance == told["provenance"]
    assert list(folder.iterdir()) == [folder / FILE]
    assert "kept in" in run("calibrate")[1]


def test_time_that_runs_out_leaves_built_in_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gramian.calibration.sizes.MOST", 0.0)
    machine = calibrate()
    assert "for want of time" in machine.provenance
    assert machine.prices["gram"] == PRICES["gram"]


def test_loading_is_measured_where_the_loops_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not they were there before, and whatever this process has loaded."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    found = loading.seconds_of_loading()
    assert found is not None
    assert loading.FEWEST <= found <= loading.MOST
    assert list(tmp_path.rglob("*.nbc"))


@pytest.mark.parametrize("told", [[9.0, 0.4], [0.4, None], [None], [3.0, 1e-5], [3.0, 50.0]])
def test_the_second_use_is_what_counts(told: list[float | None], monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(told)
    monkeypatch.setattr(loading, "_first_use", lambda: next(left))
    assert loading.seconds_of_loading() == (0.4 if told == [9.0, 0.4] else None)


def test_without_a_program_to_start_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert loading.seconds_of_loading() is None
