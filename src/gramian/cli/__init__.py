"""The command line: fit, predict, explain, race, calibrate, methods, demo."""

from gramian.cli.app import main

__all__ = ["main"]
