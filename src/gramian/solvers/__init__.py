"""The registry of solvers: the names that users type, each with the object that does it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from gramian.solvers.base import Solver
from gramian.solvers.cholesky import Cholesky
from gramian.solvers.qr import QR
from gramian.solvers.svd import SVD

SOLVERS: MappingProxyType[str, Solver[Any]] = MappingProxyType(
    {
        "cholesky": Cholesky(),
        "qr": QR(),
        "svd": SVD(),
    }
)
