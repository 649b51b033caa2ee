"""The command line: `gramian fit`, `predict`, `race`, `explain`, `calibrate`, `methods`, `demo`.

Exit status: 0 finished and trusted; 1 finished, but fewer digits are certified than were asked for; 2 bad input, with what
was got, what is allowed and a hint; 3 a fault of gramian itself, with its traceback; 130 interrupted; 141 the reader of
the output went away; 143 terminated. Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import io
import signal
import sys
from typing import Annotated, cast

import typer

from gramian._version import __version__
from gramian.api.options import FitOptions, RaceOptions
from gramian.cli.commands import (
    FitOutput,
    answering,
    asked_cov,
    methods_lines,
    read_number,
    run_fit,
    run_predict,
)
from gramian.cli.options import (
    ACCURACY,
    ANALYZE,
    BATCH,
    BUDGET,
    CLUSTERS,
    COV,
    DATA,
    DECIMAL,
    DIGITS,
    FAMILY,
    FORMULA,
    FREQUENCIES,
    HTML,
    INTERVAL,
    JSON,
    LATEX,
    LEVEL,
    MAX_ITER,
    METHOD,
    METHODS,
    MISSING,
    MODEL,
    OFFSET,
    OUT,
    PLAN,
    PLAN_OUT,
    QUIET,
    RACE_OUT,
    RANK,
    RIDGE,
    RUNNER,
    SAVE,
    SEED,
    SHARE,
    STEP,
    THREADS,
    TOL,
    WEIGHTS,
    WIDTH,
)
from gramian.families import GAUSSIAN
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy
from gramian.report import terminal_width
from gramian.solvers import methods_table
from gramian.solving.options import SolveOptions, TableOptions

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


@app.command("fit", short_help="Fit a linear model to a table, and print it.", no_args_is_help=True)
def fit_command(
    data: Annotated[str, DATA],
    formula: Annotated[str, FORMULA],
    family: Annotated[str, FAMILY] = GAUSSIAN.name,
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
    decimal: Annotated[bool | None, DECIMAL] = None,
    step: Annotated[str | None, STEP] = None,
    batch: Annotated[int | None, BATCH] = None,
    max_iter: Annotated[int | None, MAX_ITER] = None,
    seed: Annotated[int, SEED] = 0,
    threads: Annotated[int | None, THREADS] = None,
    runner: Annotated[str | None, RUNNER] = None,
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
    with answering():
        running = SolverOptions(read_number(step), batch, max_iter, seed)
        options = FitOptions.of(
            TableOptions(weights, freq_weights, offset, clusters, missing),
            SolveOptions(
                method, read_number(accuracy), ridge, cast(RankPolicy, rank), tol, decimal, threads, running,
                errors=True, runner=runner,
            ),
            family=family,
            cov=asked_cov(cov, clusters),
            progress=False if quiet else None,
        )
        run_fit(data, formula, options, FitOutput(level, json, latex, html, save, plan, width))


@app.command("predict", short_help="Predict with a saved model.", no_args_is_help=True)
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


@app.command("race", short_help="Time the methods on a table, one after the other.", no_args_is_help=True)
def race_command(
    data: Annotated[str, DATA],
    formula: Annotated[str, FORMULA],
    methods: Annotated[str | None, METHODS] = None,
    budget: Annotated[float, BUDGET] = 10.0,
    accuracy: Annotated[float, DIGITS] = 8.0,
    family: Annotated[str, FAMILY] = GAUSSIAN.name,
    weights: Annotated[str | None, WEIGHTS] = None,
    ridge: Annotated[float, RIDGE] = 0.0,
    missing: Annotated[str, MISSING] = "drop",
    step: Annotated[str | None, STEP] = None,
    batch: Annotated[int | None, BATCH] = None,
    seed: Annotated[int, SEED] = 0,
    threads: Annotated[int | None, THREADS] = None,
    out: Annotated[str | None, RACE_OUT] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Time the methods on a table, one after the other; see which is first to the digits asked for.

    gramian race houses.csv "price ~ sqft + C(city)" --budget 5 -o race.html
    """
    with answering():
        from gramian.cli.race import run_race

        running = SolverOptions(read_number(step), batch, seed=seed)
        how = SolveOptions(ridge=ridge, threads=threads, running=running)
        options = RaceOptions.of(
            TableOptions(weights, missing=missing), how, family=family, methods=methods, budget=budget, accuracy=accuracy
        )
        run_race(data, formula, options, out=out, as_json=json)


@app.command("explain", short_help="Say which method a fit would take, why, how long.", no_args_is_help=True)
def explain_command(
    data: Annotated[str, DATA],
    formula: Annotated[str, FORMULA],
    analyze: Annotated[bool, ANALYZE] = False,
    family: Annotated[str, FAMILY] = GAUSSIAN.name,
    method: Annotated[str, METHOD] = "auto",
    weights: Annotated[str | None, WEIGHTS] = None,
    ridge: Annotated[float, RIDGE] = 0.0,
    missing: Annotated[str, MISSING] = "drop",
    accuracy: Annotated[str | None, ACCURACY] = None,
    suboptimality: Annotated[float | None, SHARE] = None,
    step: Annotated[str | None, STEP] = None,
    batch: Annotated[int | None, BATCH] = None,
    max_iter: Annotated[int | None, MAX_ITER] = None,
    threads: Annotated[int | None, THREADS] = None,
    json: Annotated[bool, JSON] = False,
    out: Annotated[str | None, PLAN_OUT] = None,
    width: Annotated[int | None, WIDTH] = None,
) -> None:
    """Say which method a fit would take, why, and how long each part is expected to take, without reading the data.

    gramian explain trips/ "fare ~ distance + C(zone)" --analyze
    """
    with answering():
        from gramian.cli.explain import run_explain

        running = SolverOptions(read_number(step), batch, max_iter, suboptimality=suboptimality)
        how = SolveOptions(method, read_number(accuracy), ridge, threads=threads, running=running, errors=True)
        options = FitOptions.of(TableOptions(weights, missing=missing), how, family=family)
        run_explain(data, formula, options, analyze=analyze, json=json, out=out, width=width)


@app.command("calibrate", short_help="Measure this machine, for the plans.")
def calibrate_command(json: Annotated[bool, JSON] = False) -> None:
    """Measure this machine, so that plans know its prices.

    It takes about ten seconds. What it finds is kept in the user's cache folder.
    """
    with answering():
        from gramian.cli.explain import run_calibrate

        run_calibrate(json)


@app.command("methods", short_help="List the methods, and the options that they take.")
def methods_command() -> None:
    """List the methods: what each is, and which options it takes."""
    print("\n".join(methods_lines(methods_table(), terminal_width())))


@app.command("demo", short_help="Fit a small table, and explain what is printed.")
def demo_command() -> None:
    """Fit a small table that comes along, and explain what is printed."""
    with answering():
        from gramian.cli.demo import demo

        demo()
