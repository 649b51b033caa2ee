"""Recurrences of poly() and knots of bs() and cr() from values that come in chunks."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from gramian.errors import cannot_learn
from gramian.formula.nodes import Learned
from gramian.formula.quantiles import Chunks, quantiles
from gramian.formula.states import Knots, Recurrence, recurrence, spline_columns
from gramian.kernels.array_types import Floats

MOST_DISTINCT = 1 << 24


def learn_recurrence(node: Learned, chunks: Chunks) -> Recurrence:
    """Stieltjes' procedure, a pass a degree: alpha_k = <x p_k, p_k> / <p_k, p_k> with p_k from what is known."""
    degree = int(cast(float, node.option("degree")))
    alpha: list[float] = []
    norms: list[float] = []
    for k in range(degree + 1):
        squares: list[float] = []
        firsts: list[float] = []
        reach = 0.0
        for x in chunks():
            with np.errstate(over="ignore", invalid="ignore"):
                value = recurrence(x, alpha, norms, k)[k]
                squares.append(float(np.sum(value * value)))
                firsts.append(float(np.sum(x * value * value)))
            reach = max(reach, float(np.max(np.abs(x - alpha[0]))) if alpha else 0.0)
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


def learn_knots(node: Learned, chunks: Chunks, low: float, high: float) -> Knots:
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
        return _basis_knots(node, chunks, lower, upper)
    return _natural_knots(node, chunks, lower, upper)


def _basis_knots(node: Learned, chunks: Chunks, lower: float, upper: float) -> Knots:
    """Inner knots are quantiles of the values, repeated ones included, as in R's bs()."""
    degree = int(cast(float, node.option("degree")))
    df, given = node.option("df"), node.option("knots")
    inner = sorted(cast(tuple[float, ...], given or ()))
    if isinstance(df, float):
        count = int(df) - degree - bool(node.option("include_intercept"))
        if count:
            all_values = node.option("extrapolation") in ("raise", "extend")
            inside = chunks if all_values else _inside(chunks, lower, upper)
            total = sum(values.size for values in inside())
            if not total:
                raise cannot_learn(node.text, f"no value is between {lower:g} and {upper:g}", "widen the bounds")
            inner = quantiles(inside, total, [k / (count + 1) for k in range(1, count + 1)])
    return Knots((lower,) * (degree + 1) + tuple(inner) + (upper,) * (degree + 1), lower, upper)


def _natural_knots(node: Learned, chunks: Chunks, lower: float, upper: float) -> Knots:
    """Inner knots are quantiles of the distinct values, as in mgcv's cr basis."""
    df, given = node.option("df"), node.option("knots")
    centred = node.option("constraints") == "center"
    inner = sorted(set(cast(tuple[float, ...], given or ())))
    if isinstance(df, float):
        count = int(df) - 2 + centred
        distinct = _distinct(node, _inside(chunks, lower, upper)) if count else np.empty(0)
        if count and not distinct.size:
            raise cannot_learn(node.text, f"no value is between {lower:g} and {upper:g}", "widen the bounds")
        inner = quantiles(lambda: [distinct], distinct.size, [k / (count + 1) for k in range(1, count + 1)])
        if len(set(inner) - {lower, upper}) < count:
            raise cannot_learn(node.text, f"the column has {distinct.size} distinct values", "lower df, or give knots")
    knots = Knots((lower, *inner, upper), lower, upper)
    if not centred:
        return knots
    sums, rows = np.zeros(len(knots.knots)), 0
    for values in chunks():
        sums += [math.fsum(column) for column in spline_columns(node, knots, values)]
        rows += values.size
    return Knots(knots.knots, lower, upper, tuple(float(total) for total in sums / rows))


def _inside(chunks: Chunks, lower: float, upper: float) -> Chunks:
    return lambda: (values[(lower <= values) & (values <= upper)] for values in chunks())


def _distinct(node: Learned, chunks: Chunks) -> Floats:
    distinct = np.empty(0)
    for values in chunks():
        distinct = np.union1d(distinct, values)
        if distinct.size > MOST_DISTINCT:
            raise cannot_learn(
                node.text, f"the column has over {MOST_DISTINCT:,} distinct values", "give knots=[...] instead of df"
            )
    return distinct
