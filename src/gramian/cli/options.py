"""The arguments and options of the commands, each with its help."""

from __future__ import annotations

import typer

from gramian.execution.registry import DEFAULT, RUNNERS
from gramian.families import FAMILIES
from gramian.inference.covariances import COVARIANCES
from gramian.solvers import SOLVERS
from gramian.solving.options import RANK_POLICIES

DATA = typer.Argument(
    metavar="DATA",
    help="CSV, TSV, Parquet or Feather: a path, a folder, a glob or a URL; '-' for CSV on standard input.",
    show_default=False,
)
FORMULA = typer.Argument(metavar="FORMULA", help="As 'price ~ sqft + C(city)'; '.' is all columns.", show_default=False)
MODEL = typer.Argument(metavar="MODEL", help="What 'gramian fit --save' wrote.", show_default=False)
FAMILY = typer.Option(metavar="NAME", help=f"Of the target, one of {', '.join(FAMILIES)}.")
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
DECIMAL = typer.Option(
    "--decimal/--no-decimal",
    help="Take numbers as the decimals that they are written as, or as float64. [default: decimals where it is cheap]",
    show_default=False,
)
ACCURACY = typer.Option(
    metavar="DIGITS",
    help="Digits to certify, 'data' for all that the data support, 'exact' for double-double. "
    "[default: data for small files, 8 for large ones]",
    show_default=False,
)
STEP = typer.Option(
    metavar="X", help="Of methods that iterate: a number, or the name of a line search. [default: from the curvature]"
)
BATCH = typer.Option(metavar="ROWS", help="Rows a step, of stochastic methods.")
MAX_ITER = typer.Option(metavar="N", help="Most steps of a method that iterates; with a batch, passes over the rows.")
SEED = typer.Option(metavar="N", help="Of the order of rows in stochastic methods.")
THREADS = typer.Option(metavar="N", help="[default: all processors]", show_default=False)
RUNNER = typer.Option(
    metavar="NAME", help=f"Who reads the rows, one of {', '.join(RUNNERS)}. [default: {DEFAULT}]", show_default=False
)
ANALYZE = typer.Option("--analyze", help="Run the fit, and show what each part took beside its estimate.")
SHARE = typer.Option(metavar="S", help="In place of --accuracy: the share of what the loss can fall that may be left.")
PLAN_OUT = typer.Option("--out", "-o", metavar="FILE", help="Write the plan too: .html, .json or .txt.")
LEVEL = typer.Option(metavar="P", help="Of the intervals.")
JSON = typer.Option("--json", help="Print JSON.")
LATEX = typer.Option("--latex", help="Print a LaTeX table.")
HTML = typer.Option(metavar="FILE", help="Write the summary as an HTML page too.")
SAVE = typer.Option(metavar="FILE", help="Save the model for 'gramian predict'.")
PLAN = typer.Option("--plan", help="Print also what was done and what the other methods cost.")
WIDTH = typer.Option(min=40, metavar="N", help="Columns of the text. [default: those of the terminal, at most 120]")
QUIET = typer.Option("--quiet", "-q", help="Show no progress bar.")
OUT = typer.Option("--out", "-o", metavar="FILE", help="Write a .csv, .tsv or .parquet file. [default: CSV on stdout]")
METHODS = typer.Option(metavar="A,B", help="Names with commas between. [default: all that can do it]", show_default=False)
BUDGET = typer.Option(metavar="SECONDS", help="For all methods together.")
DIGITS = typer.Option("--accuracy", metavar="DIGITS", help="Of the coefficients, at which a run ends.")
RACE_OUT = typer.Option("--out", "-o", metavar="FILE", help="Write a .html page, a .png, .svg or .pdf picture, or .json.")
INTERVAL = typer.Option(metavar="KIND", help="confidence (of the mean) or prediction (of a new row).")
