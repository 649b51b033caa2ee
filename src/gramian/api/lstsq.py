"""gm.lstsq: least squares on arrays, with a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gramian.certification.certificate import Certificate
from gramian.data.arrays import ArrayRows
from gramian.errors import RankError, warn_diverged
from gramian.errors.columns import dependent_message
from gramian.execution.runner import Runner
from gramian.kernels.array_types import Floats
from gramian.planning import Plan
from gramian.problem.penalty import Penalty
from gramian.problem.problem import Problem
from gramian.problem.solution import Dependency, Stats, Status
from gramian.problem.solver_options import SolverOptions
from gramian.problem.wanted import RankPolicy, Wanted
from gramian.solvers.history import Record
from gramian.solving.options import SolveOptions, ask_arrays
from gramian.solving.reduction_checks import NotFinite
from gramian.solving.refining import Accuracy, Answer
from gramian.solving.solve import solve


@dataclass(frozen=True, slots=True, eq=False)
class LstsqResult:
    """The least-squares solution of X b = y.

    coef: (n,) for y (m,), (n, k) for y (m, k). rank: of X. method: the solver that answered. rss: residual sum of squares,
    weighted, a float or (k,). dependencies: the columns, by index, that equal sums of others.

    Of a method that iterates: `status` says how it ended, `trusted` whether the digits asked for are certified, `notes` what
    to do about it; `history` holds records (iteration, passes, seconds, value, gradient, step), where the value is J =
    1/(2 sum w) sum w (Xb - y)^2 + ridge/(2 sum w) ||b||^2; `path` the coefficients of every iterate, on request. rank is
    None where no Gram matrix was made.
    """

    coef: Floats
    rank: int | None
    method: str
    status: Status
    rss: float | Floats
    certificate: Certificate
    plan: Plan
    stats: Stats
    dependencies: tuple[Dependency, ...]
    trusted: bool = True
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()
    path: Floats | None = None

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.coef.shape)
        rank = "" if self.rank is None else f", rank {self.rank}"
        end = "" if self.status.ok else f", {self.status.name}"
        end += "" if self.trusted else ", not trusted"
        return f"LstsqResult({shape} coefficients by {self.method}{rank}{end}; digits: {self.certificate.sentence()})"


@dataclass(frozen=True, slots=True, eq=False)
class LstsqOptions:
    """What gm.lstsq and gm.explain of arrays are asked. weights: (m,) or None."""

    weights: Any
    solve: SolveOptions


def lstsq(
    X: Any,
    y: Any,
    method: str = "auto",
    *,
    ridge: float = 0.0,
    penalty: Penalty | None = None,
    weights: Any = None,
    rank: RankPolicy = "min-norm",
    tol: float | None = None,
    accuracy: Literal["data", "exact"] | float | None = None,
    decimal: bool = False,
    suboptimality: float | None = None,
    step: float | str | None = None,
    batch: int | None = None,
    max_iter: int | None = None,
    seed: int = 0,
    callback: Callable[[Any], object] | None = None,
    path: bool = False,
    threads: int | None = None,
    runner: str | Runner | None = None,
) -> LstsqResult:
    """Minimise sum w (y - X b)^2 + ridge ||b||^2; no intercept is added.

    X: (m, n) array of floats, integers or booleans in any layout, or scipy.sparse; y: (m,) or (m, k); neither is modified.
    method: "auto" or a solver's name. weights: (m,) non-negative. penalty: in place of a ridge, a value such as
    gm.RidgePenalty(np.array([0.0, 2.5])), one weight a column. rank: what to do when columns depend on each other:
    "min-norm" (the shortest solution), "drop" (zero for the later columns) or "error". tol: distance from the span of the
    others, of columns scaled to norm 1, below which a column is dependent; default
    max(30, n, 4 sqrt(min(rows, 4096))) eps. accuracy: "data" (all
    digits that the data support, the default of direct methods), a number of digits (default of methods that iterate: 8,
    of stochastic ones 2), or "exact", double-double at any size, for direct methods; a method that iterates is refined under
    "data" alone. decimal: each float64 stands for the shortest decimal that reads as it, and the answer is exact for those.
    threads: default all processors. runner: who reads the rows, a name or a Runner; default "threads".

    For methods that iterate: suboptimality, in place of accuracy, the share of what J can fall that may be left; step, a
    number that acts on the gradient of J in the columns as they are, from zero, or "exact", "backtracking",
    "barzilai-borwein" (default: from the curvature, in scaled columns); batch, rows a step; max_iter, steps, or passes over
    the rows with a batch; seed, of the order of rows; callback, called after every step with (iteration, passes, seconds,
    value, gradient, step, x), returning True stops; path, whether to keep every iterate.

    Raises DataError for values that cannot be used, ArgumentError for arguments outside what is allowed, RankError under
    rank="error". Reference: Golub and Van Loan, Matrix Computations, chapter 5.
    """
    running = SolverOptions(step, batch, max_iter, seed, suboptimality=suboptimality, callback=callback, path=path)
    how = SolveOptions(method, accuracy, ridge, rank, tol, decimal, threads, running, penalty=penalty, runner=runner)
    return lstsq_with(X, y, LstsqOptions(weights, how))


def lstsq_with(X: Any, y: Any, options: LstsqOptions) -> LstsqResult:
    """As `lstsq`, of options that are checked."""
    asked, rows = ask_arrays(X, y, options.weights, options.solve)
    answer = solve_arrays(rows, asked.request, asked.method, asked.accuracy, asked.runner)
    solution = answer.solution
    if solution.status is Status.DIVERGED:
        warn_diverged(answer.plan.method, answer.plan.notes)
    coef, rss = solution.coef, answer.rss
    factor = solution.factor
    one = np.ndim(y) == 1
    steps = solution.path
    return LstsqResult(
        coef=coef[:, 0] if one else coef,
        rank=None if factor is None else factor.rank,
        method=answer.plan.method,
        status=solution.status,
        rss=float(rss[0]) if one else rss,
        certificate=answer.certificate,
        plan=answer.plan,
        stats=solution.stats,
        dependencies=factor.dependencies if factor is not None else (),
        trusted=answer.met,
        notes=answer.plan.notes,
        history=solution.history,
        path=steps[..., 0] if one and steps is not None else steps,
    )


def solve_arrays(rows: ArrayRows, request: Wanted, method: str, accuracy: Accuracy, runner: Runner) -> Answer:
    """As `solve`, with places in X and y named in errors."""
    try:
        answer = solve(Problem(rows, request, nnz=rows.nnz), method, accuracy, runner)
    except NotFinite as error:
        raise error.told([f"column {j} of X" for j in range(rows.n)]) or rows.not_finite(error.columns) from None
    if answer.solution.status is Status.DEPENDENT:
        factor = answer.solution.factor
        assert factor is not None
        raise RankError(dependent_message([str(d.column) for d in factor.dependencies]))
    return answer

