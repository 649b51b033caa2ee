"""JSON files that are written whole or not at all, carry a checksum, and give floats back to the last bit."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any, cast

import numpy as np

from gramian.errors import bad_argument
from gramian.errors.models import (
    another_format,
    another_version,
    damaged_model,
    no_model_file,
    not_a_model,
    unreadable_model,
)
from gramian.kernels.array_types import Floats
from gramian.storage.whole_files import whole_file

SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(value: float) -> float | str:
    """A float as JSON has it; what JSON lacks is spelled out."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def from_number(value: object) -> float:
    if isinstance(value, str) and value in SPECIAL:
        return SPECIAL[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is beyond 1.8e308, the largest of a float") from None


def array(values: Floats) -> dict[str, Any]:
    return {"shape": list(values.shape), "values": [number(v) for v in values.ravel().tolist()]}


def from_array(data: Any, ndim: int) -> Floats:
    shape = tuple(int(size) for size in data["shape"])
    if len(shape) != ndim:
        raise ValueError(f"an array has {len(shape)} dimensions instead of {ndim}")
    return np.array([from_number(v) for v in data["values"]], dtype=np.float64).reshape(shape)


def write(path: str | Path, kind: str, version: int, content: dict[str, Any]) -> None:
    """Write {"format", "version", "checksum", "content"}."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    head = json.dumps({"format": kind, "version": version, "checksum": _checksum(text)})[:-1]
    with whole_file(path) as part:
        part.write_text(f'{head}, "content": {text}}}\n', encoding="utf-8")


def read(path: str | Path, kinds: tuple[str, ...], version: int) -> tuple[str, dict[str, Any]]:
    """Kind and content again. Raises ModelError for another kind or version, or a damaged file."""
    if not isinstance(cast(object, path), str | os.PathLike):
        raise bad_argument("the path of a model", path, "a path, such as 'model.json'")
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise no_model_file(path) from None
    except OSError as error:
        raise unreadable_model(path, error.strerror or error) from None
    if not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise not_a_model(path.name, not raw)
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise damaged_model(path.name, error) from None
    found = cast(dict[str, Any], data) if isinstance(data, dict) else {}
    kind = found.get("format")
    if kind not in kinds:
        raise another_format(path.name, kind, kinds)
    if found.get("version") != version:
        raise another_version(path.name, kind, found.get("version"), version)
    content = found.get("content")
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if not isinstance(content, dict) or found.get("checksum") != _checksum(text):
        raise damaged_model(path.name, "its checksum does not match its content")
    return str(kind), cast(dict[str, Any], content)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
