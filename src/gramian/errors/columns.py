"""Columns that cannot be found, formulas that do not parse, designs that cannot be made."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import DataError, FormulaError, ModelError, NeedsData, RankError
from gramian.errors.wording import listed, message, nearest


def ambiguous_column(name: str, columns: Iterable[str], where: str) -> DataError:
    options = list(columns)
    return DataError(
        message(
            f"{name!r} may be any of {len(options)} columns of {where}, which differ in the kinds of their characters alone",
            f"Columns: {listed(ascii(each) for each in options)}",
            "copy the name from the table, or rename one of these columns",
        )
    )


def unknown_column(name: str, columns: Iterable[str], where: str) -> DataError:
    options = list(columns)
    near = nearest(name, options)
    hint = f"did you mean {near!r}?" if near else "names are case-sensitive; quote odd ones with backticks in a formula"
    return DataError(message(f"column {name!r} is not in {where}", f"Columns: {listed(options)}", hint))


def bad_formula(got: str, formula: str, start: int, stop: int, allowed: str = "", hint: str = "") -> FormulaError:
    """`got`, then the formula with carets under characters start to stop; a long formula is cut around them."""
    flat = "".join(" " if char.isspace() else char for char in formula)
    left, right = max(0, start - 60), min(len(flat), start + 80)
    shown = ("..." if left else "") + flat[left:right] + ("..." if right < len(flat) else "")
    indent = start - left + (3 if left else 0)
    caret = "^" * max(1, min(stop, right) - start)
    return FormulaError(message(f"{got}\n  {shown}\n  {' ' * indent}{caret}", allowed, hint))


def unlearned_design(factors: Iterable[str]) -> NeedsData:
    return NeedsData(
        message(
            f"the columns of X depend on all rows through {listed(factors)}",
            "They are known once a pass over the rows has been made",
            "use design.learned(source)",
        )
    )


def beyond_range(names: Iterable[str], sizes: Iterable[float]) -> DataError:
    """Columns whose coefficients, or the means and errors they come with, no float64 holds; `sizes` are log10."""
    columns, powers = list(names), [f"1e{round(size):+d}" for size in sizes]
    return DataError(
        message(
            f"the answer for {listed(columns)} is outside the range of a float64: coefficients of about {listed(powers)}",
            "Allowed: coefficients from about 1e-300 to 1e298, of columns whose means are no larger",
            "multiply or divide the column by a power of ten",
        )
    )


def errors_beyond_range(names: Iterable[str], sizes: Iterable[float]) -> DataError:
    """Columns whose entry on the diagonal of (X'X)^-1 overflows; `sizes` are log10 of them."""
    columns, powers = list(names), [f"1e{round(size):+d}" for size in sizes]
    return DataError(
        message(
            f"the standard errors of {listed(columns)} cannot be computed: the diagonal of (X'X)^-1 has {listed(powers)} there",
            "Allowed: up to 1e+308, as of columns that vary by 1e-154 or more beside the other columns",
            "multiply the column by a power of ten; gm.lstsq gives its coefficient without an error",
        )
    )


def uneven_dependence(names: Iterable[str]) -> RankError:
    return RankError(
        message(
            f"{listed(names)} depend on other columns, and columns differ in size by more than a float64 can square",
            'Allowed under rank="min-norm": dependent columns whose sizes lie within a factor of about 1e180',
            'use rank="drop", or multiply or divide columns by powers of ten',
        )
    )


def damaged_design(what: str) -> ModelError:
    return ModelError(
        message(f"the model's formula part is damaged: {what}", "", "save the model again, or fit it again")
    )


def dependent_message(columns: list[str]) -> str:
    names = ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
    return (
        f"columns {names} depend on columns before them\n"
        'Allowed under rank="error": independent columns\n'
        'Hint: leave these columns out, or use rank="drop" or rank="min-norm"'
    )
