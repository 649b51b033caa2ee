"""Recurrences of poly() and knots of bs() and cr() from values that come in chunks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, cast

import numpy as np

from gramian.errors import cannot_learn
from gramian.execution.reduction import Origin, TableReduction
from gramian.formula.nodes import Learned
from gramian.formula.quantiles import quantiles
from gramian.formula.states import Knots, Recurrence, recurrence, spline_columns
from gramian.formula.values import CountOfValues, Gathered, Inside, Values
from gramian.kernels.array_types import Floats

MOST_DISTINCT = 1 << 24


@dataclass(slots=True, eq=False)
class _PowerSums:
    """Of each array of values the sums of p_k^2 and of x p_k^2, to be added exactly; the largest |x - alpha_0|."""

    squares: list[float]
    firsts: list[float]
    reach: float


@dataclass(frozen=True, slots=True)
class SumsOfPowers(TableReduction[Floats, _PowerSums, _PowerSums]):
    """What the next step of a recurrence takes, whose polynomials are known below the degree k."""

    label: ClassVar[str] = "polynomials"

    alpha: tuple[float, ...]
    norms: tuple[float, ...]
    k: int

    def init(self) -> _PowerSums:
        return _PowerSums([], [], 0.0)

    def step(self, state: _PowerSums, item: Floats, origin: Origin) -> _PowerSums:
        with np.errstate(over="ignore", invalid="ignore"):
            value = recurrence(item, self.alpha, self.norms, self.k)[self.k]
            state.squares.append(float(np.sum(value * value)))
            state.firsts.append(float(np.sum(item * value * value)))
        if self.alpha:
            state.reach = max(state.reach, float(np.max(np.abs(item - self.alpha[0]))))
        return state

    def merge(self, a: _PowerSums, b: _PowerSums) -> _PowerSums:
        return _PowerSums(a.squares + b.squares, a.firsts + b.firsts, max(a.reach, b.reach))

    def finish(self, total: _PowerSums) -> _PowerSums:
        return total


def learn_recurrence(node: Learned, values: Values) -> Recurrence:
    """Stieltjes' procedure, a pass a degree: alpha_k = <x p_k, p_k> / <p_k, p_k> with p_k from what is known."""
    degree = int(cast(float, node.option("degree")))
    alpha: list[float] = []
    norms: list[float] = []
    for k in range(degree + 1):
        found = values.fold(SumsOfPowers(tuple(alpha), tuple(norms), k))
        squares, firsts, reach = found.squares, found.firsts, found.reach
        norm = math.fsum(squares) if all(map(math.isfinite, squares)) else math.inf
        if not math.isfinite(norm) or not all(map(math.isfinite, firsts)):
            raise cannot_learn(node.text, "its powers overflow", "scale the column first, as in poly(scale(x), 2)")
        # p_k vanishes on all rows when they hold no more than k distinct values.
        if k and norm <= 1e-24 * reach * reach * norms[-1]:
            raise cannot_learn(node.text, f"the column has {k} distinct values", f"a degree below {k} can be fitted")
        norms.append(norm)
        if k < degree:
            alpha.append(math.fsum(firsts) / norm)
    return Recurrence(tuple(alpha), tuple(norms))


def learn_knots(node: Learned, values: Values, low: float, high: float) -> Knots:
    """Bounds, knots at quantiles or as given, and for a centred basis the means of its columns."""
    given_low, given_high = node.option("lower_bound"), node.option("upper_bound")
    lower = given_low if isinstance(given_low, float) else low
    upper = given_high if isinstance(given_high, float) else high
    if not lower < upper:
        raise cannot_learn(node.text, f"its bounds are {lower:g} and {upper:g}", "a spline needs two distinct values")
    inner = node.option("knots")
    if isinstance(inner, tuple) and any(not lower < knot < upper for knot in inner):
        raise cannot_learn(node.text, f"a knot is outside {lower:g} to {upper:g}", "choose knots inside the data")
    if node.function == "bs":
        return _basis_knots(node, values, lower, upper)
    return _natural_knots(node, values, lower, upper)


def _basis_knots(node: Learned, values: Values, lower: float, upper: float) -> Knots:
    """Inner knots are quantiles of the values, repeated ones included, as in R's bs()."""
    degree = int(cast(float, node.option("degree")))
    df, given = node.option("df"), node.option("knots")
    inner = sorted(cast(tuple[float, ...], given or ()))
    if isinstance(df, float):
        count = int(df) - degree - bool(node.option("include_intercept"))
        if count:
            all_values = node.option("extrapolation") in ("raise", "extend")
            inside = values if all_values else Inside(values, lower, upper)
            total = inside.fold(CountOfValues())
            if not total:
                raise cannot_learn(node.text, f"no value is between {lower:g} and {upper:g}", "widen the bounds")
            inner = quantiles(inside, total, [k / (count + 1) for k in range(1, count + 1)])
    return Knots((lower,) * (degree + 1) + tuple(inner) + (upper,) * (degree + 1), lower, upper)


def _natural_knots(node: Learned, values: Values, lower: float, upper: float) -> Knots:
    """Inner knots are quantiles of the distinct values, as in mgcv's cr basis."""
    df, given = node.option("df"), node.option("knots")
    centred = node.option("constraints") == "center"
    inner = sorted(set(cast(tuple[float, ...], given or ())))
    if isinstance(df, float):
        count = int(df) - 2 + centred
        distinct = Inside(values, lower, upper).fold(DistinctValues(node.text)) if count else np.empty(0)
        if count and not distinct.size:
            raise cannot_learn(node.text, f"no value is between {lower:g} and {upper:g}", "widen the bounds")
        inner = quantiles(Gathered([distinct]), distinct.size, [k / (count + 1) for k in range(1, count + 1)])
        if len(set(inner) - {lower, upper}) < count:
            raise cannot_learn(node.text, f"the column has {distinct.size} distinct values", "lower df, or give knots")
    knots = Knots((lower, *inner, upper), lower, upper)
    if not centred:
        return knots
    return Knots(knots.knots, lower, upper, values.fold(MeansOfBasis(node, knots)))


BasisSums: TypeAlias = list[tuple[Floats, int]]
"""Of each array of values the sums of the basis' columns, and how many values it has."""


@dataclass(frozen=True, slots=True)
class MeansOfBasis(TableReduction[Floats, BasisSums, tuple[float, ...]]):
    """The mean of each column of a basis. Sums of arrays are added one by one, whatever parts they came in."""

    label: ClassVar[str] = "means"

    node: Learned
    knots: Knots

    def init(self) -> BasisSums:
        return []

    def step(self, state: BasisSums, item: Floats, origin: Origin) -> BasisSums:
        sums = np.array([math.fsum(column) for column in spline_columns(self.node, self.knots, item)])
        state.append((sums, item.size))
        return state

    def merge(self, a: BasisSums, b: BasisSums) -> BasisSums:
        return a + b

    def finish(self, total: BasisSums) -> tuple[float, ...]:
        sums, rows = np.zeros(len(self.knots.knots)), 0
        for each, count in total:
            sums += each
            rows += count
        return tuple(float(one) for one in sums / rows)


@dataclass(frozen=True, slots=True)
class DistinctValues(TableReduction[Floats, Floats, Floats]):
    """The values, each once, in order. Raises DataError where they are more than MOST_DISTINCT; text: of the factor."""

    label: ClassVar[str] = "distinct values"

    text: str

    def init(self) -> Floats:
        return np.empty(0)

    def step(self, state: Floats, item: Floats, origin: Origin) -> Floats:
        return self.merge(state, item)

    def merge(self, a: Floats, b: Floats) -> Floats:
        distinct = np.union1d(a, b)
        if distinct.size > MOST_DISTINCT:
            raise cannot_learn(
                self.text, f"the column has over {MOST_DISTINCT:,} distinct values", "give knots=[...] instead of df"
            )
        return distinct

    def finish(self, total: Floats) -> Floats:
        return total
