"""The registry of solvers: the names that users type, each with the object that does it.

A method that iterates is one line of `Iterated`: how it is made, what it can do, and its usual passes, a prior for its price.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gramian.solvers.base import Solver, Traits
from gramian.solvers.cg import CG
from gramian.solvers.cholesky import Cholesky
from gramian.solvers.gradient import gradient
from gramian.solvers.iterated import Iterated
from gramian.solvers.lbfgs import LBFGS
from gramian.solvers.lsmr import LSMR
from gramian.solvers.lsqr import LSQR
from gramian.solvers.momentum import momentum
from gramian.solvers.nesterov import nesterov
from gramian.solvers.newton import Newton
from gramian.solvers.qr import QR
from gramian.solvers.saga import saga
from gramian.solvers.sgd import adagrad, adam, rmsprop, sgd
from gramian.solvers.svd import SVD

KRYLOV = Traits(squares=False, decides_rank=False, sparse=True, iterates=True, limits=True)
DESCENT = Traits(squares=True, decides_rank=False, sparse=True, iterates=True, limits=True, steps=True, losses=True)
SECOND = Traits(squares=True, decides_rank=False, sparse=True, iterates=True, limits=True, losses=True)
NORMAL = replace(SECOND, losses=False)
BATCHED = replace(DESCENT, batches=True, seeded=True)

SOLVERS: MappingProxyType[str, Solver[Any]] = MappingProxyType(
    {
        "cholesky": Cholesky(),
        "qr": QR(),
        "svd": SVD(),
        "newton": Iterated(Newton, SECOND, passes=4, squares=True, most=50),
        "gradient": Iterated(gradient, DESCENT, passes=3000),
        "momentum": Iterated(momentum, DESCENT, passes=250),
        "nesterov": Iterated(nesterov, DESCENT, passes=350),
        "cg": Iterated(CG, NORMAL, passes=70, carried=True),
        "lsqr": Iterated(LSQR, KRYLOV, passes=65, carried=True, rowwise=True),
        "lsmr": Iterated(LSMR, KRYLOV, passes=60, carried=True, rowwise=True),
        "lbfgs": Iterated(LBFGS, SECOND, passes=80, vectors=24),
        "sgd": Iterated(sgd, replace(BATCHED, digits=2.0), passes=300),
        "adagrad": Iterated(adagrad, BATCHED, passes=2000),
        "rmsprop": Iterated(rmsprop, BATCHED, passes=2000),
        "adam": Iterated(adam, BATCHED, passes=2000),
        "saga": Iterated(saga, replace(BATCHED, batches=False), passes=200, rowwise=True),
    }
)
