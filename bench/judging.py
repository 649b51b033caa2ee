"""What is claimed of an answer, held against its truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import log10, sqrt
from typing import Any, Protocol

from bench.family_problems import FamilyCase
from bench.problems import Case
from bench.truth import Floats, Truth

ROUNDING = 1.001
"""Slack for the decimal rounding of a claim itself: 15.95 stands for u = 2^-53."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, whoever gave it: coef (n, k), intercept (k,) or None, the columns kept, and what is claimed of them."""

    coef: Floats
    intercept: Floats | None
    kept: tuple[int, ...]
    certificate: Any


@dataclass(slots=True)
class Verdict:
    """broken: claims that the truth contradicts; pessimism: true digits less claimed digits, of each coefficient.

    refused: the error with which the library refused; unreached: it did not answer at full rank though it should have.
    """

    case: Case | FamilyCase
    route: object
    broken: list[str] = field(default_factory=list)
    pessimism: list[float] = field(default_factory=list)
    claimed: list[float] = field(default_factory=list)
    refused: str = ""
    unreached: bool = False


class Truths(Protocol):
    """Truths of one case by the columns kept."""

    def of(self, kept: tuple[int, ...], centred: bool) -> tuple[Truth, list[Fraction]]:
        """The truth of these columns, and the squares of their norms. Raises ZeroDivisionError where they are dependent."""
        ...


def judge(case: Case | FamilyCase, route: object, truths: Truths, found: Found) -> Verdict:
    """Every claim of the certificate against the exact solution on the columns that were kept."""
    certificate, kept = found.certificate, found.kept
    verdict = Verdict(case, route)
    try:
        truth, squares = truths.of(kept, found.intercept is not None)
    except ZeroDivisionError:
        verdict.broken.append(f"kept columns {kept} are dependent")
        return verdict
    for t in range(case.y.shape[1]):
        errors = [Fraction(float(found.coef[j, t])) - truth.coef[t][i] for i, j in enumerate(kept)]
        for i, j in enumerate(kept):
            _claim(verdict, f"coef[{j},{t}]", certificate.digits_each[j, t], abs(errors[i]), abs(truth.coef[t][i]))
            bound = float(certificate.forward_bound[j, t]) * ROUNDING
            if bound != bound or (bound < float("inf") and abs(errors[i]) > Fraction(bound)):
                verdict.broken.append(f"coef[{j},{t}]: forward bound {bound:.1e}, error {_float(abs(errors[i])):.1e}")
        error = sum((s * e * e for s, e in zip(squares, errors, strict=True)), Fraction(0))
        size = sum((s * b * b for s, b in zip(squares, truth.coef[t], strict=True)), Fraction(0))
        _claim(verdict, f"overall[{t}]", certificate.digits[t], _root(error), _root(size))
        if found.intercept is not None:
            off = abs(Fraction(float(found.intercept[t])) - truth.intercept[t])
            _claim(verdict, f"intercept[{t}]", certificate.digits_intercept[t], off, abs(truth.intercept[t]))
    return verdict


def _root(value: Fraction) -> Fraction:
    """The square root to 2^-60 or so, at any magnitude."""
    if value == 0:
        return value
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return Fraction(sqrt(value / Fraction(4) ** shift)) * Fraction(2) ** shift


def _claim(verdict: Verdict, what: str, digits: float, error: Fraction, size: Fraction) -> None:
    digits = float(digits)
    if not 0 <= digits <= 15.96:
        verdict.broken.append(f"{what}: claims {digits} digits")
        return
    relative = 0.0 if error == 0 else float("inf") if size == 0 else _float(error / size)
    true = 15.95 if relative == 0 else min(15.95, -log10(relative)) if relative < float("inf") else 0.0
    if digits > 0:
        verdict.pessimism.append(max(true, 0.0) - digits)
        verdict.claimed.append(digits)
        if relative > 10.0**-digits * ROUNDING:
            verdict.broken.append(f"{what}: claims {digits:.2f} digits, has {true:.2f}")


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return 1e308
