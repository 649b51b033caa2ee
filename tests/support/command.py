"""The command, run in this process or in another, and a table for it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from contextlib import contextmanager

import numpy as np
from typer.testing import CliRunner

from gramian.cli.app import app

COMMAND = [sys.executable, "-c", "from gramian.cli.app import main; main()"]


def run(*arguments, stdin=None):
    """(status, standard output, standard error) in this process."""
    with _filters_kept():
        result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin, prog_name="gramian")
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def _filters_kept():
    """The command replaces warnings.showwarning for its process; these tests share theirs."""
    show = warnings.showwarning
    try:
        yield
    finally:
        warnings.showwarning = show


def process(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def refused(*arguments):
    """The message of an error that ended with status 2, without a traceback or a word on standard output."""
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    return err


def write_table(folder):
    """200 rows: y, x, a group, a weight, a missing x in row 3."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200).round(6)
    group = rng.choice(["a", "b", "c"], size=200)
    y = 2 + 3 * x + (group == "b") + 0.1 * rng.normal(size=200).round(6)
    lines = ["y,x,group,w"]
    for i in range(200):
        lines.append(f"{y[i]},{'' if i == 3 else x[i]},{group[i]},{1 + i % 3}")
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
