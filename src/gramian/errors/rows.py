"""Rows and values that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable

from gramian.errors.tree import ArgumentError, DataError, NeedsData, SourceError
from gramian.errors.wording import listed, message, nearest


def missing_value(column: str, row: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} has no value at {row}",
            'Allowed with missing="error": a value in every row of every column used',
            'missing="drop" leaves such rows out and reports how many',
        )
    )


def value_not_finite(column: str, value: float, row: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} is {value} at {row}",
            "Allowed: finite numbers, or missing values",
            "remove that row, or write the value as missing (NaN)",
        )
    )


def text_as_number(column: str, value: str, row: str, repair: str = "") -> DataError:
    return DataError(
        message(
            f"column {column!r} is used as a number, and holds the text {value!r} at {row}",
            "Allowed: numbers, booleans, missing values",
            f"{repair or 'repair that value'}, or write C({column}) to use the column as a category",
        )
    )


def numbers_as_text(column: str, value: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} is used as a number, and holds its numbers as text, such as {value!r}",
            "Allowed: numbers, booleans, missing values",
            f"convert it to numbers first, or write C({column}) to use it as a category",
        )
    )


def numbers_as_levels(column: str, value: str, row: str, levels: int, repair: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} holds numbers as text, such as {value!r} at {row}, and would be a category of {levels:,} levels",
            "Allowed: numbers, or text that is a category",
            f"{repair}; or write C({column}) to use it as a category",
        )
    )


def result_not_finite(expression: str, value: float, values: dict[str, float], row: str) -> DataError:
    inputs = ", ".join(f"{name} = {got:.12g}" for name, got in values.items())
    return DataError(
        message(
            f"{expression} is {value} at {row}, where {inputs}",
            "Allowed: expressions that are finite in every row",
            "leave such rows out of the data, or change the expression, as log1p(x) for log(x) of zeros",
        )
    )


def level_never_seen(column: str, level: str, row: str, known: Iterable[str]) -> DataError:
    options = list(known)
    near = nearest(level, options)
    return DataError(
        message(
            f"column {column!r} is {level!r} at {row}, a level that the fit never saw",
            f"Levels: {listed(options)}",
            (f"did you mean {near!r}? " if near else "") + "leave such rows out, or fit again with rows of that level",
        )
    )


def level_not_declared(factor: str, level: str, row: str, declared: Iterable[str]) -> DataError:
    return DataError(
        message(
            f"{factor} meets the level {level!r} at {row}, which is not among its levels",
            f"Levels: {listed(declared)}",
            "add it to levels=[...], or leave such rows out of the data",
        )
    )


def base_not_a_level(factor: str, base: str, known: Iterable[str]) -> DataError:
    return DataError(message(f"{factor}: the base {base!r} occurs in no row", f"Levels: {listed(known)}", "choose one"))


def kind_changed(column: str, got: str, fitted: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} holds {got}, and held {fitted} when the model was fitted",
            f"Allowed: {fitted}",
            "convert the column first",
        )
    )


def too_many_columns(count: int, most: int, widest: str, width: int) -> DataError:
    return DataError(
        message(
            f"the formula makes {count:,} columns, {width:,} of them from {widest}",
            f"Allowed: at most {most:,}",
            f"is {widest} an identifier? leave it out, or group its levels",
        )
    )


def out_of_domain(factor: str, value: float, lower: float, upper: float, row: str) -> DataError:
    return DataError(
        message(
            f"{factor} meets {value:.12g} at {row}",
            f"Allowed: {lower:.12g} to {upper:.12g}, the range of the rows that were fitted or the bounds given",
            "extrapolation='clip' or 'extend' in the formula says what to do outside",
        )
    )


def cannot_learn(factor: str, why: str, hint: str) -> DataError:
    return DataError(message(f"{factor}: {why}", "", hint))


def second_pass_needed(source: str, factors: Iterable[str]) -> SourceError:
    return SourceError(
        message(
            f"{source} can be read once only, and {listed(factors)} takes an extra pass over all rows first",
            "Allowed: sources that can be read again (a table in memory, a file)",
            "collect the stream into a table, or write it to a Parquet file, and fit that",
        )
    )


def too_many_rows_differ(what: str, got: int, rows: int, source: str) -> DataError:
    return DataError(
        message(
            f"{what} has {got:,} values, and {source} has {rows:,} rows",
            "Allowed: one value for each row, in order",
            f"give {what} as the name of a column to keep it aligned",
        )
    )


def rows_not_numbered(what: str, part: str) -> DataError:
    return DataError(
        message(
            f"{what} is an array, and the rows of {part} cannot be numbered without reading the parts before it",
            "Allowed here: the name of a column",
            f"put the values in a column of the data and give {what} its name",
        )
    )


def array_not_saved(what: str) -> DataError:
    return DataError(
        message(
            f"{what} was an array beside the rows of the fit, and a saved model does not hold it",
            "Allowed here: models whose weights, offset and clusters are columns of the data",
            f"put the values in a column, and fit again with {what} as its name",
        )
    )


def offset_needed() -> ArgumentError:
    return ArgumentError(
        message(
            "the model was fitted with an array as offset, and nothing says what the offset of the new rows is",
            "Allowed: the name of a column, one value for each new row, or 0",
            "pass offset=values; offset=0 predicts without it",
        )
    )


def missing_label(row: str) -> DataError:
    return DataError(
        message(
            f"clusters has no label at {row}",
            "Allowed in an array: a label for every row",
            "put the labels in a column, and give clusters its name: rows without one are then left out and counted",
        )
    )


def mixed_labels(first: object, other: object, row: str) -> DataError:
    return DataError(
        message(
            f"clusters holds {first!r} ({type(first).__name__}) and, at {row}, {other!r} ({type(other).__name__})",
            "Allowed: labels of one kind, all text or all numbers",
            "write all of them as text: clusters=[str(label) for label in labels]",
        )
    )


def bad_weight(what: str, value: object, row: str) -> DataError:
    allowed = "whole numbers, zero or more" if what == "freq_weights" else "finite numbers, zero or more"
    return DataError(message(f"{what} is {value} at {row}", f"Allowed: {allowed}", "rows of weight zero leave the fit"))


def no_weight_left(what: str) -> DataError:
    return DataError(
        message(f"{what} is zero in every row", "Allowed: at least one positive weight", "check the column")
    )


def rows_stayed_behind(where: str) -> NeedsData:
    return NeedsData(
        message(
            f"the rows of {where} are not at hand: they were not pickled",
            "Queries, streams and standard input are read in the process that opened them; predictions and tests need no rows",
            "ask for what needs rows before pickling, or fit a collected table or a file",
        )
    )
