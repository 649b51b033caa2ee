"""The command line: `gramian fit`, `gramian predict`, `gramian demo`.

Exit status: 0 finished and trusted; 1 finished, but fewer digits are certified than were asked for; 2 bad input, with what
was got, what is allowed and a hint; 3 a fault of gramian itself, with its traceback; 130 interrupted; 141 the reader of
the output went away; 143 terminated. Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import io
import signal
import sys
from typing import Annotated

import typer

from gramian._version import __version__
from gramian.commands import answering, run_fit, run_predict
from gramian.covariance import COVARIANCES
from gramian.losses import LOSSES
from gramian.lstsq import RANK_POLICIES
from gramian.solvers import SOLVERS, methods_table

app = typer.Typer(
    name="gramian",
    help="Fit linear models of any size, and say how many digits to trust.",
    epilog="Exit status: 0 trusted; 1 finished, not trusted; 2 bad input.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

DATA = typer.Argument(
    metavar="DATA",
    help="CSV, TSV, Parquet or Feather: a path, a folder, a glob or a URL; '-' for CSV on standard input.",
    show_default=False,
)
FORMULA = typer.Argument(metavar="FORMULA", help="As 'price ~ sqft + C(city)'; '.' is all columns.", show_default=False)
MODEL = typer.Argument(metavar="MODEL", help="What 'gramian fit --save' wrote.", show_default=False)
FAMILY = typer.Option(metavar="NAME", help=f"Of the target, one of {', '.join(LOSSES)}.")
METHOD = typer.Option(metavar="NAME", help=f"One of {', '.join(['auto', *SOLVERS])}; see 'gramian methods'.")
COV = typer.Option(
    metavar="NAME",
    help=f"Of the standard errors, one of {', '.join(COVARIANCES)}. [default: classical; cluster with --clusters]",
    show_default=False,
)
CLUSTERS = typer.Option(metavar="COL", help="Column whose values are the clusters.")
WEIGHTS = typer.Option(metavar="COL", help="Column of weights; the variance of a row is 1 / weight.")
FREQUENCIES = typer.Option(metavar="COL", help="Column of whole numbers: how many rows a row stands for.")
OFFSET = typer.Option(metavar="COL", help="Column added to the prediction as it is.")
RIDGE = typer.Option(metavar="A", help="Add A * (sum of squared coefficients), the intercept apart, to the loss.")
MISSING = typer.Option(metavar="WHAT", help="Rows with missing values: drop or error.")
RANK = typer.Option(metavar="WHAT", help=f"Columns that depend on others: {', '.join(RANK_POLICIES)}.")
TOL = typer.Option(
    metavar="X", help="Distance below which a scaled column depends on others. [default: max(30, columns) * 2.2e-16]"
)
ACCURACY = typer.Option(
    metavar="DIGITS",
    help="Digits to certify, or 'data' for all that the data support. [default: 8]",
    show_default=False,
)
STEP = typer.Option(
    metavar="X", help="Of methods that iterate: a number, or the name of a line search. [default: from the curvature]"
)
BATCH = typer.Option(metavar="ROWS", help="Rows a step, of stochastic methods.")
MAX_ITER = typer.Option(metavar="N", help="Most steps of a method that iterates; with a batch, passes over the rows.")
SEED = typer.Option(metavar="N", help="Of the order of rows in stochastic methods.")
THREADS = typer.Option(metavar="N", help="[default: all processors]", show_default=False)
LEVEL = typer.Option(metavar="P", help="Of the intervals.")
JSON = typer.Option("--json", help="Print JSON.")
LATEX = typer.Option("--latex", help="Print a LaTeX table.")
HTML = typer.Option(metavar="FILE", help="Write the summary as an HTML page too.")
SAVE = typer.Option(metavar="FILE", help="Save the model for 'gramian predict'.")
PLAN = typer.Option("--plan", help="Print also what was done and what the other methods cost.")
WIDTH = typer.Option(min=40, metavar="N", help="Columns of the text. [default: those of the terminal, at most 120]")
QUIET = typer.Option("--quiet", "-q", help="Show no progress bar.")
OUT = typer.Option("--out", "-o", metavar="FILE", help="Write a .csv, .tsv or .parquet file. [default: CSV on stdout]")
INTERVAL = typer.Option(metavar="KIND", help="confidence (of the mean) or prediction (of a new row).")


def main() -> None:
    """Entry point of the `gramian` command."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is spelled out; it is no reason to lose the answer.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="gramian")


def _terminated(number: int, frame: object) -> None:
    """Ends as Ctrl-C does, by way of everything that cleans up behind itself."""
    raise SystemExit(128 + number)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"gramian {__version__}")
        raise typer.Exit


VERSION = typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")


@app.callback()
def root(version: Annotated[bool, VERSION] = False) -> None:
    """Carries the options that need no command."""


@app.command("fit", no_args_is_help=True)
def fit_command(
    data: Annotated[str, DATA],
    formula: Annotated[str, FORMULA],
    family: Annotated[str, FAMILY] = "gaussian",
    method: Annotated[str, METHOD] = "auto",
    cov: Annotated[str | None, COV] = None,
    clusters: Annotated[str | None, CLUSTERS] = None,
    weights: Annotated[str | None, WEIGHTS] = None,
    freq_weights: Annotated[str | None, FREQUENCIES] = None,
    offset: Annotated[str | None, OFFSET] = None,
    ridge: Annotated[float, RIDGE] = 0.0,
    missing: Annotated[str, MISSING] = "drop",
    rank: Annotated[str, RANK] = "drop",
    tol: Annotated[float | None, TOL] = None,
    accuracy: Annotated[str | None, ACCURACY] = None,
    step: Annotated[str | None, STEP] = None,
    batch: Annotated[int | None, BATCH] = None,
    max_iter: Annotated[int | None, MAX_ITER] = None,
    seed: Annotated[int, SEED] = 0,
    threads: Annotated[int | None, THREADS] = None,
    level: Annotated[float, LEVEL] = 0.95,
    json: Annotated[bool, JSON] = False,
    latex: Annotated[bool, LATEX] = False,
    html: Annotated[str | None, HTML] = None,
    save: Annotated[str | None, SAVE] = None,
    plan: Annotated[bool, PLAN] = False,
    width: Annotated[int | None, WIDTH] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Fit a linear model to a table; print it with the digits that are certified.

    gramian fit houses.csv "price ~ sqft + C(city)" --cov HC3
    """
    options = {
        "family": family,
        "method": method,
        "cov": cov or ("classical" if clusters is None else "cluster"),
        "clusters": clusters,
        "weights": weights,
        "freq_weights": freq_weights,
        "offset": offset,
        "ridge": ridge,
        "missing": missing,
        "rank": rank,
        "tol": tol,
        "accuracy": accuracy,
        "step": step,
        "batch": batch,
        "max_iter": max_iter,
        "seed": seed,
        "threads": threads,
        "progress": False if quiet else None,
    }
    with answering():
        run_fit(
            data, formula, options, level=level, json=json, latex=latex, html=html, save=save, plan=plan, width=width
        )


@app.command("predict", no_args_is_help=True)
def predict_command(
    model: Annotated[str, MODEL],
    data: Annotated[str, DATA],
    out: Annotated[str | None, OUT] = None,
    interval: Annotated[str | None, INTERVAL] = None,
    level: Annotated[float, LEVEL] = 0.95,
) -> None:
    """Predict with a saved model: a row for each row of DATA, "nan" where a predictor is missing.

    gramian predict model.json new.csv -o predictions.csv --interval prediction
    """
    with answering():
        run_predict(model, data, out, interval, level)


@app.command("methods")
def methods_command() -> None:
    """List the methods: what each is, and which options it takes."""
    for name, what, takes in methods_table():
        print(f"{name:<9} {what}" + (f"\n{'':<9} takes {takes}" if takes else ""))


@app.command("demo")
def demo_command() -> None:
    """Fit a small table that comes along, and explain what is printed."""
    with answering():
        from gramian.demo import demo

        demo()
