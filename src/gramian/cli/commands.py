"""What the commands do once their arguments are read: fit and print, predict and write, and how each kind of end is told."""

from __future__ import annotations

import csv
import io
import os
import sys
import traceback
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeAlias, cast

import numpy as np
import typer

from gramian.api.fit import fit_with
from gramian.api.options import FitOptions
from gramian.api.progress import progress_for
from gramian.certification.thresholds import FEWEST_DIGITS
from gramian.errors import GramianError, GramianWarning, bad_argument, not_a_fit, unknown_output
from gramian.execution.runner import Progress
from gramian.inference.covariances import covariance_kind
from gramian.inference.covariances.base import CovarianceKind
from gramian.inference.statistics import checked_level
from gramian.kernels.array_types import Floats
from gramian.report import terminal_width
from gramian.report.labels import wrapped
from gramian.report.numbers import certified
from gramian.results.fit import Fit
from gramian.results.prediction import prediction_blocks
from gramian.solving.options import FILE_DIGITS
from gramian.storage.whole_files import check_place, whole_file, write_text

UNTRUSTED, BAD_INPUT, FAULT, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141
OUTPUTS = (".csv", ".tsv", ".parquet")


@contextmanager
def answering() -> Generator[None]:
    """Turns every way to end into its exit status, with no traceback unless gramian itself is at fault."""
    warnings.showwarning = _show_warning
    unread = _stand_in()
    try:
        yield
        sys.stdout.flush()
        if unread:
            raise typer.Exit(PIPE_CLOSED)
    except (typer.Exit, SystemExit):
        raise
    except GramianError as error:
        say(f"{type(error).__name__}: {error}")
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        # What is left in the buffer goes nowhere, so that closing it does not complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(PIPE_CLOSED) from None
        say(f"OSError: {error}\nHint: check that there is room, and that the place can be written to")
        raise typer.Exit(BAD_INPUT) from None
    except MemoryError as error:
        say(
            f"MemoryError: {str(error) or 'the memory of this machine does not suffice'}\nHint: use fewer columns or threads"
        )
        raise typer.Exit(BAD_INPUT) from None
    except Exception:
        say("gramian failed; this is a fault of its own, please report it:")
        traceback.print_exc()
        raise typer.Exit(FAULT) from None


def _stand_in() -> bool:
    """Whether standard output was closed from the start; nothing then takes its place, and that of standard error."""
    unread = cast(object, sys.stdout) is None
    if unread:
        sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8")
    if cast(object, sys.stderr) is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8")
    return unread


def say(text: str) -> None:
    """To standard error, as it is."""
    print(text, file=sys.stderr)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, GramianWarning):
        say(f"warning: {message}")


# ---- fit -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FitOutput:
    """What `gramian fit` prints and writes: level of the intervals, one of JSON and LaTeX or text, files, width of text."""

    level: float
    json: bool
    latex: bool
    html: str | None
    save: str | None
    plan: bool
    width: int | None

    def __post_init__(self) -> None:
        for place in (self.html, self.save):
            if place is not None:
                check_place(place)
        checked_level(self.level)
        if self.json and self.latex:
            hint = "run the command twice, or save the model"
            raise bad_argument("the output", "--json --latex", "one of the two", hint)


def asked_cov(name: str | None, clusters: str | None) -> CovarianceKind:
    """The covariance of that name. Raises ArgumentError where it needs clusters and has none."""
    kind = covariance_kind("classical" if name is None else name)
    if kind.reads_clusters and clusters is None:
        raise bad_argument("--clusters", None, f"the name of a column, with --cov {kind}", "as in --clusters firm")
    return kind


def run_fit(data: str, formula: str, options: FitOptions, output: FitOutput) -> None:
    """Fit, write, print; raises typer.Exit(1) when the answer is not trusted."""
    level, html, save = output.level, output.html, output.save
    fitted = fit_with(formula, data, options)
    wanted, hint = _expected(fitted, options.solve.accuracy)
    printed = _printed(fitted, output)
    try:
        # Files first: whoever reads the output may leave before it ends.
        if html is not None:
            write_text(html, _page(fitted.formula, fitted.summary(level).html(rows=None)))
        if save is not None:
            fitted.save(save)
    finally:
        print(printed)
    if not fitted.trusted:
        digits = float(np.min(fitted.certificate.digits))
        say(
            f"not trusted: {certified(digits)} digits of the coefficients are certified, {wanted:g} were expected\nHint: {hint}"
        )
        raise typer.Exit(UNTRUSTED)


def _expected(fitted: Fit, asked: Any) -> tuple[float, str]:
    """The digits that were wanted, and what to do where they are not reached."""
    traits = None if isinstance(fitted.plan, str) else fitted.plan.candidates[0].solver.traits
    if traits is not None and traits.iterates:
        most = traits.digits if asked is None else asked if isinstance(asked, float) else FEWEST_DIGITS
        return most, "raise --max-iter, take --method auto, or ask for fewer digits with --accuracy"
    hint = "leave out or combine columns that nearly repeat each other, or ask for fewer digits with --accuracy"
    return FILE_DIGITS if asked is None else asked if isinstance(asked, float) else FEWEST_DIGITS, hint


def read_number(text: str | None) -> Any:
    """A number where the text is one; other words are left to the library to allow or refuse."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _printed(fitted: Fit, output: FitOutput) -> str:
    if output.json:
        from json import dumps

        from gramian.cli.document import document

        return dumps(document(fitted, output.level, output.plan), indent=2, allow_nan=False)
    summary = fitted.summary(output.level)
    text = summary.latex() if output.latex else summary.text(output.width or terminal_width(), rows=None)
    return f"{text}\n\n{fitted.plan}" if output.plan else text


def methods_lines(table: Iterable[tuple[str, str, str]], width: int) -> list[str]:
    """A paragraph for each method, what it is and what it takes, beside its name."""
    found = list(table)
    side = max(len(name) for name, _, _ in found) + 2
    lines: list[str] = []
    for name, what, takes in found:
        lines += wrapped(f"{name:<{side}}{what}", width, " " * side)
        lines += wrapped(f"{'':<{side}}takes {takes}", width, " " * (side + 2)) if takes else []
    return lines


def _page(title: str, body: str) -> str:
    from html import escape

    head = f'<meta charset="utf-8">\n<title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'


# ---- predict ---------------------------------------------------------------------------------------------------------


def run_predict(model: str, data: str, out: str | None, interval: str | None, level: float) -> None:
    """Predictions, a row for each row of the data, to a file or as CSV to standard output."""
    from gramian.results.model_file import load

    if interval not in (None, "confidence", "prediction"):
        raise bad_argument("interval", interval, "confidence or prediction")
    loaded = load(model)
    if not isinstance(loaded, Fit):
        raise not_a_fit(model)
    blocks = prediction_blocks(loaded.design, loaded.inference, data, interval, level)
    if out is None:
        _write_delimited(blocks, sys.stdout.buffer, ",")
        return
    kind = Path(out).suffix.lower()
    if kind not in OUTPUTS and not _is_special(out):
        raise unknown_output(out, OUTPUTS)
    with whole_file(out) as part, progress_for(None) as bar:
        blocks = _counted(blocks, bar)
        if kind == ".parquet":
            _write_parquet(blocks, part)
        else:
            with part.open("wb") as file:
                _write_delimited(blocks, file, "\t" if kind == ".tsv" else ",")


def _is_special(path: str) -> bool:
    """A device or a pipe."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


Columns: TypeAlias = dict[str, Floats]


def _counted(blocks: Iterator[Columns], bar: Progress | None) -> Iterator[Columns]:
    if bar is not None:
        bar.started("predict", None)
    for columns in blocks:
        yield columns
        if bar is not None:
            bar.advanced(len(next(iter(columns.values()))))


def _write_delimited(blocks: Iterator[Columns], file: BinaryIO, delimiter: str) -> None:
    """Numbers as the shortest text that reads back to the same bits; "nan" where a predictor is missing."""
    head = False
    for columns in blocks:
        if not head:
            file.write(_heading(columns, delimiter))
            head = True
        values = [map(repr, column.tolist()) for column in columns.values()]
        file.write("".join([delimiter.join(row) + "\n" for row in zip(*values, strict=True)]).encode())
    file.flush()


def _heading(names: Iterable[str], delimiter: str) -> bytes:
    """Names come from targets, which may hold anything."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(names)
    return line.getvalue().encode()


def _write_parquet(blocks: Iterator[Columns], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    first = next(blocks)
    schema = pa.schema([(name, pa.float64()) for name in first])
    with parquet.ParquetWriter(path, schema) as writer:
        writer.write_table(pa.table(first, schema=schema))
        for columns in blocks:
            writer.write_table(pa.table(columns, schema=schema))
