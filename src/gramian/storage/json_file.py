"""JSON files that are written whole or not at all, carry a checksum, and give floats back to the last bit."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any, cast

import numpy as np

from gramian.errors import ModelError, bad_argument, message
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


def read(path: str | Path, kinds: tuple[str, ...], version: int, oldest: int | None = None) -> tuple[str, dict[str, Any]]:
    """Kind and content again, of version `oldest` or later. Raises ModelError for another kind or version, or a damaged file."""
    if not isinstance(cast(object, path), str | os.PathLike):
        raise bad_argument("the path of a model", path, "a path, such as 'model.json'")
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(message(f"there is no file {path}", hint="check the path")) from None
    except OSError as error:
        raise ModelError(message(f"cannot read {path}: {error.strerror or error}", hint="check the path")) from None
    if not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise ModelError(
            message(
                f"{path.name} is not a saved model" + ("" if raw else ": it is empty"),
                "Allowed: files that fit.save, moments.save or 'gramian fit --save' wrote",
                "data files go to gm.fit; check the path",
            )
        )
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from None
    found = cast(dict[str, Any], data) if isinstance(data, dict) else {}
    kind = found.get("format")
    if kind not in kinds:
        raise ModelError(
            message(f"{path.name} is not a saved model", f"Allowed formats: {', '.join(kinds)}; got {kind!r}")
        )
    if found.get("version") not in range(version if oldest is None else oldest, version + 1):
        raise ModelError(
            message(
                f"{path.name} is a {kind} file of version {found.get('version')!r}",
                "This release reads version " + (f"{version}" if oldest is None else f"{oldest} to {version}"),
                "install the release that wrote it, or fit again",
            )
        )
    content = found.get("content")
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if not isinstance(content, dict) or found.get("checksum") != _checksum(text):
        raise damaged(path, "its checksum does not match its content")
    return str(kind), cast(dict[str, Any], content)


def damaged(path: Path, why: str) -> ModelError:
    return ModelError(message(f"{path.name} is damaged: {why}", hint="copy the file again, or fit and save again"))


def other_layout(path: Path, key: str) -> ModelError:
    """A file that is whole, and lacks what this release reads."""
    return ModelError(
        message(
            f"{path.name} has no {key}: another release wrote it, which kept other values",
            hint="install the release that wrote it, or read the rows again and save anew",
        )
    )


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
