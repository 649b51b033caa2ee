"""What fit, lstsq, explain and race are asked: the arguments checked, the rows opened, and the request that solvers see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gramian.data.arrays import ArrayRows
from gramian.data.blocks import Rows
from gramian.data.source import Source
from gramian.errors import bad_argument, cannot, not_a_choice, one_target_only, second_pass_needed
from gramian.execution.runner import Progress
from gramian.execution.threads import Threads
from gramian.families import FAMILIES, GAUSSIAN, Family
from gramian.problem.penalty import Penalty
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.reductions.exact_gradient import small
from gramian.solvers import SOLVERS
from gramian.solving.refining import Accuracy

if TYPE_CHECKING:
    from gramian.formula.design import Design

RANK_POLICIES = ("drop", "min-norm", "error")
FILE_DIGITS = 8.0
"""Digits asked of a fit from files by default: what one pass can usually certify."""


@dataclass(frozen=True, slots=True)
class SolveSettings:
    """How to solve, whatever the rows: everything checked. `given`: the user named an accuracy."""

    request: Wanted
    method: str
    accuracy: Accuracy
    given: bool
    threads: int | None
    decimal: bool | None = False

    def accuracy_for(self, source: Source, rows: Rows) -> Accuracy:
        """All digits in memory and of small files; FILE_DIGITS of others, where nothing was asked."""
        if not self.given and not (source.in_memory or small(rows)):
            return FILE_DIGITS
        return self.accuracy


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question: these rows, solved so. `design` is None for arrays, which have no names."""

    rows: Rows
    design: Design | None
    request: Wanted
    accuracy: Accuracy
    method: str
    runner: Threads

    @property
    def nnz(self) -> int | None:
        """Stored values of sparse arrays."""
        return self.rows.nnz if isinstance(self.rows, ArrayRows) else None


def settings_of(
    method: str,
    accuracy: Literal["data", "exact"] | float | None,
    *,
    ridge: float = 0.0,
    rank: RankPolicy = "drop",
    tol: float | None = None,
    threads: int | None = None,
    decimal: bool | None = False,
    errors: bool = False,
    **running: Any,
) -> SolveSettings:
    """Raises ArgumentError for what is outside what is allowed; `running` are fields of Running.

    decimal: numbers are the decimals that they were written as; None where that is cheap and they look it. `errors`: standard
    errors will be wanted.
    """
    if not one_of(method, ["auto", *SOLVERS]):
        raise not_a_choice("method", method, ["auto", *SOLVERS])
    digits = checked_accuracy(accuracy, "data")
    request = Wanted(
        Penalty(checked_ridge(ridge)), checked_rank(rank), checked_tol(tol), running_of(accuracy, **running), errors
    )
    if checked_decimal(decimal):
        digits = "exact"
    if digits == "exact":
        _check_exact(method, "decimal=True" if decimal else 'accuracy="exact"')
    return SolveSettings(request, method, digits, accuracy is not None, checked_threads(threads), decimal)


def ask_table(
    formula: str,
    source: Source,
    beside: dict[str, Any],
    missing: str,
    settings: SolveSettings,
    progress: Progress | None = None,
    family: Family = GAUSSIAN,
) -> tuple[Asked, Design]:
    """A formula on a table; reads the rows once where columns depend on them (levels, knots, means).

    Of another family than the normal there is one target, and an offset stays beside it.
    """
    from gramian.formula.design import Design  # arrays need no formula

    runner = Threads(settings.threads, progress)
    design = Design.of(formula, source.schema, **beside, missing=missing, where=source.name)
    if not family.quadratic:
        if len(design.targets) != 1:
            raise one_target_only(family.name, design.targets)
        design = design.learned(source, runner.threads)
        rows = design.rows(source, shifts=False)
        return Asked(rows, design, settings.request, settings.accuracy, settings.method, runner), design
    design = design.learned(source, runner.threads)
    rows = design.rows(source)
    accuracy = settings.accuracy_for(source, rows)
    if accuracy == "exact" and not rows.rereadable:
        raise second_pass_needed(source.name, ["decimal=True" if settings.decimal else 'accuracy="exact"'])
    if takes_decimals(settings, accuracy, rows):
        from gramian.formula.decimal_detection import with_decimals

        design = with_decimals(design, source, settings.decimal is True)
        rows = design.rows(source)
    return Asked(rows, design, settings.request, accuracy, settings.method, runner), design


def ask_arrays(X: Any, y: Any, weights: Any, settings: SolveSettings) -> tuple[Asked, ArrayRows]:
    """Arrays as they are, without an intercept."""
    rows = ArrayRows.of(X, y, weights=weights, decimal=settings.decimal is True)
    runner = Threads(settings.threads)
    return Asked(rows, None, settings.request, settings.accuracy, settings.method, runner), rows


def takes_decimals(settings: SolveSettings, accuracy: Accuracy, rows: Rows) -> bool:
    """Whether numbers are looked at as decimals: where asked, or unasked where passes in double-double are made anyway."""
    if settings.decimal is True:
        return True
    solver = SOLVERS.get(settings.method)
    direct = solver is None or not solver.traits.iterates
    return settings.decimal is None and direct and isinstance(accuracy, str) and small(rows)


def _check_exact(method: str, what: str) -> None:
    direct = [name for name, solver in SOLVERS.items() if not solver.traits.iterates]
    if method in SOLVERS and method not in direct:
        raise cannot(f"method={method!r}", f"take {what}", direct)


def running_of(accuracy: Literal["data", "exact"] | float | None, **settings: Any) -> SolverOptions:
    """The settings of a method that iterates, with the digits asked for, if any."""
    digits = None if accuracy is None or isinstance(accuracy, str) else float(accuracy)
    return SolverOptions(digits=digits, refined=accuracy in ("data", "exact"), **settings)


def checked_accuracy(accuracy: Literal["data", "exact"] | float | None, default: Accuracy) -> Accuracy:
    if accuracy is None:
        return default
    if isinstance(accuracy, str) and accuracy in ("data", "exact"):
        return "data" if accuracy == "data" else "exact"
    if not _number(accuracy) or not 0 < float(accuracy) <= 15:
        raise bad_argument("accuracy", accuracy, '"data", "exact", or a number of digits above 0 and up to 15')
    return float(accuracy)


def checked_family(family: object) -> Family:
    """The family of that name."""
    if not isinstance(family, str) or family not in FAMILIES:
        raise not_a_choice("family", family, FAMILIES)
    return FAMILIES[family]


def checked_decimal(decimal: bool | None) -> bool | None:
    if not (decimal is None or decimal is True or decimal is False):
        raise bad_argument("decimal", decimal, "True, False, or None, which takes printed numbers of small tables as decimals")
    return decimal


def checked_ridge(ridge: float) -> float:
    if not _number(ridge):
        raise bad_argument("ridge", ridge, "a finite number >= 0", "ridge=0.0 is plain least squares")
    return float(ridge)


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


def one_of(value: object, choices: Iterable[str]) -> bool:
    """Whether it is one of these words; what is no text is none."""
    return isinstance(value, str) and value in choices


def _number(value: object) -> bool:
    """Whether it is one real number; True and False are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
