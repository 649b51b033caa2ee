"""The registry of solvers: the names that users type, each with the object that does it.

A method that iterates is one line of `Iterated`: how it is made, what it can do, and its usual passes, a prior for its price.
"""

from __future__ import annotations

from dataclasses import replace
from inspect import getmodule
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

REGISTRY: dict[str, Solver[Any]] = {
    "cholesky": Cholesky(),
    "qr": QR(),
    "svd": SVD(),
    "newton": Iterated(Newton, SECOND, passes=4, squares=True, most=50),
    "gradient": Iterated(gradient, replace(DESCENT, spectral=True), passes=3000),
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
"""The one list; every reader of it sees SOLVERS."""

SOLVERS: MappingProxyType[str, Solver[Any]] = MappingProxyType(REGISTRY)


def methods_table() -> list[tuple[str, str, str]]:
    """(name, what it is, what it takes) of every solver, from the registry."""
    return [(name, _what(name, solver), _takes(solver.traits)) for name, solver in SOLVERS.items()]


def _what(name: str, solver: Solver[Any]) -> str:
    """The first sentence of the module of that name, or of the function where one module holds several."""
    made = solver.method if isinstance(solver, Iterated) else type(solver)
    module = getmodule(made)
    alone = module is not None and module.__name__.rpartition(".")[2] == name
    text = ((module if alone else made).__doc__ or "").strip()
    return " ".join(text.split(". ")[0].split("\n\n")[0].split()).rstrip(".:")


def _takes(traits: Traits) -> str:
    able = {
        "step": traits.steps,
        "batch": traits.batches,
        "max_iter": traits.limits,
        "seed": traits.seeded,
        "any loss": traits.losses,
        "dependent columns": traits.decides_rank or traits.iterates,
    }
    return ", ".join(name for name, can in able.items() if can)
