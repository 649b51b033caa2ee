"""Which options the learned functions of a formula accept."""

from __future__ import annotations

from collections.abc import Mapping

from gramian.formula.nodes import Option

EXTRAPOLATIONS = ("raise", "clip", "zero", "extend")
MOST_DEGREE = 30
MOST_DF = 1_000


def check_options(function: str, options: Mapping[str, Option]) -> str:
    """What is wrong with the options, as "df=2, below 4"; empty where nothing is."""
    for name in ("center", "scale", "rescale", "raw", "include_intercept"):
        if name in options and not isinstance(options[name], bool):
            return f"{name} that is not True or False"
    for name, low, high in (("degree", 1, MOST_DEGREE), ("df", 1, MOST_DF), ("ddof", 0, 1000)):
        value = options.get(name)
        if value is not None and not _whole(value, low, high):
            return f"{name} that is not a whole number from {low} to {high}"
    for name in ("lower_bound", "upper_bound"):
        if not isinstance(options.get(name), float | None):
            return f"{name} that is not a number"
    return _check_spline(function, options) if function in ("bs", "cr") else ""


def _check_spline(function: str, options: Mapping[str, Option]) -> str:
    df, knots, lower, upper = (options[name] for name in ("df", "knots", "lower_bound", "upper_bound"))
    if knots is not None and not isinstance(knots, tuple):
        return "knots that are not a list of numbers"
    if df is not None and knots is not None:
        return "both df and knots"
    if options["extrapolation"] not in EXTRAPOLATIONS:
        return f"an extrapolation that is not one of {', '.join(EXTRAPOLATIONS)}"
    if isinstance(lower, float) and isinstance(upper, float) and lower >= upper:
        return "lower_bound not below upper_bound"
    if isinstance(knots, tuple) and any(
        (isinstance(lower, float) and knot <= lower) or (isinstance(upper, float) and knot >= upper) for knot in knots
    ):
        return "knots outside its bounds"
    if function == "cr":
        least = 1 if options["constraints"] == "center" else 2
        if options["constraints"] not in (None, "center"):
            return "constraints that are not None or 'center'"
        if df is None and knots is None:
            return "neither df nor knots"
        return f"df below {least}" if isinstance(df, float) and df < least else ""
    degree = options["degree"]
    least = (int(degree) if isinstance(degree, float) else 0) + bool(options["include_intercept"])
    return f"df below {least}, its degree" if isinstance(df, float) and df < least else ""


def _whole(value: Option, low: int, high: int) -> bool:
    return isinstance(value, float) and value.is_integer() and low <= value <= high
