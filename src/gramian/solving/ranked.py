"""Where an iteration ended, with its coefficients as the rank policy wants them: what is certified then is what is returned.

Newton's method steps by independent columns, with zero for the others; any other method ends wherever its path led along the
null space of X. A factor has no row for a dropped column, and sees nothing of the null space, so that a certificate of such a
place would be one of other coefficients.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gramian.problem.solution import Factor
from gramian.reductions.irls_pass import Place, Working
from gramian.solvers.irls import Reweighted
from gramian.solvers.moving import moved
from gramian.solving.reduction_checks import check_finite

MOST_MOVES = 3
"""A second one is taken only where the first changed which columns are dropped."""


def of_rank(problem: Reweighted, place: Place, decided: bool) -> tuple[Working, Factor, Place]:
    """The sums and the factor at the place, moved along the null space where it has to be: then two passes, else one.

    Unless the method has `decided` which columns depend on others, that is done as Newton's method does it, at the start: at
    the end rows may have lost the weight that tells two columns apart.
    """
    found, factor = factored_at(problem, place)
    if factor.dependencies and not decided:
        problem.dependent = None
        factored_at(problem, problem.first)
    shortest = problem.request.rank == "min-norm"
    for _ in range(1 if shortest else MOST_MOVES):
        coef = moved(place.coef[:, None], factor, found.view, problem.request)[:, 0]
        if np.array_equal(coef, place.coef):
            break
        # Fitted values stay as they are about the means of the weighted rows, and so does the level there.
        off = found.view.mean.hi[: coef.size] - place.centre if found.view.centred else np.zeros_like(coef)
        place = replace(place, coef=coef, level=place.level + float(off @ (place.coef - coef)))
        found, factor = factored_at(problem, place)
    return found, factor, place


def factored_at(problem: Reweighted, place: Place) -> tuple[Working, Factor]:
    """The sums at a place and the factor of the weighted rows. Raises NotFinite."""
    found = problem.at(place)
    check_finite(found.view)
    return problem.factored(found, place, stepping=False)
