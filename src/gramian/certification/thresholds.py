"""When a certificate says too little: one rule for the warnings of estimators and the exit status of the command."""

from __future__ import annotations

import numpy as np

from gramian.certification.certificate import Certificate, floored

FEWEST_DIGITS = 4
"""An answer with fewer certified digits than this is not trusted, whatever was asked for."""


def doubtful(certificate: Certificate, digits: float = FEWEST_DIGITS) -> bool:
    """Whether fewer digits than these are certified, of the coefficients by their norm, and of the intercept.

    Coefficients that are zero but for rounding, as for a constant target, hold no digits and need none: their error is
    proven to be small beside the target. An intercept is judged beside the target too, because far from the data it is
    a difference of large numbers.
    """
    small = certificate.beside_target < 10.0 ** -max(digits, 8.0)
    zero = (certificate.digits < 1) & small
    intercept = (certificate.digits_intercept < digits) & (certificate.beside_target >= 10.0**-digits)
    return bool(np.any(((certificate.digits < digits) & ~zero) | intercept))


def aim_note(method: str, digits: float, asked: bool) -> tuple[str, ...]:
    """Says that a method stopped at fewer digits than are trusted otherwise, where nobody `asked` for a number of them."""
    if asked or digits >= FEWEST_DIGITS:
        return ()
    return (f"{method} aims for {digits:g} digits unless accuracy= is given",)


def unproven_note(family: str) -> str:
    """Says why no digits are certified of a family that states no bound on how its curvature changes."""
    return f"no digits are certified: the {family} family states no bound on its third derivative (self_concordance)"


def missed_note(method: str, certificate: Certificate, digits: float) -> str:
    """Says that a run which ended as it should is certified for fewer digits than it aimed for."""
    found, what = float(np.min(certificate.digits, initial=16.0)), "digits"
    if found >= digits:
        found = float(np.min(certificate.digits_intercept, initial=16.0))
        what = "digits of the intercept"
    return f"{method} ended at its tolerance, and {floored(found)} {what} are certified, of {digits:g} aimed for"
