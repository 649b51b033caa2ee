"""gramian: linear models of any size, by the fastest method at the accuracy asked for, with the digits you can trust."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gramian._version import __version__
from gramian.errors import (
    ArgumentError,
    DataError,
    FormulaError,
    GramianError,
    GramianWarning,
    ModelError,
    NeedsData,
    RankError,
    SourceError,
)

if TYPE_CHECKING:
    from gramian import cov
    from gramian.api.explain import explain
    from gramian.api.fit import fit
    from gramian.api.lstsq import LstsqResult, lstsq
    from gramian.api.minimize import MinimizeResult, minimize
    from gramian.api.moments import moments
    from gramian.api.race import race
    from gramian.api.root import RootResult, root
    from gramian.certification.certificate import Certificate
    from gramian.planning import Plan
    from gramian.problem.penalties import NoPenalty, RidgePenalty
    from gramian.racing import Race
    from gramian.results.fit import Fit
    from gramian.results.model_file import load
    from gramian.results.moments import Moments
    from gramian.sklearn.glm import LogisticRegression, PoissonRegressor
    from gramian.sklearn.linear import LinearRegression, Ridge
    from gramian.sklearn.online import Online
    from gramian.sklearn.sgd import SGDRegressor

# Where each name lives: a module is imported when its name is first used, so that `import gramian` costs no more than
# the arrays that every answer needs.
_HOMES = {
    "Certificate": "gramian.certification.certificate",
    "Fit": "gramian.results.fit",
    "LinearRegression": "gramian.sklearn.linear",
    "LogisticRegression": "gramian.sklearn.glm",
    "LstsqResult": "gramian.api.lstsq",
    "MinimizeResult": "gramian.api.minimize",
    "Moments": "gramian.results.moments",
    "NoPenalty": "gramian.problem.penalties",
    "Online": "gramian.sklearn.online",
    "Plan": "gramian.planning",
    "PoissonRegressor": "gramian.sklearn.glm",
    "SGDRegressor": "gramian.sklearn.sgd",
    "Race": "gramian.racing",
    "Ridge": "gramian.sklearn.linear",
    "RidgePenalty": "gramian.problem.penalties",
    "RootResult": "gramian.api.root",
    "cov": "gramian.cov",
    "explain": "gramian.api.explain",
    "fit": "gramian.api.fit",
    "load": "gramian.results.model_file",
    "lstsq": "gramian.api.lstsq",
    "minimize": "gramian.api.minimize",
    "moments": "gramian.api.moments",
    "race": "gramian.api.race",
    "root": "gramian.api.root",
}

__all__ = [
    "ArgumentError",
    "Certificate",
    "DataError",
    "Fit",
    "FormulaError",
    "GramianError",
    "GramianWarning",
    "LinearRegression",
    "LogisticRegression",
    "LstsqResult",
    "MinimizeResult",
    "ModelError",
    "Moments",
    "NeedsData",
    "NoPenalty",
    "Online",
    "Plan",
    "PoissonRegressor",
    "Race",
    "RankError",
    "Ridge",
    "RidgePenalty",
    "SGDRegressor",
    "RootResult",
    "SourceError",
    "__version__",
    "cov",
    "explain",
    "fit",
    "load",
    "lstsq",
    "minimize",
    "moments",
    "race",
    "root",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gramian' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    value = module if name == "cov" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

