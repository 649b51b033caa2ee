"""How to solve and what to read, as frozen values that are checked when they are made; the rows opened as these ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Rows
from gramian.data.source import Schema, Source
from gramian.errors import bad_argument, cannot, not_a_choice, one_target_only, second_pass_needed
from gramian.execution.registry import runner_for
from gramian.execution.runner import Progress, Runner
from gramian.families import GAUSSIAN, Family
from gramian.problem.penalties import PENALTIES, RidgePenalty
from gramian.problem.penalty import Penalty
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.reductions.exact_gradient import small
from gramian.solvers import SOLVERS
from gramian.solving.refining import Accuracy

if TYPE_CHECKING:
    from gramian.formula.design import Design

GivenAccuracy: TypeAlias = Literal["data", "exact"] | float | None
RANK_POLICIES = ("drop", "min-norm", "error")
FILE_DIGITS = 8.0
"""Digits asked of a fit from files by default: what one pass can usually certify."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How to solve, whatever the rows; checked when it is made. Raises ArgumentError for what is outside what is allowed.

    method: "auto" or a solver's name. accuracy: "data", "exact", a number of digits, or None for the default. ridge, rank,
    tol, threads: as gm.fit. decimal: numbers are the decimals that they were written as; None: where that is cheap and they
    look it. running: of a method that iterates. errors: standard errors will be wanted.
    penalty: in place of a ridge.

    request: what solvers see of all this. aim: what to certify, where nothing speaks for less.
    """

    method: str = "auto"
    accuracy: GivenAccuracy = None
    ridge: float = 0.0
    rank: RankPolicy = "drop"
    tol: float | None = None
    decimal: bool | None = False
    threads: int | None = None
    running: SolverOptions = SolverOptions()
    errors: bool = False
    penalty: Penalty | None = None
    runner: str | Runner | None = None
    request: Wanted = field(init=False, repr=False)
    aim: Accuracy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not one_of(self.method, ["auto", *SOLVERS]):
            raise not_a_choice("method", self.method, ["auto", *SOLVERS])
        aim, running = checked_accuracy(self.accuracy, "data"), self.running
        if self.accuracy is not None:
            digits = None if isinstance(aim, str) else aim
            running = replace(running, digits=digits, refined=digits is None)
        penalty, rank, tol = checked_penalty(self.ridge, self.penalty), checked_rank(self.rank), checked_tol(self.tol)
        if checked_decimal(self.decimal):
            aim = "exact"
        object.__setattr__(self, "request", Wanted(penalty, rank, tol, running, self.errors))
        object.__setattr__(self, "aim", aim)
        object.__setattr__(self, "threads", checked_threads(self.threads))
        checked_runner(self.runner)
        if aim == "exact":
            _check_exact(self.method, self.exactness)

    @property
    def exactness(self) -> str:
        """The argument that asks for an exact answer, for messages."""
        return "decimal=True" if self.decimal else 'accuracy="exact"'

    def readers(self, progress: Progress | None = None) -> Runner:
        """The runner that reads the rows, who reports to `progress`."""
        return runner_for(self.runner, self.threads, progress)

    def accuracy_for(self, source: Source, rows: Rows) -> Accuracy:
        """All digits in memory and of small files; FILE_DIGITS of others, where nothing was asked."""
        if self.accuracy is None and not (source.in_memory or small(rows)):
            return FILE_DIGITS
        return self.aim


@dataclass(frozen=True, slots=True, eq=False)
class TableOptions:
    """What is read beside the formula, and what a missing value does.

    weights, freq_weights, offset, clusters: a column's name, or one value a row. missing: "drop" or "error".
    """

    weights: Any = None
    freq_weights: Any = None
    offset: Any = None
    clusters: Any = None
    missing: str = "drop"

    @property
    def beside(self) -> Iterator[tuple[str, Any]]:
        """Name and value of all but `missing`, as they were given."""
        return ((name, getattr(self, name)) for name in ("weights", "freq_weights", "offset", "clusters"))

    def design(self, formula: str, schema: Schema, where: str) -> Design:
        """Parsed and checked; no row is read. Raises FormulaError, DataError or ArgumentError."""
        from gramian.formula.design import Design  # arrays need no formula

        return Design.of(
            formula,
            schema,
            weights=self.weights,
            freq_weights=self.freq_weights,
            offset=self.offset,
            clusters=self.clusters,
            missing=self.missing,
            where=where,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question: these rows, solved so. `design` is None for arrays, which have no names."""

    rows: Rows
    design: Design | None
    request: Wanted
    accuracy: Accuracy
    method: str
    runner: Runner

    @property
    def nnz(self) -> int | None:
        """Stored values of sparse arrays."""
        return self.rows.nnz if isinstance(self.rows, ArrayRows) else None


def ask_table(
    formula: str,
    source: Source,
    table: TableOptions,
    options: SolveOptions,
    progress: Progress | None = None,
    family: Family = GAUSSIAN,
) -> tuple[Asked, Design]:
    """A formula on a table; reads the rows once where columns depend on them (levels, knots, means).

    A family other than the normal has one target, and an offset stays beside it.
    """
    runner = options.readers(progress)
    design = table.design(formula, source.schema, source.name)
    if not family.quadratic:
        if len(design.targets) != 1:
            raise one_target_only(family.name, design.targets)
        design = design.learned(source, runner)
        return Asked(design.rows(source, shifts=False), design, options.request, options.aim, options.method, runner), design
    design = design.learned(source, runner)
    rows = design.rows(source)
    accuracy = options.accuracy_for(source, rows)
    if accuracy == "exact" and not rows.rereadable:
        raise second_pass_needed(source.name, [options.exactness])
    if takes_decimals(options, accuracy, rows):
        from gramian.formula.decimal_detection import with_decimals

        design = with_decimals(design, source, options.decimal is True, runner)
        rows = design.rows(source)
    return Asked(rows, design, options.request, accuracy, options.method, runner), design


def ask_arrays(X: Any, y: Any, weights: Any, options: SolveOptions) -> tuple[Asked, ArrayRows]:
    """Arrays as they are, without an intercept."""
    rows = ArrayRows.of(X, y, weights=weights, decimal=options.decimal is True)
    runner = options.readers()
    return Asked(rows, None, options.request, options.aim, options.method, runner), rows


def takes_decimals(options: SolveOptions, accuracy: Accuracy, rows: Rows) -> bool:
    """Whether numbers are read as decimals: where asked, or by default where passes in double-double are made anyway."""
    if options.decimal is True:
        return True
    solver = SOLVERS.get(options.method)
    direct = solver is None or not solver.traits.iterates
    return options.decimal is None and direct and isinstance(accuracy, str) and small(rows)


def _check_exact(method: str, what: str) -> None:
    direct = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
    if method in SOLVERS and method not in direct:
        raise cannot(f"method={method!r}", f"take {what}", direct)


def checked_accuracy(accuracy: GivenAccuracy, default: Accuracy) -> Accuracy:
    if accuracy is None:
        return default
    if isinstance(accuracy, str) and accuracy in ("data", "exact"):
        return "data" if accuracy == "data" else "exact"
    if not _number(accuracy) or not 0 < float(accuracy) <= 15:
        raise bad_argument("accuracy", accuracy, '"data", "exact", or a number of digits above 0 and up to 15')
    return float(accuracy)


def checked_decimal(decimal: bool | None) -> bool | None:
    if not (decimal is None or decimal is True or decimal is False):
        raise bad_argument("decimal", decimal, "True, False, or None, which takes printed numbers of small tables as decimals")
    return decimal


def checked_ridge(ridge: float) -> float:
    if not _number(ridge):
        raise bad_argument("ridge", ridge, "a finite number >= 0", "ridge=0.0 is plain least squares")
    return float(ridge)


def checked_penalty(ridge: float, penalty: object = None) -> Penalty:
    """The penalty of a call: `penalty` where it is given, else that of a ridge. Raises ArgumentError where both are."""
    if penalty is None:
        return RidgePenalty(checked_ridge(ridge))
    if not isinstance(penalty, Penalty):
        kinds = ", ".join(f"gm.{each.__name__}" for each in PENALTIES.values())
        raise bad_argument("penalty", penalty, f"None, or a value of {kinds}", "penalty=gm.RidgePenalty(1.0) is ridge=1.0")
    if ridge:
        raise bad_argument("ridge", ridge, "0.0 where penalty is given", "leave ridge= or penalty= out")
    return penalty


def checked_rank(rank: RankPolicy) -> RankPolicy:
    if not one_of(rank, RANK_POLICIES):
        raise not_a_choice("rank", rank, RANK_POLICIES)
    return rank


def checked_tol(tol: float | None) -> float | None:
    if tol is not None and not (_number(tol) and 0 < tol < 1):
        raise bad_argument(
            "tol", tol, "a number between 0 and 1, the distance below which a scaled column is dependent"
        )
    return tol


def checked_threads(threads: int | None) -> int | None:
    if threads is None:
        return None
    if not (_number(threads) and threads >= 1 and float(threads).is_integer()):
        raise bad_argument("threads", threads, "a whole number >= 1, or None for all processors")
    return int(threads)


def checked_runner(runner: str | Runner | None) -> str | Runner | None:
    """Raises ArgumentError for what is neither a name nor a Runner."""
    runner_for(runner, 1)
    return runner


def one_of(value: object, choices: Iterable[str]) -> bool:
    """Whether it is one of these words; what is no text is none."""
    return isinstance(value, str) and value in choices


def _number(value: object) -> bool:
    """Whether it is one real number; True and False are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
