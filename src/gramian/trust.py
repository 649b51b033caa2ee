"""When a certificate says too little: one rule for the estimators that warn and the command whose exit status tells."""

from __future__ import annotations

import numpy as np

from gramian.certificate import Certificate

FEWEST_DIGITS = 4
"""An answer with fewer certified digits than this is not trusted, whatever was asked for."""


def doubtful(certificate: Certificate, digits: float = FEWEST_DIGITS) -> bool:
    """Whether fewer digits than these are certified.

    Coefficients that are zero but for rounding, as for a constant target, hold no digits and need none. They are told by
    condition times backward error, which bounds ||D (b - b*)|| / ||y||: their error is small beside the target.
    """
    beside_target = certificate.condition * certificate.backward_error
    zero = (certificate.digits < 1) & (beside_target < 1e-8)
    return bool(np.any((certificate.digits < digits) & ~zero))
