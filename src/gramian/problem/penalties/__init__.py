"""The registry of penalties: the name that reports print, each with its class. A new one is its file and its line here."""

from __future__ import annotations

from types import MappingProxyType

from gramian.problem.penalties.no_penalty import NoPenalty
from gramian.problem.penalties.ridge import RidgePenalty
from gramian.problem.penalty import Penalty

PENALTY_REGISTRY: dict[str, type[Penalty]] = {
    NoPenalty.name: NoPenalty,
    RidgePenalty.name: RidgePenalty,
}
"""The one list; every reader of it sees PENALTIES."""

PENALTIES: MappingProxyType[str, type[Penalty]] = MappingProxyType(PENALTY_REGISTRY)


def penalties_table() -> list[tuple[str, str, str]]:
    """(name, class, first line of its module) of every penalty, for documents."""
    from inspect import getmodule

    rows: list[tuple[str, str, str]] = []
    for name, penalty in PENALTIES.items():
        about = ((getmodule(penalty) or penalty).__doc__ or penalty.__doc__ or "").strip()
        rows.append((name, penalty.__name__, " ".join(about.split("\n\n")[0].split()).rstrip(".")))
    return rows
