"""The prices of this machine, measured."""

from gramian.calibration.measuring import calibrate

__all__ = ["calibrate"]
