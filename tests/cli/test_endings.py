"""How runs end: no crash while the interpreter shuts down, files before text, closed streams, signals, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

import gramian as gm
from command import COMMAND, process, refused, run

posix = pytest.mark.skipif(sys.platform != "linux", reason="forks, signals and /proc")

FORKS = """
import os, sys
import gramian as gm, gramian.api.fit, gramian.sources.files, pyarrow.csv
crashed = 0
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if not child:
        try:
            gm.fit(sys.argv[2], sys.argv[1])
        except gm.GramianError:
            pass
        sys.exit(0)
    crashed += os.waitpid(child, 0)[1] != 0
print(crashed)
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(50)))
    return path


@posix
@pytest.mark.parametrize(("text", "runs"), [("a,b\n", 60), ("a,b\n1,2\n3,4,5\n", 30)], ids=["header", "ragged"])
def test_no_reader_of_text_outlives_the_interpreter(tmp_path, text, runs):
    path = tmp_path / "t.csv"
    path.write_text(text)
    command = [sys.executable, "-c", FORKS, str(path), "b ~ a", str(runs)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (found.stdout, found.stderr) == ("0\n", "")


def test_files_are_written_before_anything_is_printed(table, tmp_path):
    model, page = tmp_path / "m.json", tmp_path / "p.html"
    arguments = ["fit", str(table), "b ~ a", "--save", str(model), "--html", str(page)]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.close()
        running.wait(60)
    assert running.returncode == 141
    loaded = gm.load(model)
    assert isinstance(loaded, gm.Fit)
    assert loaded.nobs == 50
    assert page.read_text().startswith("<!doctype html>")


@posix
def test_closed_streams_are_no_fault_of_the_program(table, tmp_path):
    model = tmp_path / "m.json"
    shell = subprocess.list2cmdline([*COMMAND, "fit", str(table), "b ~ a", "--save", str(model)])

    def ends(redirections, stdin=None):
        found = subprocess.run(f"{shell} {redirections}", shell=True, capture_output=True, text=True, timeout=60, check=False)
        return found.returncode, found.stdout + found.stderr

    assert ends(">&-") == (141, "")
    assert isinstance(gm.load(model), gm.Fit)
    assert ends(">&- 2>&-") == (141, "")
    shell = subprocess.list2cmdline([*COMMAND, "fit", "-", "b ~ a"])
    status, said = ends("<&-")
    assert status == 2
    assert said == (
        "SourceError: standard input is closed, and '-' reads it\nHint: pipe CSV into the command, or name a file\n"
    )


@posix
def test_a_terminated_run_leaves_no_copy_of_its_input(table, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    before = set(os.listdir(tmp_path))
    arguments = [*COMMAND, "fit", "-", "b ~ a"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as running:
        assert running.stdin is not None
        running.stdin.write(table.read_bytes())
        running.stdin.flush()
        folder = f"/proc/{running.pid}/fd"
        until = time.monotonic() + 30
        while not any("gramian-" in os.readlink(f"{folder}/{each}") for each in _listed(folder)):
            assert time.monotonic() < until
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 143
    assert set(os.listdir(tmp_path)) == before


def _listed(folder):
    return [each for each in os.listdir(folder) if os.path.lexists(f"{folder}/{each}")]


def test_standard_input_is_read_as_often_as_needed(table):
    found = process("fit", "-", "b ~ a + C(a > 10)", input=table.read_text())
    assert found.returncode == 0
    assert "Rows          50" in found.stdout


@pytest.mark.parametrize("option", ["--save", "--html"])
def test_a_place_is_checked_before_the_fit(table, tmp_path, option):
    assert "the file to write is ''\nAllowed: a path" in refused("fit", table, "b ~ a", option, "")
    assert "it is a folder" in refused("fit", table, "b ~ a", option, tmp_path)
    assert "there is no folder" in refused("fit", table, "b ~ a", option, tmp_path / "no" / "m")
    assert "level is 2.0" in refused("fit", table, "b ~ a", "--level", "2", option, tmp_path / "m")


def test_the_width_of_the_text(table, monkeypatch):
    name = "a" * 30
    table.write_text(table.read_text().replace("a,b", f"{name},b"))
    for columns, shown in (("60", False), ("200", True)):
        monkeypatch.setenv("COLUMNS", columns)
        out = run("fit", table, f"b ~ {name}")[1]
        assert max(map(len, out.splitlines())) <= min(int(columns), 120)
        assert ("95% interval  " in out) == shown
        assert str(gm.fit(f"b ~ {name}", str(table))) + "\n" == out
        assert run("fit", table, f"b ~ {name}", "--width", "120")[1].count("95% interval  ") == 1
    assert "--width" in refused("fit", table, f"b ~ {name}", "--width", "10")
