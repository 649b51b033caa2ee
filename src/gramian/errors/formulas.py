"""Words for what a formula may not hold, and what to do instead."""

from __future__ import annotations

import ast


def described(tree: ast.expr) -> str:
    if isinstance(tree, ast.Constant):
        return "text" if isinstance(tree.value, str) else f"the value {tree.value!r}"
    names = {"Attribute": "an attribute", "Lambda": "a lambda", "Subscript": "an index", "NamedExpr": "an assignment"}
    names |= {"Compare": "a chained comparison, 'in' or 'is'", "JoinedStr": "an f-string", "IfExp": "if ... else"}
    return names.get(type(tree).__name__, f"{type(tree).__name__} syntax")


def hint_for(tree: ast.expr) -> str:
    if isinstance(tree, ast.Attribute):
        return "formulas run no code; quote a column whose name has a dot with backticks"
    return "formulas run no code; make a column of it in the data first"


def function_hint(name: str) -> str:
    hints = {
        "ns": "cr(x, df=4) is the natural cubic spline here",
        "lag": "make a column of lagged values first: rows have no order in a formula",
        "cbind": "write several targets as y1 + y2 ~ ...",
        "factor": "write C(x)",
        "Q": "quote the name with backticks",
        "offset": "give offset= to the fit",
        "ln": "write log(x)",
    }
    return hints.get(name, "make a column of it in the data first")
