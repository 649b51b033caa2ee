"""What a factor remembers of all rows: levels, a shift and scale, a polynomial's recurrence, the knots of a spline.

Each is a value that survives JSON exactly, and is enough to compute the factor's columns for any new rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from gramian.errors import damaged_design
from gramian.formula.nodes import Learned
from gramian.formula.splines import b_spline_basis, natural_cubic_basis
from gramian.kernels.array_types import Floats

LevelKind: TypeAlias = Literal["text", "number", "boolean"]
FITTED = {"text": "text", "number": "numbers", "boolean": "booleans"}


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels that occur, in order; `base` is the place of the one left out of a reduced coding."""

    kind: LevelKind
    values: tuple[str | float, ...]
    base: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label(self.kind, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Shift:
    """(x - center) / scale."""

    center: float
    scale: float


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Orthonormal polynomials over the fitted rows: p_k = (x - alpha_k-1) p_k-1 - norm_k-1 / norm_k-2 p_k-2."""

    alpha: tuple[float, ...]
    norms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Knots:
    """All knots as the basis wants them, the bounds, and for a centred basis the mean of each of its columns."""

    knots: tuple[float, ...]
    lower: float
    upper: float
    means: tuple[float, ...] | None = None


State: TypeAlias = Levels | Shift | Recurrence | Knots
States: TypeAlias = Mapping[str, State]
_KINDS: dict[str, type[State]] = {"levels": Levels, "shift": Shift, "poly": Recurrence, "knots": Knots}


def label(kind: LevelKind, value: str | float) -> str:
    """A level as in names of columns: whole numbers without a point, booleans as True and False."""
    if isinstance(value, str):
        return value
    if kind == "boolean":
        return str(bool(value))
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e16 else repr(float(value))


def recurrence(x: Floats, alpha: Sequence[float], norms: Sequence[float], degree: int) -> list[Floats]:
    """Monic orthogonal polynomials 0..degree at x, not normalised; takes alpha[:degree] and norms[:degree]."""
    values = [np.ones_like(x)]
    for k in range(1, degree + 1):
        value = (x - alpha[k - 1]) * values[-1]
        if k >= 2:
            value -= norms[k - 1] / norms[k - 2] * values[-2]
        values.append(value)
    return values


def poly_columns(node: Learned, state: State | None, x: Floats) -> list[Floats]:
    degree = int(cast(float, node.option("degree")))
    if not isinstance(state, Recurrence):
        return [x**power for power in range(1, degree + 1)]
    values = recurrence(x, state.alpha, state.norms, degree)
    return [value / np.sqrt(norm) for value, norm in zip(values[1:], state.norms[1:], strict=True)]


def spline_columns(node: Learned, state: Knots, x: Floats) -> list[Floats]:
    """The basis of bs() or cr() at x, from what was learned of all rows."""
    extrapolation = str(node.option("extrapolation"))
    if node.function == "cr":
        return natural_cubic_basis(x, state.knots, state.means, extrapolation)
    columns = b_spline_basis(x, state.knots, int(cast(float, node.option("degree"))), extrapolation)
    return columns if node.option("include_intercept") else columns[1:]


def fits(node: Learned, state: State) -> bool:
    """Whether the state has the size that the node computes with."""
    if isinstance(state, Recurrence):
        degree = int(cast(float, node.option("degree")))
        return len(state.alpha) == degree and len(state.norms) == degree + 1 and min(state.norms) > 0
    if isinstance(state, Knots):
        order = int(cast(float, node.option("degree"))) + 1 if node.function == "bs" else 1
        steps = [b - a for a, b in zip(state.knots, state.knots[1:], strict=False)]
        ordered = all(step >= 0 if node.function == "bs" else step > 0 for step in steps)
        means = state.means is None or (node.function == "cr" and len(state.means) == len(state.knots))
        centred = node.function == "cr" and node.option("constraints") == "center"
        return ordered and len(state.knots) >= 2 * order and means and (not centred or state.means is not None)
    return isinstance(state, Shift) and state.scale != 0


def to_json(states: States) -> dict[str, Any]:
    """Plain JSON types; floats keep every bit."""
    names = {kind: name for name, kind in _KINDS.items()}
    return {key: {"kind": names[type(state)], **_fields(state)} for key, state in states.items()}


def _fields(state: State) -> dict[str, Any]:
    if isinstance(state, Levels):
        return {"of": state.kind, "values": list(state.values), "base": state.base}
    if isinstance(state, Shift):
        return {"center": state.center, "scale": state.scale}
    if isinstance(state, Recurrence):
        return {"alpha": list(state.alpha), "norms": list(state.norms)}
    means = list(state.means) if state.means is not None else None
    return {"knots": list(state.knots), "lower": state.lower, "upper": state.upper, "means": means}


def from_json(data: object) -> dict[str, State]:
    """The states again. Raises ModelError where anything is not of the kind and form that to_json writes."""
    if not isinstance(data, dict):
        raise damaged_design("its state is not a table")
    return {str(key): _state(str(key), value) for key, value in cast(dict[str, object], data).items()}


def _state(key: str, data: object) -> State:
    if not isinstance(data, dict):
        raise damaged_design(f"the state of {key!r} is not a table")
    fields = cast(dict[str, object], data)
    kind = fields.get("kind")
    if kind == "shift":
        return Shift(_float(key, fields.get("center")), _float(key, fields.get("scale")))
    if kind == "poly":
        return Recurrence(_floats(key, fields.get("alpha")), _floats(key, fields.get("norms")))
    if kind == "knots":
        means = fields.get("means")
        bounds = _float(key, fields.get("lower")), _float(key, fields.get("upper"))
        return Knots(_floats(key, fields.get("knots")), *bounds, _floats(key, means) if means is not None else None)
    of, base = fields.get("of"), fields.get("base")
    if kind == "levels" and of in ("text", "number", "boolean") and isinstance(base, int):
        values = _texts(key, fields.get("values")) if of == "text" else _floats(key, fields.get("values"))
        if len(set(values)) == len(values) and (0 <= base < len(values) or base == len(values) == 0):
            return Levels(of, values, base)
    raise damaged_design(f"the state of {key!r} is of an unknown form")


def _float(key: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise damaged_design(f"the state of {key!r} holds {value!r} for a number")


def _floats(key: str, values: object) -> tuple[float, ...]:
    if isinstance(values, list):
        return tuple(_float(key, value) for value in cast(list[object], values))
    raise damaged_design(f"the state of {key!r} holds {values!r} for a list of numbers")


def _texts(key: str, values: object) -> tuple[str, ...]:
    if isinstance(values, list) and all(isinstance(value, str) for value in cast(list[object], values)):
        return tuple(cast(list[str], values))
    raise damaged_design(f"the state of {key!r} holds no list of texts")
