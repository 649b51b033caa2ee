"""How far a fit with a loss that is no parabola is from the minimum, proven from one pass over the rows.

With H the Hessian of F at b, g its gradient, lambda^2 = g'H^-1 g, s the largest norm of a row in the metric of H^-1, and
|f'''| <= f'' for every row (logistic, Poisson, Gamma with log link), d = b* - b obeys

    ||d||_H <= D = -log(1 - s lambda) / s     when s lambda < 1,
    ||d - (-H^-1 g)||_H <= ((e^(sD) - 1) / (sD) - 1) D,

because the Hessian between b and b* lies between e^(-sD) H and e^(sD) H (Bach, 2010, Electronic J. Statistics 4). Where
|f'''| <= c f'', c s stands for s, and without such a c nothing is proven. So after one more Newton step,
taken from the very pass that certifies, only the second line and rounding are left. The rounding of g and of the factor is
bounded as for least squares (`gradient_evidence`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gramian.certification.bounded_gradient import BoundedGradient
from gramian.certification.certificate import Certificate
from gramian.certification.evidence import certify
from gramian.certification.gradient_evidence import Correction, GradientEvidence, correct
from gramian.kernels.array_types import Floats
from gramian.kernels.rounding import U, gamma
from gramian.problem.penalty import Penalty
from gramian.problem.solution import Factor, Solution, Stats, Status
from gramian.reductions.irls_pass import Place, Working
from gramian.solvers.irls import newton_step


def certified(
    found: Working,
    place: Place,
    factor: Factor,
    penalty: Penalty,
    status: Status,
    stats: Stats,
    corrects: bool,
    bound: float | None,
) -> tuple[Solution, Certificate, Correction]:
    """The solution at `place`, one Newton step further when `corrects`, with its certificate.

    bound: the family's c with |f'''| <= c f''; where it has none nothing is proven, and no digits are.
    """
    n, view = place.coef.size, found.view
    step = newton_step(found, place, factor, penalty)
    # Curvature lent to rows that had none makes H larger than it is, by lent s^2 of itself at most.
    factor = replace(factor, defect=factor.defect + found.lent * step.row**2)
    centre = view.mean.hi[:n] if view.centred else place.centre
    gradient = _gradient(found, place, factor, penalty.quadratic(n), centre)
    correction = correct(gradient, factor)
    lam = (step.decrement + float(correction.floor[0])) / (1.0 - factor.defect) if factor.defect < 1 else np.inf
    left = np.inf if bound is None else beyond(bound * step.row, lam)
    correction = replace(correction, bracket=correction.bracket + left, made=corrects)
    level = place.level + float((centre - place.centre) @ place.coef)
    shift = found.s / view.counts.weight if view.centred else 0.0
    coef = place.coef + (correction.coef[:, 0] if corrects else 0.0)
    level_bound = gradient.level_bound
    if view.centred:
        moved = float(np.abs(correction.coef[:, 0]) @ view.mean_error[:n])
        size = abs(place.level) + float(np.abs(centre - place.centre) @ np.abs(place.coef))
        level_bound = level_bound + left / np.sqrt(view.counts.weight) + moved + 4 * U * size
        level_bound = level_bound + (0.0 if corrects else abs(shift))
    zero = np.zeros(1)
    solution = Solution(
        coef[:, None],
        np.zeros((n, 1)),
        centre,
        np.array([level + (shift if corrects else 0.0)]),
        zero,
        factor,
        status,
        stats,
    )
    gradient = replace(gradient, level_bound=level_bound)
    evidence = GradientEvidence(gradient, factor, correction, squared=False)
    return solution, certify(evidence, solution), correction


def beyond(row: float, decrement: float) -> float:
    """Bound on what a Newton step leaves, in the metric of the Hessian; infinite where nothing is known."""
    x = row * decrement
    if x == 0:
        return 0.0
    if not x < 1:
        return np.inf
    R = -np.log1p(-x)
    # (e^R - 1) / R - 1 = R/2 + R^2/6 + ..., without cancellation
    bend = R / 2 + R**2 / 6 * (1 + R) if R < 1e-3 else float(np.expm1(R)) / R - 1.0
    return float(bend * R / row)


def _gradient(found: Working, place: Place, factor: Factor, ridge: Floats, centre: Floats) -> BoundedGradient:
    n, view, b = place.coef.size, found.view, np.abs(place.coef)
    V = view.counts.weight
    root = np.sqrt(V)
    norms, raw = view.norms[:n], view.raw_norms[:n]
    score = np.sqrt(max(found.score, 0.0))
    off = centre - place.centre
    g = found.g - off * found.s - ridge * place.coef
    about = np.hypot(norms, root * np.abs(off))  # norms about the centre of the place
    residual = gamma(n + 5) * (abs(place.level) * root + float(about @ b)) + 4 * U * (root + score)
    total = gamma(found.chain) * score
    bound = about * total + 3 * U * (ridge * b + np.abs(off * found.s)) + np.abs(off) * root * total
    bound = bound + view.mean_error[:n] * (abs(found.s) + root * (total + residual))
    level_bound = (residual + total) / root + U * abs(found.s) / V if view.centred else 0.0
    signal = float(np.hypot(float(norms @ b), score))
    return BoundedGradient(
        "data",
        g[:, None],
        np.array([residual]),
        bound[:, None],
        np.array([level_bound]),
        np.array([found.score]),
        norms,
        raw,
        np.array([signal]),
        np.array([float(np.hypot(signal, root * abs(place.level)))]),
        centre,
        factor.defect,
        V,
        ridge,
    )
