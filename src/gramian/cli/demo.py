"""`gramian demo`: a small table that comes with scikit-learn, fitted, and each part of the answer said in words."""

from __future__ import annotations

import csv
import tempfile
import textwrap
from pathlib import Path

import numpy as np

from gramian.api.fit import fit
from gramian.results.fit import Fit

# scikit-learn calls the blood measurements s1 to s6; its description says what they are.
COLUMNS = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
FORMULA = "progression ~ age + C(sex) + bmi + bp + tc + ldl + hdl + tch + ltg + glu"
SHOWN = "bmi"


def demo() -> None:
    """Write the table to a new folder, fit it, print the summary and what it says."""
    path = write_table(Path(tempfile.mkdtemp(prefix="gramian-")))
    command = f'gramian fit {path} "{FORMULA}"'
    print(
        _wrapped(
            "442 people with diabetes: age, sex, body mass index, blood pressure, six blood measurements, and how far "
            f"the disease had progressed a year later. The table is in {path}. This command fits a linear model to it:"
        )
    )
    print(f"\n  {command}\n")
    fitted = fit(FORMULA, str(path))
    print(f"{fitted.summary().text()}\n")
    print("\n".join(_wrapped(line) for line in explained(fitted)))
    print("\nYour own table, CSV or Parquet, however long:\n\n  gramian fit DATA 'y ~ a + b + C(group)'")


def write_table(folder: Path) -> Path:
    """scikit-learn's diabetes table in its own units, as diabetes.csv in that folder."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    path = folder / "diabetes.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "progression"))
        writer.writerows([f"{value:.10g}" for value in row] for row in np.column_stack([X, y]).tolist())
    return path


def explained(fitted: Fit) -> list[str]:
    """Sentences on the numbers of one coefficient, and on the fit as a whole."""
    j = fitted.names.index(SHOWN)
    coef, se, t, p = (float(values[j]) for values in (fitted.coef, fitted.se, fitted.tvalues, fitted.pvalues))
    low, high = fitted.conf_int()[j]
    digits = fitted.digits
    return [
        "What this says:",
        f"- coef: of two people who differ by one unit of {SHOWN} and in nothing else that was measured, the heavier is "
        f"expected to be {coef:.2f} further on.",
        f"- std err: other people of the same kind would give another figure, typically {se:.2f} away. So the data agree "
        f"with anything from {low:.2f} to {high:.2f}, the 95% interval.",
        f"- t, p: {coef:.2f} is {t:.1f} standard errors from zero. Were there no relation, a value that far out would come "
        f"up with probability {p:.0e}.",
        f"- digits: how many decimal digits of a coefficient are those of the exact least-squares answer for the numbers in "
        f"the file; at least {np.nanmin(digits):.1f} here. They say nothing of whether the model is right: that is what the "
        "standard errors are for.",
        f"- R-squared: the model accounts for {100 * float(fitted.rsquared):.0f}% of the variation of the target.",
        "- Method: how it was computed and why that way; --plan shows the steps, their times and the other methods.",
        f"- Digits, the line: the certificate, for all coefficients together. {_evidence(fitted)}",
    ]


def _evidence(fitted: Fit) -> str:
    if fitted.certificate.evidence == "data":
        return "The answer was put back into the data: what it left unexplained bounds how far the exact answer can be."
    return (
        "One read of the file was enough: the rounding of every sum made in it is bounded, and so is how far the exact "
        "answer can be. --accuracy data reads again, for all digits that the data support."
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 80, subsequent_indent="  " if text.startswith("-") else "", break_long_words=False)
