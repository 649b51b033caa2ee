"""scipy.special, imported when its first function is called: a plain linear fit needs none, and it costs 0.1 s."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


class _Lazy:
    """`special.expit` is a function that finds the real one when it is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            return getattr(import_module("scipy.special"), name)(*values)

        return call


special = _Lazy()
