"""Everything gramian raises, and how its messages are built.

    GramianError
    |-- ArgumentError   an argument is outside what is allowed            (also a ValueError)
    |-- FormulaError    a formula does not parse, or asks to run code     (also a ValueError)
    |-- DataError       rows or columns cannot be used                    (also a ValueError)
    |   |-- SourceError     the thing that holds the rows cannot be read, or changed while it was read
    |   `-- RankError       columns depend on each other and the policy is "error"
    |-- ModelError      a model file is damaged, of another version, or unsafe
    `-- NeedsData       the answer takes another pass over rows that this object does not hold

    GramianWarning      finished, but not trusted                          (also a UserWarning)

A message has three parts: what was got, what is allowed, and a last line that begins with "Hint:" and says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GramianError(Exception):
    """Base of all errors raised on purpose."""


class ArgumentError(GramianError, ValueError):
    """An argument is outside what is allowed."""


class FormulaError(GramianError, ValueError):
    """A formula does not parse, or names what is not allowed."""


class DataError(GramianError, ValueError):
    """Rows or columns cannot be used."""


class SourceError(DataError):
    """A file, stream or frame cannot be read, or changed between passes."""


class RankError(DataError):
    """Columns depend on each other and the rank policy is "error"."""


class ModelError(GramianError, ValueError):
    """A saved model cannot be loaded."""


class NeedsData(GramianError, RuntimeError):
    """A quantity needs the training rows, which a loaded model or merged moments do not hold."""


class GramianWarning(UserWarning):
    """The answer is finished but not trusted as asked."""


def message(got: str, allowed: str = "", hint: str = "") -> str:
    """Join the three parts of an error; empty parts are left out."""
    parts = [got, allowed, f"Hint: {hint}" if hint else ""]
    return "\n".join(part for part in parts if part)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice spelled most like `name`, or None where nothing is close."""
    options = list(choices)
    folded = {choice.lower(): choice for choice in options}
    found = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, cut after `most` with the count of the rest."""
    every = list(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def counted(count: float, noun: str) -> str:
    """As "1 row" and "1,234 rows"."""
    return f"{count:,.12g} {noun}{'' if count == 1 else 's'}"


# ---- arguments -------------------------------------------------------------------------------------------------------


def not_a_choice(what: str, got: object, choices: Iterable[str]) -> ArgumentError:
    options = list(choices)
    near = nearest(str(got), options)
    return ArgumentError(
        message(f"{what} is {got!r}", f"Allowed: {listed(options)}", f"did you mean {near!r}?" if near else "")
    )


def bad_argument(what: str, got: object, allowed: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"{what} is {got!r}", f"Allowed: {allowed}", hint))


# ---- columns ---------------------------------------------------------------------------------------------------------


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


# ---- inference -------------------------------------------------------------------------------------------------------


def no_rows_for(what: str, where: str) -> DataError:
    return DataError(message(f"{where} has no rows to compute {what} from", "", "pass the table that was fitted"))


def no_clusters() -> ArgumentError:
    return ArgumentError(
        message("cov='cluster' without clusters", "", "name the column: fit(..., clusters='firm')")
    )


def one_cluster(labels: Iterable[object]) -> ArgumentError:
    every = list(labels)
    got = f"all rows are in one cluster, {every[0]!r}" if every else "no row is in a cluster"
    allowed = "Allowed: at least 2 clusters, and 20 or more to trust the standard errors"
    return ArgumentError(message(got, allowed, "use cov='HC3', or another column"))


def needs_rows(what: str) -> NeedsData:
    return NeedsData(
        message(
            f"{what} takes another pass over the rows, which are not at hand",
            "A loaded model, merged moments and a one-shot stream hold no rows",
            "fit again from the table, a path or a dataset; cov='classical' needs no rows",
        )
    )


def no_inference(what: str, reason: str) -> ArgumentError:
    return ArgumentError(message(f"{what} is not defined for this fit", f"Reason: {reason}", "predict without interval"))


def no_test(what: str, reason: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"cannot test {what}", f"Reason: {reason}", hint))


def bad_hypothesis(text: str, at: int, what: str) -> FormulaError:
    hint = 'write equations like "a = 2 * b, c = 0"; put an odd name in backticks'
    return FormulaError(message(what, f"  {text}\n  {' ' * at}^", hint))


def unknown_coefficient(text: str, at: int, name: str, names: Iterable[str]) -> FormulaError:
    options = list(names)
    near = nearest(name, options)
    hint = f"did you mean {near!r}?" if near else "names are those that fit.names lists; put an odd one in backticks"
    place = f"  {text}\n  {' ' * at}^"
    return FormulaError(message(f"{name!r} is no coefficient", f"{place}\nCoefficients: {listed(options)}", hint))


def unknown_term(name: str, terms: Iterable[str]) -> ArgumentError:
    return not_a_choice("term", name, terms)


# ---- formulas --------------------------------------------------------------------------------------------------------


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


def damaged_design(what: str) -> ModelError:
    return ModelError(
        message(f"the model's formula part is damaged: {what}", "", "save the model again, or fit it again")
    )


# ---- rows of a design ------------------------------------------------------------------------------------------------


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


def text_as_number(column: str, value: str, row: str) -> DataError:
    return DataError(
        message(
            f"column {column!r} is used as a number, and holds the text {value!r} at {row}",
            "Allowed: numbers, booleans, missing values",
            f"repair that value, or write C({column}) to use the column as a category",
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
    return DataError(message(f"{what} is zero in every row", "Allowed: at least one positive weight", "check the column"))


# ---- files that are written ------------------------------------------------------------------------------------------


def cannot_write(path: str, reason: str) -> ArgumentError:
    return ArgumentError(message(f"cannot write {path!r}: {reason}", hint="name a file in a folder that you can write to"))


def unknown_output(path: str, allowed: Iterable[str]) -> ArgumentError:
    return ArgumentError(
        message(
            f"cannot tell from the name {path!r} what kind of file to write",
            f"Allowed: names that end in {', '.join(allowed)}",
            "leave it out to get CSV on standard output",
        )
    )


def not_a_fit(path: str) -> ModelError:
    hint = "fit them first: gm.fit(formula, gm.load(path)).save(...)"
    return ModelError(message(f"{path!r} holds moments, not a fitted model", "Allowed: what fit(...).save wrote", hint))


# ---- iterative methods -----------------------------------------------------------------------------------------------


def not_finite_start(value: float) -> ArgumentError:
    got = f"the value at the start is {value}" if value - value != 0 else "the gradient at the start is not finite"
    return ArgumentError(
        message(got, "Allowed: a start where the function and its gradient are finite", "start from another point")
    )


# ---- methods of many passes ------------------------------------------------------------------------------------------


def changed_between_passes(where: str) -> SourceError:
    return SourceError(
        message(
            f"{where} changed between two passes: rows come in other blocks than at first",
            "A source must give the same rows in the same order each time it is read",
            "fit a copy that nothing writes to",
        )
    )


def once_and_too_large(where: str, rows: int, room: float) -> SourceError:
    return SourceError(
        message(
            f"{where} can be read once only, and its {rows:,} rows do not fit in {room / 2**30:.1f} GB of free memory",
            "A method of many passes needs rows that fit in memory or that can be read again",
            'pass method="cholesky" or "qr", which read the rows once, or write them to a Parquet file first',
        )
    )


def not_a_number(what: str, got: object) -> ArgumentError:
    shown = repr(got)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return ArgumentError(
        message(f"{what} is {shown}", "Allowed: real numbers", "return a float, or an array of floats, for every x")
    )


def wrong_shape(what: str, got: tuple[int, ...], allowed: tuple[int, ...]) -> ArgumentError:
    def shown(shape: tuple[int, ...]) -> str:
        return "one number" if shape == () else f"an array of shape {shape}"

    return ArgumentError(message(f"{what} is {shown(got)}", f"Allowed: {shown(allowed)}", "it must fit the shape of x0"))


def not_symmetric(i: int, j: int, one: float, other: float) -> ArgumentError:
    return ArgumentError(
        message(
            f"hess(x) is not symmetric: entry ({i}, {j}) is {one:.6g}, and entry ({j}, {i}) is {other:.6g}",
            "Allowed: the symmetric matrix of second derivatives",
            "leave hess out to have it computed by differences",
        )
    )


def wrong_derivative(what: str, place: str, got: float, expected: float, at: str) -> ArgumentError:
    return ArgumentError(
        message(
            f"{what} disagrees with the function in {place}: it gives {got:.8g}, and differences give {expected:.8g}",
            f"Compared at x = {at}",
            f"correct that entry, or leave {what} out to have it computed by differences",
        )
    )


def cannot(who: str, what: str, able: Iterable[str]) -> ArgumentError:
    """`who` cannot `what`; `able` are the methods that can."""
    options = list(able)
    hint = f"pass method={options[0]!r}" if options else ""
    return ArgumentError(message(f"{who} cannot {what}", f"Methods that can: {listed(options, 20)}", hint))


def no_such_step(method: str, allowed: str) -> ArgumentError:
    return ArgumentError(
        message(f"a step was given to method={method!r}", f"Allowed: {allowed}", "leave step out, or take method='gradient'")
    )


# ---- families --------------------------------------------------------------------------------------------------------


def bad_target(name: str, value: float, row: str, family: str, allowed: str) -> DataError:
    hints = {
        "binomial": "turn the target into 0 and 1, or use family='poisson' for counts",
        "poisson": "for rates, fit the counts with the log of the exposure as offset; else family='gamma'",
        "gamma": "leave zeros out, or use family='poisson' for counts",
    }
    whole = ", in whole numbers" if family == "poisson" else ""
    return DataError(
        message(f"target {name} is {value:.12g} at {row}", f"Allowed for {family}: {allowed}{whole}", hints.get(family, ""))
    )


def one_value(name: str, value: float, family: str) -> DataError:
    return DataError(
        message(
            f"target {name} is {value:.12g} in every row",
            f"Allowed for {family}: {'both 0 and 1' if family == 'binomial' else 'at least one count above zero'}",
            "check the filter that made the table: there is nothing to tell apart",
        )
    )


def not_two_levels(name: str, levels: Iterable[str]) -> DataError:
    found = list(levels)
    return DataError(
        message(
            f"target {name!r} holds {len(found):,} different texts: {listed(found, 6)}",
            "Allowed for binomial: text with two levels, or numbers from 0 to 1",
            "keep the rows of two levels, or make a column of 0 and 1 that says what to predict",
        )
    )


def separated(name: str, how: str) -> DataError:
    return DataError(
        message(
            f"target {name} is separated: {how}",
            "Allowed: targets that no combination of columns predicts without exception; else coefficients grow for ever",
            "leave that column out, merge it with others, or give a penalty, as ridge=1.0, which keeps coefficients finite",
        )
    )


def one_target_only(family: str, targets: Iterable[str]) -> ArgumentError:
    return ArgumentError(
        message(f"family={family!r} with the targets {listed(targets)}", "Allowed: one target", "fit each target by itself")
    )


def not_for_family(what: str, family: str, allowed: str, hint: str = "") -> ArgumentError:
    return ArgumentError(message(f"{what} with family={family!r}", f"Allowed: {allowed}", hint))


def diverged_online(step: float, stable: float) -> DataError:
    return DataError(
        message(
            f"the steps of {step:.6g} diverged: coefficients are no longer finite; the model stays as it was",
            f"Allowed: steps below about {stable:.6g}, which is 2 / (the largest curvature of a row)",
            "take a smaller step, or step=None, which takes it from the curvature",
        )
    )
