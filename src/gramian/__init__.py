"""gramian: linear models of any size, by the fastest method at the accuracy asked for, with the digits you can trust."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
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
    from gramian.accumulate import Moments, moments
    from gramian.certificate import Certificate
    from gramian.estimators.glm import LogisticRegression, PoissonRegressor
    from gramian.estimators.linear import LinearRegression, Ridge
    from gramian.estimators.online import Online
    from gramian.estimators.sgd import SGDRegressor
    from gramian.explain import explain
    from gramian.fit import fit
    from gramian.lstsq import LstsqResult, lstsq
    from gramian.minimize import MinimizeResult, minimize
    from gramian.modelfile import load
    from gramian.plan import Plan
    from gramian.race import race
    from gramian.racing import Race
    from gramian.result import Fit
    from gramian.root import RootResult, root

# Where each name lives: a module is imported when its name is first used, so that `import gramian` costs no more than
# the arrays that every answer needs.
_HOMES = {
    "Certificate": "gramian.certificate",
    "Fit": "gramian.result",
    "LinearRegression": "gramian.estimators.linear",
    "LogisticRegression": "gramian.estimators.glm",
    "LstsqResult": "gramian.lstsq",
    "MinimizeResult": "gramian.minimize",
    "Moments": "gramian.accumulate",
    "Online": "gramian.estimators.online",
    "Plan": "gramian.plan",
    "PoissonRegressor": "gramian.estimators.glm",
    "SGDRegressor": "gramian.estimators.sgd",
    "Race": "gramian.racing",
    "Ridge": "gramian.estimators.linear",
    "RootResult": "gramian.root",
    "explain": "gramian.explain",
    "fit": "gramian.fit",
    "load": "gramian.modelfile",
    "lstsq": "gramian.lstsq",
    "minimize": "gramian.minimize",
    "moments": "gramian.accumulate",
    "race": "gramian.race",
    "root": "gramian.root",
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
    "Online",
    "Plan",
    "PoissonRegressor",
    "Race",
    "RankError",
    "Ridge",
    "SGDRegressor",
    "RootResult",
    "SourceError",
    "__version__",
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
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Loading the module gramian.lstsq or gramian.fit must not put it in the place of the function of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
