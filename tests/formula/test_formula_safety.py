"""Formulas run no code: what is not on the list is refused before anything is computed, quickly, and says so."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from design_support import Memory
from gramian.errors import FormulaError, GramianError, ModelError
from gramian.formula import saved as designs
from gramian.formula.design import Design
from gramian.formula.parser import parse

COLUMNS = ["y", "x", "z", "city"]

REFUSED = [
    ("y ~ I(__import__('os').getcwd())", "a call of __import__('os').getcwd is not allowed"),
    ("y ~ __import__('os')", "the function __import__ is not allowed"),
    ("y ~ I(x.real + 1)", "an attribute is not allowed"),
    ("y ~ I(x.__class__.__bases__)", "an attribute is not allowed"),
    ("y ~ I(x.sum())", "a call of x.sum is not allowed"),
    ("y ~ np.linalg.norm(x)", "a call of np.linalg.norm is not allowed"),
    ("y ~ np.load(x)", "a call of np.load is not allowed"),
    ("y ~ os.log(x)", "a call of os.log is not allowed"),
    ("y ~ I((lambda: 1)())", "a call of lambda: 1 is not allowed"),
    ("y ~ I(lambda x: x)", "a lambda is not allowed"),
    ("y ~ I([i for i in x])", "ListComp syntax is not allowed"),
    ("y ~ I(x[0])", "an index is not allowed"),
    ("y ~ I(x if x else 1)", "if ... else is not allowed"),
    ("y ~ I(f'{x}')", "an f-string is not allowed"),
    ("y ~ I('a')", "text is not allowed"),
    ("y ~ I(x:=3)", "an assignment is not allowed"),
    ("y ~ I(x and z)", "BoolOp syntax is not allowed"),
    ("y ~ I(x & z)", "the operator BitAnd is not allowed"),
    ("y ~ I(x << 900)", "the operator LShift is not allowed"),
    ("y ~ I(1 < x < 2)", "a chained comparison, 'in' or 'is' is not allowed"),
    ("y ~ I(x in z)", "a chained comparison, 'in' or 'is' is not allowed"),
    ("y ~ I(*x)", "I() with these arguments is not allowed"),
    ("y ~ I(**x)", "I() with these arguments is not allowed"),
    ("y ~ log(x, out=z)", "log() with these arguments is not allowed"),
    ("y ~ eval(x)", "the function eval is not allowed"),
    ("y ~ open(x)", "the function open is not allowed"),
    ("y ~ getattr(x, 'real')", "the function getattr is not allowed"),
    ("y ~ lag(x, 1)", "the function lag is not allowed"),
    ("y ~ I(True)", "the value True is not allowed"),
    ("y ~ I(2j * x)", "the value 2j is not allowed"),
    ("y ~ I(x + ...)", "the value Ellipsis is not allowed"),
    ("y ~ I(10**10**10)", "a constant that is inf is not allowed"),
    ("y ~ I(x * 9e999)", "a number too large is not allowed"),
    ("y ~ I(1 + 2)", "I(1 + 2), which names no column, is not allowed"),
    ("y ~ I(x\\n)", "a backslash, or so many quoted names, is not allowed"),
    ("y ~ log(C(city))", "C() inside another expression is not allowed"),
    ("y ~ C(city, Sum)", "C() with the coding Sum is not allowed"),
    ("y ~ C(city, levels=[])", "levels that are empty, repeated or of mixed kinds is not allowed"),
    ("y ~ C(city, levels=['a', 'a'])", "levels that are empty, repeated or of mixed kinds is not allowed"),
    ("y ~ C(city, contrasts=x)", "C() with the argument contrasts is not allowed"),
    ("y ~ C(city, levels=['a', 'b'], base='c')", "C() with the base 'c' outside its levels is not allowed"),
    ("y ~ poly(x, 0)", "poly() with degree that is not a whole number from 1 to 30 is not allowed"),
    ("y ~ poly(x, 10**6)", "an argument that is not a plain number, string or list is not allowed"),
    ("y ~ bs(x, df=2)", "bs() with df below 3, its degree is not allowed"),
    ("y ~ bs(x, df=1e9)", "bs() with df that is not a whole number from 1 to 1000 is not allowed"),
    ("y ~ bs(x, df=5, knots=[1, 2])", "bs() with both df and knots is not allowed"),
    ("y ~ bs(x, extrapolation='x')", "bs() with an extrapolation that is not one of raise, clip, zero, extend is not"),
    ("y ~ cr(x)", "cr() with neither df nor knots is not allowed"),
    ("y ~ scale(x, center=z)", "an argument that is not a plain number, string or list is not allowed"),
    ("y ~ center()", "center() without a column is not allowed"),
]


@pytest.mark.parametrize(("formula", "what"), REFUSED)
def test_refused_with_the_place_and_what_is_allowed(formula: str, what: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula, COLUMNS)
    text = str(caught.value)
    assert text.startswith(what)
    assert "^" in text.split("\n")[2]
    assert "\nAllowed" in text


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("y ~ ns(x, 3)", "cr(x, df=4) is the natural cubic spline here"),
        ("y ~ factor(city)", "write C(x)"),
        ("y ~ offset(x)", "give offset= to the fit"),
        ("y ~ I(x.real)", "quote a column whose name has a dot with backticks"),
    ],
)
def test_hints_say_what_to_write(formula: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula, COLUMNS)
    assert hint in str(caught.value).split("Hint: ")[1]


def test_code_on_the_left_side_does_not_run(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Formula parsers that look at the functions of the left side have been made to call them."""
    monkeypatch.chdir(tmp_path)
    for left in ("I(open('made','w'))", "open('made','w')(x)", "(lambda: open('made','w'))()(x)", "np.save('made', x)"):
        with pytest.raises(FormulaError):
            parse(f"{left} ~ x", COLUMNS)
    assert os.listdir(tmp_path) == []


BOMBS = [
    "y ~ I(" + "(" * 3000 + "x" + ")" * 3000 + ")",
    "y ~ " + "(" * 3000 + "x" + ")" * 3000,
    "y ~ I(" + "-" * 15000 + "x)",
    "y ~ I(" + "log(" * 250 + "x" + ")" * 250 + ")",
    "y ~ I(" + "9" * 6000 + " * x)",
    "y ~ I(" + "x + " * 6000 + "x)",
    "y ~ (x + z + city)^999999999",
    "y ~ (" + " + ".join(f"I(x + {k})" for k in range(40)) + ")^8",
    "y ~ " + "*".join(f"I(x + {k})" for k in range(60)),
    "y ~ x" + "\0",
    "y ~ I(x\0)",
    "y ~ I(\ud800)",
    "y ~ x" * 500_000,
]


@pytest.mark.parametrize("formula", BOMBS, ids=range(len(BOMBS)))
def test_bombs_are_refused_at_once(formula: str) -> None:
    start = time.perf_counter()
    with pytest.raises(GramianError) as caught:
        parse(formula, COLUMNS)
    assert time.perf_counter() - start < 5
    assert len(str(caught.value)) < 2000


alphabet = st.text(alphabet="xyz()[]{}'\"`.,:+-*/^~%=! 019lambdaIC_\\\n|&@;#", max_size=40)


@settings(max_examples=400, deadline=None)
@given(alphabet)
def test_any_text_parses_or_is_refused(text: str) -> None:
    with suppress(GramianError):
        parse(f"y ~ {text}", COLUMNS)


def test_nothing_evaluates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A design is made, learned and read with eval, exec and compile of code out of reach."""
    real = builtins.compile

    def only_trees(source: Any, filename: Any, mode: str, flags: int = 0, *args: Any, **options: Any) -> Any:
        assert flags & 0x400, "compiled to code"  # ast.PyCF_ONLY_AST
        return real(source, filename, mode, flags, *args, **options)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("evaluated")

    source = Memory({"y": [1.0, 2, 3, 5], "x": [1.0, 2, 4, 3], "city": ["a", "b", "a", "b"]})
    monkeypatch.setattr(builtins, "compile", only_trees)
    monkeypatch.setattr(builtins, "eval", never)
    monkeypatch.setattr(builtins, "exec", never)
    design = Design.of("log(y) ~ I(x**2)*C(city) + scale(x)", source.schema).learned(source)
    blocks = [block for part in design.rows(source).parts() for block in part.blocks()]
    assert blocks[0].X.shape == (4, 4)


def test_a_saved_formula_is_checked_like_a_typed_one() -> None:
    source = Memory({"y": [1.0, 2], "x": [1.0, 2]})
    saved = json.loads(json.dumps(designs.to_json(Design.of("y ~ log(x)", source.schema))))
    saved["formula"] = "y ~ I(__import__('os').getcwd())"
    with pytest.raises(FormulaError, match="a call of __import__"):
        designs.from_json(saved)


def _with(saved: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**saved, **changes}


def test_damaged_designs_are_refused() -> None:
    source = Memory({"y": [1.0, 2, 3, 4], "x": [1.0, 2, 3, 5], "city": ["a", "b", "c", "a"]})
    saved = json.loads(json.dumps(designs.to_json(Design.of("y ~ city + poly(x, 2)", source.schema).learned(source))))
    states = saved["states"]
    poly = states["poly(x, 2)"]
    damaged: list[Any] = [
        None,
        [],
        _with(saved, version=99),
        _with(saved, formula=None),
        _with(saved, columns=saved["columns"] * 2),
        _with(saved, columns=[{"name": "x", "kind": "code"}]),
        _with(saved, beside=None),
        _with(saved, beside={"weights": {"what": "weights", "column": "w"}}),
        _with(saved, states={}),
        _with(saved, states=3),
        _with(saved, states=_with(states, city=7)),
        _with(saved, states=_with(states, city={"kind": "levels", "of": "text", "values": [1, 2], "base": 0})),
        _with(saved, states=_with(states, city={"kind": "levels", "of": "text", "values": ["a"], "base": 4})),
        _with(saved, states=_with(states, city=poly)),
        _with(saved, states=_with(states, **{"poly(x, 2)": _with(poly, alpha=[1.0])})),
        _with(saved, states=_with(states, **{"poly(x, 2)": _with(poly, alpha=["1", 2.0])})),
        _with(saved, states=_with(states, **{"poly(x, 2)": _with(poly, norms=[1.0, float("nan"), 1.0])})),
    ]
    for each in damaged:
        with pytest.raises(ModelError, match="formula part is damaged"):
            designs.from_json(each)


def test_formulas_without_splines_import_neither_formulaic_nor_pandas() -> None:
    code = (
        "import sys; from gramian.formula.design import Design; from gramian.data.source import Field, Schema\n"
        "schema = Schema(tuple(Field(n, 'float') for n in 'yxz'))\n"
        "assert Design.of('log(y) ~ (x + z)^2 + I(x**2)', schema).names == ('x', 'z', 'I(x ** 2)', 'x:z')\n"
        "print([m for m in ('formulaic', 'pandas', 'pyarrow', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
