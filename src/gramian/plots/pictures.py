"""Pictures of a fit, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gramian.errors import bad_argument, needs_rows, not_a_choice, not_for_family
from gramian.families import FAMILIES
from gramian.inference.statistics import checked_level
from gramian.kernels.array_types import Floats
from gramian.reductions.moments import MomentSums

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("residuals", "coefficients", "ridge")


class FittedModel(Protocol):
    """What a picture reads of a fit."""

    @property
    def formula(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def training(self) -> Any: ...
    @property
    def design(self) -> Any: ...
    @property
    def targets(self) -> tuple[str, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def coef(self) -> Floats: ...
    @property
    def se(self) -> Floats: ...
    def conf_int(self, level: float) -> Floats: ...
    def influence(self) -> Any: ...


def picture(fit: FittedModel, kind: str, target: int, level: float) -> Figure:
    """As Fit.plot."""
    if kind not in KINDS:
        raise not_a_choice("kind", kind, KINDS)
    k = len(fit.targets)
    if isinstance(target, bool) or target not in range(k):
        raise bad_argument("target", target, f"a whole number from 0 to {k - 1}")
    checked_level(level)
    title = fit.formula if k == 1 else f"{fit.targets[target]}: {fit.formula}"
    if kind == "residuals":
        from gramian.plots.diagnostics import plot_residuals, residuals

        return plot_residuals(residuals(fit.influence(), target), title)
    if kind == "coefficients":
        from gramian.plots.coefficients import coefficients, plot_coefficients

        coef, se, limits = (values if k == 1 else values[:, target] for values in (fit.coef, fit.se, fit.conf_int(level)))
        return plot_coefficients(coefficients(fit.names, coef, se, limits, level), title)
    return _ridge(fit, target, title)


def _ridge(fit: FittedModel, target: int, title: str) -> Figure:
    from gramian.plots.coefficients import plot_ridge, ridge_path

    if not FAMILIES[fit.family].quadratic:
        raise not_for_family("a ridge path", fit.family, "fits of the normal family")
    if fit.training is None:
        raise needs_rows("a ridge path")
    moments = MomentSums.of(fit.training.rows, fit.training.runner)
    assert moments is not None
    return plot_ridge(ridge_path(moments, fit.design.names, target), title)
