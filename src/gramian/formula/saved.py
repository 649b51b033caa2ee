"""A design as JSON and back. What is read is checked as strictly as what a user types; nothing of it is executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from gramian.data.source import Field, Schema
from gramian.errors import damaged_design
from gramian.formula import states as forms
from gramian.formula.design import Design, bound
from gramian.formula.nodes import Learned
from gramian.formula.parser import parse
from gramian.formula.states import Knots, Levels, Recurrence, Shift
from gramian.sources.sidecar import Sidecar

VERSION = 1


def to_json(design: Design) -> dict[str, Any]:
    """Plain JSON types; floats keep every bit. Weights and the like stay as names of columns, never as values."""
    beside = {"weights": design.weights, "offset": design.offset, "clusters": design.clusters}
    wanted = design.formula.named.union(design.columns)
    fields = [each for each in design.schema.fields if each.name in wanted]
    return {
        "version": VERSION,
        "formula": design.formula.text,
        "missing": design.missing,
        "columns": [
            {"name": each.name, "kind": each.kind, "dtype": each.dtype, "levels": each.levels and list(each.levels)}
            for each in fields
        ],
        "beside": {key: side and {"what": side.what, "column": side.column} for key, side in beside.items()},
        "states": forms.to_json(design.states),
        "notes": list(design.notes),
    }


def from_json(data: object) -> Design:
    """The design that to_json wrote. Raises ModelError, or FormulaError for a formula that is not allowed."""
    table = _table(data, "it is not a table")
    if table.get("version") != VERSION:
        raise damaged_design(f"version {table.get('version')!r}, where this release reads version {VERSION}")
    listed = table.get("columns")
    fields = [_field(each) for each in cast(list[object], listed)] if isinstance(listed, list) else []
    names = {field.name for field in fields}
    if len(names) != len(fields) or not isinstance(table.get("formula"), str):
        raise damaged_design("its columns or its formula")
    beside = _table(table.get("beside"), "its weights, offset and clusters")
    sides = {key: _side(beside.get(key), names) for key in ("weights", "offset", "clusters")}
    schema = Schema(tuple(fields))
    taken = {side.column for side in sides.values() if side is not None and side.column is not None}
    parsed = bound(parse(table["formula"], schema.names, taken, "the saved model"), schema)
    notes = tuple(str(note) for note in cast(list[object], table.get("notes") or []))
    missing: Literal["drop", "error"] = "error" if table.get("missing") == "error" else "drop"
    states = forms.from_json(table.get("states"))
    beside_rows = (sides["weights"], sides["offset"], sides["clusters"])
    design = Design(parsed, schema, missing, *beside_rows, states=states, made=None, notes=notes)
    _check_states(design)
    return design.laid_out(states, notes)


def _check_states(design: Design) -> None:
    """Each node has a state of the form that it computes with."""
    for node in design.to_learn():
        state = design.states.get(node.text)
        wanted: Any = Levels
        if isinstance(node, Learned):
            wanted = {"poly": Recurrence, "bs": Knots, "cr": Knots}.get(
                node.function, Shift
            )
        if not isinstance(state, wanted) or (isinstance(node, Learned) and not (state and forms.fits(node, state))):
            raise damaged_design(f"the state of {node.text!r} is missing or of another form")


def _table(data: object, what: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise damaged_design(what)
    return cast(dict[str, Any], data)


def _field(data: object) -> Field:
    table = _table(data, "a column of it is not a table")
    name, kind, levels = table.get("name"), table.get("kind"), table.get("levels")
    if not isinstance(name, str) or kind not in ("float", "integer", "boolean", "text", "other"):
        raise damaged_design(f"the column {name!r} of kind {kind!r}")
    texts = tuple(str(level) for level in cast(list[object], levels)) if isinstance(levels, list) else None
    return Field(name, kind, str(table.get("dtype", "")), texts)


def _side(data: object, names: set[str]) -> Sidecar | None:
    if data is None:
        return None
    table = _table(data, "its weights, offset or clusters")
    column, what = table.get("column"), str(table.get("what"))
    if column is not None and column not in names:
        raise damaged_design(f"{what} names the column {column!r}")
    return Sidecar(what, column, None)
