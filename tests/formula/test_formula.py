"""The algebra of formulas: terms and their order as formulaic's, and errors that point at the place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramian.errors import DataError, FormulaError
from gramian.formula.parser import parse

COLUMNS = ["y", "x", "z", "a", "b", "c", "city", "y2", "my col"]

AGREEING = [
    "y ~ x",
    "y ~ x + z - 1",
    "y ~ 0 + x",
    "y ~ -1 + x + a",
    "y ~ x + 1 - 1",
    "y ~ 1",
    "y ~ .",
    "log(y) ~ .",
    "y ~ . - x",
    "y ~ . - 1 + x:z",
    "y ~ .^2",
    "y ~ a*b*c",
    "y ~ a*b - a",
    "y ~ a*b:c",
    "y ~ a:b*c - a:c",
    "y ~ a + b + a:b + a",
    "y ~ a:b:c + a",
    "y ~ (a + b + c)^2",
    "y ~ (a + b + c)**3 - a:b",
    "y ~ (a + b)*(c + x)",
    "y ~ a/b",
    "y ~ a/b/c",
    "y ~ (a + b)/c",
    "y ~ a/(b + c)",
    "y ~ b %in% a",
    "y ~ - (a - b) + c",
    "y ~ -x + a",
    "y ~ log(x)*C(city)",
    "y ~ I(x**2) + np.log( z )",
    "y ~ `my col`*a",
    "y ~ log(`my col`)",
    "y ~ {x+1}:a",
    "y ~ bs(x,df=4) + poly(z, 2)",
    "y ~ C(city, Treatment('Oslo'))\n  + x",
]


def ours(formula: str) -> tuple[list[tuple[str, ...]], bool]:
    parsed = parse(formula, COLUMNS)
    return [tuple(factor.text for factor in term) for term in parsed.terms], parsed.intercept


def theirs(formula: str) -> tuple[list[tuple[str, ...]], bool]:
    from formulaic import Formula

    terms = list(Formula(formula, _context={"__formulaic_variables_available__": COLUMNS}).rhs)
    found = [tuple(factor.expr for factor in term.factors) for term in terms if str(term) != "1"]
    return found, any(str(term) == "1" for term in terms)


@pytest.mark.parametrize("formula", AGREEING)
def test_terms_and_their_order_are_those_of_formulaic(formula: str) -> None:
    assert ours(formula) == theirs(formula)


operands = st.sampled_from(["a", "b", "c", "x", "log(x)", "(a + b)", "(x - a + c)", "b^2", "(a + x)**2", "."])
operators = st.sampled_from([" + ", " - ", ":", "*", "/", " %in% "])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(operators, operands), min_size=1, max_size=5), operands)
def test_any_formula_of_the_grammar_agrees_with_formulaic(rest: list[tuple[str, str]], first: str) -> None:
    formula = f"y ~ {first}{''.join(operator + operand for operator, operand in rest)}"
    try:
        mine = ours(formula)
    except FormulaError:  # nothing left on the right, or more factors than are allowed
        return
    assert mine == theirs(formula)


def test_several_targets() -> None:
    assert [target.text for target in parse("y + log(y2) ~ x", COLUMNS).targets] == ["y", "log(y2)"]


def test_dot_leaves_out_what_is_reserved_and_what_the_left_side_reads() -> None:
    terms, _ = ours("y ~ .")
    assert ("y",) not in terms
    assert [f.text for t in parse("log(y) ~ .", COLUMNS, {"z", "a"}).terms for f in t] == [
        "x", "b", "c", "city", "y2", "my col",
    ]


def test_a_power_of_one_column_is_explained() -> None:
    assert parse("y ~ x^2", COLUMNS).notes == ("x^2 means x in a formula, as in R; I(x**2) is its power",)


ERRORS = [
    ("y ~ x +", "the formula ends where a column should follow", "       ^"),
    ("y ~ x z", "an operator is missing before 'z'", "      ^"),
    ("y ~ (x", "'(' is not closed", "    ^"),
    ("y ~ x)", "')' closes nothing here", "     ^"),
    ("y ~ log(x", "the formula ends before '(' is closed", "       ^"),
    ("y ~ log(x]", "']' closes nothing here", "         ^"),
    ("y ~ `my", "the formula ends inside a quoted name", "    ^^^"),
    ("y ~ * x", "'*' stands where a column should be", "    ^"),
    ("y ~ x | z", "'|' means nothing in a formula", "      ^"),
    ("y ~ 'x'", "a formula holds no strings outside C()", "    ^"),
    ("y ~ 2*x", "the number 2 cannot be a term", "    ^"),
    ("y ~ x ~ z", "the formula has more than one ~", "      ^"),
    ("y", "the formula has no ~", "^"),
    ("~ x", "a target is missing here", "^"),
    ("y*z ~ x", "'*' cannot stand on the left", " ^"),
    ("y + y ~ x", "the target y is there twice", "^"),
    ("y ~ x + y", "the target y is on both sides of ~", "        ^"),
    ("y ~ x:y", "the target y is on both sides of ~", "      ^"),
    ("y ~ 0", "nothing is left on the right", "  ^^^"),
    ("y ~ x - x - 1", "nothing is left on the right", "  ^^^^^^^^^^^"),
    ("y ~ a^99", "the power is not a whole number from 1 to 8", "      ^^"),
    ("y ~ a^b", "the power is not a whole number from 1 to 8", "      ^"),
    ("y ~ I(x + )", "I(x + ) does not parse", "          ^"),
    ("y ~ a*b*c*x*z*C(a)*C(b)*C(c)*C(x)", "a term of more than 8 factors is not allowed", " " * 29 + "^^^^"),
]


@pytest.mark.parametrize(("formula", "what", "caret"), ERRORS)
def test_what_does_not_parse_is_shown_with_a_caret(formula: str, what: str, caret: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula, COLUMNS)
    lines = str(caught.value).split("\n")
    assert lines[0] == what
    assert lines[1] == f"  {formula}"
    assert lines[2] == f"  {caret}"


def test_a_long_formula_is_cut_around_the_place() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("y ~ " + " + ".join(["x"] * 500) + " + + * z", COLUMNS)
    lines = str(caught.value).split("\n")
    assert max(map(len, lines[1:3])) < 160
    assert lines[1][lines[2].index("^")] == "*"


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        parse("y ~ x + ciyt", COLUMNS, where="houses.csv")
    assert str(caught.value).startswith("column 'ciyt' is not in houses.csv\nColumns: y, x, z")
    assert str(caught.value).endswith("Hint: did you mean 'city'?")


def test_an_unknown_column_inside_a_call() -> None:
    with pytest.raises(DataError, match="column 'zz' is not in the data"):
        parse("y ~ log(zz)", COLUMNS)


def test_not_text() -> None:
    with pytest.raises(FormulaError, match="a formula is text, as in 'price ~ sqft"):
        parse(5, COLUMNS)
