"""The type of a text column that all of its values allow, whatever their order."""

from __future__ import annotations

from typing import Any

from gramian.sources.arrow import Array, ArrowType, pa, pc

NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
"""How a missing value may be spelled, for numbers and text alike."""

_TRUTH = ["1", "0", "true", "false", "True", "False", "TRUE", "FALSE"]
_TIME = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_BEYOND = 2.0**63


class Guess:
    """What a column can still be; `see` takes away what a run of its values rules out.

    In order of preference: integer, boolean, float, a date or time, text. `too_long` means that the values are all
    whole numbers, some of them beyond 64 bits, so that a float would silently round them.
    """

    def __init__(self) -> None:
        self._live: list[ArrowType] = [
            pa.int64(),
            pa.bool_(),
            pa.float64(),
            pa.date32(),
            pa.time32("s"),
            pa.timestamp("ns"),
            pa.timestamp("ns", "UTC"),
        ]
        self._whole = True
        self._large = False
        self._seen = False

    @property
    def type(self) -> ArrowType:
        """The preferred type of those left; null where every value was missing."""
        if not self._seen:
            return pa.null()
        return self._live[0] if self._live else pa.string()

    @property
    def too_long(self) -> bool:
        return self._whole and self._large and pa.types.is_floating(self.type)

    def see(self, strings: Array) -> None:
        """Values of the column as text; nulls say nothing."""
        strings = strings.drop_null()
        if len(strings) == 0:
            return
        self._seen = True
        if not self._live:
            return
        trimmed = pc.utf8_trim(strings, characters=" \t")
        self._live = [kind for kind in self._live if _fits(strings, trimmed, kind)]
        if self._whole and pa.float64() in self._live:
            self._whole = bool(pc.all(pc.match_substring_regex(trimmed, r"^[+-]?[0-9]+$")).as_py())
            self._large = self._large or suspicious(trimmed.cast(pa.float64()))

    def with_(self, other: Guess) -> Guess:
        """What the values of both allow."""
        both = Guess()
        both._seen = self._seen or other._seen
        left, right = (one._live if one._seen else both._live for one in (self, other))
        both._live = [kind for kind in left if kind in right]
        both._whole = self._whole and other._whole
        both._large = self._large or other._large
        return both

    @classmethod
    def known(cls, kind: ArrowType) -> Guess:
        """A column that the reader has converted to `kind` from end to end."""
        guess = cls()
        guess._seen = not pa.types.is_null(kind)
        # Whole numbers are floats as well; no other type that the reader picks has values that fit a second one,
        # but for booleans written 0 and 1, which it takes for whole numbers.
        wider = {pa.int64(): [pa.int64(), pa.float64()]}
        guess._live = wider.get(kind, [] if _is_text(kind) else [kind])
        guess._whole = pa.types.is_integer(kind)
        return guess


def suspicious(column: Array) -> bool:
    """A float column with values so large that they may have been integers beyond 64 bits."""
    if not pa.types.is_floating(column.type):
        return False
    ends: Any = pc.min_max(column).as_py()
    return ends["min"] is not None and max(-ends["min"], ends["max"]) >= _BEYOND


def _is_text(kind: ArrowType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)


def _fits(strings: Array, trimmed: Array, kind: ArrowType) -> bool:
    if pa.types.is_boolean(kind):
        return bool(pc.all(pc.is_in(strings, value_set=pa.array(_TRUTH))).as_py())
    if pa.types.is_time(kind):
        return bool(pc.all(pc.match_substring_regex(strings, _TIME)).as_py())
    try:
        (trimmed if pa.types.is_integer(kind) or pa.types.is_floating(kind) else strings).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
