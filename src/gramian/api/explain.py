"""gm.explain: the plan of a fit, before it runs. Only metadata are read; of text files, the first megabyte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from gramian.api.lstsq import LstsqOptions, lstsq_with
from gramian.api.options import FitOptions
from gramian.data.source import Field, Schema, Source
from gramian.errors import ArgumentError, GramianError, message, needs_rows
from gramian.execution.runner import Runner
from gramian.execution.threads import Threads
from gramian.families import GAUSSIAN
from gramian.formula.design import Design
from gramian.formula.nodes import depth
from gramian.inference.covariances.base import CovarianceKind
from gramian.planning import Plan
from gramian.planning.path import exact
from gramian.problem.facts import Facts
from gramian.problem.penalty import Penalty
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy
from gramian.results.moments import Moments
from gramian.solving.options import FILE_DIGITS, SolveOptions, TableOptions, ask_arrays
from gramian.solving.solve import plan_for
from gramian.sources.frames import from_mapping
from gramian.sources.peek import Peeked, peek

LEVELS = 20
"""Levels assumed of a category none of whose rows has been read."""
SAMPLE = 64


def explain(
    formula: Any,
    data: Any,
    *,
    analyze: bool = False,
    family: str = GAUSSIAN.name,
    method: str = "auto",
    accuracy: Literal["data", "exact"] | float | None = None,
    cov: str | CovarianceKind = "classical",
    clusters: Any = None,
    weights: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    ridge: float = 0.0,
    penalty: Penalty | None = None,
    missing: Literal["drop", "error"] = "drop",
    rank: RankPolicy | None = None,
    tol: float | None = None,
    decimal: bool | None = None,
    suboptimality: float | None = None,
    step: float | str | None = None,
    batch: int | None = None,
    max_iter: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    runner: str | Runner | None = None,
    progress: bool | None = None,
) -> Plan:
    """The plan of gm.fit(formula, data, ...), or of gm.lstsq(X, y, ...), without running it.

    formula, data: as gm.fit; or X (m, n) and y (m,) or (m, k), as gm.lstsq. All other settings as there. analyze: run it, and
    give the plan with what each part took beside its estimate. Estimates are in seconds, from counted work and the prices of
    this machine, which `gramian calibrate` measures.

    Nothing of the rows is read but metadata; of CSV files the size and the first megabyte. So rows of CSV files, and columns
    that depend on the rows (levels of categories), are estimates; the plan says so.

    Raises FormulaError, DataError or ArgumentError where gm.fit would before its first pass.
    """
    table = isinstance(formula, str)
    policy: RankPolicy = rank if rank is not None else "drop" if table else "min-norm"
    running = SolverOptions(step, batch, max_iter, seed, suboptimality=suboptimality)
    how = SolveOptions(
        method, accuracy, ridge, policy, tol, decimal, threads, running, errors=table, penalty=penalty, runner=runner
    )
    beside = TableOptions(weights, freq_weights, offset, clusters, missing)
    if not table:
        _check_arrays_only(family, beside)
        return _of_arrays(formula, data, LstsqOptions(weights, how), analyze)
    return explain_with(formula, data, FitOptions.of(beside, how, family=family, cov=cov, progress=progress), analyze)


def explain_with(formula: str, data: Any, options: FitOptions, analyze: bool = False) -> Plan:
    """The plan of a fit of these options, which are checked."""
    if isinstance(data, Moments):
        raise needs_rows("gm.explain")
    return _analysed(formula, data, options) if analyze else _of_table(formula, peek(data), options)


def _check_arrays_only(family: object, beside: TableOptions) -> None:
    names = [name for name, value in beside.beside if value is not None and name != "weights"]
    names += ["family"] if family != GAUSSIAN.name else []
    if names:
        raise ArgumentError(
            message(
                f"{names[0]} was given with arrays",
                "Allowed with arrays: the settings of gm.lstsq",
                f"pass a formula and a table, which take {names[0]}",
            )
        )


def _of_arrays(X: Any, y: Any, options: LstsqOptions, analyze: bool) -> Plan:
    if analyze:
        return lstsq_with(X, y, options).plan
    asked, rows = ask_arrays(X, y, options.weights, options.solve)
    facts = Facts.of(rows, asked.nnz)
    return plan_for(facts, asked.request, asked.method, asked.accuracy, asked.runner.workers)


def _analysed(formula: str, data: Any, options: FitOptions) -> Plan:
    """The plan of the fit, once it has run."""
    from gramian.api.fit import fit_with

    plan = fit_with(formula, data, options).plan
    assert isinstance(plan, Plan)
    return plan


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """The columns of a design, as far as they are known; `passes` that learning them takes."""

    n: int
    passes: int
    notes: tuple[str, ...]


def _of_table(formula: str, source: Peeked, options: FitOptions) -> Plan:
    how = options.solve
    design = options.table.design(formula, source.schema, source.name)
    shape = _shape(design, source)
    where = replace(source.where, columns=len(design.columns))
    facts = Facts(
        source.rows,
        shape.n,
        len(design.targets),
        None,
        False,
        design.intercept,
        source.rereadable,
        source.in_memory,
        where,
        design.weights is not None,
        options.family,
        guessed=not source.exact or bool(shape.passes),
        learns=shape.passes,
    )
    accuracy = how.aim
    if facts.quadratic and how.accuracy is None and not (facts.in_memory or exact(facts)):
        accuracy = FILE_DIGITS
    plan = plan_for(facts, how.request, how.method, accuracy, how.readers().workers)
    notes = [] if source.exact else [_rows_note(source)]
    return plan.noted(*notes, *shape.notes)


def _rows_note(source: Peeked) -> str:
    if source.rows is None:
        return f"{source.name} does not tell its rows: ten million are assumed"
    return "the rows are an estimate, from the size of the file and its first lines"


def _shape(design: Design, source: Peeked) -> _Shape:
    """Columns that depend on the rows, from the first rows where they are at hand, else from LEVELS assumed."""
    if not design.unlearned:
        return _Shape(len(design.names), 0, ())
    passes = len({depth(node) for node in design.to_learn()})
    extra = f"{', '.join(design.unlearned)}: learned of all rows, by {passes} pass{'' if passes == 1 else 'es'} more"
    for rows, how in ((_first(source), "as the first rows have them"), (_made_up(source.schema), f"{LEVELS} levels assumed")):
        if rows is None:
            continue
        try:
            n = len(design.learned(rows, Threads(1)).names)
        except GramianError:
            continue
        return _Shape(n, passes, (f"{extra}; the columns are an estimate, {how}",))
    n = len(design.formula.terms)
    return _Shape(n, passes, (f"{extra}; the columns are an estimate, one for each term",))


def _first(source: Peeked) -> Source | None:
    return source if source.head is not None else None


def _made_up(schema: Schema) -> Source:
    """Rows made up from the schema, with a few levels of each category, in place of those that are not read."""
    return from_mapping({each.name: _values(each) for each in schema.fields if each.kind != "other" or each.is_date})


def _values(each: Field) -> Any:
    place = np.arange(SAMPLE)
    if each.kind == "text" or each.is_date:
        levels = each.levels or tuple(f"level {i:02d}" for i in range(LEVELS))
        return np.array([levels[i % len(levels)] for i in place], dtype=str)
    if each.kind == "boolean":
        return place % 2 == 0
    return (place % LEVELS + 1).astype(np.int64) if each.kind == "integer" else (place % LEVELS + 1) / LEVELS
