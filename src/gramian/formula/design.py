"""A formula, bound to the columns of a table, and what it learned of their rows: everything that makes X.

design = Design.of("price ~ sqft + C(city)", source.schema).learned(source)
rows = design.rows(source)         # blocks [X y] for a pass
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gramian.data.blocks import Rows
from gramian.data.source import Schema, Source
from gramian.errors import (
    bad_argument,
    bad_formula,
    not_a_choice,
    offset_needed,
    second_pass_needed,
    unknown_column,
    unlearned_design,
)
from gramian.errors.tables import column_of_kind
from gramian.execution.registry import runner_for
from gramian.execution.runner import Runner
from gramian.formula.coding import Layout, Term, layout
from gramian.formula.design_rows import DesignRows, Predicted, predicted
from gramian.formula.frame import Reading
from gramian.formula.learn import learn, needs_learning
from gramian.formula.nodes import WIDE, Category, Column, Learned, columns_of, depth, inside
from gramian.formula.parser import Formula, FormulaFactor, parse
from gramian.formula.states import States
from gramian.formula.textual import refuse_text
from gramian.sources.sidecar import Sidecar, sidecar


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """How rows become X and y. Values of a Design never change; `learned` returns another.

    `targets` are the names on the left; `names` those of the columns of X, without the intercept; `terms` the terms of
    the formula with the places of their columns; `columns` the columns to read; `notes` sentences for the report.
    """

    formula: Formula
    schema: Schema
    missing: Literal["drop", "error"]
    weights: Sidecar | None
    offset: Sidecar | None
    clusters: Sidecar | None
    states: States
    made: Layout | None
    notes: tuple[str, ...]
    decimals: frozenset[str] | None = None  # columns taken as the decimals that were written; None: float64 throughout

    @staticmethod
    def of(
        formula: str,
        schema: Schema,
        *,
        weights: object = None,
        freq_weights: object = None,
        offset: object = None,
        clusters: object = None,
        missing: str = "drop",
        where: str = "the data",
    ) -> Design:
        """Parses and checks; reads no rows.

        weights, freq_weights, offset, clusters: a column's name, or one value for each row (rows,). missing: "drop"
        leaves rows out that miss any value used, "error" raises. Raises FormulaError, DataError, ArgumentError.
        """
        if missing not in ("drop", "error"):
            raise not_a_choice("missing", missing, ["drop", "error"])
        if weights is not None and freq_weights is not None:
            raise bad_argument(
                "weights and freq_weights", "both", "one of them", "multiply them where both are meant, as weights"
            )
        what, given = ("weights", weights) if freq_weights is None else ("freq_weights", freq_weights)
        weighing, shift = sidecar(what, given, schema), sidecar("offset", offset, schema)
        groups = sidecar("clusters", clusters, schema)
        reserved = {side.column for side in (weighing, shift, groups) if side is not None and side.column is not None}
        dates = {field.name for field in schema.fields if field.is_date}
        parsed = bound(parse(formula, schema.names, reserved, where, dates), schema)
        design = Design(parsed, schema, missing, weighing, shift, groups, {}, None, parsed.notes)
        return design if design.unlearned else design.laid_out({}, ())

    # ---- what it is ----

    @property
    def intercept(self) -> bool:
        return self.formula.intercept

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(target.text for target in self.formula.targets)

    @property
    def names(self) -> tuple[str, ...]:
        return self.layout.names

    @property
    def terms(self) -> tuple[Term, ...]:
        return self.layout.terms

    @property
    def layout(self) -> Layout:
        if self.made is None:
            raise unlearned_design(self.unlearned)
        return self.made

    @property
    def predictors(self) -> tuple[str, ...]:
        """Source columns that the right side reads, in the order of the schema."""
        return self._in_order(name for term in self.formula.terms for each in term for name in columns_of(each.node))

    @property
    def columns(self) -> tuple[str, ...]:
        """Source columns that fitting reads: of both sides, and of weights, offset and clusters."""
        left = (name for target in self.formula.targets for name in columns_of(target.node))
        beside = (side.column for side in (self.weights, self.offset, self.clusters) if side and side.column)
        return self._in_order([*left, *self.predictors, *beside])

    @property
    def array_sidecars(self) -> tuple[str, ...]:
        """Those of weights, freq_weights, offset and clusters that were given as arrays: they fit no rows but the fit's."""
        return tuple(side.what for side in (self.weights, self.offset, self.clusters) if side and side.is_array)

    def _in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        return tuple(name for name in self.schema.names if name in wanted)

    @property
    def unlearned(self) -> tuple[str, ...]:
        """Factors that still need a pass over all rows."""
        return tuple(dict.fromkeys(node.text for node in self.to_learn() if node.text not in self.states))

    def to_learn(self) -> list[Category | Learned]:
        """Every node that depends on all rows, the innermost of nested ones first."""
        factors = [*self.formula.targets, *(each for term in self.formula.terms for each in term)]
        found = {
            node.text: node
            for factor in factors
            for node in inside(factor.node)
            if isinstance(node, Category | Learned) and needs_learning(node)
        }
        return sorted(found.values(), key=depth)

    # ---- what it does ----

    def learned(self, source: Source, runner: Runner | None = None) -> Design:
        """With levels, knots, means and scales of all rows that the fit uses. Reads nothing where none is needed.

        A text column that the formula takes for numbers is refused here, by the value that makes it text.

        One pass; one more for each nesting as in scale(center(x)), and for splines and polynomials of over four million
        rows. runner: None is the default. Raises SourceError where the source cannot be read again for the fit itself.
        """
        runner = runner_for(runner, None)
        factors = [*self.formula.targets, *(each for term in self.formula.terms for each in term)]
        beside = [side.column for side in (self.weights, self.offset) if side and side.column]
        refuse_text((factor.node for factor in factors), beside, source, runner)
        if not self.unlearned:
            return self
        if not source.rereadable:
            raise second_pass_needed(source.name, self.unlearned)
        states, notes = dict(self.states), list(self.notes)
        nodes = [node for node in self.to_learn() if node.text not in states]
        reading = self._reading(source)
        for level in sorted({depth(node) for node in nodes}):
            stage = [node for node in nodes if depth(node) == level]
            found, more = learn(stage, source, reading, states, runner)
            states |= found
            notes += more
        return self.laid_out(states, tuple(notes))

    def with_decimals(self, columns: frozenset[str], notes: tuple[str, ...]) -> Design:
        """The same design with the numbers of these columns taken as decimals; `notes` say so in the report."""
        return replace(self, decimals=columns, notes=(*self.notes, *notes))

    def laid_out(self, states: States, notes: tuple[str, ...]) -> Design:
        made = layout(self.formula.text, self.formula.terms, self.intercept, states)
        return replace(self, states=states, made=made, notes=notes or self.notes)

    def sharing(self, other: Design) -> Design:
        """With what `other` learned of all rows; raises SourceError where it learned nothing of some factor."""
        missing = [text for text in self.unlearned if text not in other.states]
        if missing:
            raise second_pass_needed(f"the formula {other.formula.text!r}", missing)
        states = {text: other.states[text] for text in self.unlearned}
        return self.laid_out(states, other.notes)

    def rows(self, source: Source, shifts: bool = True) -> Rows:
        """Blocks [X y w cluster] of the source's complete rows, to be read as often as the source can be.

        `shifts`: the offset is taken off y; otherwise it is beside it, for losses that add it to the linear predictor.
        """
        reading, targets = replace(self._reading(source), decimals=self.decimals), self.formula.targets
        return DesignRows(source, reading, self.layout, targets, self.intercept, self.states, shifts=shifts)

    def predict_rows(self, source: Source, offset: object = None) -> Iterator[Predicted]:
        """X of new rows, block after block in order; needs no target. Rows that miss a value are NaN throughout.

        `offset` as in fitting, or 0 for none; None takes the column of the fit's offset, where it had one. Raises
        ArgumentError where that was an array, DataError for a missing column and for a level that the fit never saw.
        """
        needed = self.predictors
        if offset is None and self.offset is not None and self.offset.is_array:
            raise offset_needed()
        none = isinstance(offset, int | float | np.number) and offset == 0
        side = self.offset if offset is None else None if none else sidecar("offset", offset, source.schema)
        needed += (side.column,) if side and side.column and side.column not in needed else ()
        fields = {field.name: field for field in source.schema.fields}
        for name in needed:
            if name not in fields:
                raise unknown_column(name, source.schema.names, source.name)
            if fields[name].kind == "other":
                raise column_of_kind(name, fields[name].dtype, source.name)
        if side is not None:
            side.check_rows(source.rows, source.name)
        refuse_text((factor.node for term in self.formula.terms for factor in term), [], source, runner_for(None, None))
        return predicted(source, Reading(needed, source.schema, offset=side, missing="keep"), self.layout, self.states)

    def _reading(self, source: Source) -> Reading:
        reading = Reading(self.columns, source.schema, self.weights, self.offset, self.clusters, self.missing)
        reading.check_rows(source.rows, source.name)
        return reading


def bound(formula: Formula, schema: Schema) -> Formula:
    """Text and boolean columns become categories; columns of other kinds are refused."""
    fields = {field.name: field for field in schema.fields}

    def check(factor: FormulaFactor) -> None:
        for name in columns_of(factor.node):
            if fields[name].kind == "other":
                raise column_of_kind(name, fields[name].dtype)

    def categorised(factor: FormulaFactor) -> FormulaFactor:
        check(factor)
        node = factor.node
        if isinstance(node, Column) and fields[node.name].kind in ("text", "boolean"):
            return replace(factor, node=Category(factor.text, node))
        return factor

    for target in formula.targets:
        if isinstance(target.node, Category) or (isinstance(target.node, Learned) and target.node.function in WIDE):
            allowed = "Allowed left of ~: one column of numbers each, as y or log(y)"
            got, hint = f"{target.text} cannot be a target", "use a column of 0 and 1"
            raise bad_formula(got, formula.text, target.start, target.stop, allowed, hint)
        check(target)
    return replace(formula, terms=tuple(tuple(categorised(factor) for factor in term) for term in formula.terms))
