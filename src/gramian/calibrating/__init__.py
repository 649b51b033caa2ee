"""The prices of this machine, measured."""

from gramian.calibrating.measuring import calibrate

__all__ = ["calibrate"]
