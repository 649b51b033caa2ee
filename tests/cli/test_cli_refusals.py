"""How the command refuses bad input, and how it ends when something else goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

import gramian as gm
from command import COMMAND, process, refused, run, write_table
from gramian.cli import commands


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path)


# ---- bad input: status 2, what was got, what is allowed, a hint; nothing on standard output, no traceback


def test_unknown_column(table):
    err = refused("fit", table, "y ~ xx")
    assert err.startswith("DataError: column 'xx' is not in ")
    assert "Columns: y, x, group, w\nHint: did you mean 'x'?" in err


def test_missing_file(tmp_path, table):
    assert "does not exist" in (err := refused("fit", tmp_path / "tabel.csv", "y ~ x"))
    assert "Hint: did you mean 'table.csv'?" in err


def test_ragged_csv(tmp_path):
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n1,2\n3,4,5\n6,7\n")
    err = refused("fit", path, "a ~ b")
    assert "line 3" in err
    assert "Expected: 2 columns" in err
    assert "Hint: " in err


def test_a_formula_that_does_not_parse_shows_the_place(table):
    err = refused("fit", table, "y ~ x +* w")
    formula, carets = err.splitlines()[1:3]
    assert formula == "  y ~ x +* w"
    assert formula[carets.index("^")] in "+*"


def test_code_in_a_formula_is_not_run(table, tmp_path):
    made = tmp_path / "made"
    err = refused("fit", table, f"y ~ I(__import__('os').mkdir('{made}'))")
    assert "is not allowed in a formula" in err
    assert not made.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--method", "chol"], "method is 'chol'\nAllowed: auto, cholesky, sketched, choleskyqr, qr, svd"),
        (["--cov", "HC9"], "cov is 'HC9'\nAllowed: classical, HC0, HC1, HC2, HC3, cluster"),
        (["--cov", "cluster"], "--clusters is None\nAllowed: the name of a column"),
        (["--rank", "keep"], "rank is 'keep'\nAllowed: drop, min-norm, error"),
        (["--missing", "keep"], "missing is 'keep'\nAllowed: drop, error"),
        (["--accuracy", "all"], "accuracy is 'all'"),
        (["--ridge", "-1"], "ridge is -1.0\nAllowed: a finite number >= 0"),
        (["--runner", "thread"], "runner is 'thread'\nAllowed: threads, a gramian.execution.runner.Runner, or None"),
        (["--threads", "0"], "threads is 0\nAllowed: a whole number >= 1"),
        (["--level", "95"], "level is 95.0\nAllowed: a number between 0 and 1"),
        (["--weights", "ww"], "column 'ww' is not in"),
        (["--json", "--latex"], "--json --latex'\nAllowed: one of the two"),
        (["--nonsense"], "--nonsense"),
        (["--threads", "many"], "--threads"),
    ],
)
def test_bad_options(table, arguments, text):
    assert text in refused("fit", table, "y ~ x", *arguments)


def test_a_missing_argument_is_a_usage_error(table):
    assert "FORMULA" in refused("fit", table)


def test_a_place_that_cannot_be_written(table, tmp_path):
    status, out, err = run("fit", table, "y ~ x", "--save", tmp_path / "no" / "model.json")
    assert (status, out) == (2, "")  # before the fit, which may take long
    assert "cannot write" in err
    assert "there is no folder" in err


# ---- how it ends otherwise


def test_version_and_help():
    assert run("--version")[:2] == (0, f"gramian {gm.__version__}\n")
    status, out, _ = run("fit", "--help")
    assert status == 0
    for name in ("cholesky", "HC3", "min-norm", "--clusters"):
        assert name in out


def test_a_closed_pipe_is_quiet(table, tmp_path):
    model = tmp_path / "model.json"
    assert run("fit", table, "y ~ x + C(group)", "--save", model)[0] == 0
    new = tmp_path / "long.csv"
    new.write_text("x,group\n" + "1.5,a\n" * 100_000)
    command = subprocess.Popen(
        [*COMMAND, "predict", str(model), str(new)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert command.stdout.readline() == "fit\n"
    command.stdout.close()
    assert command.stderr.read() == ""
    command.stderr.close()
    assert command.wait(timeout=60) == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full is a Linux thing")
def test_a_full_disk_is_told(table):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, "fit", str(table), "y ~ x"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert result.returncode == 2
    assert result.stderr.startswith("OSError: ")
    assert "Hint: check that there is room" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_name_beyond_the_encoding_of_the_terminal_is_spelled_out(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("y,größe\n1,2\n2,3\n4,5\n5,7\n", encoding="utf-8")
    result = process("fit", path, "y ~ größe", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert r"gr\xf6\xdfe" in result.stdout


def test_interruption_is_quiet():
    start = "import sys; from gramian.cli.app import main; print('ready', file=sys.stderr, flush=True); main()"
    command = subprocess.Popen(
        [sys.executable, "-c", start, "fit", "-", "y ~ x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    command.stdin.write("y,x\n1,2\n")
    command.stdin.flush()
    assert command.stderr.readline() == "ready\n"
    time.sleep(0.5)
    command.send_signal(signal.SIGINT)  # by now it waits for the rest of its input
    out, err = command.communicate(timeout=60)
    assert (command.returncode, out, err) == (130, "", "")


def test_a_fault_of_its_own_is_not_taken_for_an_answer(monkeypatch, table):
    def broken(*_, **__):
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(commands, "fit_with", broken)
    status, out, err = run("fit", table, "y ~ x")
    assert status == 3
    assert out == ""
    assert "please report it" in err
    assert "unforeseen" in err


def test_too_little_memory_is_told(monkeypatch, table):
    def broken(*_, **__):
        raise MemoryError

    monkeypatch.setattr(commands, "fit_with", broken)
    assert "MemoryError: the memory of this machine does not suffice\nHint: " in refused("fit", table, "y ~ x")


def test_demo_explains_what_it_prints():
    result = process("demo", env={**os.environ, "NO_COLOR": "1"})
    assert (result.returncode, result.stderr) == (0, "")
    command = next(line for line in result.stdout.splitlines() if line.startswith("  gramian fit "))
    for word in ("progression ~ age", "- coef:", "- std err:", "- digits:", "5.60"):
        assert word in result.stdout
    again = subprocess.run(
        [
            "sh",
            "-c",
            command.strip().replace("gramian", '"$0" -c "from gramian.cli.app import main; main()"', 1),
            sys.executable,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert again.returncode == 0
    assert again.stdout.strip() in result.stdout


def test_rich_is_not_imported_for_a_quick_fit(table):
    code = (
        "import sys\nfrom gramian.cli.app import app\n"
        f"app(['fit', {str(table)!r}, 'y ~ x + C(group)'], standalone_mode=False)\n"
        "print(sorted({'rich', 'sklearn', 'pandas', 'formulaic', 'polars'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[-1] == "[]"
