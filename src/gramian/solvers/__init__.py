"""The registry of solvers: the names that users type, each with the object that does it.

A method that iterates is one line of `Iterated`: how it is made, what it can do, and how its steps grow
with condition and digits, a prior for its price.
"""

from __future__ import annotations

from dataclasses import replace
from inspect import getmodule
from types import MappingProxyType
from typing import Any

from gramian.solvers.base import Solver, Traits
from gramian.solvers.cg import CG
from gramian.solvers.cholesky import Cholesky
from gramian.solvers.choleskyqr import CholeskyQR
from gramian.solvers.cost import Prior
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
from gramian.solvers.sketched import Sketched
from gramian.solvers.svd import SVD

KRYLOV = Traits(squares=False, decides_rank=False, sparse=True, iterates=True, limits=True)
DESCENT = Traits(squares=True, decides_rank=False, sparse=True, iterates=True, limits=True, steps=True, losses=True,
                 functions=True)  # fmt: skip
SECOND = replace(DESCENT, steps=False)
NORMAL = replace(SECOND, losses=False, functions=False)
BATCHED = replace(DESCENT, batches=True, seeded=True)
ROWWISE = replace(BATCHED, functions=False)

REGISTRY: dict[str, Solver[Any]] = {
    "cholesky": Cholesky(),
    "sketched": Sketched(),
    "choleskyqr": CholeskyQR(),
    "qr": QR(),
    "svd": SVD(),
    "newton": Iterated(Newton, replace(SECOND, reweights=True), Prior(0.0, 2.0), squares=True, most=50),
    "gradient": Iterated(gradient, replace(DESCENT, spectral=True), Prior(2.0, 1.0)),
    "momentum": Iterated(momentum, DESCENT, Prior(1.0, 1.0)),
    "nesterov": Iterated(nesterov, DESCENT, Prior(1.0, 1.4)),
    "cg": Iterated(CG, NORMAL, Prior(1.0, 0.5, finite=True), carried=True),
    "lsqr": Iterated(LSQR, KRYLOV, Prior(1.0, 0.5, finite=True), carried=True, rowwise=True),
    "lsmr": Iterated(LSMR, KRYLOV, Prior(1.0, 0.5, finite=True), carried=True, rowwise=True),
    "lbfgs": Iterated(LBFGS, replace(SECOND, limited_memory=True), Prior(1.0, 0.6), vectors=24),
    "sgd": Iterated(sgd, replace(ROWWISE, digits=2.0), Prior(2.0, 1.0)),
    "adagrad": Iterated(adagrad, BATCHED, Prior(2.0, 1.0)),
    "rmsprop": Iterated(rmsprop, BATCHED, Prior(2.0, 1.0)),
    "adam": Iterated(adam, BATCHED, Prior(2.0, 1.0)),
    "saga": Iterated(saga, replace(ROWWISE, batches=False), Prior(1.0, 1.0), rowwise=True),
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
        "any function": traits.functions,
        "dependent columns": traits.decides_rank or traits.iterates,
    }
    return ", ".join(name for name, can in able.items() if can)
