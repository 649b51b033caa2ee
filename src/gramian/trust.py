"""When a certificate says too little: one rule for the estimators that warn and the command whose exit status tells."""

from __future__ import annotations

import numpy as np

from gramian.certificate import Certificate

FEWEST_DIGITS = 4
"""An answer with fewer certified digits than this is not trusted, whatever was asked for."""


def doubtful(certificate: Certificate, digits: float = FEWEST_DIGITS) -> bool:
    """Whether fewer `digits` than these are certified, of the coefficients and beside the target.

    Coefficients that are zero but for rounding, as for a constant target, hold no digits and need none: condition times
    backward error bounds their error beside the target, ||D (b - b*)|| / ||y||.
    """
    beside_target = certificate.condition * certificate.backward_error
    return bool(np.any((certificate.digits < digits) & ~(beside_target < 10.0**-digits)))
