"""The bar of a long fit, and files that are written whole or not at all."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time

import pytest

import gramian as gm
from gramian.api.progress import ProgressBar, describe, progress_for
from gramian.storage.whole_files import whole_file, write_text


def test_progress_settings(monkeypatch):
    class Mine:
        def started(self, what, rows): ...
        def advanced(self, rows): ...

    mine = Mine()
    with progress_for(mine) as shown:
        assert shown is mine
    for setting, terminal, kind in (
        (False, True, type(None)),
        (None, False, type(None)),
        (None, True, ProgressBar),
        (True, False, ProgressBar),
    ):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal, raising=False)
        with progress_for(setting) as shown:
            assert isinstance(shown, kind)
    with pytest.raises(gm.ArgumentError, match="progress is 'yes'\nAllowed: None, True, False, or an object"):
        progress_for("yes")


def test_the_bar_waits_and_then_shows_rows_from_any_thread():
    stream = io.StringIO()
    with ProgressBar(delay=60.0, stream=stream) as bar:
        bar.started("moments", 100)
        bar.advanced(100)
    assert stream.getvalue() == ""
    with ProgressBar(delay=0.0, stream=stream) as bar:
        bar.started("moments [bold]", 4000)
        workers = [threading.Thread(target=bar.advanced, args=(1000,)) for _ in range(3)]
        for worker in workers:
            worker.start()
            worker.join()
        time.sleep(0.15)
        bar.advanced(500)
        time.sleep(0.15)
        bar.started("gradient", None)
        bar.advanced(10)
    shown = stream.getvalue()
    assert "moments [bold]" in shown
    assert "3,500 of 4,000 rows" in shown
    assert shown.endswith(("\x1b[2K", "\x1b[?25h", "\x1b[1A\x1b[2K"))


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (500, 2000, 1.0, "500 of 2,000 rows, 500 rows/s, 3 s left"),
        (3_000_000, 963_000_000, 1.0, "3,000,000 of 963,000,000 rows, 3.0 million rows/s, 5 min 20 s left"),
        (10, 100_000, 1.0, "10 of 100,000 rows, 10 rows/s, 2 h 46 min left"),
        (500, None, 2.0, "500 rows, 250 rows/s"),
        (0, 10, 0.0, "0 of 10 rows, 0 rows/s"),
    ],
)
def test_progress_in_words(done, total, seconds, text):
    assert describe(done, total, seconds) == text


# ---- files that are written


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "first")
    path.chmod(0o640)

    def fails_midway():
        with whole_file(path) as part:
            part.write_text("half")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fails_midway()
    assert path.read_text() == "first\n"
    write_text(path, "second\n")
    assert path.read_text() == "second\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new\n"


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(gm.ArgumentError, match="it is a folder"):
        write_text(tmp_path, "x")
    with pytest.raises(gm.ArgumentError, match=r"cannot write .*there is no folder .*\nHint: "):
        write_text(tmp_path / "no" / "x", "x")


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that end with the process")
def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "a[1].txt"
    code = (
        "import os, signal, sys\nfrom gramian.storage.whole_files import whole_file\n"
        "with whole_file(sys.argv[1]) as part:\n    part.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".a[1].txt.mine.part").write_text("not a part file of ours")
    with whole_file(path) as outer:  # a writer that lives
        write_text(path, "whole")
        assert outer.exists()
        outer.write_text("whole again")
    assert path.read_text() == "whole again"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".a[1].txt.mine.part", "a[1].txt"]
