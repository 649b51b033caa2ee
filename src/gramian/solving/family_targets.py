"""What is seen of the targets of a family before the first step: whether they are allowed, and where to start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gramian.data.blocks import Rows
from gramian.errors import one_value
from gramian.execution.runner import Runner
from gramian.families import Family
from gramian.problem.problem import Problem
from gramian.problem.wanted import Wanted
from gramian.reductions.irls_pass import Place
from gramian.reductions.likelihood import NoColumns
from gramian.reductions.offset_folded import has_offset
from gramian.reductions.target_summary import TargetSummary
from gramian.solvers.irls import IRLS, Reweighted
from gramian.solvers.iterate import run
from gramian.solvers.state import Stop
from gramian.solving.reduction_checks import no_rows

MOST_STEPS = 100
"""Newton steps before a fit is given up; from the mean of the targets, ten are many."""


def targets_of(problem: Problem, runner: Runner) -> TargetSummary:
    """One pass. Raises DataError for targets that the family does not allow, or of one value that has no finite fit."""
    rows, family, target = problem.rows, problem.family, problem.words.target
    found = TargetSummary.of(rows, runner, family, target, problem.whole_counts)
    if found is None or found.counts.used == 0:
        raise no_rows(rows, None if found is None else found.counts)
    recession = family.recession
    if recession is not None and rows.centred and found.least == found.largest:
        # Beside an intercept the level alone then follows the loss for ever.
        down, up = recession.sides(np.array([found.least]))
        if down[0] or up[0]:
            raise one_value(target, found.least, family.name, recession.needed)
    return found


def start(rows: Rows, family: Family, targets: TargetSummary) -> Place:
    """The null model beside an intercept, zero without."""
    n, W = rows.n, targets.counts.weight
    if not rows.centred:
        return Place(np.zeros(n), 0.0, np.zeros(n))
    return Place(targets.x / W, link_of_mean(family, targets) - targets.offset / W, np.zeros(n))


def link_of_mean(family: Family, targets: TargetSummary) -> float:
    return float(family.link(np.array([targets.mean]))[0])


def null_level(problem: Problem, targets: TargetSummary, runner: Runner) -> float:
    """Of the model of the intercept alone; with an offset it takes a fit of its own."""
    rows, family = problem.rows, problem.family
    if not rows.centred:
        return 0.0
    level = link_of_mean(family, targets)
    if not targets.offset and not has_offset(rows):
        return level
    none = Place(np.zeros(0), level - targets.offset / targets.counts.weight, np.zeros(0))
    bare = Reweighted(NoColumns(rows), runner, family, replace(problem.wanted, rank="drop"), none)
    found = run(IRLS(), bare, stop_of(problem.wanted))
    return float(found.theta[0, 0]) + found.state.next.level


def stop_of(wanted: Wanted) -> Stop:
    """Reweighted steps end by themselves."""
    return Stop(gradient=None, max_iter=wanted.running.max_iter or MOST_STEPS)
